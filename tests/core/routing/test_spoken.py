"""What a stream has said that does not say it itself."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stub_provider import chat_chunks, message_events, sse_answer
from waypost.core.features.tokens import estimate
from waypost.core.routing.observe import Watch
from waypost.core.routing.spoken import spoken_tokens

WORDS = [f"The {index}th word of it, and then some more. " for index in range(50)]
TEXT = "".join(WORDS)


def frames(events: Any) -> bytes:
    return b"".join(sse_answer(events)[1:])


def watched(data: bytes) -> Watch:
    watch = Watch(reader=None, writer=None, strip_usage=False)
    for start in range(0, len(data), 1_000):
        watch.chunk(data[start : start + 1_000])
    return watch


@pytest.mark.parametrize("events", [chat_chunks(WORDS), message_events(WORDS)], ids=["chat", "messages"])
def test_the_text_is_estimated_and_not_its_frames(events: Any) -> None:
    """Fifty frames of ten tokens each are five hundred tokens, in both dialects."""
    assert watched(frames(events)).spoken() == estimate(TEXT) > 400


def response_events(words: list[str]) -> list[dict[str, Any]]:
    """Pieces, and then the whole twice again, as OpenAI's responses have it."""
    whole = "".join(words)
    part = {"type": "output_text", "text": whole}
    return [
        *({"type": "response.output_text.delta", "delta": word, "item_id": "msg_1"} for word in words),
        {"type": "response.output_text.done", "text": whole},
        {"type": "response.completed", "response": {"output": [{"type": "message", "content": [part]}]}},
    ]


def test_what_is_said_again_counts_once() -> None:
    """Responses repeat the text when a part and the whole are done; a stream that is cut has only the pieces."""
    events = response_events(WORDS)
    assert spoken_tokens(frames(events)) == spoken_tokens(frames(events[:50])) == estimate(TEXT)


def test_tool_calls_are_said_too() -> None:
    """Fragments of arguments, with what JSON escapes in them."""
    pieces = ['{"city": "K', 'öln", "days"', ": 3}\n"]
    calls = [{"choices": [{"delta": {"tool_calls": [{"function": {"arguments": piece}}]}}]} for piece in pieces]
    assert spoken_tokens(frames(calls)) == estimate("".join(pieces))


def test_a_long_stream_is_scaled_by_its_frames() -> None:
    """The tail that is kept stands for what was let go."""
    data = frames(chat_chunks(WORDS * 60))
    watch = watched(data)
    assert sum(map(len, watch._parts)) < len(data) // 2
    assert abs(watch.spoken() - estimate(TEXT * 60)) < estimate(TEXT * 60) // 20


def test_without_any_text_frames_are_counted() -> None:
    """A dialect that we cannot read: one token a frame, but for the first."""
    assert [watched(data).spoken() for data in (b"", b"data: x\n\n", b"data: x\n\n" * 5)] == [0, 0, 4]


@given(st.text(), st.booleans())
def test_any_text_comes_back(text: str, ascii_only: bool) -> None:
    """However it is escaped, and whatever it quotes."""
    body = json.dumps({"choices": [{"delta": {"content": text}}]}, ensure_ascii=ascii_only)
    assert spoken_tokens(f"data: {body}\n\n".encode("utf-8", "replace")) == estimate(
        text if ascii_only else text.encode("utf-8", "replace").decode()
    )


def test_what_is_no_json_takes_no_longer() -> None:
    """Quotes without an end and rows of backslashes: linear time."""
    begun = time.perf_counter()
    for data in (b'"content":"' + b"\\" * 200_001, b'"content":"' * 20_000, b'"text": "a\\"' * 20_000):
        spoken_tokens(data)
    assert time.perf_counter() - begun < 2
