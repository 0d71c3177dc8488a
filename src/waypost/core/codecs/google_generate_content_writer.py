"""Google generate_content: deltas, written as the chunks of its streams; constant memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from waypost.core.codecs.citations import CALL, REASONING, sources
from waypost.core.codecs.framing import frame
from waypost.core.codecs.google_generate_content_errors import error_body
from waypost.core.codecs.google_generate_content_reply import (
    FINISH_OUT,
    call_out,
    chunk,
    thought_out,
)
from waypost.core.codecs.handout import Handed, Handout, Signer
from waypost.core.codecs.ids import answer_id
from waypost.core.codecs.json_text import dumps_ascii, is_object_text, object_text
from waypost.core.codecs.usage import later
from waypost.core.model.conversation import Finish
from waypost.core.model.deltas import Cited, Delta, Finished, PartDelta, PartStart, PartStop, Start, StreamError
from waypost.core.model.outcome import Failure

_MOST_PAGES = 256


class GenerateWriter:
    """Deltas to chunks as Google writes them. A call is held back until it and those before it are whole, and left out
    where the end of the answer cuts it off.

    The reasoning of ``signer`` is in envelopes.
    """

    ends = True
    """Whether there is a word for an end that has a reason of its own."""
    __slots__ = (
        *("_after", "_arguments", "_called", "_calls", "_ended", "_handout", "_id", "_model", "_refused", "_thinking"),
        *("_pages", "_usage", "broken", "left"),
    )

    def __init__(self, signer: Signer | None = None) -> None:
        self.broken = False
        self.left: set[str] = set()
        self._begin(Start("", ""))
        self._handout = Handout(signer)
        self._thinking = False
        self._calls: dict[int, PartStart] = {}
        self._arguments: dict[int, list[str]] = {}
        self._called = False
        self._refused = False
        self._ended = False
        self._pages: dict[tuple[str, str], None] = {}

    def feed(self, delta: Delta) -> bytes:
        """The frames of one delta; empty where it has none in this dialect."""
        if self._ended:
            return b""
        match delta:
            case Start():
                self._begin(delta)
                return b""
            case PartStart():
                self._handout.begin(delta)
                if delta.kind == "tool_call":
                    self._calls[delta.index] = delta
                    self._arguments[delta.index] = []
                return b""
            case PartDelta():
                return self._delta(delta)
            case Cited(citations=pages):
                self._pages.update(dict.fromkeys((page.url, page.title) for page in pages[:_MOST_PAGES]))
                return b""
            case PartStop(index=index):
                return self._stop(index)
            case Finished():
                return self._finish(delta)
            case StreamError():
                kind: Any = delta.kind
                return self._error(Failure(kind, delta.status, delta.type))
            case _:
                assert_never(delta)

    def close(self) -> bytes:
        """Nothing is owed: the last chunk comes with the finish or the error."""
        self._ended = True
        return b""

    def _delta(self, delta: PartDelta) -> bytes:
        match delta.kind:
            case "text":
                return self._chunk({"text": delta.text})
            case "refusal":
                self._refused = True
                return self._chunk({"text": delta.text})
            case "arguments":
                self._arguments.setdefault(delta.index, []).append(delta.text)
                return b""
            case "reasoning":
                if not self._handout.shown:
                    self.left.add(REASONING)
                    return b""
                self._thinking = True
                return self._chunk({"text": delta.text, "thought": True})
            case "signature":
                self._handout.sealed(delta)
                return b""
            case _:
                assert_never(delta.kind)

    def _thoughts(self, handed: Handed) -> bytes:
        return b"".join([self._chunk(thought_out(one)) for one in handed])

    def _stop(self, index: int) -> bytes:
        called = self._calls.get(index)
        if called is None:
            said, self._thinking = self._thinking, False
            return self._thoughts(self._handout.end(index, said=said))
        # Some servers of chat completions go on with a call after another has begun; what is said cannot be unsaid.
        if index != min(self._calls) or called.free or not is_object_text("".join(self._arguments[index])):
            return b""
        return self._call(index)

    def _call(self, index: int) -> bytes:
        called, arguments = self._calls.pop(index), "".join(self._arguments.pop(index))
        held = self._thoughts(self._handout.call(called, called.id or ""))
        part = call_out(called.id, called.name or "", arguments, first=not self._called)
        self._called = True
        return held + self._chunk(part)

    def _owed(self, finish: Finish) -> bytes:
        """The calls that are still held back, for they are whole now or never."""
        out = b""
        for index in list(self._calls):
            arguments = "".join(self._arguments[index])
            if finish == "length" and (self._calls[index].free or not is_object_text(arguments)):
                self.left.add(CALL)
            elif self._calls[index].free:
                self._arguments[index] = [object_text(arguments)]
                out += self._call(index)
            elif is_object_text(arguments) or (not arguments and finish != "length"):
                out += self._call(index)
            else:
                # Arguments that are no object cannot be said here, and a call without them would be another one.
                self.broken = True
                return out + self._error(Failure("malformed"))
        return out

    def _begin(self, start: Start) -> None:
        self._id = answer_id("", start.id, start.model)
        self._model = start.model
        self._usage = start.usage
        # All chunks of a stream share their end, which is most of each.
        self._after = dumps_ascii(chunk(self._id, self._model, [{}], None, None)).partition("{}")[2]

    def _chunk(self, part: Mapping[str, Any]) -> bytes:
        shown = dumps_ascii(part)
        return f'data: {{"candidates":[{{"content":{{"role":"model","parts":[{shown}{self._after}\n\n'.encode()

    def _finish(self, finished: Finished) -> bytes:
        owed = self._owed(finished.finish)
        if self._ended:
            return owed
        self._ended = True
        reason = FINISH_OUT["content_filter" if self._refused else finished.finish]
        usage = later(self._usage, finished.usage)
        # The SDK's chats keep a turn in their history only if every chunk has a part.
        rests = {"groundingChunks": sources(list(self._pages))} if self._pages else None
        return owed + frame(None, dumps_ascii(chunk(self._id, self._model, [{"text": ""}], reason, usage, rests)))

    def _error(self, failure: Failure) -> bytes:
        self._ended = True
        return frame(None, dumps_ascii(error_body(failure, "")))
