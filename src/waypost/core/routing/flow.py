"""A whole call as a generator of effects. It sequences; it performs nothing and knows no SDK.

    prepare → observe: send as it is
            → advise:  decide beside a send as it is
            → route:   (look → decide → send)* until something answered, each hop deciding again on what is left

Where our own code breaks before anything was sent, the call fails open as `fail_open` says. Exceptions of a send are
classified only if they are `Exception`: cancellation and interrupts pass through, and are settled as such.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from waypost.core.model.events import Attempted, Attempting, Decided, InternalError
from waypost.core.model.frozen import dataclass
from waypost.core.model.outcome import Attempt, Failure
from waypost.core.model.question import EMPTY_SNAPSHOT, Snapshot
from waypost.core.model.target import Target
from waypost.core.policy.decide import decide, estimates
from waypost.core.policy.fallback import Abort, Next, Retry, act
from waypost.core.policy.proof import prove
from waypost.core.routing.effects import (
    Answer,
    Call,
    Disable,
    Discard,
    Look,
    Native,
    NativeError,
    Observed,
    Pull,
    Send,
    SendFailed,
    Sent,
    Sleep,
    Tell,
)
from waypost.core.routing.exchange import Exchange, plan_exchange, wire_answer
from waypost.core.routing.nobody import NO_ELIGIBLE_MODEL, NOBODY, default_exchange, no_candidates, summary
from waypost.core.routing.open_fail import blind
from waypost.core.routing.prepare import NotThisDialect, Routes, Stage, prepare, switched_off, with_need
from waypost.core.routing.settle import Flow, Open, ended, estimated, settle
from waypost.errors import Untranslatable


def route(call: Call, routes: Routes) -> Flow:
    """One call, from bound to answered. Returns an `Answer`; raises what the caller is to see."""
    if switched_off(call, routes):
        return (yield from _untouched(call))
    try:
        stage = prepare(call, routes)
    except NotThisDialect as error:
        return (yield from _blindly(call, routes, NativeError(NOBODY, f"waypost: {error}")))
    except Exception as error:
        yield Tell(InternalError("prepare", type(error).__name__, call.receipt), error)
        return (yield from _blindly(call, routes, None))
    if stage.mode == "off":
        return (yield from _untouched(call))
    yield Tell(stage.started)
    if stage.mode == "route":
        return (yield from _routed(stage))
    decided = (yield from _advice(stage)) if stage.mode == "advise" else None
    return (yield from _unchanged(stage, decided))


def _untouched(call: Call) -> Flow:
    """The original call, of which nothing is told."""
    attempt = Attempt(1, None, call.origin.provider, call.requested, call.dialect, "passthrough", 0, 0)
    return Answer((yield Send(call, attempt, True, None, None, None)).value)


def _blindly(call: Call, routes: Routes, refusal: NativeError | None) -> Flow:
    """Nothing can be decided. A concrete model gets the original call; ``auto`` gets ``refusal``, if the fault is the
    caller's, else the policy's default at the caller's own endpoint, unless a hard rule needs what is not known."""
    try:
        stage = blind(call, routes)
    except Exception as error:
        yield Tell(InternalError("prepare", type(error).__name__, call.receipt), error)
        if call.auto:
            raise refusal or _closed(call) from None
        return (yield from _untouched(call))
    yield Tell(stage.started)
    if not call.auto:
        return (yield from _unchanged(stage, None))
    hops = _Hops()
    exchange = None if refusal is not None else _open_default(stage, hops)
    if exchange is not None:
        answer = yield from _try(stage, hops, exchange, None)
        if answer is not None:
            return answer
    yield from settle(stage, "error" if hops.past else "rejected", hops.past, None)
    raise refusal or (yield from _final(stage, hops, None))


def _closed(call: Call) -> NativeError:
    message = f"waypost: no decision could be made and the policy fails closed (receipt {call.receipt})"
    return NativeError(Failure("internal", 500), message, code="routing_failed")


# --- observe and advise: the call runs as it is


def _advice(stage: Stage) -> Flow:
    """What the policy would have chosen, told beside the call; ``None`` where deciding broke."""
    try:
        snapshot = (yield Look()) or EMPTY_SNAPSHOT
        decided = _decide(stage, snapshot, hop=1, tried=frozenset(), advised=True)
    except Exception as error:
        yield Tell(InternalError("decide", type(error).__name__, stage.call.receipt), error)
        return None
    yield Tell(decided)
    return decided


def _unchanged(stage: Stage, decided: Decided | None) -> Flow:
    attempt = _attempt(stage, stage.requested, 1, "passthrough")
    call = stage.call
    attempting = Attempting(stage.started, stage.question, decided, attempt, call.origin.host, call.port)
    yield Tell(attempting)
    sent = yield from _send(stage, Send(stage.call, attempt, True, None, None, None), attempting, (), decided)
    opened = Open(stage, attempting, stage.requested, (), decided)
    return (yield from _answered(opened, sent, None))


# --- route: a loop of hops


@dataclass(slots=True)
class _Hops:
    """What the loop remembers: who was tried, what failed, and the first native exception."""

    tried: frozenset[str] = frozenset()
    past: tuple[Attempted, ...] = ()
    error: Exception | None = None
    failure: Failure | None = None
    deadline_ns: int | None = None
    retrying: Exchange | None = None
    repeats: int = 0


RETRIED_BY_SDKS = ("rate_limited", "overloaded", "timeout", "connection", "server_error")
FIRST_PAUSE_NS = 500_000_000
LONGEST_PAUSE_NS = 8_000_000_000
"""The SDKs' own pauses: half a second, doubled each time, eight seconds at most."""


def _routed(stage: Stage) -> Flow:
    hops = _Hops(deadline_ns=_deadline(stage))
    try:
        while True:
            exchange, decided, stage = yield from _next(stage, hops)
            if exchange is None:
                break
            answer = yield from _try(stage, hops, exchange, decided)
            if answer is not None:
                return answer
            if _exhausted(stage, hops):
                break
        yield from settle(stage, "error" if hops.past else "rejected", hops.past, decided)
        raise (yield from _final(stage, hops, decided))
    finally:
        hops.error = None  # an exception held by a frame that it points back to is a cycle


def _next(stage: Stage, hops: _Hops) -> Flow:
    """Decide on what is left: ``(exchange or None, decided, stage)``; the stage may have gained a need."""
    decided = None
    while True:
        try:
            snapshot = (yield Look()) or EMPTY_SNAPSHOT
            decided = _decide(stage, snapshot, len(hops.past) + 1, hops.tried, advised=False)
        except Exception as error:
            yield Tell(InternalError("decide", type(error).__name__, stage.call.receipt), error)
            return _open_default(stage, hops), decided, stage
        yield Tell(decided)
        selected = decided.decision.selected
        if selected is None:
            return (None if hops.past else default_exchange(stage, decided)), decided, stage
        target = stage.plan.catalog.targets[selected]
        try:
            return plan_exchange(stage, target, _is_last(stage, hops, decided)), decided, stage
        except Untranslatable as gap:
            stage = replace(stage, question=with_need(stage.question, gap.need, gap.path))
        except Exception as error:
            yield Tell(InternalError("encode", type(error).__name__, stage.call.receipt), error)
        hops.tried |= {target.id}


def _try(stage: Stage, hops: _Hops, exchange: Exchange, decided: Decided | None) -> Flow:
    """Send to one target, repeating it as the policy says; an `Answer`, or ``None`` for the next hop."""
    target = exchange.target
    while True:
        reason = "retry" if hops.retrying is exchange else "fallback" if hops.past else "primary"
        attempt = _attempt(stage, target, len(hops.past) + 1, reason)
        attempting = Attempting(stage.started, stage.question, decided, attempt, *exchange.place)
        yield Tell(attempting)
        try:
            send = exchange.send(attempt, _time_left(stage, hops, exchange))
            sent = yield from _send(stage, send, attempting, hops.past, decided)
            failure = yield from _pulled(exchange, sent, hops)
            if failure is None:
                opened = Open(stage, attempting, target, hops.past, decided)
                return (yield from _answered(opened, sent, exchange))
        except _Malformed:
            failure = Failure("malformed")
        except Exception as error:
            failure = _classify(stage.call, error)
            if exchange.home and hops.error is None:
                hops.error = error
            if failure.kind == "internal":
                yield Tell(InternalError("send", type(error).__name__, stage.call.receipt), error)
        hops.failure = failure
        attempted = ended(attempting, target, stage.routes.now(), failure=failure)
        yield Tell(attempted)
        hops.past = (*hops.past, attempted)
        if not (yield from _again(stage, hops, exchange)):
            return None
        hops.retrying = exchange


def _again(stage: Stage, hops: _Hops, exchange: Exchange) -> Flow:
    """What the policy does about the failure: ``True`` to repeat the same target; marks it tried otherwise."""
    assert hops.failure is not None
    if hops.failure.kind == "internal":  # not the provider's: at home nobody else would do better, elsewhere they may
        hops.tried |= {exchange.target.id}
        hops.deadline_ns = 0 if exchange.home else hops.deadline_ns
        return False
    action = act(stage.plan, hops.failure, tuple(item.attempt for item in hops.past))
    if isinstance(action, Retry) and not _exhausted(stage, hops, action.after_ns):
        yield Sleep(action.after_ns)
        return True
    if isinstance(action, Next | Abort) and action.disable_provider_ns:
        yield Disable(exchange.target.endpoint, stage.routes.now() + action.disable_provider_ns)
    spent = len(hops.past) >= stage.plan.policy.fallback.max_attempts
    pause = None if isinstance(action, Abort) and not spent else _callers_retry(stage, hops, exchange)
    if pause is not None:
        yield Sleep(pause)
        return True
    if isinstance(action, Abort):
        hops.deadline_ns = 0
    hops.tried |= {exchange.target.id}
    return False


def _callers_retry(stage: Stage, hops: _Hops, exchange: Exchange) -> int | None:
    """The pause before the last candidate is asked again, as often as the caller's SDK would have; ``None`` for never.

    At home the SDK's own loop does this; elsewhere nobody would, and the caller would be less reliable with us.
    """
    assert hops.failure is not None
    if not exchange.last or exchange.home or hops.failure.kind not in RETRIED_BY_SDKS:
        return None
    if hops.repeats >= stage.call.max_retries:
        return None
    asked = hops.failure.retry_after_ns
    pause = min(FIRST_PAUSE_NS << hops.repeats, LONGEST_PAUSE_NS) if asked is None else asked
    if hops.deadline_ns is not None and stage.routes.now() + pause >= hops.deadline_ns:
        return None
    hops.repeats += 1
    return pause


def _pulled(exchange: Exchange, sent: Sent, hops: _Hops) -> Flow:
    """Read a stream ahead while there is still somebody to fall back to; a `Failure` or ``None``."""
    if sent.stream is None or not exchange.ahead:
        return None
    failure = yield Pull(sent.stream, hops.deadline_ns)
    if failure is not None:
        yield Discard(sent.stream)
    return failure


# --- shared by all modes


def _send(
    stage: Stage, send: Send, attempting: Attempting, past: tuple[Attempted, ...], decided: Decided | None
) -> Flow:
    """Send; what is no `Exception` (cancellation, an interrupt) is settled here and passes through.

    Outside of route a failure is settled too, because nobody will try again.
    """
    try:
        return (yield send)
    except GeneratorExit:
        raise
    except BaseException as error:
        routed = isinstance(error, Exception) and stage.mode == "route"
        if not routed:
            failure = stage.call.classify(error) if isinstance(error, Exception) else None
            attempted = ended(attempting, None, stage.routes.now(), failure=failure)
            outcome = "cancelled" if failure is None else "error"
            yield Tell(attempted)
            yield from settle(stage, outcome, (*past, attempted), decided)  # type: ignore[arg-type]
        raise


class _Malformed(Exception):
    """An answer that its own dialect's codec cannot read."""


def _answered(opened: Open, sent: Sent, exchange: Exchange | None) -> Flow:
    """Build what the caller gets; settle a whole answer, leave an open stream to be settled by its end."""
    stage = opened.stage
    told = None if exchange is None else (yield from _summary(opened))
    if sent.stream is not None:
        value, wire = (sent.value, None) if isinstance(sent, Native) else (None, sent)
        return Answer(value, wire, told, sent.stream, opened)
    if isinstance(sent, Native):
        answer, observed = Answer(sent.value, summary=told), sent.observed
    else:
        assert exchange is not None
        try:
            wire, observed = wire_answer(stage, exchange, sent)
        except ValueError as error:
            raise _Malformed from error
        answer = Answer(wire=wire, summary=told)
    yield from _close(opened, observed)
    return answer


def _close(opened: Open, observed: Observed) -> Flow:
    """The end of a whole answer. The answer is there: a fault of ours from here on must not cost the caller it."""
    stage = opened.stage
    try:
        attempted = ended(opened.attempting, opened.target, stage.routes.now(), estimated(stage, observed))
    except Exception as error:
        yield Tell(InternalError("settle", type(error).__name__, stage.call.receipt), error)
        return
    yield Tell(attempted)
    yield from settle(stage, "ok", (*opened.past, attempted), opened.decided, opened.lease)


def _summary(opened: Open) -> Flow:
    try:
        return summary(opened.stage, opened.decided, opened.target)
    except Exception as error:
        yield Tell(InternalError("summary", type(error).__name__, opened.stage.call.receipt), error)
        return None


def _decide(stage: Stage, snapshot: Snapshot, hop: int, tried: frozenset[str], *, advised: bool) -> Decided:
    begun = stage.routes.now()
    plan, question = stage.plan, stage.question
    decision = decide(plan, question, snapshot, stage.call.seed, tried)
    now = stage.routes.now()
    return Decided(
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


def _open_default(stage: Stage, hops: _Hops) -> Exchange | None:
    """Deciding broke: the original call for a concrete model, the policy's default for ``auto``."""
    if hops.past:
        return None
    if not stage.call.auto:
        return Exchange.unchanged(stage)
    if stage.plan.needs_call_facts and stage.plan.policy.on_internal_error != "open":
        hops.failure = Failure("internal")
        return None
    return default_exchange(stage, None, forced=True)


def _classify(call: Call, error: Exception) -> Failure:
    return error.failure if isinstance(error, SendFailed) else call.classify(error)


def _deadline(stage: Stage) -> int | None:
    limits = [ns for ns in (stage.plan.policy.fallback.deadline_ns, stage.call.timeout_ns) if ns is not None]
    return stage.started.at_ns + min(limits) if limits else None


def _time_left(stage: Stage, hops: _Hops, exchange: Exchange) -> int | None:
    """Nanoseconds to the deadline; ``None`` where there is none, or where the caller's own timeout keeps it as well."""
    if hops.deadline_ns is None:
        return None
    policys = stage.plan.policy.fallback.deadline_ns
    if exchange.home and not hops.past and (policys is None or policys >= (stage.call.timeout_ns or policys + 1)):
        return None
    return max(hops.deadline_ns - stage.routes.now(), 1)


def _exhausted(stage: Stage, hops: _Hops, pause_ns: int = 0) -> bool:
    if len(hops.past) >= stage.plan.policy.fallback.max_attempts:
        return True
    return hops.deadline_ns is not None and stage.routes.now() + pause_ns >= hops.deadline_ns


def _is_last(stage: Stage, hops: _Hops, decided: Decided) -> bool:
    return len(decided.decision.order) == 1 or len(hops.past) + 1 >= stage.plan.policy.fallback.max_attempts


def _final(stage: Stage, hops: _Hops, decided: Decided | None) -> Flow:
    """What the caller sees: the first native exception, else one that the SDK adapter builds."""
    notes = tuple(_note(item.attempt, hops) for item in hops.past)
    if hops.error is not None:
        if len(notes) > 1:
            for note in notes:
                hops.error.add_note(note)
        return hops.error
    if hops.past:
        assert hops.failure is not None
        last = hops.past[-1].attempt
        message = f"waypost: {last.provider}/{last.model} failed: {hops.failure.kind} (receipt {stage.call.receipt})"
        return NativeError(hops.failure, message, notes)
    if hops.failure is not None or decided is None:
        return _closed(stage.call)
    try:
        return no_candidates(stage, decided)
    except Exception as error:
        yield Tell(InternalError("prove", type(error).__name__, stage.call.receipt), error)
        return NativeError(NOBODY, f"waypost: no eligible model (receipt {stage.call.receipt})", code=NO_ELIGIBLE_MODEL)


def _note(attempt: Attempt, hops: _Hops) -> str:
    failure = attempt.failure
    what = "answered" if failure is None else failure.kind + (f" ({failure.status})" if failure.status else "")
    took = (attempt.ended_ns - attempt.started_ns) // 1_000_000
    name = f"{attempt.provider}/{attempt.model}"
    return f"waypost: attempt {attempt.number}/{len(hops.past)} {name}: {what} after {took} ms"


def _attempt(stage: Stage, target: Target | None, number: int, reason: Any) -> Attempt:
    call = stage.call
    now = stage.routes.now()
    if target is None:
        return Attempt(number, None, call.origin.provider, call.requested, call.dialect, reason, now, now)
    endpoint = stage.routes.endpoints[target.endpoint]
    model = call.requested if target is stage.requested else target.model
    return Attempt(number, target.id, endpoint.provider, model, endpoint.dialect, reason, now, now)
