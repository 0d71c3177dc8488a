"""Which lines of a policy its cases exercise, and both ways: a line that never held or never bit is not tested.

Everything is read off the decisions, so a rule counts as matched where it was the one that chose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, TypeAlias

from waypost.core.model.decision import Decision, Source
from waypost.core.model.frozen import dataclass
from waypost.core.model.question import Question, Snapshot
from waypost.core.policy.facts import Facts, holds
from waypost.core.policy.plan import Plan
from waypost.core.policy.tree import Budget, Filter, Limit, Predicate, Rule
from waypost.core.policy.units import decimal

Kind: TypeAlias = Literal["match", "rule", "filter", "when", "budget", "limit"]
WAYS: dict[Kind, tuple[str, str]] = {
    "match": ("holds", "does not hold"),
    "rule": ("matches", "does not match"),
    "filter": ("passes somebody", "rejects somebody"),
    "when": ("applies", "does not apply"),
    "budget": ("is reached", "is not reached"),
    "limit": ("is reached", "is not reached"),
}
"""The two ways in which a line of each kind has to be exercised."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One case as it was decided; ``applies`` says whether the policy's ``match`` holds."""

    question: Question
    snapshot: Snapshot
    decision: Decision
    applies: bool


@dataclass(frozen=True, slots=True)
class Point:
    """One line of the policy: in how many cases it went the one way and the other of `WAYS`.

    ``ways`` is 1 for a line that can only go the first way, such as a first rule without ``when``.
    """

    kind: Kind
    name: str
    at: Source
    yes: int
    no: int
    ways: int = 2

    @property
    def missing(self) -> tuple[str, ...]:
        """The ways that no case exercises."""
        counts = (self.yes, self.no)[: self.ways]
        return tuple(way for way, count in zip(WAYS[self.kind], counts, strict=False) if not count)


@dataclass(frozen=True, slots=True)
class Coverage:
    """All points in the order of evaluation; ``inherited`` are those of files that are tested elsewhere, uncounted."""

    points: tuple[Point, ...]
    inherited: tuple[Point, ...] = ()

    @property
    def total(self) -> int:
        return sum(point.ways for point in self.points)

    @property
    def exercised(self) -> int:
        return self.total - sum(len(point.missing) for point in self.points)

    @property
    def gaps(self) -> tuple[Point, ...]:
        return tuple(point for point in self.points if point.missing)

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 means all; 100 for a policy without lines."""
        return 100 if not self.total else self.exercised * 100 // self.total

    def reaches(self, least: int) -> bool:
        return self.percent >= least


def coverage_of(plan: Plan, seen: Sequence[Seen], elsewhere: frozenset[str] = frozenset()) -> Coverage:
    """What ``seen`` exercises of the policy of ``plan``, but for its lines in the files ``elsewhere``."""
    points = tuple(_points(_Ledger(plan, seen)))
    return Coverage(
        tuple(point for point in points if point.at.file not in elsewhere),
        tuple(point for point in points if point.at.file in elsewhere),
    )


class _Ledger:
    """The cases, with the facts that a ``when`` is looked up in."""

    def __init__(self, plan: Plan, seen: Sequence[Seen]) -> None:
        self.plan = plan
        self.seen = seen
        self.facts = [Facts(plan, case.question, case.snapshot) for case in seen]
        self.masks = [dict(case.decision.rejections) for case in seen]

    def count(self, test: Callable[[int], bool]) -> int:
        return sum(1 for place in range(len(self.seen)) if test(place))

    def point(self, kind: Kind, name: str, at: Source, test: Callable[[int], bool]) -> Point:
        """A line that goes one way in each case."""
        yes = self.count(test)
        return Point(kind, name, at, yes, len(self.seen) - yes)

    def holds(self, predicate: Predicate, place: int) -> bool | None:
        """The truth of a predicate over the request alone, so of any target."""
        return holds(predicate, self.facts[place], self.plan.catalog.targets[0])


def _points(ledger: _Ledger) -> Iterator[Point]:
    policy = ledger.plan.policy
    if policy.match is not None:
        yield ledger.point("match", "match", policy.match.at, lambda place: ledger.seen[place].applies)
    for order, rule in enumerate(policy.rules):
        yield _rule(ledger, rule, first=order == 0)
        for line in rule.filters:
            yield from _filter(ledger, line, rule)
    for line in policy.filters:
        yield from _filter(ledger, line, None)
    for budget in policy.budgets:
        yield from _budget(ledger, budget)
    for limit in policy.limits:
        yield _limit(ledger, limit)


def _rule(ledger: _Ledger, rule: Rule, *, first: bool) -> Point:
    point = ledger.point("rule", rule.name, rule.at, lambda place: ledger.seen[place].decision.rule == rule.name)
    always = first and rule.when is None
    return Point(point.kind, point.name, point.at, point.yes, point.no, 1 if always else 2)


def _filter(ledger: _Ledger, line: Filter, rule: Rule | None) -> Iterator[Point]:
    """The line itself where it applies, and whether it applies where it has a ``when``."""

    def in_force(place: int) -> bool:
        return rule is None or ledger.seen[place].decision.rule == rule.name

    def applies(place: int) -> bool:
        return in_force(place) and (line.when is None or ledger.holds(line.when, place) is not False)

    everybody = (1 << len(ledger.plan.catalog.targets)) - 1
    failing = [ledger.masks[place].get(line.name, 0) for place in range(len(ledger.seen)) if applies(place)]
    passes = sum(1 for mask in failing if mask != everybody)
    yield Point("filter", line.name, line.at, passes, sum(1 for mask in failing if mask))
    if line.when is not None:
        applied = len(failing)
        yield Point("when", line.name, line.when.at, applied, ledger.count(in_force) - applied)


def _budget(ledger: _Ledger, budget: Budget) -> Iterator[Point]:
    """A threshold is reached where it is the highest that the usage has come to."""
    for threshold, action in budget.thresholds:
        used = [dict(case.snapshot.used).get(budget.key, 0) for case in ledger.seen]
        highest = [max((ppm for ppm, _ in budget.thresholds if ppm <= amount), default=None) for amount in used]
        name = f"{budget.rule} {budget.period} {decimal(threshold, 10_000)}%: {action}"
        yes = sum(1 for ppm in highest if ppm == threshold)
        yield Point("budget", name, budget.at, yes, sum(1 for amount in used if amount < threshold))


def _limit(ledger: _Ledger, limit: Limit) -> Point:
    def reached(place: int) -> bool:
        return any(rule == limit.rule for rule, _ in ledger.seen[place].snapshot.limited)

    return ledger.point("limit", f"{limit.rule} {limit.of}", limit.at, reached)
