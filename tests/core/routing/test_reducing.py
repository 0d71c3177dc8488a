"""Errors within a stream of another endpoint: of what kind they are goes on, and no word of that provider (S4.01)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from waypost.core.codecs import CODECS
from waypost.core.routing.reducing import Reducer

KEY = "sk-ours-0123456789"
SAID = f"Incorrect API key provided: {KEY}"
C, R = "openai.chat", "openai.responses"
A, G = "anthropic.messages", "google.generate_content"
FAILED = {"id": "resp_1", "status": "failed", "error": {"code": "server_error", "message": SAID}}
OURS = "The model's provider failed: overloaded."
ILL = "The model's provider failed: server error."
ERRORS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        C,
        {"error": {"message": SAID, "type": "server_error", "code": None, "metadata": {"raw": SAID}}},
        {"error": {"message": ILL, "type": "server_error", "param": None, "code": "internal_error"}},
    ),
    (
        C,
        {"id": "c1", "choices": [], "error": {"code": 503, "message": SAID}},
        {
            "id": "c1",
            "choices": [],
            "error": {
                "message": "The model's provider failed: stream error.",
                "type": "server_error",
                "param": None,
                "code": "stream_error",
            },
        },
    ),
    (
        R,
        {"type": "error", "code": "server_error", "message": SAID, "param": SAID, "sequence_number": 9},
        {"type": "error", "code": "internal_error", "message": ILL, "param": None, "sequence_number": 9},
    ),
    (
        R,
        {"type": "response.failed", "sequence_number": 9, "response": FAILED},
        {
            "type": "response.failed",
            "sequence_number": 9,
            "response": {**FAILED, "error": {"code": "server_error", "message": ILL}},
        },
    ),
    (
        A,
        {"type": "error", "error": {"type": "overloaded_error", "message": SAID}},
        {"type": "error", "error": {"type": "overloaded_error", "message": OURS}},
    ),
    (
        G,
        {"error": {"code": 503, "message": SAID, "status": "UNAVAILABLE", "details": [{"key": KEY}]}},
        {"error": {"code": 503, "message": OURS, "status": "UNAVAILABLE"}},
    ),
]
each = pytest.mark.parametrize(("dialect", "told", "expected"), ERRORS)


def passed(dialect: str, data: bytes, size: int | None = None) -> bytes:
    """What goes on of ``data``, which comes in pieces of ``size``."""
    reducer = Reducer(CODECS[dialect])
    step = size or len(data)
    pieces = [data[at : at + step] for at in range(0, len(data), step)]
    return b"".join(map(reducer.feed, pieces)) + reducer.close()


def event_of(data: bytes) -> Any:
    (line,) = [line for line in data.splitlines() if line.startswith(b"data: ")]
    return json.loads(line[6:])


@each
@pytest.mark.parametrize("size", [None, 1, 7])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_only_the_kind_of_an_error_goes_on(
    dialect: str, told: dict[str, Any], expected: dict[str, Any], size: int | None, end: str
) -> None:
    """In the dialect's own shape, whatever else stood in it, wherever it is cut; what came before is as it came."""
    before = f': "error"{end}{end}data: {{"type": "ping",  "x": "\\"error\\""}}{end}{end}'.encode()
    frame = f"event: error{end}data: {json.dumps(told)}{end}{end}".encode()
    out = passed(dialect, before + frame, size)
    assert out.startswith(before + b"event: error")
    assert event_of(out[len(before) :]) == expected
    assert out.endswith(f"}}{end}{end}".encode())


@each
def test_an_error_in_several_lines_is_one(dialect: str, told: dict[str, Any], expected: dict[str, Any]) -> None:
    """An event may have its data in as many lines as it likes."""
    lines = json.dumps(told, indent=1).splitlines()
    out = passed(dialect, "".join(f"data: {line}\n" for line in lines).encode() + b"\n")
    assert event_of(out) == expected


@pytest.mark.parametrize("dialect", [C, R, A, G])
@pytest.mark.parametrize(
    "frame",
    [
        b'data: {"error": {"message": "' + SAID.encode(),
        b'data: {"error": "' + SAID.encode() + b'"}\n\n',
        b'{"error": {"message": "' + SAID.encode() + b'"}}',
    ],
    ids=["cut off", "a text", "no event"],
)
def test_no_key_goes_on(dialect: str, frame: bytes) -> None:
    """Half an error, one that is a text alone, and one that stands where a stream was asked for."""
    out = passed(dialect, frame)
    assert KEY.encode() not in out
    assert b"The model's provider failed" in out


@pytest.mark.parametrize(
    "data",
    [
        b'data: {"type":"response.created","response":{"error":null}}\n\n',
        b'data: {"a" :  1}\n\ndata: ["error"]\n\n: "error"\n\ndata: [DONE]\n\n',
        b"data: {half",
    ],
)
def test_what_tells_no_error_passes_as_it_came(data: bytes) -> None:
    """Not a byte is changed."""
    assert passed(R, data) == data
    assert passed(R, data, 3) == data


def test_a_key_for_a_code_is_no_code() -> None:
    """Where the provider's own word goes on it is a word."""
    told = {"type": "response.failed", "response": {"error": {"code": KEY, "message": SAID}}}
    out = passed(R, f"data: {json.dumps(told)}\n\n".encode())
    assert event_of(out)["response"]["error"]["code"] == "stream_error"


def test_a_frame_without_an_end_is_not_held_for_ever() -> None:
    """Memory is bounded (S3.06)."""
    reducer = Reducer(CODECS[C])
    out = sum(len(reducer.feed(b"x" * 1_000_000)) for _ in range(20))
    assert out >= 17_000_000
    assert out + len(reducer.close()) == 20_000_000
