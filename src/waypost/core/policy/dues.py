"""What the world says of this call's money and traffic, as masks: limits that are reached, budgets and where they are.

A snapshot says it of one caller; callers of whom it says the same share one `Dues`, and with it their views.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from waypost.core.model.frozen import dataclass
from waypost.core.model.question import EMPTY_SNAPSHOT, Snapshot
from waypost.core.policy.bits import joined, mask_of, remember
from waypost.core.policy.plan import Dues, Entries, Plan
from waypost.core.policy.tree import LADDER, Budget

MAX_DUES = 1_024
MAX_LEVELS = 4_096
owed = attrgetter("used", "limited", "refused")
"""What of a snapshot the dues are made of."""
NOTHING_OWED: tuple[tuple[Any, ...], ...] = ((), (), ())
NO_DUES = Dues((), 0, (), None)


def dues_of(plan: Plan, snapshot: Snapshot) -> Dues:
    """The dues of one caller, one object for all of whom the same holds.

    They are remembered by the thresholds that are reached, not by the percents: of those there are a hundred for each
    budget, and all their combinations would push each other out.
    """
    if owed(snapshot) == NOTHING_OWED:
        return plan.unowed
    levels = tuple(map(plan.levels.get, snapshot.used))
    if None in levels:
        levels = tuple([_level(plan, entry) for entry in snapshot.used])
    key = levels, snapshot.limited, snapshot.refused
    found = plan.dues.get(key)
    if found is None:
        made = _Reading(plan, snapshot).dues()
        same = plan.unowed if made.meaning == plan.unowed.meaning else plan.duties.get(made.meaning)
        if same is None:
            same = remember(plan.duties, made.meaning, made, MAX_DUES)
        found = remember(plan.dues, key, same, MAX_DUES)
    return found


def unowed(plan: Plan) -> Dues:
    """What holds of a caller of whom the world says nothing: ceilings keep out whose price nobody knows."""
    if any(budget.ceiling for budget in plan.policy.budgets):
        return _Reading(plan, EMPTY_SNAPSHOT).dues()
    return NO_DUES


def _level(plan: Plan, entry: tuple[str, int]) -> tuple[Any, ...]:
    """A budget of ``used`` with how many thresholds each policy's line of it has behind it."""
    key, used = entry
    lines = (budget.thresholds for budget in plan.policy.budgets if budget.key == key)
    level = (key, *(sum(threshold <= used for threshold, _ in line) for line in lines))
    return remember(plan.levels, entry, level, MAX_LEVELS)


def tier_mask(plan: Plan, name: str) -> int:
    """The candidates that a tier allows: the policy's own of that name, else the catalog's with those below it."""
    columns = plan.columns
    for own, targets in plan.policy.tiers:
        if own == name:
            index = plan.catalog.index
            return mask_of((index[target] for target in targets if target in index), columns.size)
    return columns.tier_mask(*LADDER[: LADDER.index(name) + 1]) if name in LADDER else columns.tier_mask(name)


def below(plan: Plan, best: int) -> int | None:
    """The candidates of the tiers below that of candidate ``best``; ``None`` where none lies below but ``local``."""
    tier = plan.catalog.targets[best].tier
    if tier not in LADDER[2:]:
        return None
    return plan.columns.tier_mask(*LADDER[: LADDER.index(tier)])


@dataclass(eq=False, slots=True)
class _Reading:
    """One snapshot, read for one plan."""

    plan: Plan
    snapshot: Snapshot

    def dues(self) -> Dues:
        full, reached = self.plan.columns.full, tuple(self.reached())
        limits = [(rule, self.limited(rule, value)) for rule, value in self.snapshot.limited]
        used_up = {budget.key for budget, action in reached if action == "fail"}
        fails = [
            (budget.rule, full if budget.key in used_up else self.plan.columns.unpriced())
            for budget in self.plan.policy.budgets
            if budget.ceiling
        ]
        refusals = [(rule, self.bit(target)) for rule, target in self.snapshot.refused]
        entries = (*limits, *fails, *refusals)
        dead = joined(entries)[1]
        steering = tuple(
            (budget.rule, None if action == "downgrade" else tier_mask(self.plan, action))
            for budget, action in reached
            if action not in ("fail", "warn")
        )
        spent, limited = bool(used_up and full) or _any(refusals), _any(limits)
        return Dues(entries, dead, steering, "budget" if spent else "limit" if limited else None)

    def reached(self) -> Iterator[tuple[Budget, str]]:
        """The budgets that have come to one of their thresholds, with what that one asks for."""
        used = dict(self.snapshot.used)
        for budget in self.plan.policy.budgets:
            level = used.get(budget.key)
            if level is not None:
                actions = [action for threshold, action in budget.thresholds if threshold <= level]
                if actions:
                    yield budget, actions[-1]

    def limited(self, rule: str, value: str) -> int:
        """Whom a limit rejects: its own, or everybody where it is a limit of the call."""
        columns = self.plan.columns
        match rule.removeprefix("limit."):
            case "target":
                return self.bit(value)
            case "endpoint":
                return columns.endpoints.get(value, 0)
            case "provider":
                return columns.providers().get(value, 0)
            case _:
                return columns.full

    def bit(self, target: str) -> int:
        place = self.plan.catalog.index.get(target)
        return 0 if place is None else 1 << place


def _any(entries: Entries | list[tuple[str, int]]) -> bool:
    return any(mask for _, mask in entries)
