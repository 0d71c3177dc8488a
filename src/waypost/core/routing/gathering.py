"""A stream that has been kept, as the answer that it was: one body in the caller's dialect."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, assert_never

from waypost.core.codecs.framing import SseParser
from waypost.core.model.conversation import Part, Reasoning, Refusal, Reply, Text, ToolCall
from waypost.core.model.deltas import Cited, Delta, Finished, PartDelta, PartStart, PartStop, Start, StreamError
from waypost.core.model.target import Dialect
from waypost.core.routing.ports import Codec

_SECOND = re.compile(r'"index"\s*:\s*[1-9]')


def answer_of(data: bytes, codec: Codec, home: Codec, at_s: int) -> Any:
    """What the bytes of an answer said: a body of ``home``'s dialect, of which ``codec`` reads the stream.

    A whole body that was read as a stream is itself. ``at_s`` is when it came, in epoch seconds, where it does not say.
    Where a stream cannot be read, or is of several answers, its events stand as they came.
    """
    if data.lstrip()[:1] in (b"{", b"["):
        try:
            return json.loads(data)
        except ValueError:
            return data.decode(errors="replace")
    events = SseParser().feed(data)
    if any(_tells_of_another(text) for _, text in events):
        return [_plain(text) for _, text in events]
    try:
        reply = gathered(_deltas(events, codec), codec.dialect)
        if reply is None:
            return None
        body = home.encode_response(reply if reply.created is not None else replace(reply, created=at_s))
        if codec.dialect == home.dialect:  # nobody translated it, so the caller had the upstream's own id
            body |= {name: reply.id for name in ("id", "responseId") if name in body}
        return body
    except Exception:  # a stream of a host that has ideas of its own is still what was answered
        return [_plain(text) for _, text in events]


def gathered(deltas: Iterable[Delta], origin: Dialect) -> Reply | None:
    """The reply that the deltas make; of one that was cut off what there is, ``None`` where there is nothing."""
    start: Start | None = None
    end: Finished | None = None
    begun: dict[int, PartStart] = {}
    said: dict[int, list[str]] = {}
    for delta in deltas:
        match delta:
            case Start():
                start = delta
            case PartStart():
                begun[delta.index] = delta
            case PartDelta():
                if delta.kind != "signature":
                    said.setdefault(delta.index, []).append(delta.text)
            case Finished():
                end = delta
            case Cited() | PartStop() | StreamError():
                continue
            case _:
                assert_never(delta)
    if start is None and not begun:
        return None
    parts = tuple(_part(part, "".join(said.get(index, ())), origin) for index, part in sorted(begun.items()))
    return Reply(
        id=start.id if start else "",
        model=start.model if start else "",
        parts=parts,
        finish=end.finish if end else "other",
        usage=(end.usage if end else None) or (start.usage if start else None),
        raw_finish=end.raw_finish if end else None,
        stop_sequence=end.stop_sequence if end else None,
        created=start.created if start else None,
    )


def _part(part: PartStart, text: str, origin: Dialect) -> Part:
    match part.kind:
        case "text":
            return Text(text)
        case "reasoning":
            return Reasoning(text, origin)
        case "refusal":
            return Refusal(text)
        case "tool_call":
            return ToolCall(part.id or "", part.name or "", text)
        case _:
            assert_never(part.kind)


def _deltas(events: Iterable[tuple[str | None, str]], codec: Codec) -> Iterator[Delta]:
    reader = codec.reader()
    for event, text in events:
        yield from reader.feed(event, text)
    yield from reader.close()


def _tells_of_another(text: str) -> bool:
    """Whether an event is of an answer beside the first; a reply is one answer."""
    if _SECOND.search(text) is None:
        return False
    event = _plain(text)
    found = (event.get("choices") or event.get("candidates") or ()) if isinstance(event, dict) else ()
    return any(isinstance(item, dict) and item.get("index") for item in found)


def _plain(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
