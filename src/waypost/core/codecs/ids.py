"""Ids that fit another dialect: passed through where they can be, else a stable short hash."""

from __future__ import annotations

import re
from hashlib import blake2b

from waypost.core.model.conversation import Reply, ToolCall

INFIX = "wp-"
"""Marks an answer's id as made here, so that a later look-up of it can be refused with a clear text."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")


def short_hash(text: str) -> str:
    """20 hex digits."""
    return blake2b(text.encode(errors="surrogatepass"), digest_size=10).hexdigest()


def fit_call_id(call_id: str, pattern: re.Pattern[str]) -> str:
    """``call_id`` if ``pattern`` matches it whole, else ``call_wp_`` and a hash that depends on it alone."""
    return call_id if pattern.fullmatch(call_id) else f"call_wp_{short_hash(call_id)}"


def distinct_id(call_id: str, position: int, taken: set[str], pattern: re.Pattern[str]) -> str:
    """``call_id``, or where the answer already has a call by it one made from it and the position."""
    fit = fit_call_id(call_id, pattern)
    if fit in taken:
        fit = fit_call_id(f"{call_id}/{position}", pattern)
    taken.add(fit)
    return fit


def answer_id(prefix: str, upstream: str, seed: str = "") -> str:
    """A native-looking id derived from the upstream's own; from ``seed`` where that is empty."""
    tail = _UNSAFE.sub("-", upstream) if upstream else short_hash(seed)
    return f"{prefix}{INFIX}{tail}"


def reply_seed(reply: Reply) -> str:
    """What tells one answer without an id from another."""
    return "\n".join((reply.model, *(getattr(part, "text", "") for part in reply.parts)))


def call_id_or_position(call: ToolCall, answer: str, position: int, pattern: re.Pattern[str]) -> str:
    """The id of a call in an answer; made from the answer's id and the position where the upstream gave none."""
    return fit_call_id(call.id or f"{answer}/{position}", pattern)
