"""OpenAI chat: the chunks of its streams, read as deltas; constant memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from waypost.core.codecs.citations import AUDIO, CHOICES, LEFT_OUT, from_openai
from waypost.core.codecs.json_text import as_json_text, loads
from waypost.core.codecs.openai_chat_reply import content_text, finish_of, logprobs_of, usage_of
from waypost.core.codecs.openai_errors import classify
from waypost.core.codecs.unwrapping import signature_of
from waypost.core.codecs.wire import as_int, as_map, opt_list, opt_map, opt_text, wrong
from waypost.core.model.conversation import Finish
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


class ChatReader:
    """Chunks of the first choice to deltas. Usage comes after the finish, so the end is told once, at ``[DONE]``."""

    __slots__ = ("_calls", "_ended", "_finish", "_left", "_next", "_open", "_raw", "_started", "_usage")

    def __init__(self) -> None:
        self._started = False
        self._ended = False
        self._next = 0
        self._open: tuple[str, int] | None = None
        self._calls: dict[int, tuple[int, str | None]] = {}
        self._finish: Finish | None = None
        self._raw: str | None = None
        self._usage: Usage | None = None
        self._left: set[str] = set()

    def feed(self, event: str | None, data: str) -> Sequence[Delta]:
        """One event. Raises ValueError where it is not a chunk of this dialect."""
        if self._ended:
            return ()
        if data.startswith("[DONE]"):
            return self._end()
        chunk = as_map(loads(data), "chunk")
        if chunk.get("error") is not None or event == "error":
            self._ended = True
            failure = classify(None, chunk)
            return (StreamError(failure.kind, None, failure.type),)
        out: list[Delta] = []
        # Some hosts begin with a chunk that only tells what their filters say of the prompt.
        if not self._started and (chunk.get("id") or chunk.get("choices")):
            self._started = True
            created = chunk.get("created")
            created = created if isinstance(created, int) else None
            out.append(Start(str(chunk.get("id") or ""), str(chunk.get("model") or ""), created=created))
        self._usage = usage_of(chunk) or self._usage
        for item in opt_list(chunk.get("choices"), "choices"):
            choice = as_map(item, "choices[0]")
            if choice.get("index", 0) == 0:
                self._choice(choice, out)
            else:
                self._left.add(CHOICES)
        return out

    def close(self) -> Sequence[Delta]:
        """The upstream ended. An end without a finish reason is an error: part of the answer is missing."""
        if self._ended:
            return ()
        if self._finish is not None:
            return self._end()
        self._ended = True
        return (StreamError("stream_error", None, "incomplete"),)

    def _end(self) -> Sequence[Delta]:
        self._ended = True
        if self._finish is None:
            return (StreamError("stream_error", None, "incomplete"),)
        return (Finished(self._finish, self._raw, None, self._usage, left_out=tuple(sorted(self._left))),)

    def _choice(self, choice: Mapping[str, Any], out: list[Delta]) -> None:
        delta = opt_map(choice.get("delta"), "choices[0].delta")
        reasoning = delta.get("reasoning_content") or delta.get("reasoning")
        if reasoning:
            self._text("reasoning", reasoning, out)
        content = content_text(delta.get("content"), "choices[0].delta.content")
        if content:
            self._text("text", content, out, logprobs_of(choice))
        if delta.get("annotations"):
            self._cite(delta["annotations"], out)
        if delta.get("refusal"):
            self._text("refusal", delta["refusal"], out)
        for position, call in enumerate(opt_list(delta.get("tool_calls"), "choices[0].delta.tool_calls")):
            self._call(position, as_map(call, "delta.tool_calls"), out)
        if delta.get("function_call") is not None:
            self._call(0, {"index": 0, "function": delta["function_call"]}, out)
        if delta.get("audio") is not None:
            self._left.add(AUDIO)
        if choice.get("finish_reason") is not None:
            self._raw = str(choice["finish_reason"])
            self._finish = finish_of(self._raw, bool(self._calls))
            self._stop(out)

    def _cite(self, annotations: Any, out: list[Delta]) -> None:
        pages, others = from_openai(annotations, "delta.annotations")
        is_said = self._open is not None and self._open[0] == "text"
        if others or (pages and not is_said):
            self._left.add(LEFT_OUT)
        if pages and self._open is not None and is_said:
            out.append(Cited(self._open[1], pages))

    def _text(self, kind: Any, text: Any, out: list[Delta], logprobs: tuple[Mapping[str, Any], ...] = ()) -> None:
        if not isinstance(text, str):
            raise wrong(f"delta.{kind}", "a string", text)
        if self._open is None or self._open[0] != kind:
            self._start(PartStart(self._next, kind), out)
        assert self._open is not None
        out.append(part_delta(self._open[1], text, kind, logprobs=logprobs))

    def _start(self, part: PartStart, out: list[Delta]) -> None:
        self._stop(out)
        self._open = (part.kind, part.index)
        self._next = part.index + 1
        out.append(part)

    def _stop(self, out: list[Delta]) -> None:
        if self._open is not None:
            out.append(PartStop(self._open[1]))
            self._open = None

    def _call(self, position: int, call: Mapping[str, Any], out: list[Delta]) -> None:
        free = call.get("custom") is not None
        function = opt_map(call.get("custom" if free else "function"), "tool_calls.function")
        slot = position if call.get("index") is None else as_int(call["index"], "tool_calls.index")
        known = self._calls.get(slot)
        name = opt_text(function.get("name"), "tool_calls.function.name")
        call_id = opt_text(call.get("id"), "tool_calls.id")
        # Some vendors number every call 0 and tell them apart by id alone.
        if known is None or (call_id and name and call_id != known[1]):
            known = (self._next, call_id)
            self._calls[slot] = known
            start = PartStart(self._next, "tool_call", call_id, name, free=free, seal=signature_of(call))
            self._start(start, out)
        arguments = as_json_text(function.get("input" if free else "arguments"), "tool_calls.function.arguments")
        if arguments:
            out.append(PartDelta(known[0], arguments, "arguments"))
