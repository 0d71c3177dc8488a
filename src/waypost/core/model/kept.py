"""What a receipt says of the content that is kept of its call: whose it is and how much, never a word of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from waypost.core.model.frozen import dataclass

Level: TypeAlias = Literal["redacted", "full"]


@dataclass(frozen=True, slots=True)
class Kept:
    """Content beside a receipt. ``subject`` is whose key it is sealed under: a user's pseudonym, or the receipt's id.

    ``digest`` is sha256 of what was sealed, as hex; ``size`` are its bytes before that; ``cut`` are characters that
    there was no room for; ``redactions`` says how often what was taken out, by kind.
    """

    level: Level
    subject: str
    digest: str
    size: int
    expires_ns: int
    cut: int = 0
    redactions: tuple[tuple[str, int], ...] = ()


def kept_record(kept: Kept) -> dict[str, Any]:
    """As JSON; what is at its default is left out."""
    record: dict[str, Any] = {
        "level": kept.level,
        "subject": kept.subject,
        "digest": kept.digest,
        "size": kept.size,
        "expires_ns": kept.expires_ns,
    }
    if kept.cut:
        record["cut"] = kept.cut
    if kept.redactions:
        record["redactions"] = dict(kept.redactions)
    return record


def kept_of(record: Mapping[str, Any]) -> Kept:
    return Kept(
        level=record["level"],
        subject=record["subject"],
        digest=record["digest"],
        size=record["size"],
        expires_ns=record["expires_ns"],
        cut=record.get("cut", 0),
        redactions=tuple(sorted(record.get("redactions", {}).items())),
    )
