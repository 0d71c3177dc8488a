"""Rank strategies, one file each: ``reads``, ``scores`` and ``keys``. A strategy's name is its module's.

Two put some candidates in front of all others (``lead`` and ``key``), whom another strategy ranks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from waypost.core.model.question import Preference
from waypost.core.policy.rank import advisor, balanced, best, cheapest, fastest, listed, weighted
from waypost.core.policy.rank.ask import NOT_NAMED, Ask, Lead
from waypost.core.policy.rank.balanced import WEIGHTS as BALANCED
from waypost.core.policy.rank.scale import DEFAULTS, by_field, lg, utility
from waypost.core.policy.tree import Rank

__all__ = [
    "BALANCED", "DEFAULTS", "LEADING", "NOT_NAMED", "PREFERRED", "STRATEGIES",
    "Ask", "Lead", "Strategy", "advisor", "by_field", "lg", "listed", "utility",
]  # fmt: skip


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
LEADING: dict[str, Callable[[int], int]] = {"advisor": advisor.key, "listed": listed.key}
"""The sort keys of the scores of those in front, by the strategy that puts them there."""
PREFERRED: dict[Preference, str] = {"quality": "best", "cost": "cheapest", "latency": "fastest"}
"""The strategy that a caller's preference asks for."""
