"""A stream that a writer ends, because its dialect has no words for what came, has failed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from waypost.core.codecs import CODECS
from waypost.core.model.outcome import Failure
from waypost.core.routing.observe import Watch


def chunks(arguments: str) -> list[bytes]:
    """A call of a tool as a chat stream tells it."""

    def frame(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
        return b"data: " + json.dumps(body).encode() + b"\n\n"

    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "add", "arguments": arguments}}
    return [frame({"role": "assistant", "tool_calls": [call]}), frame({}, "tool_calls"), b"data: [DONE]\n\n"]


@pytest.mark.parametrize("caller", ["anthropic.messages", "google.generate_content"])
def test_half_of_a_calls_arguments(caller: str) -> None:
    """The receipt says what the caller sees: an error, and no end in peace."""
    watch = Watch(
        reader=CODECS["openai.chat"].reader(), writer=CODECS[caller].writer(include_usage=True), strip_usage=False
    )
    said = b"".join(map(watch.chunk, chunks('{"a": 12'))) + watch.flush()
    assert b"error" in said
    assert watch.unsayable() == Failure("malformed", committed=True)


@pytest.mark.parametrize("caller", ["anthropic.messages", "google.generate_content", "openai.responses"])
def test_whole_arguments(caller: str) -> None:
    """Of what can be said there is nothing to tell."""
    watch = Watch(
        reader=CODECS["openai.chat"].reader(), writer=CODECS[caller].writer(include_usage=True), strip_usage=False
    )
    for chunk in chunks('{"a": 12}'):
        watch.chunk(chunk)
    assert watch.unsayable() is None
