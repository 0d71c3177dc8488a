"""The smallest change of one number that would have chosen another target, decided again before it is told.

docs/decision.md says which numbers: those of lines and weights of the rank (`waypost.core.policy.flip_knobs`), of
conditions, ceilings and budgets (`flip_call`), of select (`flip_select`), of `match` (`flip_match`), of scales
(`flip_scales`), and facts of targets (`flip_numbers`); changes are compared as shares of what is there now. Where
filters, rules and rank alone decide, none smaller exists; where chance, a warm cache, an override or a budget has a
part in the selection, in a catalog of more than 200 targets, and within the rounding of a score at the end of a scale,
what is found is true, and a smaller one may exist. Only computed for who reads a proof.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain

from waypost.core.model.decision import Decision, Flip
from waypost.core.model.question import Question, Snapshot
from waypost.core.policy.case import Case
from waypost.core.policy.choose import PSEUDONYMS
from waypost.core.policy.decide import decide
from waypost.core.policy.flip_call import of_call
from waypost.core.policy.flip_equal import of_equal
from waypost.core.policy.flip_facts import of_facts
from waypost.core.policy.flip_match import Beside, of_matches
from waypost.core.policy.flip_points import Aim, Point, of_policy
from waypost.core.policy.flip_scales import of_scales
from waypost.core.policy.flip_select import of_select
from waypost.core.policy.plan import Plan
from waypost.core.policy.proof import case_of

__all__ = ["NO_FLIP", "minimal_flip", "smallest"]

NO_FLIP = Flip("none")
PERSONAL = Flip("none", "not known: the decision depended on who asked, and the receipt has only a pseudonym of that")
"""Where the same plan, asked the same again, selects another, or the draw was by a person: on receipts users and
sessions are pseudonyms."""
PSEUDONYM = re.compile(r"p_[0-9a-f]{32}")
TRIES = 200
"""How many changes of lines, of the rank and of facts are decided again before the search ends."""


def minimal_flip(
    plan: Plan, question: Question, snapshot: Snapshot, decision: Decision, beside: Beside | None = None
) -> Flip:
    """The smallest change with which another target is selected; of the kind ``none`` where no single one does it.

    ``beside`` are all policies in force, where they are known.
    """
    return smallest(case_of(plan, question, snapshot, decision), None, beside)


def smallest(case: Case, wanted: int | None, beside: Beside | None = None) -> Flip:
    """The smallest change with which ``wanted`` is selected, or with ``None`` anybody but who is."""
    if _selected(case, case.plan, case.facts.question, case.facts.snapshot) != case.decision.selected:
        return PERSONAL
    if _hidden(case):
        return PERSONAL
    aim = Aim(case, wanted)
    few = chain(of_call(aim), of_select(aim), () if beside is None else of_matches(beside, case.facts.snapshot))
    many = chain(of_policy(aim), of_equal(aim), of_scales(aim), of_facts(aim))
    for point in _ordered([*few, *_ordered(many)[:TRIES]]):
        knob = point.knob
        asked = (case.facts.question, case.facts.snapshot) if knob.asked is None else knob.asked(point.value)
        chosen = _selected(case, knob.plan(point.value), *asked)
        if chosen is not None and (chosen == wanted if wanted is not None else chosen != case.decision.selected):
            return Flip(
                knob.kind,
                knob.what,
                knob.source,
                knob.text(knob.value),
                knob.text(point.value),
                point.change_ppm,
                case.targets[chosen].id,
            )
    return NO_FLIP


def _hidden(case: Case) -> bool:
    """Whether the draw was by somebody of whom there is a pseudonym alone, so that it cannot be drawn again."""
    select, context = case.plan.select, case.facts.question.context
    if not case.decision.chance or select is None or select.by not in PSEUDONYMS:
        return False
    who = context.user if select.by == "user" else context.session
    return who is not None and PSEUDONYM.fullmatch(who) is not None


def _ordered(found: Iterable[Point]) -> list[Point]:
    """The smallest first; of equal ones limits before claims before weights before facts."""
    rank = {"limit": 0, "claim": 1, "weight": 2, "fact": 3}
    return sorted(found, key=lambda point: (point.change, rank[point.knob.kind], point.knob.what))


def _selected(case: Case, plan: Plan, question: Question, snapshot: Snapshot) -> int | None:
    """Whom ``plan`` selects for the question, with the case's draws and without whom it tried."""
    return decide(plan, question, snapshot, case.decision.seed, frozenset(case.decision.tried)).selected
