"""State of a model's reasoning on its way through a conversation: out of envelopes, and back to its origin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from waypost.core.codecs.envelope import unwrap
from waypost.core.codecs.wire import Draft
from waypost.core.model.conversation import NO_EXT, SEAL, Ext, Message, Part, Reasoning, Sealed, Text, ToolCall
from waypost.core.model.target import Dialect


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


def signed_history(draft: Draft, messages: Sequence[Message]) -> None:
    """Signed reasoning is asked back while a tool turn is open; in a closed one it only makes the next thought better,
    and a target that cannot read it goes without."""
    if draft.signed is None:
        return
    domain = open_seal(messages)
    if domain is None:
        draft.hint("reasoning.signature", draft.signed)
    else:
        draft.need("reasoning.signature", draft.signed, domain or None)


def open_seal(messages: Sequence[Message]) -> str | None:
    """The signing domain that an open tool turn has its latest reasoning from, empty for the caller's own endpoint;
    ``None`` where no tool turn is open, or where it has none."""
    spoken = [index for index, message in enumerate(messages) if message.role == "assistant"]
    if not spoken or all(message.role != "tool" for message in messages[spoken[-1] + 1 :]):
        return None
    asked = max((index for index in range(spoken[-1]) if _asks(messages, index)), default=-1)
    found = [seal for index in spoken if index > asked for part in messages[index].parts if (seal := seal_of(part))]
    return found[-1].domain if found else None


def seal_of(part: Part) -> Sealed | None:
    """The seal of a part, if it has one."""
    match part:
        case Reasoning(seal=seal) | ToolCall(seal=seal):
            return seal
        case Text(ext=ext):
            seal = ext.get(SEAL)
            return seal if isinstance(seal, Sealed) else None
        case _:
            return None


def _asks(messages: Sequence[Message], index: int) -> bool:
    """Whether a turn is the user's own, and not what stands beside the results of tools."""
    return messages[index].role == "user" and not (index and messages[index - 1].role == "tool")


def sealed(data: str | None, dialect: Dialect) -> Sealed | None:
    """State of a model's reasoning as it came over the wire; ``None`` where there is none."""
    return Sealed(data, dialect) if data else None


def stands_for(part: Part) -> bool:
    """Whether a part is none of the model's own, but holds the seal of another."""
    return isinstance(part, Reasoning) and part.of in ("text", "call")


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
            yield replace(message, parts=tuple(kept))


def _sealed(text: Part, seal: Sealed) -> Part:
    return replace(text, ext={**text.ext, SEAL: seal}) if isinstance(text, Text) else text


def _give_back(parts: list[list[Part]], dialect: Dialect, domain: str) -> None:
    calls: dict[str, Sealed] = {}
    last_text: tuple[list[Part], int] | None = None
    said: list[str] = []
    front: list[Part] = []
    waiting: Sealed | None = None
    for within in parts:
        kept: list[Part] = []
        for part in within:
            if not isinstance(part, Reasoning):
                said = []
                if isinstance(part, Text):
                    last_text = kept, len(kept)
                    part, waiting = (part if waiting is None else _sealed(part, waiting)), None
                kept.append(part)
                continue
            seal = valid(part.seal, dialect, domain)
            if part.of == "turn":
                front += [] if seal is None else [replace(part, ext=NO_EXT)]
            elif part.of == "itself":
                if seal is not None:
                    kept.append(replace(part, text="".join((*said, part.text)), ext=NO_EXT))
                # A stream's thoughts come back in pieces, of which the last one has the seal.
                said = [*said, part.text] if part.seal is None else []
            elif seal is not None and part.call is not None:
                calls[part.call] = seal
            elif seal is not None and last_text is not None:
                place, at = last_text
                place[at] = _sealed(place[at], seal)
            elif seal is not None:  # what was kept apart from a turn stands before it
                waiting = seal
        within[:] = kept
        if last_text is not None and last_text[0] is kept:
            last_text = within, last_text[1]
    for within in parts if calls else ():
        for at, part in enumerate(within):
            if isinstance(part, ToolCall) and part.id in calls:
                within[at] = replace(part, seal=calls[part.id])
    parts[0][:0] = front
