"""The usage that a routed stream is asked for, and that its caller did not ask for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from waypost.core.routing.observe import Watch

USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
HEAD = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
SPOKEN = {**HEAD, "choices": [{"index": 0, "delta": {"content": "ok"}, "finish_reason": "stop"}]}
REPORT = {"input": {"flagged": False}, "output": {"flagged": True}}


def passed(chunks: list[dict[str, Any]], width: int) -> list[dict[str, Any]]:
    """What the caller gets of these chunks, which come ``width`` bytes at a time."""
    data = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"
    watch = Watch(reader=None, writer=None, strip_usage=True)
    out = b"".join(watch.chunk(data[start : start + width]) for start in range(0, len(data), width)) + watch.flush()
    *frames, done, rest = out.split(b"\n\n")
    assert (done, rest) == (b"data: [DONE]", b"")
    return [json.loads(frame.removeprefix(b"data: ")) for frame in frames]


@pytest.mark.parametrize("width", [1, 7, 10_000])
@pytest.mark.parametrize(
    ("before", "last", "stays"),
    [
        pytest.param({}, {}, False, id="a server that says it in the last chunk only"),
        pytest.param({"usage": None}, {}, False, id="OpenAI, which announces it"),
        pytest.param({}, {"system_fingerprint": "f", "service_tier": None, "x": 1}, False, id="a vendor's own fields"),
        pytest.param({}, {"moderation": None}, True, id="moderated, and nobody was asked"),
        pytest.param({"usage": None}, {"moderation": None}, False, id="moderated, and OpenAI announces it"),
        pytest.param({"usage": None}, {"moderation": REPORT}, True, id="a report of moderation in the same chunk"),
    ],
)
def test_only_the_chunk_that_was_asked_for_is_taken_out(
    before: dict[str, Any], last: dict[str, Any], stays: bool, width: int
) -> None:
    """Usage is asked for and stripped, and nothing else is lost with it."""
    first = {**SPOKEN, **before}
    closing = {**HEAD, "choices": [], "usage": USAGE, **last}

    assert passed([first, closing], width) == [first, *([closing] if stays else [])]


@pytest.mark.parametrize("other", [{"moderation": REPORT}, {"prompt_filter_results": []}])
def test_chunks_without_choices_and_without_usage_stay(other: dict[str, Any]) -> None:
    """A report of moderation, or of a content filter, comes in a chunk without choices."""
    chunks = [{**HEAD, "choices": [], **other}, SPOKEN]

    assert passed(chunks, 10_000) == chunks
