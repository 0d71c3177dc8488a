"""OpenAI's Agents SDK, answered by Claude."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool, set_tracing_disabled

from client_world import CLAUDE, Both, error_of, told, tool_then_text

OK = (CLAUDE, "ok", "route")

set_tracing_disabled(True)  # its own traces go to OpenAI, whatever the model


def agent(**options: Any) -> Agent[Any]:
    model = OpenAIChatCompletionsModel(model="auto", openai_client=openai.AsyncOpenAI(max_retries=0))
    return Agent(name="guide", instructions="Be brief.", model=model, **options)


async def test_a_run(both: Both) -> None:
    """The words, with the agent's instructions as Claude's system prompt."""
    found = await Runner.run(agent(), "Hi")
    assert found.final_output == "Bonjour."
    assert both.said()[0]["system"] == "Be brief."
    assert told() == [OK]


async def test_a_stream(both: Both) -> None:
    """Word by word, as it came."""
    found = Runner.run_streamed(agent(), "Hi")
    events = [event async for event in found.stream_events() if event.type == "raw_response_event"]
    words = [event.data.delta for event in events if event.data.type == "response.output_text.delta"]
    assert words == ["Bon", "jour."]
    assert told() == [OK]


async def test_a_tool(both: Both) -> None:
    """The agent calls its tool and goes on with the result."""
    asked: list[str] = []

    @function_tool
    def weather(city: str) -> str:
        """Tell the weather of a city."""
        asked.append(city)
        return "Sunny"

    both.answer = tool_then_text("weather", {"city": "Paris"})
    found = await Runner.run(agent(tools=[weather]), "Weather in Paris?")
    assert (found.final_output, asked) == ("Bonjour.", ["Paris"])
    assert told() == [OK, OK]


async def test_an_error(both: Both) -> None:
    """What goes wrong at Claude is an error of the OpenAI SDK."""
    both.answer = lambda _: error_of(400, "invalid_request_error")
    with pytest.raises(openai.BadRequestError):
        await Runner.run(agent(), "Hi")
    assert [outcome for _, outcome, _ in told()] == ["error"]
