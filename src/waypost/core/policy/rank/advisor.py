"""Rank by what an advisor said of the call: whom it names comes first, the highest score first."""

from __future__ import annotations

from collections.abc import Mapping

from waypost.core.model.advice import Picks
from waypost.core.model.money import MICRO
from waypost.core.model.target import TargetId
from waypost.core.policy.rank.ask import Lead


def lead(picks: Picks, index: Mapping[TargetId, int]) -> Lead:
    """Whom the advice names, of those that the catalog has; of a target's several scores the first.

    A score outside of 0..1 names nobody. Ties go to the lower index, which is the lower id.
    """
    found: dict[int, int] = {}
    for target, score in picks:
        if target in index and 0 <= score <= MICRO:
            found.setdefault(index[target], score)
    return tuple(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


def key(score: int) -> int:
    """The sort key of a score; the smallest is the best."""
    return -score
