"""Answers of another endpoint that speaks the caller's own dialect: only what that endpoint has sealed is changed.

Its signatures look like those of the caller's own endpoint and are none, so they go into envelopes. Everything else
passes byte for byte, but for what a frame with a signature loses in blanks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from waypost.core.codecs.envelope import wrap
from waypost.core.codecs.handout import Signer
from waypost.core.codecs.json_text import dumps_ascii
from waypost.core.codecs.unwrapping import extra_content, signature_of
from waypost.core.model.conversation import NO_EXT, Reasoning, Sealed
from waypost.core.model.target import Dialect

_MARKS: Final[Mapping[Dialect, tuple[bytes, ...]]] = {
    "anthropic.messages": (b"signature", b"redacted_thinking"),
    "openai.responses": (b"encrypted_content",),
    "google.generate_content": (b"thoughtSignature", b"thought_signature"),
    "openai.chat": (b"thought_signature",),
}
"""What stands in every frame with a seal, and in hardly another."""

_LONGEST: Final = 8_388_608

_ENDS = (b"\n\n", b"\r\n\r\n")


def resealed(body: Mapping[str, Any], signer: Signer) -> Mapping[str, Any]:
    """A whole answer, or one event of a stream, with its signatures in envelopes. ``body`` is not changed."""
    return _DIALECTS[signer.dialect](body, signer)


class Change(Protocol):
    """What goes on of a stream, in the place of what came."""

    def feed(self, data: bytes) -> bytes:
        """What goes on of ``data``."""

    def close(self) -> bytes:
        """The upstream has ended: what was held."""


class Resealer:
    """The same for the bytes of a stream. A frame is held until it is whole; one without a signature is not read."""

    __slots__ = ("_held", "_marks", "_signer")

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._marks = _MARKS[signer.dialect]
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """What goes on of ``data``."""
        if not self._held and data.endswith(_ENDS) and not self._sealed(data):
            return data
        data = self._held + data
        cut = max(at + len(end) if (at := data.rfind(end)) >= 0 else 0 for end in _ENDS)
        if len(data) - cut > _LONGEST:  # no frame of any provider: whoever reads it refuses it
            cut = len(data)
        whole, self._held = data[:cut], data[cut:]
        return self._marked(whole)

    def close(self) -> bytes:
        """The upstream has ended: what was held."""
        held, self._held = self._held, b""
        return self._marked(held)

    def _marked(self, data: bytes) -> bytes:
        if not self._sealed(data):
            return data
        return b"".join([self._line(line) for line in data.splitlines(keepends=True)])

    def _sealed(self, data: bytes) -> bool:
        return any(mark in data for mark in self._marks)

    def _line(self, line: bytes) -> bytes:
        if not line.startswith(b"data:") or not self._sealed(line):
            return line
        said = line[5:].strip()
        try:
            event = json.loads(said)
        except ValueError:
            return line
        if not isinstance(event, dict):
            return line
        made = resealed(event, self._signer)
        return line if made is event else b"data: " + dumps_ascii(made).encode() + line[len(line.rstrip(b"\r\n")) :]


def _envelope(signer: Signer, data: str, *, redacted: bool = False, item: str | None = None) -> str:
    """The envelope, or nothing where it would be too long: a seal of another endpoint is of no use as it is."""
    seal = Sealed(data, signer.dialect, signer.domain, item)
    return wrap(Reasoning("", signer.dialect, seal, redacted, NO_EXT)) or ""


def _put(raw: Mapping[str, Any], name: str, signer: Signer, **more: Any) -> Mapping[str, Any]:
    data = raw.get(name)
    return {**raw, name: _envelope(signer, data, **more)} if isinstance(data, str) and data else raw


def _each(
    raw: Mapping[str, Any], name: str, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> Mapping[str, Any]:
    """``raw`` with each object of its list ``name`` changed; the same object where none has."""
    held = raw.get(name)
    if not isinstance(held, list):
        return raw
    made = [change(item) if isinstance(item, dict) else item for item in held]
    return raw if all(new is old for new, old in zip(made, held, strict=True)) else {**raw, name: made}


def _one(
    raw: Mapping[str, Any], name: str, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> Mapping[str, Any]:
    held = raw.get(name)
    if not isinstance(held, dict):
        return raw
    made = change(held)
    return raw if made is held else {**raw, name: made}


def _messages(raw: Mapping[str, Any], signer: Signer) -> Mapping[str, Any]:
    def block(one: Mapping[str, Any]) -> Mapping[str, Any]:
        match one.get("type"):
            case "thinking" | "signature_delta":
                return _put(one, "signature", signer)
            case "redacted_thinking":
                return _put(one, "data", signer, redacted=True)
            case _:
                return one

    raw = _one(_one(raw, "content_block", block), "delta", block)
    return _one(_each(raw, "content", block), "message", lambda message: _each(message, "content", block))


def _responses(raw: Mapping[str, Any], signer: Signer) -> Mapping[str, Any]:
    def item(one: Mapping[str, Any]) -> Mapping[str, Any]:
        if one.get("type") != "reasoning":
            return one
        made = one.get("id")
        return _put(one, "encrypted_content", signer, item=made if isinstance(made, str) else None)

    raw = _one(_each(raw, "output", item), "item", item)
    return _one(raw, "response", lambda response: _each(response, "output", item))


def _generated(raw: Mapping[str, Any], signer: Signer) -> Mapping[str, Any]:
    def part(one: Mapping[str, Any]) -> Mapping[str, Any]:
        return _put(_put(one, "thoughtSignature", signer), "thought_signature", signer)

    def candidate(one: Mapping[str, Any]) -> Mapping[str, Any]:
        return _one(one, "content", lambda content: _each(content, "parts", part))

    return _each(raw, "candidates", candidate)


def _completions(raw: Mapping[str, Any], signer: Signer) -> Mapping[str, Any]:
    def call(one: Mapping[str, Any]) -> Mapping[str, Any]:
        signature = signature_of(one)
        return one if signature is None else {**one, **extra_content(_envelope(signer, signature))}

    def choice(one: Mapping[str, Any]) -> Mapping[str, Any]:
        one = _one(one, "message", lambda message: _each(message, "tool_calls", call))
        return _one(one, "delta", lambda delta: _each(delta, "tool_calls", call))

    return _each(raw, "choices", choice)


_DIALECTS: Final[Mapping[Dialect, Callable[[Mapping[str, Any], Signer], Mapping[str, Any]]]] = {
    "anthropic.messages": _messages,
    "openai.responses": _responses,
    "google.generate_content": _generated,
    "openai.chat": _completions,
}
