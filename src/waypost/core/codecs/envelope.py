"""Envelopes: how a caller holds state of a model's reasoning that belongs to another provider than its own.

Such state is valid at its origin alone and has to come back there. It is handed to the caller in the slot that its own
dialect has for state of this kind (a signature, encrypted content), wrapped so that it tells where it came from; so
nothing of it need be kept here. An envelope is ours to read: it never goes to any provider. One that cannot be read
is state that is lost, and no error.

The text is made of base64's letters alone, because one SDK reads its slot as base64 and writes it anew:
``waypost1``, then 6 bytes of a digest of what follows, then a JSON array
``[dialect, domain, of, call, redacted, item, data]``, padded with blanks. The digest finds damage; it is no proof of
who made it, which the origin checks by its own signature.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import Any, Final

from waypost.core.model.conversation import NO_EXT, Reasoning, Sealed

FAMILY: Final = "waypost"
"""What envelopes of all versions begin with."""

PREFIX: Final = f"{FAMILY}1"
LIMIT: Final = 1_048_576
"""The longest envelope, in characters. Longer state is not handed out, and nothing longer is read."""

_DIGEST = 6
_OF = frozenset({"itself", "turn", "text", "call"})
_LETTERS = str.maketrans("+/", "-_")


def is_wrapped(text: object) -> bool:
    """Whether a slot holds an envelope of any version, readable or not."""
    return isinstance(text, str) and text.startswith(FAMILY)


def wrap(part: Reasoning) -> str | None:
    """The envelope of a part's seal, or of reasoning that has none; ``None`` where it would be too long."""
    seal = part.seal or Sealed("", part.origin)
    fields = [seal.dialect, seal.domain, part.of, part.call, part.redacted, seal.item, seal.data]
    said = json.dumps(fields, separators=(",", ":")).encode()
    said += b" " * (-len(said) % 3)
    text = PREFIX + urlsafe_b64encode(_digest(said) + said).decode()
    return text if len(text) <= LIMIT else None


def unwrap(text: str) -> Reasoning | None:
    """The part that an envelope stands for, without its text; ``None`` where it cannot be read."""
    if len(text) > LIMIT or not text.startswith(PREFIX):
        return None
    try:
        raw = urlsafe_b64decode(text[len(PREFIX) :].translate(_LETTERS))
        if _digest(raw[_DIGEST:]) != raw[:_DIGEST]:
            return None
        return _part(json.loads(raw[_DIGEST:]))
    except (ValueError, RecursionError):
        return None


def _part(fields: Any) -> Reasoning | None:
    if not isinstance(fields, list) or len(fields) != 7:
        return None
    dialect, domain, of, call, redacted, item, data = fields
    texts = all(isinstance(one, str) for one in (dialect, domain, of, data))
    options = all(one is None or isinstance(one, str) for one in (call, item))
    if not texts or not options or not isinstance(redacted, bool) or of not in _OF:
        return None
    seal = Sealed(data, dialect, domain, item) if data else None
    return Reasoning("", dialect, seal, redacted, NO_EXT, of, call)


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=_DIGEST).digest()
