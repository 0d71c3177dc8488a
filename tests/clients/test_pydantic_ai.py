"""pydantic-ai's agents on OpenAI's model, answered by Claude."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.openai import OpenAIChatModel

from client_world import CLAUDE, Both, error_of, told, tool_then_text

# `run_sync` makes an event loop of its own and leaves it to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

OK = (CLAUDE, "ok", "route")


def agent(**options: Any) -> Agent[None, Any]:
    return Agent(OpenAIChatModel("auto"), **options)


def test_a_run(both: Both) -> None:
    """The words, and the usage that the agent's limits count."""
    found = agent(instructions="Be brief.").run_sync("Hi")
    assert found.output == "Bonjour."
    assert found.usage.total_tokens > 0
    assert told() == [OK]


async def test_a_stream(both: Both) -> None:
    """Word by word, as it came."""
    async with agent().run_stream("Hi") as stream:
        words = [text async for text in stream.stream_text(delta=True, debounce_by=None)]
    assert words == ["Bon", "jour."]
    assert told() == [OK]


def test_a_tool(both: Both) -> None:
    """The agent calls its tool and goes on with the result."""
    both.answer = tool_then_text("weather", {"city": "Paris"})
    one, asked = agent(), list[str]()

    @one.tool_plain
    def weather(city: str) -> str:
        """Tell the weather of a city."""
        asked.append(city)
        return "Sunny"

    assert one.run_sync("Weather in Paris?").output == "Bonjour."
    assert asked == ["Paris"]
    assert told() == [OK, OK]


def test_structured_output(both: Both) -> None:
    """The output's own tool is called, and its arguments become the caller's class."""

    class Place(BaseModel):
        city: str

    both.answer = tool_then_text("final_result", {"city": "Paris"})
    assert agent(output_type=Place).run_sync("Where?").output == Place(city="Paris")
    assert told() == [OK]


@pytest.mark.parametrize(("status", "kind"), [(400, "invalid_request_error"), (413, "request_too_large")])
def test_an_error(both: Both, status: int, kind: str) -> None:
    """What goes wrong at Claude is what pydantic-ai knows of OpenAI's SDK."""
    both.answer = lambda _: error_of(status, kind)
    with pytest.raises(ModelHTTPError) as raised:
        agent().run_sync("Hi")
    assert (raised.value.model_name, type(raised.value.__cause__).__module__.split(".")[0]) == ("auto", "openai")
    assert [outcome for _, outcome, _ in told()] == ["error"]
