"""State of a model's reasoning on its way through a conversation: out of envelopes, and back to its origin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from waypost.core.codecs.envelope import unwrap, wrap
from waypost.core.codecs.wire import Draft
from waypost.core.model.conversation import NO_EXT, SEAL, Ext, Message, Part, Reasoning, Sealed, Text, ToolCall
from waypost.core.model.frozen import dataclass
from waypost.core.model.target import Dialect

CallName = tuple[str, str]
"""The id of a call of a tool, as its caller has it, and the tool's name."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who sealed the reasoning of an answer: a dialect at a signing domain.

    ``keep`` takes what an answer with these calls needs when it comes back, for a dialect without room for it.
    """

    dialect: Dialect
    domain: str
    keep: Callable[[Sequence[CallName], Sequence[Reasoning]], None] | None = None

    def sealed(self, data: str, item: str | None = None) -> Sealed | None:
        """``data`` of that origin; ``None`` where there is none."""
        return Sealed(data, self.dialect, self.domain, item) if data else None

    def owned(self, part: Reasoning) -> Reasoning:
        """A part of the answer with its origin."""
        seal = part.seal or Sealed("", self.dialect)
        return replace(part, origin=self.dialect, seal=replace(seal, dialect=self.dialect, domain=self.domain))

    def envelope(self, part: Reasoning) -> str | None:
        """The envelope of a part of the answer; ``None`` where it would be too long."""
        return wrap(self.owned(part))

    def of_call(self, seal: Sealed | None, call: str) -> Reasoning | None:
        """What stands for the seal of a call that the caller knows by the id ``call``."""
        return None if seal is None else self.owned(Reasoning("", self.dialect, seal, True, NO_EXT, "call", call))

    def of_text(self, seal: Sealed | None) -> Reasoning | None:
        """What stands for the seal of the text before it."""
        return None if seal is None else self.owned(Reasoning("", self.dialect, seal, True, NO_EXT, "text"))


def opened(draft: Draft, envelope: str, text: str, path: str, ext: Ext = NO_EXT) -> Reasoning:
    """The part of an envelope in a request, with the ``text`` that stands beside it. State that is lost is a hint."""
    part = unwrap(envelope)
    if part is None:
        draft.hint("reasoning.signature", path)
        return Reasoning(text, "", None, False, ext)
    if part.seal is not None:
        draft.signed = draft.signed or path
    elif text:
        draft.hint("reasoning.text", path)
    return replace(part, text=text, ext=ext)


def stands_for(part: Part) -> bool:
    """Whether a part is none of the model's own, but holds the seal of another."""
    return isinstance(part, Reasoning) and part.of != "itself"


def valid(seal: Sealed | None, dialect: Dialect, domain: str) -> Sealed | None:
    """``seal`` where its origin is that dialect at that signing domain."""
    return seal if seal is not None and (seal.dialect, seal.domain) == (dialect, domain) else None


def restored(messages: tuple[Message, ...], dialect: Dialect, domain: str) -> tuple[Message, ...]:
    """The messages as their origin made them: reasoning that is valid at ``domain`` is given back in its place, on the
    parts that it belongs to, and all other reasoning is left out."""
    if not any(isinstance(part, Reasoning) for message in messages for part in message.parts):
        return messages
    out: list[Message] = []
    for role, turn in groupby(messages, key=lambda message: message.role):
        found = list(turn)
        out += found if role != "assistant" else _turn(found, dialect, domain)
    return tuple(out)


def _turn(turn: list[Message], dialect: Dialect, domain: str) -> Iterator[Message]:
    """A turn of the model, which may stand in several messages."""
    parts = [list(message.parts) for message in turn]
    _give_back(parts, dialect, domain)
    for message, kept in zip(turn, parts, strict=True):
        if kept or not message.parts:
            yield message if len(kept) == len(message.parts) else replace(message, parts=tuple(kept))


def _give_back(parts: list[list[Part]], dialect: Dialect, domain: str) -> None:
    calls: dict[str, Sealed] = {}
    last_text: tuple[list[Part], int] | None = None
    said: list[str] = []
    for within in parts:
        kept: list[Part] = []
        for part in within:
            if not isinstance(part, Reasoning):
                said = []
                if isinstance(part, Text):
                    last_text = kept, len(kept)
                kept.append(part)
                continue
            seal = valid(part.seal, dialect, domain)
            if part.of == "itself":
                if seal is not None:
                    kept.append(replace(part, text="".join((*said, part.text)), ext=NO_EXT))
                # A stream's thoughts come back in pieces, of which the last one has the seal.
                said = [*said, part.text] if part.seal is None else []
            elif seal is not None and part.call is not None:
                calls[part.call] = seal
            elif seal is not None and last_text is not None:
                place, at = last_text
                text = place[at]
                assert isinstance(text, Text)
                place[at] = replace(text, ext={**text.ext, SEAL: seal})
        within[:] = kept
        if last_text is not None and last_text[0] is kept:
            last_text = within, last_text[1]
    for within in parts if calls else ():
        for at, part in enumerate(within):
            if isinstance(part, ToolCall) and part.id in calls:
                within[at] = replace(part, seal=calls[part.id])
