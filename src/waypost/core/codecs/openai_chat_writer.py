"""OpenAI chat: deltas, written as the chunks of its streams; constant memory."""

from __future__ import annotations

from typing import Any, assert_never

from waypost.core.codecs.citations import REASONING, to_openai
from waypost.core.codecs.framing import frame
from waypost.core.codecs.handout import CallReasoning, Signer
from waypost.core.codecs.ids import answer_id, fit_call_id
from waypost.core.codecs.json_text import dumps_ascii, quoted
from waypost.core.codecs.openai_chat_encode import CALL_ID
from waypost.core.codecs.openai_chat_reply import (
    FINISH_OUT,
    logprobs_out,
    usage_out,
)
from waypost.core.codecs.openai_errors import error_body
from waypost.core.model.deltas import Cited, Delta, Finished, PartDelta, PartStart, PartStop, Start, StreamError
from waypost.core.model.outcome import Failure


class ChatWriter:
    """Deltas to chunks as OpenAI writes them. Reasoning has no field here and is not shown; what is to come back with
    the calls of an answer is kept by ``signer``."""

    __slots__ = (
        *("_after", "_arguments", "_before", "_calls", "_ended", "_head", "_include_usage", "_kept", "_kinds"),
        *("_said", "_so_far", "left"),
    )

    def __init__(self, *, include_usage: bool, signer: Signer | None = None) -> None:
        self._kept = CallReasoning(signer) if signer is not None and signer.keep is not None else None
        self.left: set[str] = set()
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
                if delta.kind == "reasoning":
                    self.left.add(REASONING)
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
