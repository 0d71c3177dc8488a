"""The end of an attempt and of a call: usage to cost, cost to baselines, all of it to a settlement."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

from waypost.core.catalog.pricing import price_usage
from waypost.core.model.events import Attempted, Attempting, Decided, InternalError, Settled
from waypost.core.model.frozen import dataclass, factory
from waypost.core.model.outcome import (
    UNPRICED,
    Attempt,
    Baseline,
    Cost,
    CostBasis,
    Failure,
    Outcome,
    Settlement,
    Usage,
)
from waypost.core.model.target import Target
from waypost.core.routing.accounts import of_everybody
from waypost.core.routing.effects import Effect, Observed, Seal, Settle, StreamEnd, tell
from waypost.core.routing.prepare import OBSERVED, Stage
from waypost.core.routing.tab import Tab, bill, forfeit

Flow = Generator[Effect, Any, Any]


@dataclass(frozen=True, slots=True)
class Open:
    """A call whose answer is a stream that is still open; its end settles it."""

    stage: Stage
    attempting: Attempting
    target: Target | None
    past: tuple[Attempted, ...]
    decided: Decided | None
    tab: Tab


_new_attempt, _new_attempted = factory(Attempt), factory(Attempted)
_new_settlement, _new_settled, _new_baseline = factory(Settlement), factory(Settled), factory(Baseline)


def ended(
    attempting: Attempting,
    target: Target | None,
    now_ns: int,
    observed: Observed | None = None,
    *,
    failure: Failure | None = None,
    first_chunk_ns: int | None = None,
) -> Attempted:
    """The attempt with its end, its usage and what that cost."""
    seen = observed or Observed()
    begun = attempting.attempt
    attempt = _new_attempt(
        begun.number,
        begun.target,
        begun.provider,
        begun.model,
        begun.dialect,
        begun.reason,
        begun.started_ns,
        now_ns,
        failure=failure,
        usage=seen.usage,
        cost=UNPRICED if seen.usage is None else price_usage(target, seen.usage),
        response_id=seen.response_id,
        response_model=seen.response_model,
        finish_reasons=seen.finish_reasons,
        request_id=seen.request_id,
        first_chunk_ns=first_chunk_ns,
        left_out=seen.left_out,
        untold=begun.untold,
    )
    return _new_attempted(attempting, attempt)


def estimated(stage: Stage, observed: Observed, spoken: int | None = None) -> Observed:
    """``observed`` with a usage of our own where the answer has none; marked as estimated. ``spoken`` is what a stream
    is estimated to have said."""
    if observed.usage is not None:
        return observed
    features = stage.question.features
    output = features.tokens_output if spoken is None else spoken
    if stage.call.operation in OBSERVED:
        output = 0
    return replace(observed, usage=Usage(features.tokens_input, output, estimated=True))


def settlement(stage: Stage, outcome: Outcome, attempts: tuple[Attempted, ...]) -> Settlement:
    """The whole call. Attempts without usage were not billed; one that is unpriced makes the sum unpriced."""
    records = tuple(attempted.attempt for attempted in attempts)
    billed = [attempt for attempt in records if attempt.usage is not None]
    last = billed[-1] if billed else None
    return _new_settlement(
        outcome=outcome,
        usage=last.usage if last else None,
        cost=total(billed),
        baselines=baselines(stage, last.usage, last) if last and last.usage else (),
        started_ns=stage.started.at_ns,
        ended_ns=records[-1].ended_ns if records else stage.started.at_ns,
        attempts=records,
    )


_LEAST_SURE: tuple[CostBasis, ...] = ("estimated", "computed", "reported", "local")


def total(billed: list[Attempt]) -> Cost:
    """The sum of what was billed: one bill as it is, several as a sum without lines that is as sure as its least sure
    part."""
    if len(billed) == 1:
        return billed[0].cost
    if not billed:
        return UNPRICED
    sums = [attempt.cost.nano_usd for attempt in billed]
    known = [value for value in sums if value is not None]
    if len(known) < len(sums):
        return UNPRICED
    amount = 0
    for value in known:
        amount += value
    bases = {attempt.cost.basis for attempt in billed}
    return Cost(amount, next(basis for basis in _LEAST_SURE if basis in bases), (), billed[-1].cost.price_as_of)


def baselines(stage: Stage, usage: Usage, billed: Attempt) -> tuple[Baseline, ...]:
    """The same usage at the requested model and at the policy's baseline, as far as each is known.

    A target is priced once: often the requested one is the baseline, or is who answered.
    """
    out: list[Baseline] = []
    asked = stage.requested
    if asked is not None:
        cost = billed.cost if asked.id == billed.target else price_usage(asked, usage)
        out.append(_new_baseline("requested", asked.id, cost))
    # What a policy compares with is a model that answers; none of them could have made these vectors.
    name = None if stage.call.operation in OBSERVED else stage.plan.policy.baseline
    target = stage.routes.catalog.get(name) if name else None
    if target is not None:
        if target is asked:
            cost = out[0].cost
        else:
            cost = billed.cost if target.id == billed.target else price_usage(target, usage)
        out.append(_new_baseline("policy", target.id, cost))
    return tuple(out)


def settle(stage: Stage, outcome: Outcome, attempts: tuple[Attempted, ...], decided: Decided | None, tab: Tab) -> Flow:
    """Tell the end of the call and let the state learn. A fault of ours here never reaches the caller."""
    try:
        result = settlement(stage, outcome, attempts)
        charge = bill(stage, tab, result)
        if charge.nano_usd and result.cost.nano_usd is None:
            result = replace(result, charged_nano_usd=charge.nano_usd)
        event = _new_settled(stage.started, stage.question, decided, attempts, result)
    except Exception as error:
        yield tell(InternalError("settle", type(error).__name__, stage.call.receipt), error)
        yield from forfeit(tab)
        return
    yield tell(event)
    if stage.started.content is not None:
        yield Seal()
    yield Settle(tab.lease, charge, of_everybody(stage, result.attempts[tab.told :]), tab.blocking)


def finish(opened: Open, end: StreamEnd) -> Flow:
    """The end of a stream: whoever closes it drives this."""
    opened.tab.blocking = True
    outcome: Outcome = "ok"
    if end.outcome in ("error", "cancelled", "abandoned"):
        outcome = end.outcome  # type: ignore[assignment]
    nothing_came = end.failure is not None and end.events == 0  # which nobody bills
    try:
        attempted = ended(
            opened.attempting,
            opened.target,
            end.ended_ns,
            end.observed if nothing_came else estimated(opened.stage, end.observed, end.spoken),
            failure=end.failure,
            first_chunk_ns=end.first_chunk_ns,
        )
    except Exception as error:
        yield tell(InternalError("settle", type(error).__name__, opened.stage.call.receipt), error)
        yield from forfeit(opened.tab)
        return
    yield tell(attempted)
    yield from settle(opened.stage, outcome, (*opened.past, attempted), opened.decided, opened.tab)
