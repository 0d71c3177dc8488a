"""What calls cost, in groups, beside what the same usage would have cost elsewhere; and what a rollout really saved.

"Cost against baseline" prices the same usage at another model; nobody knows whether that model would have used as many
tokens. A rollout answers that: the calls that were not routed are a control group, so the difference of the two means
is measured, with an interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from waypost.core.model.frozen import dataclass

LEAST = 30
"""How many calls a group needs before an interval is given: below, the mean is not normal enough."""
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Spend:
    """One settled receipt. Money is nano-USD; ``None`` is unpriced.

    ``group`` is the value that is grouped by. ``controlled`` is ``True`` where a rollout left the call unrouted,
    ``False`` where it routed it, ``None`` where no share decided.
    """

    group: str
    policy: str
    cost: int | None
    requested: int | None
    baseline: int | None
    failed: bool = False
    hops: int = 1
    controlled: bool | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """The sums of one group. ``requested`` and ``baseline`` are sums over the calls that have both them and a cost;
    ``of_requested`` and ``of_baseline`` are what those calls cost."""

    group: str
    calls: int
    failed: int
    fell_back: int
    unpriced: int
    cost: int
    requested: int
    of_requested: int
    baseline: int
    of_baseline: int


@dataclass(frozen=True, slots=True)
class Holdback:
    """Mean cost of a call, routed and not, under one policy; nano-USD.

    ``difference`` is routed minus control; ``low`` and ``high`` bound it with 95 % confidence (Welch), ``None`` where a
    group has fewer than `LEAST` calls.
    """

    policy: str
    routed: int
    control: int
    routed_mean: float
    control_mean: float
    low: float | None
    high: float | None

    @property
    def difference(self) -> float:
        return self.routed_mean - self.control_mean

    @property
    def says(self) -> str:
        """``saves``, ``costs``, ``open`` (the interval holds 0), or ``few``."""
        if self.low is None or self.high is None:
            return "few"
        return "saves" if self.high < 0 else "costs" if self.low > 0 else "open"


def rows(spends: Iterable[Spend]) -> tuple[Row, ...]:
    """One row a group, the dearest first, ties by name."""
    groups: dict[str, list[Spend]] = {}
    for spend in spends:
        groups.setdefault(spend.group, []).append(spend)
    found = [_row(name, members) for name, members in groups.items()]
    return tuple(sorted(found, key=lambda row: (-row.cost, row.group)))


def total(spends: Sequence[Spend]) -> Row:
    """All of them as one row."""
    return _row("total", spends)


def _row(name: str, members: Sequence[Spend]) -> Row:
    priced = [spend for spend in members if spend.cost is not None]
    asked = [spend for spend in priced if spend.requested is not None]
    based = [spend for spend in priced if spend.baseline is not None]
    return Row(
        group=name,
        calls=len(members),
        failed=sum(spend.failed for spend in members),
        fell_back=sum(spend.hops > 1 for spend in members),
        unpriced=len(members) - len(priced),
        cost=_sum(spend.cost for spend in priced),
        requested=_sum(spend.requested for spend in asked),
        of_requested=_sum(spend.cost for spend in asked),
        baseline=_sum(spend.baseline for spend in based),
        of_baseline=_sum(spend.cost for spend in based),
    )


def _sum(values: Iterable[int | None]) -> int:
    return sum(value for value in values if value is not None)


def holdbacks(spends: Iterable[Spend]) -> tuple[Holdback, ...]:
    """By policy, where a share decided and both sides have calls; only what answered and has a price is compared."""
    sides: dict[str, tuple[list[int], list[int]]] = {}
    for spend in spends:
        if spend.controlled is not None and spend.cost is not None and not spend.failed:
            sides.setdefault(spend.policy, ([], []))[spend.controlled].append(spend.cost)
    return tuple(_compared(policy, *pair) for policy, pair in sorted(sides.items()) if all(pair))


def _compared(policy: str, routed: Sequence[int], control: Sequence[int]) -> Holdback:
    (mean, spread), (base, spread_base) = _mean(routed), _mean(control)
    low = high = None
    if min(len(routed), len(control)) >= LEAST:
        reach = _Z95 * math.sqrt(spread / len(routed) + spread_base / len(control))
        low, high = mean - base - reach, mean - base + reach
    return Holdback(policy, len(routed), len(control), mean, base, low, high)


def _mean(costs: Sequence[int]) -> tuple[float, float]:
    """Mean and sample variance."""
    mean = sum(costs) / len(costs)
    spread = sum((cost - mean) ** 2 for cost in costs) / max(len(costs) - 1, 1)
    return mean, spread
