"""Anthropic messages: the events of its streams, read as deltas; constant memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from waypost.core.codecs.anthropic_messages_reply import FINISH, classify, usage_of
from waypost.core.codecs.citations import LEFT_OUT, PARTS, from_anthropic
from waypost.core.codecs.json_text import arguments_text, loads
from waypost.core.codecs.usage import later
from waypost.core.codecs.wire import as_int, as_map, as_text, opt_map, opt_text
from waypost.core.model.deltas import (
    Cited,
    Delta,
    Finished,
    PartDelta,
    PartStart,
    PartStop,
    Start,
    StreamError,
    part_delta,
)
from waypost.core.model.outcome import Usage


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
                    return (part_delta(index, text),)
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


def _first(block: Mapping[str, Any], name: str) -> str:
    return opt_text(block.get(name), f"content_block.{name}") or ""
