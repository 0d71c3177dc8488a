"""Server-sent events by the standard: split anywhere, ended by anything, in bounded memory."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.core.codecs.framing import SseParser, frame


def parse(*chunks: bytes) -> list[tuple[str | None, str]]:
    parser = SseParser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


EVENTS = [
    (b"data: x\n\n", [(None, "x")]),
    (b"event: ping\ndata: {}\n\n", [("ping", "{}")]),
    (b"data:x\n\ndata:  y\n\n", [(None, "x"), (None, " y")]),
    (b"data: a\ndata: b\n\n", [(None, "a\nb")]),
    (b"data\n\n", [(None, "")]),
    (b": comment\n\ndata: x\n\n", [(None, "x")]),
    (b"id: 7\nretry: 10\nodd: 1\ndata: x\n\n", [(None, "x")]),
    (b"event: lonely\n\ndata: x\n\n", [(None, "x")]),
    (b"data: x\r\n\r\ndata: y\r\rdata: z\n\n", [(None, "x"), (None, "y"), (None, "z")]),
    (b"event: e\r\ndata: a\r\ndata: b\r\n\r\n", [("e", "a\nb")]),
    (b"data: x\r\n\n\ndata: y\n\n", [(None, "x"), (None, "y")]),
    (b"\xef\xbb\xbfdata: x\n\n", [(None, "x")]),
    (b"data: unfinished", []),
    (b"data: unfinished\n", []),
    ("data: a\u2028b\x0b\x0cc\n\n".encode(), [(None, "a\u2028b\x0b\x0cc")]),
]


@pytest.mark.parametrize(("wire", "events"), EVENTS)
def test_parse(wire: bytes, events: list[tuple[str | None, str]]) -> None:
    """Whole, byte by byte, and with empty chunks between, the events are the same."""
    assert parse(wire) == events
    assert parse(*(wire[i : i + 1] for i in range(len(wire)))) == events
    assert parse(b"", wire, b"") == events


@pytest.mark.parametrize(
    ("wire", "events"),
    [
        *((wire, events) for wire, events in EVENTS if wire[:1] != b"\xef"),
        (b"data: a\rdata: b\n\n", [(None, "a\nb")]),
        (b"event: e\ndata: a\rdata: b\n\n", [("e", "a\nb")]),
        (b"event: e\n\n\n", []),
        (b"event: e\nodd: 1\n\n", []),
        (b"event: \ndata: \n\n", [(None, "")]),
        (b"data: \n\n", [(None, "")]),
        (b"event: e\ndata: a\n\nevent: f\ndata: b\n\n", [("e", "a"), ("f", "b")]),
    ],
)
def test_parse_after_a_whole_event(wire: bytes, events: list[tuple[str | None, str]]) -> None:
    """Between two events the parser takes a shorter way for chunks in the usual form; it says the same."""
    assert parse(b"data: first\n\n", wire) == [(None, "first"), *events]


def test_a_character_may_be_cut() -> None:
    """A UTF-8 sequence that is cut between chunks is one character."""
    wire = "data: 日本 €\n\n".encode()
    for cut in range(len(wire)):
        assert parse(wire[:cut], wire[cut:]) == [(None, "日本 €")]


def test_bytes_that_are_no_text() -> None:
    """Bytes that are not UTF-8 are replaced, as the SDKs and browsers do, and the stream goes on."""
    assert parse(b"data: \xff\n\ndata: x\n\n") == [(None, "\ufffd"), (None, "x")]


@given(
    st.sampled_from([None, "message_start"]), st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60)
)
def test_frame_is_parsed(event: str | None, data: str) -> None:
    """What is framed is parsed again; line ends inside data become newlines."""
    expected = data.replace("\r\n", "\n").replace("\r", "\n")
    assert parse(frame(event, data)) == [(event, expected)]


def test_an_endless_event_is_refused() -> None:
    """One event may not grow without end, neither as one line nor as many, and comments do not count."""
    with pytest.raises(ValueError, match="longer than 100 characters"):
        SseParser(limit=100).feed(b"data: " + b"x" * 200)
    parser = SseParser(limit=100)
    for _ in range(20):
        parser.feed(b"data: xxxxx\n")
    with pytest.raises(ValueError, match="longer than 100 characters"):
        parser.feed(b"data: xxxxx\n")
    parser = SseParser(limit=100)
    for _ in range(50):
        assert parser.feed(b": keep-a") == []
        assert parser.feed(b"live\n") == []
    assert parser.feed(b"data: x\n\n") == [(None, "x")]


def test_memory_is_constant() -> None:
    """A hundred thousand events leave nothing behind in the parser."""
    parser = SseParser()
    chunk = b"".join(frame(None, "x" * 50) for _ in range(100))
    parser.feed(chunk)
    tracemalloc.start()
    for _ in range(1000):
        parser.feed(chunk)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 20_000
