"""Anthropic messages: its streams, both ways. Events to deltas, deltas to events; constant memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

from waypost.core.codecs.anthropic_messages_encode import CALL_ID
from waypost.core.codecs.anthropic_messages_reply import (
    FINISH,
    classify,
    delta_usage_out,
    error_body,
    redacted_out,
    stop_out,
    usage_of,
    usage_out,
)
from waypost.core.codecs.citations import LEFT_OUT, PARTS, from_anthropic
from waypost.core.codecs.framing import frame
from waypost.core.codecs.handout import Handed, Handout, Signer
from waypost.core.codecs.ids import answer_id, distinct_id
from waypost.core.codecs.json_text import arguments_text, dumps_ascii, is_object_text, loads
from waypost.core.codecs.usage import later
from waypost.core.codecs.wire import as_int, as_map, as_text, opt_map, opt_text
from waypost.core.model.conversation import (
    Cited,
    Delta,
    Finish,
    Finished,
    PartDelta,
    PartStart,
    PartStop,
    Start,
    StreamError,
)
from waypost.core.model.outcome import Failure, Usage

_REFUSAL_LIMIT = 8192


class MessagesReader:
    """Events to deltas. Pings and blocks of server tools are passed over; parts are counted without them."""

    __slots__ = ("_ended", "_finish", "_left", "_next", "_parts", "_refusal", "_usage")

    def __init__(self) -> None:
        self._ended = False
        self._next = 0
        self._parts: dict[int, tuple[int, str]] = {}
        self._usage: Usage | None = None
        self._finish: tuple[str, str | None] | None = None
        self._refusal: str | None = None
        self._left: set[str] = set()

    def feed(self, event: str | None, data: str) -> Sequence[Delta]:
        """One event. Raises ValueError where it is not one of this dialect."""
        if self._ended or event == "ping":
            return ()
        raw = loads(data)
        try:  # most of a stream
            delta = raw["delta"]
            if delta["type"] == "text_delta":
                index, kind = self._parts[raw["index"]]
                text = delta["text"]
                if kind == "text" and type(text) is str:
                    return (PartDelta(index, text),)
        except (KeyError, TypeError):
            pass
        return self._any(event, as_map(raw, "event"))

    def _any(self, event: str | None, raw: Mapping[str, Any]) -> Sequence[Delta]:
        match raw.get("type", event):
            case "content_block_delta":
                return self._delta(raw)
            case "message_start":
                return self._start(as_map(raw.get("message"), "message"))
            case "content_block_start":
                return self._block(raw)
            case "content_block_stop":
                known = self._parts.pop(as_int(raw.get("index", 0), "index"), None)
                return () if known is None else (PartStop(known[0]),)
            case "message_delta":
                self._message_delta(raw)
            case "message_stop":
                return self._stop()
            case "error":
                self._ended = True
                failure = classify(None, raw)
                return (StreamError(failure.kind, None, failure.type),)
        return ()

    def close(self) -> Sequence[Delta]:
        """The upstream ended. Without its last event part of the answer may be missing, which is an error."""
        if self._ended:
            return ()
        self._ended = True
        return (StreamError("stream_error", None, "incomplete"),)

    def _start(self, message: Mapping[str, Any]) -> Sequence[Delta]:
        self._usage = usage_of(message)
        return (Start(str(message.get("id") or ""), str(message.get("model") or ""), self._usage),)

    def _block(self, raw: Mapping[str, Any]) -> Sequence[Delta]:
        block = as_map(raw.get("content_block"), "content_block")
        match block.get("type"):
            case "text":
                start, first = PartStart(self._next, "text"), PartDelta(self._next, _first(block, "text"))
            case "tool_use":
                start = PartStart(self._next, "tool_call", _first(block, "id"), _first(block, "name"))
                where = "content_block.input"
                given = arguments_text(as_map(block["input"], where), where) if block.get("input") else ""
                first = PartDelta(self._next, given, "arguments")
            case "thinking":
                start = PartStart(self._next, "reasoning")
                first = PartDelta(self._next, _first(block, "thinking"), "reasoning")
            case "redacted_thinking":
                start = PartStart(self._next, "reasoning", redacted=True)
                first = PartDelta(self._next, _first(block, "data"), "signature")
            case _:
                self._left.add(PARTS)
                return ()
        self._parts[as_int(raw.get("index", 0), "index")] = (self._next, start.kind)
        self._next += 1
        return (start, first) if first.text else (start,)

    def _delta(self, raw: Mapping[str, Any]) -> Sequence[Delta]:
        known = self._parts.get(as_int(raw.get("index", 0), "index"))
        if known is None:
            return ()
        index, kind = known
        delta = as_map(raw.get("delta"), "delta")
        match delta.get("type"), kind:
            case "text_delta", "text":
                return (PartDelta(index, as_text(delta.get("text"), "delta.text")),)
            case "input_json_delta", "tool_call":
                text = as_text(delta.get("partial_json"), "delta.partial_json")
                return (PartDelta(index, text, "arguments"),) if text else ()
            case "thinking_delta", "reasoning":
                return (PartDelta(index, as_text(delta.get("thinking"), "delta.thinking"), "reasoning"),)
            case "citations_delta", "text":
                pages, others = from_anthropic([delta.get("citation")], "delta.citation")
                if others:
                    self._left.add(LEFT_OUT)
                return (Cited(index, pages),) if pages else ()
            case "signature_delta", "reasoning":
                return (PartDelta(index, as_text(delta.get("signature"), "delta.signature"), "signature"),)
        return ()

    def _message_delta(self, raw: Mapping[str, Any]) -> None:
        self._usage = later(self._usage, usage_of(raw))
        delta = opt_map(raw.get("delta"), "delta")
        if delta.get("stop_reason") is not None:
            self._finish = (str(delta["stop_reason"]), opt_text(delta.get("stop_sequence"), "delta.stop_sequence"))
            details = opt_map(delta.get("stop_details"), "delta.stop_details")
            self._refusal = opt_text(details.get("explanation"), "delta.stop_details.explanation")

    def _stop(self) -> Sequence[Delta]:
        self._ended = True
        reason, sequence = self._finish or ("", None)
        left_out = tuple(sorted(self._left))
        end = Finished(FINISH.get(reason, "other"), reason or None, sequence, self._usage, left_out=left_out)
        if not self._refusal:
            return (end,)
        index = self._next
        return PartStart(index, "refusal"), PartDelta(index, self._refusal, "refusal"), PartStop(index), end


class MessagesWriter:
    """Deltas to events as Anthropic writes them, with the reasoning of ``signer`` in envelopes.

    The block of a call stays open until its arguments are whole. Where they never are, the answer is one that was cut
    off, as it is natively, or it ends with an error: a tool must not be called with the half of them.
    """

    cites = False
    """Whether pages that a text refers to are told."""
    __slots__ = (
        "_arguments",
        "_blocks",
        "_count",
        "_ended",
        "_handout",
        "_id",
        "_ids",
        "_refusal",
        "_thought",
        "_usage",
        "broken",
    )

    def __init__(self, signer: Signer | None = None) -> None:
        self.broken = False
        self._handout = Handout(signer)
        self._thought: int | None = None
        self._arguments: dict[int, list[str]] = {}
        self._blocks: dict[int, int] = {}
        self._count = 0
        self._ended = False
        self._id = ""
        self._ids: set[str] = set()
        self._refusal = ""
        self._usage: Usage | None = None

    def feed(self, delta: Delta) -> bytes:
        """The frames of one delta; empty where it has none in this dialect."""
        if self._ended:
            return b""
        match delta:
            case Start():
                return self._start(delta)
            case PartStart():
                return self._part(delta)
            case PartDelta():
                return self._delta(delta)
            case Cited():
                return b""  # what a caller of this dialect would hand back, nobody takes
            case PartStop(index=index):
                return self._stop(index)
            case Finished():
                return self._finish(delta)
            case StreamError():
                self._ended = True
                kind: Any = delta.kind
                return _event(error_body(Failure(kind, delta.status, delta.type), ""))
            case _:
                assert_never(delta)

    def close(self) -> bytes:
        """Nothing is owed: the last event comes with the finish or the error."""
        self._ended = True
        return b""

    def _start(self, start: Start) -> bytes:
        self._id = answer_id("msg_", start.id, start.model)
        self._usage = start.usage
        message: dict[str, Any] = {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": start.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "stop_details": None,
            "usage": usage_out(start.usage),
        }
        return _event({"type": "message_start", "message": message})

    def _part(self, part: PartStart) -> bytes:
        self._handout.begin(part)
        match part.kind:
            case "text":
                return self._begin(part.index, {"type": "text", "text": "", "citations": None})
            case "tool_call":
                call_id = distinct_id(part.id or f"{self._id}/{self._count}", self._count, self._ids, CALL_ID)
                held = self._redacted(self._handout.call(part, call_id))
                self._arguments[part.index] = []
                block = {"type": "tool_use", "id": call_id, "name": part.name or "", "input": {}}
                return held + self._begin(part.index, block)
            case "reasoning" | "refusal":
                return b""
            case _:
                assert_never(part.kind)

    def _begin(self, part: int, block: dict[str, Any]) -> bytes:
        index = self._blocks[part] = self._count
        self._count += 1
        return _event({"type": "content_block_start", "index": index, "content_block": block})

    def _redacted(self, handed: Handed) -> bytes:
        """Whole blocks of reasoning of which there is nothing to be read."""
        out = b""
        for _, envelope in handed:
            out += _event(
                {"type": "content_block_start", "index": self._count, "content_block": redacted_out(envelope)}
            )
            out += _event({"type": "content_block_stop", "index": self._count})
            self._count += 1
        return out

    def _delta(self, delta: PartDelta) -> bytes:
        index = self._blocks.get(delta.index)
        match delta.kind:
            case "text":
                return _more(index, f'"text_delta","text":{dumps_ascii(delta.text)}')
            case "arguments":
                if delta.index in self._arguments:
                    self._arguments[delta.index].append(delta.text)
                return _more(index, f'"input_json_delta","partial_json":{dumps_ascii(delta.text)}')
            case "refusal":
                self._refusal = (self._refusal + delta.text)[:_REFUSAL_LIMIT]
                return b""
            case "reasoning":
                return self._think(delta) if self._handout.shown else b""
            case "signature":
                self._handout.sealed(delta)
                return b""
            case _:
                assert_never(delta.kind)

    def _think(self, delta: PartDelta) -> bytes:
        out = b""
        if delta.index not in self._blocks:
            self._thought = delta.index
            out = self._begin(delta.index, {"type": "thinking", "thinking": "", "signature": ""})
        piece = {"type": "thinking_delta", "thinking": delta.text}
        return out + _event({"type": "content_block_delta", "index": self._blocks[delta.index], "delta": piece})

    def _stop(self, part: int) -> bytes:
        # Some servers of chat completions go on with a call after another has begun.
        if part in self._arguments:
            if not is_object_text("".join(self._arguments[part])):
                return b""
            del self._arguments[part]
        return self._close(part)

    def _owed(self, finish: Finish) -> bytes:
        """The ends of the calls that are still open, for they are whole now or never."""
        out = b""
        for part, pieces in self._arguments.items():
            arguments = "".join(pieces)
            if finish != "length" and arguments and not is_object_text(arguments):
                self.broken = True
                return out + _event(error_body(Failure("malformed"), ""))
            out += self._close(part)
        self._arguments.clear()
        return out

    def _close(self, part: int) -> bytes:
        index = self._blocks.get(part)
        thought = self._thought == part
        handed = self._handout.end(part, said=thought)
        out = b""
        if thought and index is not None:
            self._thought = None
            for _, envelope in handed:
                piece = {"type": "signature_delta", "signature": envelope}
                out += _event({"type": "content_block_delta", "index": index, "delta": piece})
            handed = ()
        if index is not None:
            out += _event({"type": "content_block_stop", "index": index})
        return out + self._redacted(handed)

    def _finish(self, finished: Finished) -> bytes:
        self._ended = True
        owed = self._owed(finished.finish)
        if self._arguments:
            return owed
        usage = later(self._usage, finished.usage) or Usage(0, 0)
        delta = stop_out(finished.finish, finished.stop_sequence, self._refusal)
        end = _event({"type": "message_delta", "delta": delta, "usage": delta_usage_out(usage)})
        return owed + end + _event({"type": "message_stop"})


def _first(block: Mapping[str, Any], name: str) -> str:
    return opt_text(block.get(name), f"content_block.{name}") or ""


def _more(index: int | None, piece: str) -> bytes:
    """The event that most of a stream consists of, without the detour of an object for it."""
    where = "null" if index is None else index
    data = f'{{"type":"content_block_delta","index":{where},"delta":{{"type":{piece}}}}}'
    return f"event: content_block_delta\ndata: {data}\n\n".encode()


def _event(raw: Mapping[str, Any]) -> bytes:
    return frame(raw["type"], dumps_ascii(raw))
