"""Server-sent events, both ways. Bytes in, events out, and back; it knows nothing of any dialect."""

from __future__ import annotations

from codecs import getincrementaldecoder
from typing import TypeAlias

Event: TypeAlias = "tuple[str | None, str]"
"""The event's name, if it has one, and its data lines joined by newlines."""

_CR, _LF = b"\r\n"
"""As numbers, because ``in`` takes a longer way to bytes that are looked for as bytes."""

_Utf8 = getincrementaldecoder("utf-8")


class SseParser:
    """An incremental parser; memory is bounded by ``limit`` characters of one event.

    Lines end with CR, LF or both, split anywhere. Comments, ids and retry hints are skipped. An event that the stream
    ends within is dropped, as the standard says.
    """

    __slots__ = (
        "_after_cr",
        "_between",
        "_data",
        "_decode",
        "_event",
        "_first",
        "_limit",
        "_line",
        "_pending",
        "_size",
    )

    def __init__(self, limit: int = 8_388_608) -> None:
        self._decode = _Utf8("replace").decode
        self._limit = limit
        self._line: list[str] = []
        self._event: str | None = None
        self._data: list[str] = []
        self._size = 0
        self._pending = 0
        self._after_cr = False
        self._first = True
        self._between = False

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that ``chunk`` completes.

        Raises:
            ValueError: one event is longer than the limit.
        """
        if self._between and len(chunk) <= self._limit:
            found = _whole(chunk)
            if found is not None:
                return found
        text = self._decode(chunk)
        if not text:
            return []
        if self._first:
            self._first = False
            text = text.removeprefix("\ufeff")
        if self._after_cr and text[:1] == "\n":
            text = text[1:]
        self._after_cr = text.endswith("\r")
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        found = self._split(text)
        self._between = chunk[-1:] == b"\n" and not (self._line or self._data or self._event or self._after_cr)
        return found

    def _split(self, text: str) -> list[Event]:
        found: list[Event] = []
        lines = text.split("\n")
        rest = lines.pop()
        for line in lines:
            if self._line:
                self._line.append(line)
                line = "".join(self._line)
                self._line.clear()
                self._pending = 0
            event = self._end_of_line(line)
            if event is not None:
                found.append(event)
        if rest:
            self._line.append(rest)
            self._pending += len(rest)
            self._check()
        return found

    def _end_of_line(self, line: str) -> Event | None:
        if not line:
            return self._end_of_event()
        field, _, value = line.partition(":")
        value = value[1:] if value[:1] == " " else value
        if field == "data":
            self._data.append(value)
            self._size += len(value)
            self._check()
        elif field == "event":
            self._event = value or None
        return None

    def _end_of_event(self) -> Event | None:
        event = (self._event, "\n".join(self._data)) if self._data else None
        self._event = None
        self._data.clear()
        self._size = 0
        return event

    def _check(self) -> None:
        if self._size + self._pending > self._limit:
            raise ValueError(f"one server-sent event is longer than {self._limit} characters")


def _whole(chunk: bytes) -> list[Event] | None:
    """The events of a chunk that holds whole ones only, in the form that all providers send; ``None`` of any other.

    A look at lines one by one costs ten times as much, and chunks of another form are rare.
    """
    if chunk[-2:] != b"\n\n" or _CR in chunk:
        return None
    text = chunk.decode("utf-8", "replace")
    if text[:6] == "data: " and chunk.count(_LF) == 2:  # one event, as OpenAI and Google send them
        return [(None, text[6:-2])]
    if text[:7] == "event: " and chunk.count(_LF) == 3:  # one event, named
        name, between, data = text.partition("\ndata: ")
        return [(name[7:] or None, data[:-2])] if between else None
    found: list[Event] = []
    for event in text[:-2].split("\n\n"):
        head, between, data = event.rpartition("\ndata: ")
        if between and head[:7] == "event: " and "\n" not in head and "\n" not in data:
            found.append((head[7:] or None, data))
        elif not between and data[:6] == "data: " and "\n" not in data:
            found.append((None, data[6:]))
        else:
            return None
    return found


def frame(event: str | None, data: str) -> bytes:
    """One event as bytes. ``data`` with newlines becomes several data lines."""
    head = f"event: {event}\n" if event else ""
    if "\n" in data or "\r" in data:
        lines = data.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        return (head + "".join(f"data: {line}\n" for line in lines) + "\n").encode()
    return f"{head}data: {data}\n\n".encode()
