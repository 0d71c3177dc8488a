"""Rank by estimated.cost, ascending; unknown comes last."""

from __future__ import annotations

from waypost.core.policy.rank.ask import Ask
from waypost.core.policy.tree import Rank

_LAST = 1 << 200


def reads(_rank: Rank) -> tuple[str, ...]:
    """The one field that is compared."""
    return ("cost",)


def scores(ask: Ask) -> list[int]:
    """The raw integer of each index, -1 for unknown."""
    return [-1 if value is None else value for value in ask.values("cost")]


def keys(found: list[int]) -> list[int]:
    """Sort keys, ascending."""
    return [score if score >= 0 else _LAST for score in found]
