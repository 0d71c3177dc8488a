"""The share of a canary or of exploring, and the weights of those that share the calls: at which the draw turns.

Drawn alike, a share turns at one value. Weights are walked from what they are, the nearest values first, because
what is drawn depends on the sum of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from waypost.core.model.money import MICRO
from waypost.core.policy.case import Case
from waypost.core.policy.columns import model_of
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.draw import draw, key_of
from waypost.core.policy.flip_knobs import Knob, again, top
from waypost.core.policy.flip_points import Aim, Point
from waypost.core.policy.plan import Plan
from waypost.core.policy.spending import share
from waypost.core.policy.tree import Select

STEPS = 2_000
"""How far from what it is a weight is walked, down and up."""


def of_select(aim: Aim) -> Iterator[Point]:
    """Every point of a number that has a part in the draw; none where nothing was drawn."""
    case = aim.case
    select, decision = case.plan.select, case.decision
    if select is None or decision.tried or case.facts.question.pinned or decision.aside == "override":
        return
    if not case.ranked:
        return
    drawn = _drawing(case, select)
    match select.kind:
        case "canary" | "explore":
            label = "explore" if select.kind == "explore" else select.target or ""
            yield from _of_share(case, select, drawn(label) % MICRO)
        case "weighted":
            yield from _of_weights(aim, select, drawn)
        case _:
            return


def _drawing(case: Case, select: Select) -> Callable[[str], int]:
    key = key_of(case.facts.question, select.by, case.decision.seed)
    return lambda label: draw(key, case.plan.policy.name, label)


def _of_share(case: Case, select: Select, ticket: int) -> Iterator[Point]:
    """The share that the call is just in, or just not."""
    if not select.share_ppm:
        return

    def plan(value: int) -> Plan:
        return again(case.plan, replace(case.plan.policy, select=replace(select, share_ppm=value)))

    at, now = select.at if select.at.line else None, select.share_ppm
    knob = Knob("limit", f"the share of {select.kind}", at, now, "micro", min(top(now), MICRO), plan, words=share)
    value = ticket if ticket < now else ticket + 1
    if value <= knob.high:
        yield Point(knob, value)


# Weights

Pool = Sequence[tuple[int, int]]


def _of_weights(aim: Aim, select: Select, drawn: Callable[[str], int]) -> Iterator[Point]:
    case = aim.case
    pool = _pool(case, select)
    tickets = {index: drawn(case.targets[index].id) for index, _ in pool}
    now = _taken(case, pool, tickets)
    for place, (index, weight) in enumerate(pool):
        knob = _weight(case, select, index, weight=weight)
        for value in _near(weight):
            taken = _taken(case, (*pool[:place], (index, value), *pool[place + 1 :]), tickets)
            if taken == aim.wanted if aim.wanted is not None else taken != now:
                yield Point(knob, value)
                break


def _near(weight: int) -> Iterator[int]:
    for step in range(1, min(top(weight) - weight, STEPS) + 1):
        if step <= weight:
            yield weight - step
        yield weight + step


def _pool(case: Case, select: Select) -> Pool:
    """The survivors with a weight: those that the policy lists, or the deployments of the best."""
    if select.weights:
        return [pair for pair in case.plan.weights if case.alive(pair[0])]
    siblings = case.plan.columns.siblings(model_of(case.targets[case.ranked[0]]))
    return [(at, case.targets[at].weight) for at in siblings if case.alive(at) and case.targets[at].weight > 0]


def _taken(case: Case, pool: Pool, tickets: dict[int, int]) -> int:
    """Whom the draw takes with these weights."""
    left = sum(weight for _, weight in pool)
    for index, weight in pool:
        if left and tickets[index] % left < weight:
            return index
        left -= weight
    return case.ranked[0]


def _weight(case: Case, select: Select, index: int, *, weight: int) -> Knob:
    target, plan = case.targets[index], case.plan

    def listed(value: int) -> Plan:
        weights = tuple((name, value if name == target.id else known) for name, known in select.weights)
        return again(plan, replace(plan.policy, select=replace(select, weights=weights)))

    def own(value: int) -> Plan:
        targets = list(plan.catalog.targets)
        targets[index] = replace(target, weight=value)
        return compile_policy(plan.policy, replace(plan.catalog, targets=tuple(targets)), plan.expresses)

    if select.weights:
        at = select.at if select.at.line else None
        return Knob("weight", f"{target.id} in select", at, weight, "count", top(weight), listed, words=str)
    return Knob("fact", f"weight of {target.id}", None, weight, "count", top(weight), own)
