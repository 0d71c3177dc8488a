"""The numbers in the ``match`` of policies, where it is known which others there are: another one may then decide."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from waypost.core.model.frozen import dataclass
from waypost.core.model.question import Question, Snapshot
from waypost.core.policy.facts import Facts
from waypost.core.policy.flip_equal import turns
from waypost.core.policy.flip_knobs import Knob, again, comparisons, limits_of, top, with_limit
from waypost.core.policy.flip_points import Point
from waypost.core.policy.plan import Plan
from waypost.core.policy.render import render


@dataclass(frozen=True, slots=True)
class Beside:
    """All ``plans`` in force, in their order, the ``question`` as it was before one of them was chosen, and how that
    is done: ``govern`` gives the plan, and the question as it has it."""

    plans: tuple[Plan, ...]
    question: Question
    govern: Callable[[tuple[Plan, ...], Question], tuple[Plan, Question]]


def of_matches(beside: Beside, snapshot: Snapshot) -> Iterator[Point]:
    """Every value with which a comparison of some ``match`` becomes what it is not."""
    for place, plan in enumerate(beside.plans):
        match = plan.policy.match
        facts = Facts(plan, beside.question, snapshot)
        for number, compare in enumerate(() if match is None else comparisons(match)):
            for item, (value, unit) in limits_of(compare):
                governed = _governed(beside, place, (number, item))

                def made(changed: int, governed: Governed = governed) -> Plan:
                    return governed(changed)[0]

                def asked(changed: int, governed: Governed = governed) -> tuple[Question, Snapshot]:
                    return governed(changed)[1], snapshot

                what = f"{render(compare)} in the match of {plan.policy.name}"
                at = compare.at if compare.at.line else None
                knob = Knob("limit", what, at, value, unit, top(value), made, asked)
                yield from (Point(knob, new) for new in turns(facts, compare, value) if 0 <= new <= knob.high)


Governed = Callable[[int], tuple[Plan, Question]]


def _governed(beside: Beside, place: int, number: tuple[int, int]) -> Governed:
    """The plan that decides, and the question as it has it, with another number in the ``match`` of one plan."""
    plan = beside.plans[place]
    match = plan.policy.match
    assert match is not None

    def governed(value: int) -> tuple[Plan, Question]:
        changed = again(plan, replace(plan.policy, match=with_limit(match, number[0], value, number[1])))
        plans = (*beside.plans[:place], changed, *beside.plans[place + 1 :])
        return beside.govern(plans, beside.question)

    return governed
