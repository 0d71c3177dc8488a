"""Which policy holds for a call, and how far the call goes on the mode ladder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from waypost.core.model.decision import Cause
from waypost.core.model.money import MICRO
from waypost.core.model.question import Mode, Question
from waypost.core.policy.draw import draw, key_of
from waypost.core.policy.needs_call import fields_of
from waypost.core.policy.plan import Plan
from waypost.core.policy.tree import Policy

PSEUDONYMS = frozenset(("user", "session"))
LADDER: tuple[Mode, ...] = get_args(Mode)


def choose(plans: Sequence[Plan], question: Question) -> Plan:
    """The plan that the context names, else the first that matches, else the first without ``match``, else the last.

    Raises:
        ValueError: there are no plans.
    """
    if not plans:
        raise ValueError("there are no plans")
    named = question.context.policy
    if named is not None:
        for plan in plans:
            if plan.policy.name == named:
                return plan
    for plan in plans:
        if plan.match is not None and plan.matches(question):
            return plan
    return next((plan for plan in plans if plan.match is None), plans[-1])


def last_resort(policies: Sequence[Policy]) -> Policy | None:
    """The last of ``policies``, where calls that match none are decided by it: each has a ``match``. Envelopes choose
    nothing and do not count."""
    choosing = [policy for policy in policies if not policy.envelope]
    if not choosing or any(policy.match is None for policy in choosing):
        return None
    return choosing[-1]


def taken_as_last(plan: Plan, question: Question) -> bool:
    """Whether ``plan`` decided the call of a receipt's ``question`` although its ``match`` does not hold and nobody
    named it. ``False`` where that cannot be known, because users and sessions are pseudonyms on receipts."""
    match = plan.policy.match
    if match is None or not PSEUDONYMS.isdisjoint(fields_of(match)):
        return False
    return not plan.matches(question) and question.context.policy != plan.policy.name


def mode_of(plan: Plan, question: Question, seed: bytes) -> tuple[Mode, Cause]:
    """How far this call goes on the ladder, with cause ``rollout`` where a share decided."""
    spec, asked = plan.policy.mode, question.context.mode
    mode = spec.mode
    if asked is not None and (LADDER.index(asked) < LADDER.index(mode) or (mode == "advise" and asked == "route")):
        mode = asked
    if question.auto and mode != "off":
        return "route", "policy"
    if mode != "route" or spec.mode != "route" or spec.share_ppm >= 1_000_000:
        return mode, "policy"
    pick = draw(key_of(question, spec.by, seed), plan.policy.name, "rollout") % MICRO
    return ("route" if pick < spec.share_ppm else "advise"), "rollout"
