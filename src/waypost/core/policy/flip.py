"""The smallest change of one number that would have chosen another target, decided again before it is told.

The numbers are those of `waypost.core.policy.flip_knobs`; changes are compared as shares of what is there now. Where
filters and rank alone decide, none smaller exists; where chance, a warm cache, an override or a budget has a part in
the selection, and in a catalog of more than 200 targets, what is found is true, and a smaller one may exist. Only
computed for who reads a proof.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from waypost.core.model.decision import Decision, Flip
from waypost.core.model.question import Question, Snapshot
from waypost.core.policy.case import Case
from waypost.core.policy.decide import decide
from waypost.core.policy.flip_facts import of_facts
from waypost.core.policy.flip_points import Aim, Point, of_policy
from waypost.core.policy.plan import Plan
from waypost.core.policy.proof import case_of

__all__ = ["NO_FLIP", "minimal_flip", "smallest"]

NO_FLIP = Flip("none")
PERSONAL = Flip("none", "not known: the decision depended on who asked, and the receipt has only a pseudonym of that")
"""Where the same plan, asked the same again, selects another: on receipts users and sessions are pseudonyms."""
TRIES = 200
"""How many changes are decided again before the search ends."""


def minimal_flip(plan: Plan, question: Question, snapshot: Snapshot, decision: Decision) -> Flip:
    """The smallest change with which another target is selected; of the kind ``none`` where no single one does it."""
    return smallest(case_of(plan, question, snapshot, decision), None)


def smallest(case: Case, wanted: int | None) -> Flip:
    """The smallest change with which ``wanted`` is selected, or with ``None`` anybody but who is."""
    if _selected(case, case.plan) != case.decision.selected:
        return PERSONAL
    aim = Aim(case, wanted)
    for point in _ordered(chain(of_policy(aim), of_facts(aim))):
        chosen = _selected(case, point.knob.plan(point.value))
        if chosen is not None and (chosen == wanted if wanted is not None else chosen != case.decision.selected):
            return Flip(
                point.knob.kind,
                point.knob.what,
                point.knob.source,
                point.knob.text(point.knob.value),
                point.knob.text(point.value),
                point.change_ppm,
                case.targets[chosen].id,
            )
    return NO_FLIP


def _ordered(found: Iterable[Point]) -> list[Point]:
    """The smallest first; of equal ones limits before weights before facts."""
    rank = {"limit": 0, "weight": 1, "fact": 2}
    return sorted(found, key=lambda point: (point.change, rank[point.knob.kind], point.knob.what))[:TRIES]


def _selected(case: Case, plan: Plan) -> int | None:
    """Whom ``plan`` selects for the case's question."""
    facts, decision = case.facts, case.decision
    return decide(plan, facts.question, facts.snapshot, decision.seed, frozenset(decision.tried)).selected
