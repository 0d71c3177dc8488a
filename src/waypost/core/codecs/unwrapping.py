"""A caller's own body without our envelopes, for a provider of its own dialect.

What an envelope holds for that provider is put back as that provider made it; all else of envelopes is taken out, and
for an endpoint of another signing domain than the caller's own the caller's own signatures as well. A body without any
of them is left alone; nothing that is given is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from waypost.core.codecs.envelope import is_wrapped, unwrap
from waypost.core.codecs.google_generate_content_calls import NO_SIGNATURES, SKIP_SIGNATURE
from waypost.core.model.conversation import Reasoning, Sealed
from waypost.core.model.frozen import dataclass
from waypost.core.model.target import Dialect


@dataclass(frozen=True, slots=True)
class Place:
    """The endpoint that a body is for. ``own`` says that the caller's own signatures are valid there."""

    dialect: Dialect
    domain: str | None
    own: bool

    def kept(self, text: object) -> Reasoning | bool:
        """What a slot's text is there: a part that is to be put back, or whether the slot stays as it is."""
        if not is_wrapped(text):
            return self.own or not text
        part = unwrap(str(text))
        seal = None if part is None else part.seal
        if part is None or seal is None or (seal.dialect, seal.domain) != (self.dialect, self.domain):
            return False
        return part


def unwrapped(body: Mapping[str, Any], place: Place) -> Mapping[str, Any]:
    """``body`` as ``place`` may see it; the same object where it may see all of it."""
    name, change = _DIALECTS[place.dialect]
    held = body.get(name)
    if not isinstance(held, list | tuple):
        return body
    turns = _changed(held, lambda turn: change(turn, place) if isinstance(turn, Mapping) else turn)
    return body if turns is held else {**body, name: turns}


def _changed(items: Sequence[Any], change: Callable[[Any], Any]) -> Sequence[Any]:
    """The items after ``change``, without those that became ``None``; the same object where none has changed."""
    made = [change(item) for item in items]
    if all(new is old for new, old in zip(made, items, strict=True)):
        return items
    return [new for new, old in zip(made, items, strict=True) if new is not None or old is None]


def _within(turn: Mapping[str, Any], name: str, change: Callable[[Any], Any]) -> Mapping[str, Any] | None:
    """A turn whose members of ``name`` have changed; ``None`` where none of them is left."""
    held = turn.get(name)
    if not isinstance(held, list | tuple):
        return turn
    made = _changed(held, lambda item: change(item) if isinstance(item, Mapping) else item)
    if made is held:
        return turn
    return {**turn, name: made} if made else None


# Anthropic.


def _message(turn: Mapping[str, Any], place: Place) -> Mapping[str, Any] | None:
    return turn if turn.get("role") != "assistant" else _within(turn, "content", lambda block: _block(block, place))


def _block(block: Mapping[str, Any], place: Place) -> Mapping[str, Any] | None:
    kind = block.get("type")
    if kind not in ("thinking", "redacted_thinking"):
        return block
    kept = place.kept(block.get("signature" if kind == "thinking" else "data"))
    if isinstance(kept, bool):
        return block if kept else None
    data = _data(kept.seal)
    if kept.redacted:
        return {"type": "redacted_thinking", "data": data}
    return {"type": "thinking", "thinking": block.get("thinking") or "", "signature": data}


# OpenAI's responses.


def _item(item: Mapping[str, Any], place: Place) -> Mapping[str, Any] | None:
    if item.get("type") != "reasoning":
        return item
    kept = place.kept(item.get("encrypted_content"))
    if isinstance(kept, bool):
        return item if kept else None
    made = kept.seal.item if kept.seal is not None and kept.seal.item else item.get("id")
    return {**item, "id": made, "encrypted_content": _data(kept.seal)}


# Google.


def _content(turn: Mapping[str, Any], place: Place) -> Mapping[str, Any] | None:
    return _within(turn, "parts", lambda part: _part(part, place))


def _part(part: Mapping[str, Any], place: Place) -> Mapping[str, Any] | None:
    for name in ("thoughtSignature", "thought_signature"):
        signature = part.get(name)
        kept = True if signature is None or _says_none(signature) else place.kept(signature)
        if kept is True:
            continue
        if isinstance(kept, Reasoning):
            return {**part, name: _data(kept.seal)}
        if part.get("thought"):
            return None
        rest = {key: value for key, value in part.items() if key != name}
        called = part.get("functionCall") is not None or part.get("function_call") is not None
        return {**rest, name: SKIP_SIGNATURE} if called else rest
    return part


# Google by OpenAI's chat completions.


def _chat(turn: Mapping[str, Any], place: Place) -> Mapping[str, Any] | None:
    return _within(turn, "tool_calls", lambda call: _call(call, place)) if turn.get("tool_calls") else turn


def _call(call: Mapping[str, Any], place: Place) -> Mapping[str, Any]:
    signature = signature_of(call)
    if signature is None:
        return call
    kept = place.kept(signature)
    if kept is True:
        return call
    rest = {name: value for name, value in call.items() if name != "extra_content"}
    return {**rest, **extra_content(_data(kept.seal))} if isinstance(kept, Reasoning) else rest


def signature_of(call: Mapping[str, Any]) -> str | None:
    """The signature of a call as Google writes it where it speaks OpenAI's chat completions."""
    extra = call.get("extra_content")
    google = extra.get("google") if isinstance(extra, Mapping) else None
    signature = google.get("thought_signature") if isinstance(google, Mapping) else None
    return signature if isinstance(signature, str) and signature and not _says_none(signature) else None


def _says_none(signature: Any) -> bool:
    return isinstance(signature, str) and signature in NO_SIGNATURES


def extra_content(signature: str) -> dict[str, Any]:
    """The member of a call that holds a signature of that kind."""
    return {"extra_content": {"google": {"thought_signature": signature}}}


def _data(seal: Sealed | None) -> str:
    return "" if seal is None else seal.data


_DIALECTS: Final[Mapping[Dialect, tuple[str, Callable[[Any, Place], Any]]]] = {
    "anthropic.messages": ("messages", _message),
    "openai.responses": ("input", _item),
    "google.generate_content": ("contents", _content),
    "openai.chat": ("messages", _chat),
}
