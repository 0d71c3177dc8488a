"""Google generate_content: the chunks of its streams, read as deltas; constant memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from waypost.core.codecs.citations import LEFT_OUT, PARTS, from_google, others_of_google
from waypost.core.codecs.google_generate_content_errors import classify
from waypost.core.codecs.google_generate_content_partial import PartialCall
from waypost.core.codecs.google_generate_content_reply import BROKEN, finish_of, usage_of
from waypost.core.codecs.json_text import arguments_text, loads
from waypost.core.codecs.wire import as_map, as_text, camel, opt_list, opt_map, opt_text
from waypost.core.model.conversation import Citation
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
from waypost.core.model.outcome import FailureKind


class GenerateReader:
    """Chunks of the first candidate to deltas. There is no last word, so the end is told when the stream ends."""

    __slots__ = (
        *("_blocked", "_called", "_counts", "_ended", "_next", "_open", "_left", "_partial", "_raw"),
        "_started",
    )

    def __init__(self) -> None:
        self._started = False
        self._ended = False
        self._called = False
        self._next = 0
        self._open: tuple[str, int] | None = None
        self._partial: PartialCall | None = None
        self._raw: str | None = None
        self._blocked = False
        self._left: set[str] = set()
        self._counts: Mapping[str, Any] | None = None

    def feed(self, event: str | None, data: str) -> Sequence[Delta]:
        """One event. Raises ValueError where it is not a chunk of this dialect."""
        if self._ended:
            return ()
        raw = camel(as_map(loads(data), "chunk"))
        if raw.get("error") is not None or event == "error":
            failure = classify(None, raw)
            return self._fail(failure.kind, failure.type)
        out: list[Delta] = []
        if not self._started:
            self._started = True
            out.append(Start(str(raw.get("responseId") or ""), str(raw.get("modelVersion") or "")))
        counts = raw.get("usageMetadata")
        if isinstance(counts, Mapping):
            # Counts are cumulative and are read at the end; what a later chunk leaves out still holds.
            self._counts = counts if self._counts is None else {**self._counts, **counts}
        if raw.get("promptFeedback") is not None:
            self._block(camel(as_map(raw["promptFeedback"], "promptFeedback")), out)
        for item in opt_list(raw.get("candidates"), "candidates"):
            candidate = camel(as_map(item, "candidates[0]"))
            if candidate.get("index") in (None, 0):
                out += self._candidate(candidate)
        return out

    def close(self) -> Sequence[Delta]:
        """The upstream ended. An end without a reason is an error: part of the answer is missing."""
        if self._ended:
            return ()
        if self._raw is None or self._partial is not None:
            return self._fail("stream_error", "incomplete")
        self._ended = True
        finish = "content_filter" if self._blocked else finish_of(self._raw, self._called)
        usage = usage_of({"usageMetadata": self._counts})
        left_out = tuple(sorted(self._left))
        return (*self._stop(), Finished(finish, self._raw, None, usage, left_out=left_out))

    def _fail(self, kind: FailureKind, word: str | None) -> Sequence[Delta]:
        self._ended = True
        return (StreamError(kind, None, word),)

    def _block(self, blocked: Mapping[str, Any], out: list[Delta]) -> None:
        if not blocked.get("blockReason"):
            return
        self._blocked = True
        self._raw = as_text(blocked["blockReason"], "promptFeedback.blockReason")
        message = opt_text(blocked.get("blockReasonMessage"), "promptFeedback.blockReasonMessage")
        if message:
            out += self._say("refusal", message)

    def _candidate(self, candidate: Mapping[str, Any]) -> Sequence[Delta]:
        path = "candidates[0].content"
        out: list[Delta] = []
        content = opt_map(candidate.get("content"), path)
        for at, item in enumerate(opt_list(content.get("parts"), f"{path}.parts")):
            where = f"{path}.parts[{at}]"
            out += self._part(camel(as_map(item, where)), where)
        if candidate.get("groundingMetadata") is not None or candidate.get("citationMetadata") is not None:
            out += self._cite(candidate)
        reason = opt_text(candidate.get("finishReason"), "candidates[0].finishReason")
        if reason in BROKEN:
            return (*out, *self._fail("stream_error", reason))
        if reason and reason != "FINISH_REASON_UNSPECIFIED":
            self._raw = reason
        return out

    def _cite(self, candidate: Mapping[str, Any]) -> Sequence[Delta]:
        """What the answer rests on. Places are counted in bytes of what has passed, and are not told."""
        found = from_google(candidate.get("groundingMetadata"), "candidates[0].groundingMetadata")
        pages = tuple(dict.fromkeys(Citation(page.url, page.title) for _, page, _, _ in found))
        is_said = self._open is not None and self._open[0] == "text"
        if others_of_google(candidate) or (pages and not is_said):
            self._left.add(LEFT_OUT)
        return (Cited(self._open[1], pages),) if pages and self._open is not None and is_said else ()

    def _part(self, raw: Mapping[str, Any], path: str) -> Sequence[Delta]:
        if raw.get("functionCall") is not None:
            sealed = opt_text(raw.get("thoughtSignature"), f"{path}.thoughtSignature")
            call = camel(as_map(raw["functionCall"], f"{path}.functionCall"))
            return self._call(call, f"{path}.functionCall", sealed)
        text = opt_text(raw.get("text"), f"{path}.text")
        if text and len(raw) == 1:
            return self._say("text", text)
        out: list[Delta] = []
        if text:
            out += self._say("reasoning" if raw.get("thought") else "text", text)
        signature = opt_text(raw.get("thoughtSignature"), f"{path}.thoughtSignature")
        if signature:
            if self._open is None or self._open[0] == "refusal":
                out += (*self._stop(), PartStart(self._start("reasoning"), "reasoning"))
            assert self._open is not None
            out.append(PartDelta(self._open[1], signature, "signature"))
        if text is None and not signature:
            self._left.add(PARTS)
        return out

    def _say(self, kind: Literal["text", "reasoning", "refusal"], text: str) -> Sequence[Delta]:
        if self._open is not None and self._open[0] == kind:
            return (part_delta(self._open[1], text, kind),)
        stop = self._stop()
        index = self._start(kind)
        return (*stop, PartStart(index, kind), PartDelta(index, text, kind))

    def _start(self, kind: str) -> int:
        index = self._next
        self._open = (kind, index)
        self._next += 1
        return index

    def _stop(self) -> Sequence[Delta]:
        stopped, self._open = self._open, None
        return () if stopped is None else (PartStop(stopped[1]),)

    def _call(self, call: Mapping[str, Any], path: str, sealed: str | None) -> Sequence[Delta]:
        """A whole call, or a piece of one whose arguments come in pieces; it is told when it is whole."""
        partial, self._partial = self._partial, None
        name = opt_text(call.get("name"), f"{path}.name")
        call_id = opt_text(call.get("id"), f"{path}.id")
        if partial is None and not call.get("partialArgs") and not call.get("willContinue"):
            args = opt_map(call.get("args"), f"{path}.args")
            return self._called_with(call_id, as_text(name, f"{path}.name"), args, sealed)
        partial = partial or PartialCall(as_text(name, f"{path}.name"), call_id)
        partial.sealed = sealed or partial.sealed
        partial.add(opt_list(call.get("partialArgs"), f"{path}.partialArgs"), f"{path}.partialArgs")
        if call.get("willContinue"):
            self._partial = partial
            return ()
        return self._called_with(partial.id, partial.name, partial.args, partial.sealed)

    def _called_with(
        self, call_id: str | None, name: str, args: Mapping[str, Any], sealed: str | None
    ) -> Sequence[Delta]:
        self._called = True
        stop = self._stop()
        index = self._start("tool_call")
        start = PartStart(index, "tool_call", call_id, name, seal=sealed)
        given = PartDelta(index, arguments_text(args, "functionCall.args"), "arguments")
        return (*stop, start, given, *self._stop())
