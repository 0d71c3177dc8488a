"""Rank strategies, one file each: ``reads``, ``scores`` and ``keys``. A strategy's name is its module's."""

from __future__ import annotations

from typing import Protocol

from waypost.core.model.question import Preference
from waypost.core.policy.rank import balanced, best, cheapest, fastest, weighted
from waypost.core.policy.rank.ask import Ask
from waypost.core.policy.rank.balanced import WEIGHTS as BALANCED
from waypost.core.policy.rank.scale import DEFAULTS, by_field, lg, utility
from waypost.core.policy.tree import Rank

__all__ = ["BALANCED", "DEFAULTS", "PREFERRED", "STRATEGIES", "Ask", "Strategy", "by_field", "lg", "utility"]


class Strategy(Protocol):
    """What a strategy's module offers. Scores are integers; the smallest key is the best candidate."""

    def reads(self, rank: Rank, /) -> tuple[str, ...]:
        """Which of cost, latency and quality the scores depend on."""

    def scores(self, ask: Ask, /) -> list[int]:
        """One score per index asked."""

    def keys(self, found: list[int], /) -> list[int]:
        """One sort key per score."""


STRATEGIES: dict[str, Strategy] = {
    "balanced": balanced,
    "best": best,
    "cheapest": cheapest,
    "fastest": fastest,
    "weighted": weighted,
}
PREFERRED: dict[Preference, str] = {"quality": "best", "cost": "cheapest", "latency": "fastest"}
"""The strategy that a caller's preference asks for."""
