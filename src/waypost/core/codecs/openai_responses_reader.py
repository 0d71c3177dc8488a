"""OpenAI responses: its streams as they are read. Events to deltas; what has passed is not kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from waypost.core.codecs.citations import LEFT_OUT, PARTS, from_openai
from waypost.core.codecs.json_text import as_json_text, loads
from waypost.core.codecs.openai_errors import classify
from waypost.core.codecs.openai_responses_reply import finish_of, logprobs_of, usage_of
from waypost.core.codecs.wire import as_int, as_map, as_text, opt_list, opt_text
from waypost.core.model.conversation import NO_EXT
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

_WHOLE = -1
"""Stands for the index of a part where the item itself is the part."""


class _Open:
    """A part that has begun. ``said`` tells whether anything of it was sent, ``summary`` the last summary's index."""

    __slots__ = ("index", "kind", "said", "summary")

    def __init__(self, index: int, kind: Any) -> None:
        self.index = index
        self.kind = kind
        self.said = False
        self.summary = 0


class ResponsesReader:
    """Events to deltas. Items of the provider's own tools are passed over; parts are counted without them."""

    __slots__ = ("_called", "_ended", "_left", "_messages", "_next", "_parts", "_refused", "_started")

    def __init__(self) -> None:
        self._started = False
        self._ended = False
        self._called = False
        self._refused = False
        self._next = 0
        self._parts: dict[tuple[int, int], _Open] = {}
        self._messages: set[int] = set()
        self._left: set[str] = set()

    def feed(self, event: str | None, data: str) -> Sequence[Delta]:
        """One event. Raises ValueError where it is not one of this dialect."""
        if self._ended or data.startswith("[DONE]"):
            return ()
        raw = as_map(loads(data), "event")
        kind = raw.get("type", event)
        out: list[Delta] = []
        match kind:
            case "response.output_text.delta" | "response.refusal.delta":
                self._said(raw, "refusal" if kind == "response.refusal.delta" else "text", out)
            case "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta":
                self._more(raw, _WHOLE, "arguments", out)
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                self._reasoned(raw, out)
            case "response.output_text.annotation.added":
                self._cite(raw, out)
            case "response.content_part.added":
                self._part(raw, out)
            case "response.content_part.done":
                self._part_done(raw, out)
            case "response.output_item.added":
                self._item(raw, out)
            case "response.output_item.done":
                self._item_done(raw, out)
            case "response.created" | "response.in_progress" | "response.queued":
                self._start(as_map(raw.get("response"), "response"), out)
            case "response.completed" | "response.incomplete":
                self._finish(as_map(raw.get("response"), "response"), out)
            case "response.failed":
                self._fail(as_map(raw.get("response"), "response"), out)
            case "error":
                self._fail(raw, out)
            case _ if raw.get("error"):
                self._fail(raw, out)
        return out

    def close(self) -> Sequence[Delta]:
        """The upstream ended. Without its last event part of the answer may be missing, which is an error."""
        if self._ended:
            return ()
        self._ended = True
        return (StreamError("stream_error", None, "incomplete"),)

    # The whole answer.

    def _start(self, response: Mapping[str, Any], out: list[Delta]) -> None:
        if self._started:
            return
        self._started = True
        created = response.get("created_at")
        at = int(created) if isinstance(created, int | float) else None
        out.append(Start(str(response.get("id") or ""), str(response.get("model") or ""), created=at))

    def _finish(self, response: Mapping[str, Any], out: list[Delta]) -> None:
        self._start(response, out)
        self._ended = True
        out += [PartStop(part.index) for part in self._parts.values()]
        finish, raw = finish_of(response, called=self._called, refused=self._refused)
        left_out = tuple(sorted(self._left))
        out.append(Finished(finish, raw, None, usage_of(response), left_out=left_out))

    def _fail(self, raw: Mapping[str, Any], out: list[Delta]) -> None:
        self._ended = True
        # The event's own type says only that it is an error.
        error = raw.get("error")
        failure = classify(None, raw if isinstance(error, Mapping) else {"code": raw.get("code")})
        out.append(StreamError(failure.kind, None, failure.type))

    def _cite(self, raw: Mapping[str, Any], out: list[Delta]) -> None:
        part = self._parts.get((_at(raw), _within(raw)))
        pages, others = from_openai([raw.get("annotation")], "annotation")
        if others:
            self._left.add(LEFT_OUT)
        if part is not None and pages:
            out.append(Cited(part.index, pages))

    # Items.

    def _item(self, raw: Mapping[str, Any], out: list[Delta]) -> None:
        item = as_map(raw.get("item"), "item")
        at = _at(raw)
        match item.get("type"):
            case "function_call" | "custom_tool_call":
                self._called = True
                part = self._begin(at, _WHOLE, "tool_call", out, item)
                self._first(part, _given(item), "arguments", out)
            case "reasoning":
                self._begin(at, _WHOLE, "reasoning", out, {"call_id": item.get("id")})
            case kind if kind != "message":
                self._left.add(PARTS)

    def _item_done(self, raw: Mapping[str, Any], out: list[Delta]) -> None:
        item = as_map(raw.get("item"), "item")
        at = _at(raw)
        if item.get("type") == "message":
            if at not in self._messages:
                self._message(at, item, out)
            self._messages.discard(at)
        part = self._parts.pop((at, _WHOLE), None)
        if part is None:
            return
        if part.kind == "tool_call":
            self._first(part, _given(item), "arguments", out)
        else:
            sealed = opt_text(item.get("encrypted_content"), "item.encrypted_content")
            if sealed:
                out.append(PartDelta(part.index, sealed, "signature"))
        out.append(PartStop(part.index))

    def _message(self, at: int, item: Mapping[str, Any], out: list[Delta]) -> None:
        """A message of which nothing came before its end."""
        for index, found in enumerate(opt_list(item.get("content"), "item.content")):
            self._part({"output_index": at, "content_index": index, "part": found}, out)
            self._part_done({"output_index": at, "content_index": index, "part": found}, out)

    # Parts of a message.

    def _part(self, raw: Mapping[str, Any], out: list[Delta]) -> None:
        kind = _KINDS.get(str(as_map(raw.get("part"), "part").get("type")))
        if kind is not None:
            self._begin(_at(raw), _within(raw), kind, out)

    def _part_done(self, raw: Mapping[str, Any], out: list[Delta]) -> None:
        part = self._parts.pop((_at(raw), _within(raw)), None)
        if part is None:
            return
        found = as_map(raw.get("part"), "part")
        text = opt_text(found.get("refusal" if part.kind == "refusal" else "text"), "part.text") or ""
        if not part.said and text:
            logprobs = logprobs_of(found, "part")
            out.append(PartDelta(part.index, text, part.kind, logprobs=logprobs))
        out.append(PartStop(part.index))

    def _said(self, raw: Mapping[str, Any], kind: Any, out: list[Delta]) -> None:
        if (_at(raw), _within(raw)) not in self._parts:
            self._begin(_at(raw), _within(raw), kind, out)
        self._more(raw, _within(raw), kind, out)

    def _reasoned(self, raw: Mapping[str, Any], out: list[Delta]) -> None:
        part = self._parts.get((_at(raw), _WHOLE)) or self._begin(_at(raw), _WHOLE, "reasoning", out)
        # Summaries are paragraphs of one text.
        summary = as_int(raw.get("summary_index", part.summary), "summary_index")
        if summary != part.summary and part.said:
            out.append(PartDelta(part.index, "\n\n", "reasoning"))
        part.summary = summary
        self._more(raw, _WHOLE, "reasoning", out)

    def _begin(self, at: int, within: int, kind: Any, out: list[Delta], call: Mapping[str, Any] = NO_EXT) -> _Open:
        part = self._parts[at, within] = _Open(self._next, kind)
        self._next += 1
        if within != _WHOLE:
            self._messages.add(at)
        self._refused = self._refused or kind == "refusal"
        call_id, name = opt_text(call.get("call_id"), "item.call_id"), opt_text(call.get("name"), "item.name")
        free = call.get("type") == "custom_tool_call"
        out.append(PartStart(part.index, kind, call_id, name, free=free))
        return part

    def _more(self, raw: Mapping[str, Any], within: int, kind: Any, out: list[Delta]) -> None:
        part = self._parts.get((_at(raw), within))
        text = as_text(raw.get("delta"), "delta")
        if part is None or not text or _DELTAS[part.kind] != kind:
            return
        part.said = True
        out.append(part_delta(part.index, text, kind, logprobs=logprobs_of(raw, "event")))

    def _first(self, part: _Open, text: str, kind: Any, out: list[Delta]) -> None:
        """A text that came whole, unless it came in pieces before."""
        if not part.said and text:
            part.said = True
            out.append(PartDelta(part.index, text, kind))


_KINDS = {"output_text": "text", "refusal": "refusal"}
_DELTAS = {"text": "text", "refusal": "refusal", "tool_call": "arguments", "reasoning": "reasoning"}


def _given(item: Mapping[str, Any]) -> str:
    """What a call was given so far, by either kind of tool."""
    if item.get("type") == "custom_tool_call":
        return opt_text(item.get("input"), "item.input") or ""
    return as_json_text(item.get("arguments"), "item.arguments")


def _at(raw: Mapping[str, Any]) -> int:
    return as_int(raw.get("output_index", 0), "output_index")


def _within(raw: Mapping[str, Any]) -> int:
    return max(as_int(raw.get("content_index", 0), "content_index"), 0)
