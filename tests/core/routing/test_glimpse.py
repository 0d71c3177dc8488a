"""What the bytes of an answer say of it where nobody reads the whole: each dialect by its own names."""

from __future__ import annotations

import json
from typing import Any

import pytest

from waypost.core.codecs import CODECS
from waypost.core.model.outcome import Failure
from waypost.core.routing.glimpse import observe_bytes, told_its_end, wrong_with
from waypost.core.routing.last_words import last_words

C, R, A, G = "openai.chat", "openai.responses", "anthropic.messages", "google.generate_content"
TOLD = {"id": "call_7", "model": "corolla", "usage": "u", "finish_reason": "f", "finishReason": "f", "stop_reason": "s"}
"""Arguments of a call that have the names of what an answer says of itself."""


def sse(*events: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


def chat(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"id": "c1", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def response(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", "response": {"id": "r1", "model": "m", "incomplete_details": None, **more}}


CALLED = {"content": {"parts": [{"functionCall": {"id": "call_7", "name": "f", "args": TOLD}}]}, "finishReason": "STOP"}
COUNTED = {"promptTokenCount": 3, "candidatesTokenCount": 4}
ENDS: list[tuple[str, bytes, str]] = [
    (C, sse(chat({"content": "x"}), chat({}, "stop"), chat({})) + b"data: [DONE]\n\n", "stop"),
    (
        A,
        sse(
            {"type": "message_start", "message": {"id": "c1", "model": "m", "stop_reason": None}},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
            {"type": "message_stop"},
        ),
        "end_turn",
    ),
    (R, sse(response("created"), response("completed", output=[{"type": "message"}])), "completed"),
    (
        R,
        sse(response("created"), response("incomplete", incomplete_details={"reason": "max_output_tokens"})),
        "max_output_tokens",
    ),
    (G, sse({"candidates": [CALLED], "modelVersion": "m", "responseId": "c1"}), "STOP"),
]


@pytest.mark.parametrize(("dialect", "data", "reason"), ENDS)
def test_a_stream_says_how_it_ended(dialect: str, data: bytes, reason: str) -> None:
    """The last reason that is not null, the id of the answer and its model, and no name of an argument's."""
    seen = observe_bytes(CODECS[dialect], data, data)
    assert (seen.response_id, seen.response_model, seen.finish_reasons) == (
        "r1" if dialect == R else "c1",
        "m",
        (reason,),
    )
    assert told_its_end(data)


@pytest.mark.parametrize(
    "data",
    [
        sse(chat({"content": "x"})),
        sse({"type": "message_start", "message": {"id": "c1", "stop_reason": None}}),
        sse(response("created"), response("in_progress")),
        sse({"candidates": [{"content": {"parts": [{"text": '"finishReason": "STOP"'}]}}], "responseId": "c1"}),
        sse(chat({"content": '"finish_reason": "stop", "type": "response.completed"'})),
    ],
)
def test_a_stream_that_was_cut_says_nothing(data: bytes) -> None:
    """Null is no reason, and what is quoted in a text is none either."""
    assert not told_its_end(data)


def test_usage_is_the_last_object_of_its_name() -> None:
    """Google's name is its own."""
    seen = observe_bytes(CODECS[G], b"", sse({"candidates": [CALLED], "usageMetadata": COUNTED}))
    assert seen.usage is not None
    assert (seen.usage.input, seen.usage.output) == (3, 4)
    assert observe_bytes(CODECS[C], b"", sse({"usageMetadata": COUNTED})).usage is None


ERRORS: list[tuple[str, Any]] = [
    (C, {"error": {"code": "server_error", "message": "x"}}),
    (A, {"type": "error", "error": {"type": "api_error", "message": "x"}}),
    (R, {"type": "response.failed", "response": {"id": "r1", "error": {"code": "server_error", "message": "x"}}}),
    (R, {"type": "error", "code": "server_error", "message": "x"}),
    (G, {"error": {"code": 500, "status": "INTERNAL", "message": "x"}}),
]


@pytest.mark.parametrize(("dialect", "event"), ERRORS)
def test_a_stream_says_that_it_failed(dialect: str, event: Any) -> None:
    """In whichever form its dialect has, read to the end or not."""
    for over in (True, False):
        told = last_words(sse(event), CODECS[dialect], whole=True, over=over)
        assert told is not None
        assert (told.kind, told.committed) == ("stream_error", True)


def test_an_error_with_the_status_of_a_success_is_what_it_says() -> None:
    """What is no object is malformed, and so is an error that no dialect knows."""
    codec = CODECS[C]
    assert wrong_with({"id": "c1"}, 200, codec) is None
    assert wrong_with("<html>", 203, codec) == Failure("malformed", 203)
    limited = wrong_with({"error": {"code": "rate_limit_exceeded"}}, 200, codec)
    assert limited is not None
    assert limited.kind == "rate_limited"
    unknown = wrong_with({"error": {"message": "x"}}, 200, codec)
    assert unknown is not None
    assert unknown.kind == "malformed"
