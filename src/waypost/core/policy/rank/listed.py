"""Rank by the order in which the matched rule's ``use`` lists its targets; the score is the place, from 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from waypost.core.model.target import TargetId
from waypost.core.policy.rank.ask import Lead


def lead(use: Sequence[TargetId], index: Mapping[TargetId, int]) -> Lead:
    """The targets of the list that the catalog has, each with its first place on the list."""
    found: dict[int, int] = {}
    for place, target in enumerate(use, start=1):
        if target in index:
            found.setdefault(index[target], place)
    return tuple(found.items())


def key(score: int) -> int:
    """The sort key of a place; the smallest is the best."""
    return score
