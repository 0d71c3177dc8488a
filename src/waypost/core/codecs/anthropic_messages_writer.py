"""Anthropic messages: deltas, written as the events of its streams; constant memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from waypost.core.codecs.anthropic_messages_encode import CALL_ID
from waypost.core.codecs.anthropic_messages_reply import (
    delta_usage_out,
    error_body,
    redacted_out,
    stop_out,
    usage_out,
)
from waypost.core.codecs.citations import CALL, REASONING
from waypost.core.codecs.framing import frame
from waypost.core.codecs.handout import Handed, Handout, Signer
from waypost.core.codecs.ids import answer_id, distinct_id
from waypost.core.codecs.json_text import dumps_ascii, is_object_text, object_text
from waypost.core.codecs.usage import later
from waypost.core.model.conversation import Finish
from waypost.core.model.deltas import Cited, Delta, Finished, PartDelta, PartStart, PartStop, Start, StreamError
from waypost.core.model.outcome import Failure, Usage

_REFUSAL_LIMIT = 8192


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
        "_free",
        "_handout",
        "_id",
        "_ids",
        "_refusal",
        "_thought",
        "_usage",
        "broken",
        "left",
    )

    def __init__(self, signer: Signer | None = None) -> None:
        self.broken = False
        self.left: set[str] = set()
        self._free: set[int] = set()
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
                if part.free:
                    self._free.add(part.index)
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
                if delta.index in self._free:
                    return b""
                return _more(index, f'"input_json_delta","partial_json":{dumps_ascii(delta.text)}')
            case "refusal":
                self._refusal = (self._refusal + delta.text)[:_REFUSAL_LIMIT]
                return b""
            case "reasoning":
                if self._handout.shown:
                    return self._think(delta)
                self.left.add(REASONING)
                return b""
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
            if part in self._free or not is_object_text("".join(self._arguments[part])):
                return b""
            del self._arguments[part]
        return self._close(part)

    def _owed(self, finish: Finish) -> bytes:
        """The ends of the calls that are still open, for they are whole now or never."""
        out = b""
        for part, pieces in self._arguments.items():
            arguments = "".join(pieces)
            if part in self._free:
                out += self._input(part, arguments, finish)
            elif finish != "length" and arguments and not is_object_text(arguments):
                self.broken = True
                return out + _event(error_body(Failure("malformed"), ""))
            out += self._close(part)
        self._arguments.clear()
        return out

    def _input(self, part: int, text: str, finish: Finish) -> bytes:
        """What a free-form call was given, as an object, unless the end of the answer may have cut it off."""
        if finish == "length":
            self.left.add(CALL)
            return b""
        return _more(self._blocks.get(part), f'"input_json_delta","partial_json":{dumps_ascii(object_text(text))}')

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


def _more(index: int | None, piece: str) -> bytes:
    """The event that most of a stream consists of, without the detour of an object for it."""
    where = "null" if index is None else index
    data = f'{{"type":"content_block_delta","index":{where},"delta":{{"type":{piece}}}}}'
    return f"event: content_block_delta\ndata: {data}\n\n".encode()


def _event(raw: Mapping[str, Any]) -> bytes:
    return frame(raw["type"], dumps_ascii(raw))
