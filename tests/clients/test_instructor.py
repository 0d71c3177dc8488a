"""instructor on OpenAI's client, answered by Claude."""

from __future__ import annotations

from typing import Any

import instructor
import openai
import pytest
from pydantic import BaseModel, field_validator

from client_world import CLAUDE, Both, error_of, told, tool_then_text
from stub_provider import Seen, json_answer, message_tool_body, sse_answer

OK = (CLAUDE, "ok", "route")


class Place(BaseModel):
    city: str

    @field_validator("city")
    @classmethod
    def capitalised(cls, value: str) -> str:
        if not value[:1].isupper():
            raise ValueError("a city begins with a capital letter")
        return value


ASK: Any = {"model": "auto", "response_model": Place, "messages": [{"role": "user", "content": "Where?"}]}


def test_a_model_of_the_callers(both: Both) -> None:
    """The forced tool is called by Claude, and its arguments become the caller's class."""
    both.answer = tool_then_text("Place", {"city": "Paris"})
    assert instructor.from_openai(openai.OpenAI()).chat.completions.create(**ASK).city == "Paris"
    assert both.said()[0]["tool_choice"] == {"type": "tool", "name": "Place"}
    assert told() == [OK]


async def test_async(both: Both) -> None:
    """The async client likewise."""
    both.answer = tool_then_text("Place", {"city": "Paris"})
    client = instructor.from_openai(openai.AsyncOpenAI())
    assert (await client.chat.completions.create(**ASK)).city == "Paris"
    assert told() == [OK]


def test_it_asks_again_what_does_not_hold(both: Both) -> None:
    """The refusal of a value goes back with the call's id, and each asking is a receipt of its own."""

    def answer(request: Seen) -> Any:
        city = "paris" if len(request.body["messages"]) == 1 else "Paris"
        return json_answer(message_tool_body([("Place", {"city": city})]))

    both.answer = answer
    client = instructor.from_openai(openai.OpenAI())
    assert client.chat.completions.create(**ASK, max_retries=2).city == "Paris"
    assert "capital letter" in str(both.said()[1]["messages"])
    assert told() == [OK, OK]


def test_an_answer_that_grows(both: Both) -> None:
    """A partial model is filled while the arguments arrive."""
    start = {
        "type": "message_start",
        "message": {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-haiku-4-5",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 9, "output_tokens": 1},
        },
    }
    tool = {"type": "tool_use", "id": "toolu_1", "name": "Place", "input": {}}
    pieces = ['{"city": "Par', 'is"}']
    events = [
        start,
        {"type": "content_block_start", "index": 0, "content_block": tool},
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": piece}}
            for piece in pieces
        ),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use", "stop_sequence": None},
            "usage": {"output_tokens": 5},
        },
        {"type": "message_stop"},
    ]
    both.answer = lambda _: sse_answer(events)
    client = instructor.from_openai(openai.OpenAI())
    grown = [part.city for part in client.chat.completions.create_partial(**ASK)]
    assert grown[-1] == "Paris"
    assert told() == [OK]


def test_an_error(both: Both) -> None:
    """What goes wrong at Claude is an error of the OpenAI SDK."""
    both.answer = lambda _: error_of(400, "invalid_request_error")
    with pytest.raises(Exception) as raised:
        instructor.from_openai(openai.OpenAI()).chat.completions.create(**ASK, max_retries=1)
    seen: BaseException | None = raised.value
    while seen is not None and not isinstance(seen, openai.BadRequestError):
        seen = seen.__cause__ or seen.__context__
    assert isinstance(seen, openai.BadRequestError)
    assert [outcome for _, outcome, _ in told()] == ["error"]
