"""OpenAI chat: its streams, both ways. Chunks to deltas, deltas to chunks; constant memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

from waypost.core.codecs.citations import AUDIO, CHOICES, LEFT_OUT, from_openai, to_openai
from waypost.core.codecs.framing import frame
from waypost.core.codecs.handout import Kept, Signer
from waypost.core.codecs.ids import answer_id, fit_call_id
from waypost.core.codecs.json_text import as_json_text, dumps_ascii, loads, quoted
from waypost.core.codecs.openai_chat_encode import CALL_ID
from waypost.core.codecs.openai_chat_reply import (
    FINISH_OUT,
    content_text,
    finish_of,
    logprobs_of,
    logprobs_out,
    usage_of,
    usage_out,
)
from waypost.core.codecs.openai_errors import classify, error_body
from waypost.core.codecs.unwrapping import signature_of
from waypost.core.codecs.wire import as_int, as_map, opt_list, opt_map, opt_text, wrong
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
        out.append(PartDelta(self._open[1], text, kind, logprobs=logprobs))

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


class ChatWriter:
    """Deltas to chunks as OpenAI writes them. Reasoning has no field here and is not shown; what is to come back with
    the calls of an answer is kept by ``signer``."""

    __slots__ = (
        *("_after", "_arguments", "_before", "_calls", "_ended", "_head", "_include_usage", "_kept", "_kinds"),
        *("_said", "_so_far"),
    )

    def __init__(self, *, include_usage: bool, signer: Signer | None = None) -> None:
        self._kept = Kept(signer) if signer is not None and signer.keep is not None else None
        self._include_usage = include_usage
        self._after = '}],"usage":null}\n\n' if include_usage else "}]}\n\n"
        self._begin(Start("", ""))
        self._kinds: dict[int, str] = {}
        self._calls: dict[int, int] = {}
        self._arguments: set[int] = set()
        self._ended = False

    def feed(self, delta: Delta) -> bytes:
        """The frames of one delta; empty where it has none in this dialect."""
        if self._ended:
            return b""
        if type(delta) is PartDelta and delta.kind == "text" and not delta.logprobs:  # most of a stream
            return f"{self._said}{quoted(delta.text)}{self._so_far}".encode()
        match delta:
            case PartDelta():
                return self._delta(delta)
            case Cited(citations=pages):
                return self._chunk({"annotations": to_openai(pages, 0, nested=True)})
            case Start():
                return self._start(delta)
            case PartStart():
                return self._part(delta)
            case PartStop(index=index):
                return self._stop(index)
            case Finished():
                return self._finish(delta)
            case StreamError():
                self._ended = True
                kind: Any = delta.kind
                return frame(None, dumps_ascii(error_body(Failure(kind, delta.status, delta.type), "")))
            case _:
                assert_never(delta)

    def close(self) -> bytes:
        """Nothing is owed: the last frame comes with the finish or the error."""
        self._ended = True
        return b""

    def _start(self, start: Start) -> bytes:
        self._begin(start)
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def _begin(self, start: Start) -> None:
        self._head: dict[str, Any] = {
            "id": answer_id("chatcmpl-", start.id, start.model),
            "object": "chat.completion.chunk",
            "created": start.created or 0,
            "model": start.model,
        }
        # All chunks of a stream share their beginning, which is most of each.
        self._before = f'data: {dumps_ascii(self._head)[:-1]},"choices":[{{"index":0,"delta":'
        self._said = self._before + '{"content":'
        self._so_far = f'}},"finish_reason":null{self._after}'

    def _chunk(self, delta: dict[str, Any], finish: str = "null", logprobs: str = "") -> bytes:
        shown = dumps_ascii(delta)
        return f'{self._before}{shown}{logprobs},"finish_reason":{finish}{self._after}'.encode()

    def _part(self, part: PartStart) -> bytes:
        self._kinds[part.index] = part.kind
        if part.kind != "tool_call":
            if self._kept is not None:
                self._kept.begin(part)
            return b""
        slot = self._calls[part.index] = len(self._calls)
        call_id = fit_call_id(part.id or f"{self._head.get('id')}/{slot}", CALL_ID)
        call: dict[str, Any] = {"index": slot, "id": call_id}
        if part.free:
            self._kinds[part.index] = "free"
            call.update(type="custom", custom={"name": part.name or "", "input": ""})
        else:
            call.update(type="function", function={"name": part.name or "", "arguments": ""})
        if self._kept is not None:
            self._kept.call(part, call_id)
        return self._chunk({"tool_calls": [call]})

    def _delta(self, delta: PartDelta) -> bytes:
        match delta.kind:
            case "text":
                known = f',"logprobs":{dumps_ascii(logprobs_out(delta.logprobs))}'
                return self._chunk({"content": delta.text}, logprobs=known)
            case "refusal":
                return self._chunk({"refusal": delta.text})
            case "arguments":
                self._arguments.add(delta.index)
                return self._fragment(delta.index, delta.text)
            case "reasoning" | "signature":
                if self._kept is not None:
                    self._kept.more(delta)
                return b""
            case _:
                assert_never(delta.kind)

    def _fragment(self, index: int, text: str) -> bytes:
        if self._kinds.get(index) == "free":
            return self._chunk({"tool_calls": [{"index": self._calls[index], "custom": {"input": text}}]})
        return self._chunk({"tool_calls": [{"index": self._calls[index], "function": {"arguments": text}}]})

    def _stop(self, index: int) -> bytes:
        if self._kept is not None:
            self._kept.end(index)
        # A call without arguments is an empty object here, where other dialects send nothing at all.
        if self._kinds.get(index) == "tool_call" and index not in self._arguments:
            return self._fragment(index, "{}")
        return b""

    def _finish(self, finished: Finished) -> bytes:
        self._ended = True
        if self._kept is not None:
            self._kept.keep()
        out = self._chunk({}, f'"{FINISH_OUT[finished.finish]}"')
        if self._include_usage:
            usage = usage_out(finished.usage)
            out += frame(None, dumps_ascii({**self._head, "choices": [], "usage": usage}))
        return out + b"data: [DONE]\n\n"
