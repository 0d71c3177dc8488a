"""LlamaIndex' `OpenAI`, on the SDK's second major, answered by Claude."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai import OpenAI

import waypost
from client_world import CLAUDE, Both, error_of, told, tool_then_text

OK = (CLAUDE, "ok", "route")


def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"Sunny in {city}"


@pytest.fixture
def model(both: Both) -> Any:
    """A concrete model, because the library looks its name up in a table; the address, because it reads no variable."""
    return OpenAI(model="gpt-4o-mini", max_retries=0, api_base=both.openai.url + "/v1")


def test_a_chat(both: Both, model: Any) -> None:
    """The words in the library's own message."""
    assert model.chat([ChatMessage(role="user", content="Hi")]).message.content == "Bonjour."
    assert told() == [OK]


def test_a_stream(both: Both, model: Any) -> None:
    """Word by word, as it came."""
    found = [part.delta for part in model.stream_chat([ChatMessage(role="user", content="Hi")]) if part.delta]
    assert found == ["Bon", "jour."]
    assert told() == [OK]


async def test_async(both: Both, model: Any) -> None:
    """The async client likewise."""
    assert (await model.achat([ChatMessage(role="user", content="Hi")])).message.content == "Bonjour."
    assert told() == [OK]


def test_a_tool(both: Both, model: Any) -> None:
    """A call of a tool with its arguments."""
    both.answer = tool_then_text("weather", {"city": "Paris"})
    found = model.predict_and_call([FunctionTool.from_defaults(fn=weather)], user_msg="Weather in Paris?")
    assert found.response == "Sunny in Paris"
    assert told() == [OK]


def test_an_error(both: Both, model: Any) -> None:
    """What goes wrong at Claude is an error of the OpenAI SDK."""
    both.answer = lambda _: error_of(400, "invalid_request_error")
    with pytest.raises(openai.BadRequestError):
        model.chat([ChatMessage(role="user", content="Hi")])
    assert [outcome for _, outcome, _ in told()] == ["error"]


def test_a_block_holds(both: Both, model: Any) -> None:
    """The application's own word reaches calls that a library makes for it."""
    with waypost.context(mode="observe", user="u-1"):
        pass
    assert model.complete("Hi").text == "Bonjour."
    assert told() == [OK]
