"""Chance without a random number: a keyed hash, the same for one user (session, ...) under one policy, everywhere."""

from __future__ import annotations

from hashlib import blake2b

from waypost.core.model.question import Question

_NAMES = {"budget_tier": "tier"}


def key_of(question: Question, by: str | None, seed: bytes) -> bytes:
    """What a draw depends on: the context's value of ``by``, or the seed of the call where there is none."""
    if by is None:
        return seed
    context = question.context
    value: str | None
    if by.startswith("context."):
        value = context.labels.get(by[8:])
    else:
        value = getattr(context, _NAMES.get(by, by))
    return seed if value is None else value.encode()


def draw(key: bytes, policy: str, label: str) -> int:
    """A number of 64 bits. ``policy`` is its name: an edit keeps everybody on their side, another policy draws anew."""
    text = b"\0".join((key, policy.encode(), label.encode()))
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")
