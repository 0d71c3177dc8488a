"""LangChain's `ChatOpenAI`, answered by Claude."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from client_world import CLAUDE, Both, error_of, told, tool_then_text
from stub_provider import json_answer, message_body

OK = (CLAUDE, "ok", "route")


@tool
def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"Sunny in {city}"


def model(**options: Any) -> ChatOpenAI:
    return ChatOpenAI(model="auto", **options)


def test_a_chat(both: Both) -> None:
    """A message of LangChain's own, with the words, the usage and the reason to stop."""
    answer = model().invoke([("system", "Be brief."), ("human", "Hi")])
    assert isinstance(answer, AIMessage)
    assert (answer.content, answer.response_metadata["finish_reason"]) == ("Bonjour.", "stop")
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["total_tokens"] > 0
    assert both.said()[0]["system"] == "Be brief."
    assert told() == [OK]


def test_a_stream(both: Both) -> None:
    """Word by word, as it came."""
    chunks = list(model().stream("Hi"))
    assert [chunk.content for chunk in chunks if chunk.content] == ["Bon", "jour."]
    assert told() == [OK]


async def test_async(both: Both) -> None:
    """The async client, whole and streamed, on one loop."""
    chat = model()
    assert (await chat.ainvoke("Hi")).content == "Bonjour."
    assert [chunk.content async for chunk in chat.astream("Hi") if chunk.content] == ["Bon", "jour."]
    assert told() == [OK, OK]


def test_a_tool(both: Both) -> None:
    """A call of a tool, its result, and the answer: the ids of one vendor serve the other."""
    both.answer = tool_then_text("weather", {"city": "Paris"})
    chat = model().bind_tools([weather])
    asked = chat.invoke("Weather in Paris?")
    assert [(call["name"], call["args"]) for call in asked.tool_calls] == [("weather", {"city": "Paris"})]
    result = weather.invoke(asked.tool_calls[0])
    assert isinstance(result, ToolMessage)
    assert chat.invoke([HumanMessage("Weather in Paris?"), asked, result]).content == "Bonjour."
    sent = both.said()[1]["messages"]
    assert sent[1]["content"][0]["id"] == sent[2]["content"][0]["tool_use_id"]
    assert told() == [OK, OK]


def test_structured_output(both: Both) -> None:
    """An answer held to a schema comes back as the caller's own class."""

    class Place(BaseModel):
        city: str

    both.answer = lambda request: json_answer(message_body('{"city": "Paris"}'))
    found = model().with_structured_output(Place, method="json_schema").invoke("Where?")
    assert found == Place(city="Paris")
    assert both.said()[0]["output_config"]["format"]["type"] == "json_schema"


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (429, "rate_limit_error", openai.RateLimitError),
        (400, "invalid_request_error", openai.BadRequestError),
        (500, "api_error", openai.InternalServerError),
    ],
)
def test_an_error(both: Both, status: int, kind: str, error: type[Exception]) -> None:
    """What goes wrong at Claude is an error of the OpenAI SDK, however LangChain wraps it."""
    both.answer = lambda _: error_of(status, kind)
    with pytest.raises(Exception) as raised:
        model(max_retries=0).invoke("Hi")
    seen: BaseException | None = raised.value
    while seen is not None and not isinstance(seen, error):
        seen = seen.__cause__
    assert isinstance(seen, error)
    assert [outcome for _, outcome, _ in told()] == ["error"]
