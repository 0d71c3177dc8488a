"""One send and what becomes of its answer: the caller's value, and an end that is settled.

Exceptions of a send are classified only if they are `Exception`: cancellation and interrupts pass through, and are
settled as such.
"""

from __future__ import annotations

from typing import Any

from waypost.core.model.events import Decided, InternalError
from waypost.core.model.frozen import factory
from waypost.core.model.outcome import Attempt, Failure, Outcome, Usage
from waypost.core.model.question import Snapshot
from waypost.core.model.target import Target
from waypost.core.policy.decide import decide, estimates
from waypost.core.policy.proof import prove
from waypost.core.routing.content import said
from waypost.core.routing.effects import Answer, Native, Observed, Send, Sent, Wire, tell
from waypost.core.routing.exchange import Exchange, wire_answer
from waypost.core.routing.glimpse import wrong_with
from waypost.core.routing.nobody import summary
from waypost.core.routing.prepare import OBSERVED, Stage
from waypost.core.routing.settle import Flow, Open, ended, estimated, settle
from waypost.core.routing.tab import forfeit

_new_decided, _new_attempt, _new_answer = factory(Decided), factory(Attempt), factory(Answer)


def decided_on(stage: Stage, snapshot: Snapshot, hop: int, tried: frozenset[str], *, advised: bool) -> Decided:
    begun = stage.routes.now()
    plan, question = stage.plan, stage.question
    decision = decide(plan, question, snapshot, stage.call.seed, tried)
    now = stage.routes.now()
    return _new_decided(
        started=stage.started,
        at_ns=now,
        hop=hop,
        question=question,
        snapshot=snapshot,
        decision=decision,
        duration_ns=now - begun,
        advised=advised,
        prove=lambda: prove(plan, question, snapshot, decision),
        prove_only=lambda indices: prove(plan, question, snapshot, decision, only=indices),
        estimates=lambda indices: estimates(plan, question, indices),
        target_of=lambda index: plan.catalog.targets[index].id,
    )


def attempt_of(stage: Stage, target: Target | None, number: int, reason: Any, untold: tuple[str, ...] = ()) -> Attempt:
    call = stage.call
    now = stage.routes.now()
    if target is None:
        return _new_attempt(number, None, call.origin.provider, call.requested, call.dialect, reason, now, now)
    endpoint = stage.routes.endpoints[target.endpoint]
    model = call.requested if target is stage.requested else target.model
    spoken = call.operation in OBSERVED or endpoint.speaks(call.dialect)
    dialect = call.dialect if spoken else endpoint.dialect
    return _new_attempt(number, target.id, endpoint.provider, model, dialect, reason, now, now, untold=untold)


def sending(send: Send, opened: Open) -> Flow:
    """Send; what is no `Exception` (cancellation, an interrupt) is settled here and passes through.

    Outside of route a failure is settled too, because nobody will try again.
    """
    stage = opened.stage
    try:
        return (yield send)
    except GeneratorExit:
        raise
    except BaseException as error:
        routed = isinstance(error, Exception) and stage.mode == "route"
        if not routed:
            failure = stage.call.classify(error) if isinstance(error, Exception) else None
            observed = None if failure is None else (yield from salvaged(stage, error))
            attempted = ended(opened.attempting, opened.target, stage.routes.now(), observed, failure=failure)
            outcome = "cancelled" if failure is None else "error"
            yield tell(attempted)
            attempts = (*opened.past, attempted)
            yield from settle(stage, outcome, attempts, opened.decided, opened.tab)  # type: ignore[arg-type]
        raise


def salvaged(stage: Stage, error: BaseException) -> Flow:
    """What an answer says of itself that came whole, and that the SDK broke at; ``None`` where none came."""
    call = stage.call
    try:
        return None if call.broken_at is None else call.broken_at(error, stage.routes.codecs[call.dialect])
    except Exception as broken:
        yield tell(InternalError("salvage", type(broken).__name__, call.receipt), broken)
        return None


class Malformed(Exception):
    """An answer that its own dialect's codec cannot read, or that says of itself that it failed."""

    def __init__(self, failure: Failure, usage: Usage | None) -> None:
        super().__init__(failure.kind)
        self.failure = failure
        self.observed = Observed(usage)


def _billed(exchange: Exchange, sent: Wire) -> Usage | None:
    """What an answer that cannot be read says that it costs."""
    try:
        return exchange.codec.usage(sent.body or {})
    except ValueError:
        return None


def answered(opened: Open, sent: Sent, exchange: Exchange | None) -> Flow:
    """Build what the caller gets; settle a whole answer, leave an open stream to be settled by its end."""
    stage = opened.stage
    told = None if exchange is None else (yield from _summary(opened))
    if sent.stream is not None:
        if stage.started.content is not None:
            yield from said(stage, sent, exchange)
        value, wire = (sent.value, None) if isinstance(sent, Native) else (None, sent)
        return _new_answer(value, wire, told, sent.stream, opened)
    if isinstance(sent, Native):
        answer, observed = _new_answer(sent.value, summary=told), sent.observed
    else:
        assert exchange is not None
        try:
            wire, observed = wire_answer(stage, exchange, sent)
        except ValueError as error:
            told_so = wrong_with(sent.body or {}, sent.status, exchange.codec)
            raise Malformed(told_so or Failure("malformed", sent.status), _billed(exchange, sent)) from error
        answer = _new_answer(wire=wire, summary=told)
    if stage.started.content is not None:
        yield from said(stage, answer.wire or sent, exchange)
    yield from _close(opened, observed, sent.failure if isinstance(sent, Native) else None)
    return answer


def _close(opened: Open, observed: Observed, failure: Failure | None) -> Flow:
    """The end of a whole answer. The answer is there: a fault of ours from here on must not cost the caller it."""
    stage = opened.stage
    try:
        seen = estimated(stage, observed) if failure is None else observed
        attempted = ended(opened.attempting, opened.target, stage.routes.now(), seen, failure=failure)
    except Exception as error:
        yield tell(InternalError("settle", type(error).__name__, stage.call.receipt), error)
        yield from forfeit(opened.tab)
        return
    yield tell(attempted)
    outcome: Outcome = "ok" if failure is None else "error"
    yield from settle(stage, outcome, (*opened.past, attempted), opened.decided, opened.tab)


def _summary(opened: Open) -> Flow:
    try:
        return summary(opened.stage, opened.decided, opened.target)
    except Exception as error:
        yield tell(InternalError("summary", type(error).__name__, opened.stage.call.receipt), error)
        return None
