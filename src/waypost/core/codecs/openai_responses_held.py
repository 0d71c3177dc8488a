"""OpenAI responses: what a writer of a stream holds of an answer until its last event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from waypost.core.codecs.openai_responses_reply import call_out, item_id, reasoning_out, said_out
from waypost.core.model.conversation import NO_EXT, Citation, ToolCall
from waypost.core.model.deltas import PartStart

_PIECES = 256


class Held:
    """A text that grows by pieces; many small ones are held as few large ones."""

    __slots__ = ("_blocks", "_pieces")

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._pieces: list[str] = []

    def add(self, text: str) -> None:
        self._pieces.append(text)
        if len(self._pieces) >= _PIECES:
            self._blocks.append("".join(self._pieces))
            self._pieces.clear()

    def whole(self) -> str:
        return "".join((*self._blocks, *self._pieces))


class Piece:
    """A part of the answer: a text or a refusal in a message, a call, or reasoning."""

    __slots__ = ("at", "call_id", "citations", "envelope", "free", "kind", "logprobs", "name", "text", "within")

    def __init__(self, part: PartStart, at: int, within: int, call_id: str) -> None:
        self.kind = part.kind
        self.at = at
        self.within = within
        self.call_id = call_id
        self.free = part.free
        self.name = part.name or ""
        self.text = Held()
        self.envelope: str | None = None
        self.logprobs: list[Mapping[str, Any]] = []
        self.citations: list[Citation] = []

    def call(self, answer: str, status: str) -> dict[str, Any]:
        call = ToolCall("", self.name, self.text.whole(), NO_EXT, free=self.free)
        return call_out(call, answer, self.at, self.call_id, status)

    def thought(self, answer: str, status: str) -> dict[str, Any]:
        return reasoning_out(item_id("rs_", answer, self.at), self.text.whole(), self.envelope, status)

    def content(self) -> dict[str, Any]:
        said = self.text.whole()
        return said_out(said, refusal=self.kind == "refusal", logprobs=self.logprobs, citations=self.citations)
