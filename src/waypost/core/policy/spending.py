"""Budgets and limits as a proof sees them: what is reached, what that allows, and how it is said.

docs/decision.md, *Budgets and limits* and *Setting the shortlist aside*; derived from a decision when it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from waypost.core.model.money import MICRO, NANO, grid
from waypost.core.model.question import Features
from waypost.core.model.target import Target
from waypost.core.policy.columns import estimated_cost
from waypost.core.policy.tree import Budget, Limit, Policy
from waypost.core.policy.units import decimal, shown

LADDER = ("local", "fast_cheap", "balanced", "powerful")
"""The catalog's tiers, the lowest first."""


def most_cost(target: Target, features: Features, answers: int = 1) -> int | None:
    """The most that a call can cost at ``target`` in nano-USD; ``None`` where its price is unknown.

    An answer is as long as the caller allows it, else as the target's get; where nobody knows that, as its window.
    """
    longest = features.max_output
    if longest is None:
        longest = (target.max_output if target.max_output is not None else target.context_window) or 0
    return estimated_cost(target.price, grid(features.tokens_input), longest * answers)


def reached(budget: Budget, used: Mapping[str, int]) -> tuple[int, str] | None:
    """The highest threshold that is used, in ppm, and its action."""
    share = used.get(budget.key)
    passed = [] if share is None else [entry for entry in budget.thresholds if entry[0] <= share]
    return passed[-1] if passed else None


def allowed(policy: Policy, action: str, targets: Sequence[Target], best: Target | None) -> int | None:
    """The mask of the targets that an action leaves; ``best`` is the first without it. ``None``: it does nothing."""
    tiers = dict(policy.tiers)
    if action in ("warn", "fail"):
        return None
    if action == "downgrade":
        height = LADDER.index(best.tier) if best is not None and best.tier in LADDER else 0
        return _of_tiers(targets, LADDER[:height]) if height > 1 else None
    if action in tiers:
        return _mask(targets, lambda target: target.id in tiers[action])
    return _of_tiers(targets, LADDER[: LADDER.index(action) + 1] if action in LADDER else (action,))


def strictest(
    policy: Policy, used: Mapping[str, int], targets: Sequence[Target], best: Target | None
) -> tuple[Budget, str, int, int] | None:
    """The reached budget that leaves the fewest: with its action, the mask that it leaves, and its threshold."""
    found = list(_narrowing(policy, used, targets, best))
    return min(found, key=lambda item: item[2].bit_count(), default=None)


def _narrowing(
    policy: Policy, used: Mapping[str, int], targets: Sequence[Target], best: Target | None
) -> Iterator[tuple[Budget, str, int, int]]:
    for budget in policy.budgets:
        at = reached(budget, used)
        mask = None if at is None else allowed(policy, at[1], targets, best)
        if at is not None and mask is not None:
            yield budget, at[1], mask, at[0]


def _of_tiers(targets: Sequence[Target], tiers: Sequence[str]) -> int:
    return _mask(targets, lambda target: target.tier in tiers)


def _mask(targets: Sequence[Target], keep: Callable[[Target], bool]) -> int:
    return sum(1 << index for index, target in enumerate(targets) if keep(target))


def sum_of(budget: Budget) -> str:
    """``$5 per day``."""
    return f"{shown(budget.limit_nano_usd, 'usd')} per {budget.period}"


def rate_of(limit: Limit) -> str:
    """``60 requests per min``."""
    every = shown(limit.per_ns, "ns")
    return f"{limit.amount:,} {limit.of} per {every.removeprefix('1 ') if limit.per_ns >= NANO else every}"


def share(ppm: int) -> str:
    """``82%``."""
    return f"{decimal(ppm * 100, MICRO)}%"
