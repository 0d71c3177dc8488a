"""Asking the advisor that the policy's rank names, once per call, before its first decision; others pay nothing.

Whatever goes wrong is an advice that names nobody and says why, with which the rank that stands behind decides.
"""

from __future__ import annotations

from dataclasses import replace

from waypost.core.model.advice import Advice
from waypost.core.model.events import InternalError
from waypost.core.model.inquiry import Inquiry
from waypost.core.model.question import Question, Snapshot
from waypost.core.model.target import Target
from waypost.core.policy.bits import bits, remember
from waypost.core.policy.decide import decide
from waypost.core.policy.plan import Plan
from waypost.core.policy.request import required
from waypost.core.routing.effects import Consult, tell
from waypost.core.routing.prepare import Stage
from waypost.core.routing.settle import Flow

MAX_POOLS = 256


def consults(plan: Plan, question: Question) -> bool:
    """Whether the rank of this call is an advisor's that has not been asked. A call's own strategy or preference
    stands above it."""
    name, advice = plan.policy.rank.advisor, question.advice
    if name is None or (advice is not None and advice.advisor == name):
        return False
    return question.context.strategy is None and question.context.preference is None


def advised(stage: Stage, snapshot: Snapshot, deadline_ns: int | None = None) -> Flow:
    """The stage with what the advisor says of the call; as it is where nobody is asked."""
    plan, question = stage.plan, stage.question
    if not consults(plan, question):
        return stage
    rank = plan.policy.rank
    assert rank.advisor is not None
    try:
        inquiry = inquiry_of(plan, question, snapshot, seed=stage.call.seed)
        if len(inquiry.targets) < 2:
            advice = Advice(rank.advisor, failure="unasked")
        else:
            left = rank.within_ns if deadline_ns is None else deadline_ns - stage.routes.now()
            advice = yield Consult(rank.advisor, inquiry, max(min(rank.within_ns, left), 1))
    except Exception as error:
        yield tell(InternalError("advice", type(error).__name__, stage.call.receipt), error)
        advice = Advice(rank.advisor, failure="error")
    return replace(stage, question=replace(question, advice=advice))


def inquiry_of(
    plan: Plan, question: Question, snapshot: Snapshot, *, seed: bytes, tried: frozenset[str] = frozenset()
) -> Inquiry:
    """What an advisor may know of a call: whom every rule lets through, and no text, no person and no session."""
    alive = decide(plan, question, snapshot, seed, tried).survivors
    context = question.context
    if context.user is not None or context.session is not None:
        context = replace(context, user=None, session=None)
    return Inquiry(
        features=question.features,
        context=context,
        needs=required(question.needs),
        streaming=question.streaming,
        targets=pool_of(plan, alive),
    )


def pool_of(plan: Plan, alive: int) -> tuple[Target, ...]:
    """The targets of a mask: the same object for the same mask, so that advisors can tell at a glance."""
    pool = plan.pools.get(alive)
    if pool is None:
        pool = remember(plan.pools, alive, tuple([plan.catalog.targets[index] for index in bits(alive)]), MAX_POOLS)
    return pool
