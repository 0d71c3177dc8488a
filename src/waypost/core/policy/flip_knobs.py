"""The numbers that a flip may change, one at a time, and the plan that each change makes.

Limits are the numbers of comparisons in the filter lines that apply, those in lists too; weights are those of the rank;
for facts see `waypost.core.policy.flip_numbers`, for conditions, ceilings and budgets `flip_call`, for select
`flip_select`, for `match` `flip_match`, for scales `flip_scales`. A changed policy keeps its fingerprint, so that what
is drawn by chance is drawn alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal, assert_never

from waypost.core.model.decision import Source
from waypost.core.model.frozen import dataclass
from waypost.core.model.money import MICRO
from waypost.core.model.question import Question, Snapshot
from waypost.core.policy.case import Case
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.plan import Line, Plan
from waypost.core.policy.rank import BALANCED
from waypost.core.policy.render import render
from waypost.core.policy.tree import (
    And,
    Compare,
    FieldTimes,
    Filter,
    Items,
    Not,
    Number,
    Or,
    Policy,
    Predicate,
    Rank,
    Unit,
    Value,
    Word,
)
from waypost.core.policy.units import decimal, shown

ORDERED = ("<", "<=", ">", ">=")
FARTHEST = 10
"""A number is changed by at most so many times itself."""


@dataclass(frozen=True, slots=True)
class Knob:
    """One number: ``value`` now, up to ``high`` the values that are tried; ``plan`` is what a value makes.

    ``asked`` is what a value makes of the question and the snapshot, where it does; ``words`` how it is read, where
    that is not by its unit.
    """

    kind: Literal["limit", "weight", "fact", "claim"]
    what: str
    source: Source | None
    value: int
    unit: Unit
    high: int
    plan: Callable[[int], Plan]
    asked: Callable[[int], tuple[Question, Snapshot]] | None = None
    words: Callable[[int], str] | None = None

    def text(self, value: int) -> str:
        """The value as people read it."""
        if self.words is not None:
            return self.words(value)
        return decimal(value, MICRO) if self.kind == "weight" else shown(value, self.unit)


def top(value: int) -> int:
    return value * (FARTHEST + 1)


# Limits


@dataclass(frozen=True, slots=True)
class Limited:
    """A limit of one comparison, the ``number``-th in its line; of a list the ``item``-th."""

    line: Line
    number: int
    item: int
    compare: Compare
    knob: Knob

    def predicate(self, value: int) -> Predicate:
        """The line's predicate with that limit."""
        return with_limit(self.line.filter.predicate, self.number, value, self.item)


def limits(case: Case) -> Iterator[Limited]:
    """The limits of the lines that apply."""
    for lines in case.lines.values():
        for line in lines:
            for number, compare in enumerate(comparisons(line.filter.predicate)):
                for item, (value, unit) in limits_of(compare):
                    knob = _limit(case, line, (number, item), compare=compare, value=value, unit=unit)
                    yield Limited(line, number, item, compare, knob)


def limits_of(compare: Compare) -> Iterator[tuple[int, tuple[int, Unit]]]:
    """The numbers above zero that a comparison has on its right side, by their place in a list."""
    match compare.value:
        case Number() as one:
            found = [(0, (one.value, one.unit))]
        case FieldTimes() as other:
            found = [(0, (other.factor, "micro"))]
        case Items() as several:
            found = [(at, (one.value, one.unit)) for at, one in enumerate(several.items) if isinstance(one, Number)]
        case _:
            found = []
    yield from (row for row in found if row[1][0])


def comparisons(predicate: Predicate) -> Iterator[Compare]:
    """All comparisons, from left to right."""
    match predicate:
        case Compare():
            yield predicate
        case Not():
            yield from comparisons(predicate.term)
        case And() | Or():
            for term in predicate.terms:
                yield from comparisons(term)
        case _:
            assert_never(predicate)


def with_limit(predicate: Predicate, number: int, value: int, item: int = 0) -> Predicate:
    """``predicate`` with another limit in its ``number``-th comparison, in a list in place of its ``item``-th."""
    return _rebuilt(predicate, value, item, [number])


def _rebuilt(predicate: Predicate, value: int, item: int, left: list[int]) -> Predicate:
    match predicate:
        case Compare():
            left[0] -= 1
            return predicate if left[0] != -1 else replace(predicate, value=_valued(predicate.value, value, item))
        case Not():
            return replace(predicate, term=_rebuilt(predicate.term, value, item, left))
        case And() | Or():
            return replace(predicate, terms=tuple(_rebuilt(term, value, item, left) for term in predicate.terms))
        case _:
            assert_never(predicate)


def _valued(old: Value, value: int, item: int) -> Value:
    match old:
        case Number():
            return replace(old, value=value)
        case FieldTimes():
            return replace(old, factor=value)
        case Items():
            one = old.items[item]
            new = replace(one, value=value) if isinstance(one, Number) else one
            return replace(old, items=(*old.items[:item], new, *old.items[item + 1 :]))
        case Word():
            return old
        case _:
            assert_never(old)


def _limit(case: Case, line: Line, place: tuple[int, int], *, compare: Compare, value: int, unit: Unit) -> Knob:
    number, item = place

    def plan(changed: int) -> Plan:
        new = replace(line.filter, predicate=with_limit(line.filter.predicate, number, changed, item))
        return again(case.plan, _with_filter(case.plan.policy, case.matched, line.filter, new=new))

    at = compare.at if compare.at.line else None
    return Knob("limit", render(compare), at, value, unit, top(value), plan)


def _with_filter(policy: Policy, matched: int | None, old: Filter, *, new: Filter) -> Policy:
    """``policy`` with one line changed, be it its own or the matched rule's."""

    def swapped(lines: tuple[Filter, ...]) -> tuple[Filter, ...]:
        return tuple(new if line is old else line for line in lines)

    if matched is None or any(line is old for line in policy.filters):
        return replace(policy, filters=swapped(policy.filters))
    rule = policy.rules[matched]
    changed = replace(rule, filters=swapped(rule.filters))
    return replace(policy, rules=(*policy.rules[:matched], changed, *policy.rules[matched + 1 :]))


# Weights


def weights(case: Case) -> Iterator[tuple[str, Knob]]:
    """The weights of the policy's rank by field; a rank that the call itself asked for has none to change."""
    rank, context = case.plan.policy.rank, case.facts.question.context
    scored = rank.behind or rank.strategy
    if context.strategy is not None or context.preference is not None or scored not in ("weighted", "balanced"):
        return
    known = rank.weights or BALANCED
    at = rank.at if rank.at.line else None
    for field, weight in known:
        if weight > 0:
            yield field, Knob("weight", field, at, weight, "micro", top(weight), _reweighted(case.plan, known, field))


def _reweighted(plan: Plan, known: tuple[tuple[str, int], ...], field: str) -> Callable[[int], Plan]:
    def changed(value: int) -> Plan:
        weighed = tuple((name, value if name == field else weight) for name, weight in known)
        rank = plan.policy.rank
        if rank.behind:
            rank = replace(rank, behind="weighted", weights=weighed)
        else:
            rank = Rank("weighted", weighed, rank.at)
        return again(plan, replace(plan.policy, rank=rank))

    return changed


def again(plan: Plan, policy: Policy) -> Plan:
    """The plan of a changed policy."""
    return compile_policy(policy, plan.catalog, plan.expresses)
