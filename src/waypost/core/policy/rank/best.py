"""Rank by quality, descending; unknown comes last."""

from __future__ import annotations

from waypost.core.policy.rank.ask import Ask
from waypost.core.policy.tree import Rank


def reads(_rank: Rank) -> tuple[str, ...]:
    """The one field that is compared."""
    return ("quality",)


def scores(ask: Ask) -> list[int]:
    """The raw integer of each index, -1 for unknown."""
    return [-1 if value is None else value for value in ask.values("quality")]


def keys(found: list[int]) -> list[int]:
    """Sort keys, ascending."""
    return [-score for score in found]
