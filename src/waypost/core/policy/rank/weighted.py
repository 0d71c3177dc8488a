"""Rank by a weighted sum of utilities, each on the policy's own fixed scale."""

from __future__ import annotations

from waypost.core.model.money import MICRO
from waypost.core.policy.rank.ask import Ask
from waypost.core.policy.rank.scale import by_field, utilities
from waypost.core.policy.tree import Rank


def reads(rank: Rank) -> tuple[str, ...]:
    """The fields with a weight."""
    return tuple(field for field, weight in rank.weights if weight)


def scores(ask: Ask) -> list[int]:
    """The score of each index in micro-units; the highest is best."""
    scales = by_field(ask.scales)
    totals = [0] * len(ask.indices)
    for field, weight in ask.rank.weights:
        worth = utilities(ask.values(field), scales[field])
        totals = [total + weight * term for total, term in zip(totals, worth, strict=True)]
    return [total // MICRO for total in totals]


def keys(found: list[int]) -> list[int]:
    """Sort keys, ascending."""
    return [-score for score in found]
