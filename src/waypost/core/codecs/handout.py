"""What of an answer's reasoning a caller of another dialect is handed, and when.

A caller that asked to see reasoning gets it where it stands. Any other gets nothing of it before the first call of a
tool: only then is it asked back, and programs that expect a text first find it first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from waypost.core.codecs.envelope import LIMIT, wrap
from waypost.core.codecs.sealing import seal_of
from waypost.core.model.conversation import NO_EXT, Reasoning, Sealed, Text
from waypost.core.model.deltas import PartDelta, PartStart
from waypost.core.model.frozen import dataclass
from waypost.core.model.target import Dialect

CallName = tuple[str, str]
"""The id of a call of a tool, as its caller has it, and the tool's name."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who sealed the reasoning of an answer: a dialect at a signing domain; and whether the caller asked to see it.

    ``keep`` takes what is to come back with these calls, for a dialect without any room for it.
    """

    dialect: Dialect
    domain: str
    shown: bool = False
    keep: Callable[[Sequence[CallName], Sequence[Reasoning]], None] | None = None


Handed = Sequence[tuple[Reasoning, str]]
"""Parts to be handed out, each with its envelope."""


class Handout:
    """The reasoning of one answer, part by part, whole or streamed. Without a signer nothing is handed out."""

    __slots__ = ("_called", "_kinds", "_pending", "_seals", "signer")

    def __init__(self, signer: Signer | None) -> None:
        self.signer = signer
        self._called = False
        self._pending: list[tuple[Reasoning, str]] = []
        self._kinds: dict[int, PartStart] = {}
        self._seals: dict[int, str] = {}

    @property
    def shown(self) -> bool:
        """Whether the caller asked to see reasoning."""
        return self.signer is not None and self.signer.shown

    # Whole answers.

    def thought(self, part: Reasoning) -> Handed:
        """For reasoning itself. It says nothing where it has neither a text nor a seal."""
        if self.shown:
            return self._owned(part) if part.seal is not None or part.text else ()
        return self._later(replace(part, text="", of="turn")) if part.seal is not None else ()

    def after(self, text: Text) -> Handed:
        """After a text, for its seal."""
        seal = seal_of(text)
        return () if seal is None else self._later(Reasoning("", seal.dialect, seal, True, NO_EXT, "text"))

    def before(self, seal: Sealed | None, call_id: str) -> Handed:
        """Before a call that the caller knows by ``call_id``: what was held back, and its own seal."""
        if self.signer is None:
            return ()
        self._called = True
        pending, self._pending = self._pending, []
        if seal is None:
            return pending
        return (*pending, *self._owned(Reasoning("", seal.dialect, seal, True, NO_EXT, "call", call_id)))

    def _later(self, part: Reasoning) -> Handed:
        found = self._owned(part)
        if self._called or self.shown:
            return found
        self._pending += found
        return ()

    def _owned(self, part: Reasoning) -> Handed:
        """The part with its origin. State that is too long for an envelope is lost."""
        if self.signer is None:
            return ()
        seal = part.seal or Sealed("", self.signer.dialect)
        owned = replace(part, seal=replace(seal, dialect=self.signer.dialect, domain=self.signer.domain))
        envelope = wrap(owned)
        return () if envelope is None else ((owned, envelope),)

    def kept(self, handed: Handed, text: str = "") -> list[Reasoning]:
        """What of it is worth keeping where nothing can be handed out, each with the ``text`` that it has."""
        return [
            replace(part, text=text) if part.of == "itself" else part
            for part, _ in handed
            if part.seal is not None and part.seal.data
        ]

    # Streams.

    def begin(self, part: PartStart) -> None:
        """A part begins that may have a seal."""
        if self.signer is not None and part.kind in ("text", "reasoning"):
            self._kinds[part.index] = part

    def sealed(self, delta: PartDelta) -> None:
        """A piece of a seal. It is held until its part ends."""
        if delta.index in self._kinds:
            self._seals[delta.index] = (self._seals.get(delta.index, "") + delta.text)[: LIMIT + 1]

    def end(self, index: int, *, said: bool = False) -> Handed:
        """A part has ended. ``said`` tells that the caller has seen its text."""
        part = self._kinds.pop(index, None)
        if part is None or self.signer is None:
            return ()
        data = self._seals.pop(index, "")
        dialect = self.signer.dialect
        seal = Sealed(data, dialect, item=part.id) if data else None
        if part.kind == "text":
            return () if seal is None else self._later(Reasoning("", dialect, seal, True, NO_EXT, "text"))
        if said:
            return self._owned(Reasoning("", dialect, seal, False, NO_EXT))
        return self.thought(Reasoning("", dialect, seal, part.redacted, NO_EXT))

    def call(self, part: PartStart, call_id: str) -> Handed:
        """A call begins; see `before`."""
        signer = self.signer
        seal = Sealed(part.seal, signer.dialect) if part.seal and signer is not None else None
        return self.before(seal, call_id)


class CallReasoning:
    """What of a stream is to be kept until its calls come back, because the caller's dialect has no room for it."""

    __slots__ = ("_handout", "_names", "_parts", "_signer", "_text")

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._handout = Handout(replace(signer, shown=True))
        self._names: list[CallName] = []
        self._parts: list[Reasoning] = []
        self._text = ""

    def begin(self, part: PartStart) -> None:
        self._text = ""
        self._handout.begin(part)

    def more(self, delta: PartDelta) -> None:
        """A piece of reasoning, or of a seal."""
        if delta.kind == "signature":
            self._handout.sealed(delta)
        elif len(self._text) <= LIMIT:
            self._text += delta.text

    def end(self, index: int) -> None:
        self._parts += self._handout.kept(self._handout.end(index), self._text)

    def call(self, part: PartStart, call_id: str) -> None:
        self._names.append((call_id, part.name or ""))
        self._parts += self._handout.kept(self._handout.call(part, call_id))

    def keep(self) -> None:
        """The answer is whole."""
        if self._names and self._parts and self._signer.keep is not None:
            self._signer.keep(self._names, self._parts)
