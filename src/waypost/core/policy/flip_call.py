"""Numbers beside lines, weights of the rank and facts: conditions, a call's ceilings, and budgets.

Each has few values at which something turns; whether another target is then selected is decided again by who reads
the points. Of a budget a snapshot knows the whole percent that is used, so the values are those that are sure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from waypost.core.model.money import MICRO
from waypost.core.model.question import Question, Snapshot
from waypost.core.policy.case import Case
from waypost.core.policy.flip_equal import turns
from waypost.core.policy.flip_knobs import Knob, again, comparisons, limits_of, top, with_limit
from waypost.core.policy.flip_points import Aim, Point
from waypost.core.policy.plan import Plan
from waypost.core.policy.render import render
from waypost.core.policy.reserved import CEILINGS
from waypost.core.policy.spending import share, sum_of
from waypost.core.policy.tree import Budget, Filter, Policy, Predicate

PERCENT = MICRO // 100


def of_call(aim: Aim) -> Iterator[Point]:
    """Every point of a condition, a ceiling of the call, or a budget."""
    if aim.case.targets:
        yield from _of_conditions(aim.case)
        yield from _of_ceilings(aim)
        yield from _of_budgets(aim.case)


# Conditions


def _of_conditions(case: Case) -> Iterator[Point]:
    """The numbers in the ``when`` of rules down to the matched one, and of the lines that may apply."""
    policy = case.plan.policy
    last = len(policy.rules) if case.matched is None else case.matched + 1
    for at, rule in enumerate(policy.rules[:last]):
        if rule.when is not None:
            yield from _turned(case, rule.when, _rule_when(policy, at))
        if at == case.matched:
            for number, line in enumerate(rule.filters):
                if line.when is not None:
                    yield from _turned(case, line.when, _rule_line_when(policy, at, number))
    for number, line in enumerate(policy.filters):
        if line.when is not None:
            yield from _turned(case, line.when, _line_when(policy, number))


def _turned(case: Case, when: Predicate, made: Callable[[Predicate], Policy]) -> Iterator[Point]:
    for number, compare in enumerate(comparisons(when)):
        for item, (value, unit) in limits_of(compare):

            def plan(changed: int, number: int = number, item: int = item) -> Plan:
                return again(case.plan, made(with_limit(when, number, changed, item)))

            at = compare.at if compare.at.line else None
            knob = Knob("limit", render(compare), at, value, unit, top(value), plan)
            yield from (Point(knob, new) for new in turns(case.facts, compare, value) if 0 <= new <= knob.high)


def _rule_when(policy: Policy, at: int) -> Callable[[Predicate], Policy]:
    rules = policy.rules
    return lambda when: replace(policy, rules=(*rules[:at], replace(rules[at], when=when), *rules[at + 1 :]))


def _rule_line_when(policy: Policy, at: int, number: int) -> Callable[[Predicate], Policy]:
    rules, lines = policy.rules, policy.rules[at].filters

    def made(when: Predicate) -> Policy:
        rule = replace(rules[at], filters=_with_when(lines, number, when))
        return replace(policy, rules=(*rules[:at], rule, *rules[at + 1 :]))

    return made


def _line_when(policy: Policy, number: int) -> Callable[[Predicate], Policy]:
    return lambda when: replace(policy, filters=_with_when(policy.filters, number, when))


def _with_when(lines: tuple[Filter, ...], number: int, when: Predicate) -> tuple[Filter, ...]:
    return (*lines[:number], replace(lines[number], when=when), *lines[number + 1 :])


# Ceilings


def _of_ceilings(aim: Aim) -> Iterator[Point]:
    """The ceilings that let somebody in whom they alone keep out, or keep out somebody who passes."""
    for fields, knob in _ceilings(aim.case):
        seen: set[int] = set()
        for index, target in enumerate(aim.case.targets):
            alive = index in aim.keys
            if not alive and aim.blocked[index] != frozenset(("call.max_price",)):
                continue
            prices = [aim.case.facts.value(field, target, aim.case.facts.grid) for field in fields]
            if None in prices:
                continue
            value = max(prices) - 1 if alive else max(prices)
            if 0 <= value <= knob.high and value not in seen and value != knob.value:
                seen.add(value)
                yield Point(knob, value)


def _ceilings(case: Case) -> Iterator[tuple[tuple[str, ...], Knob]]:
    """The ceilings that the call has; one number for both prices where they are alike, as one that was said once is."""
    narrow = case.facts.question.context.narrow
    if narrow is None:
        return
    limits = {field: getattr(narrow, said) for field, said in CEILINGS if (getattr(narrow, said) or 0) > 0}
    if len(set(limits.values())) < len(limits):
        groups = [tuple(limits)]
    else:
        groups = [(field,) for field in limits]
    for fields in groups:
        value = limits[fields[0]]
        what = f"the call's ceiling on {' and '.join(fields)}"
        yield (
            fields,
            Knob("claim", what, None, value, "usd_per_mtok", top(value), lambda _: case.plan, _capped(case, fields)),
        )


def _capped(case: Case, fields: tuple[str, ...]) -> Callable[[int], tuple[Question, Snapshot]]:
    question, names = case.facts.question, dict(CEILINGS)

    def asked(value: int) -> tuple[Question, Snapshot]:
        said: dict[str, Any] = {names[field]: value for field in fields}
        assert question.context.narrow is not None
        context = replace(question.context, narrow=replace(question.context.narrow, **said))
        return replace(question, context=context), case.facts.snapshot

    return asked


# Budgets


def _of_budgets(case: Case) -> Iterator[Point]:
    used = dict(case.facts.snapshot.used)
    for place, budget in enumerate(case.plan.policy.budgets):
        if used.get(budget.key):
            yield from _of_sum(case, place, budget, used=used[budget.key])
            yield from _of_thresholds(case, place, budget, used=used[budget.key])


def _of_sum(case: Case, place: int, budget: Budget, *, used: int) -> Iterator[Point]:
    """The sums with which a reached threshold is surely not reached any more, or the next ones surely are."""
    whole = budget.limit_nano_usd
    below, at_least = (used + PERCENT) * whole, used * whole

    def asked(value: int) -> tuple[Question, Snapshot]:
        level = ((below - 1) if value > whole else at_least) // value // PERCENT * PERCENT
        levels = tuple((key, level if key == budget.key else ppm) for key, ppm in case.facts.snapshot.used)
        return case.facts.question, replace(case.facts.snapshot, used=levels)

    def plan(value: int) -> Plan:
        return _with_budget(case.plan, place, replace(budget, limit_nano_usd=value))

    at = budget.at if budget.at.line else None
    knob = Knob("limit", f"{budget.rule} of {sum_of(budget)}", at, whole, "usd", top(whole), plan, asked)
    for threshold, _ in budget.thresholds:
        value = -(-below // threshold) if threshold <= used else at_least // (-(-threshold // PERCENT) * PERCENT)
        if 0 < value <= knob.high:
            yield Point(knob, value)


def _of_thresholds(case: Case, place: int, budget: Budget, *, used: int) -> Iterator[Point]:
    """The thresholds that would surely not be reached, or would be; their order stays."""
    at = budget.at if budget.at.line else None
    rows = budget.thresholds
    for row, (threshold, action) in enumerate(rows):

        def plan(value: int, row: int = row, action: str = action) -> Plan:
            return _with_budget(
                case.plan, place, replace(budget, thresholds=(*rows[:row], (value, action), *rows[row + 1 :]))
            )

        what = f"{budget.rule}'s threshold of {share(threshold)} ({action})"
        knob = Knob("limit", what, at, threshold, "micro", top(threshold), plan, words=share)
        value = used + PERCENT if threshold <= used else used
        low = rows[row - 1][0] if row else 0
        high = rows[row + 1][0] if row + 1 < len(rows) else knob.high + 1
        if low < value < high and value <= knob.high:
            yield Point(knob, value)


def _with_budget(plan: Plan, place: int, changed: Budget) -> Plan:
    budgets = plan.policy.budgets
    return again(plan, replace(plan.policy, budgets=(*budgets[:place], changed, *budgets[place + 1 :])))
