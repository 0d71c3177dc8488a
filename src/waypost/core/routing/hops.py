"""Mode route: a loop of hops until something answered, each deciding again on what is left.

    (look → decide → reserve → send)*

A reservation that finds no room goes back into the decision; a send that fails gives its own back.
"""

from __future__ import annotations

from dataclasses import replace

from waypost.core.model.ask import NOTHING_SEEN
from waypost.core.model.events import Attempting, Decided, InternalError
from waypost.core.model.frozen import factory
from waypost.core.model.outcome import Failure
from waypost.core.model.question import Snapshot
from waypost.core.model.target import Target
from waypost.core.routing.advising import advised
from waypost.core.routing.answering import Malformed, answered, attempt_of, decided_on, salvaged, sending
from waypost.core.routing.asking import encloses_calls, needs_world
from waypost.core.routing.effects import Call, Discard, Look, Native, Pull, SendFailed, Sent, tell
from waypost.core.routing.exchange import Exchange, plan_exchange
from waypost.core.routing.nobody import closed, default_exchange, failed, no_candidates, plainly_nobody
from waypost.core.routing.prepare import Stage, with_need
from waypost.core.routing.retries import Hops, again, deadline, exhausted, time_left
from waypost.core.routing.settle import Flow, Open, ended, settle
from waypost.core.routing.tab import Tab, asked, give_back, reserve, room_ns, seen
from waypost.errors import Untranslatable

_new_attempting, _new_open, _new_hops = factory(Attempting), factory(Open), factory(Hops)


def routed(stage: Stage, tab: Tab) -> Flow:
    """The loop; an `Answer`, or what the caller is to see is raised."""
    hops = _new_hops(tab, deadline_ns=deadline(stage))
    try:
        while True:
            exchange, decided, stage = yield from _next(stage, hops)
            if exchange is None:
                break
            answer = yield from try_one(stage, hops, exchange, decided)
            if answer is not None:
                return answer
            if exhausted(stage, hops):
                break
        yield from settle(stage, "error" if hops.past else "rejected", hops.past, decided, tab)
        raise (yield from final(stage, hops, decided))
    finally:
        hops.error = None  # an exception held by a frame that it points back to is a cycle


def _next(stage: Stage, hops: Hops) -> Flow:
    """Decide on what is left: ``(exchange or None, decided, stage)``; the stage may have gained a need."""
    decided = None
    tab = hops.tab
    while True:
        try:
            snapshot = seen(tab, (yield Look(asked(tab))) or NOTHING_SEEN)
            if stage.plan.policy.rank.advisor is not None:
                stage = yield from advised(stage, snapshot, hops.deadline_ns)
            decided = decided_on(stage, snapshot, len(hops.past) + 1, hops.tried, advised=False)
            if decided.decision.selected is None and not hops.past:
                decided = _past_breakers(stage, snapshot, decided)
        except Exception as error:
            yield tell(InternalError("decide", type(error).__name__, stage.call.receipt), error)
            return open_default(stage, hops), decided, stage
        yield tell(decided)
        selected = decided.decision.selected
        if selected is None:
            return (None if hops.past else (yield from _default(stage, hops, decided))), decided, stage
        target = stage.plan.catalog.targets[selected]
        try:
            exchange = plan_exchange(stage, target, _is_last(stage, hops, decided))
        except Untranslatable as gap:
            stage = stage_with_need(stage, gap)
        except Exception as error:
            yield tell(InternalError("encode", type(error).__name__, stage.call.receipt), error)
        else:
            if tab.ask is None and not tab.half_open:
                return exchange, decided, stage
            if (yield from _room(stage, hops, decided, target)):
                return exchange, decided, stage
            if target.id not in hops.turned:  # the decision knows now; who is chosen all the same is passed over
                hops.turned |= {target.id}
                continue
        hops.tried |= {target.id}


def _past_breakers(stage: Stage, snapshot: Snapshot, decided: Decided) -> Decided:
    """Where open breakers leave nobody, the call is decided as if none were open: it was never safer to send nothing.

    A breaker spares a caller the wait for who is down while somebody else is up. Without us the call would be sent, its
    own error would come back, and the first success after it would be seen at once.
    """
    if not (snapshot.broken or snapshot.disabled):
        return decided
    closed = replace(snapshot, broken=(), disabled=())
    again = decided_on(stage, closed, decided.hop, frozenset(), advised=False)
    return decided if again.decision.selected is None else again


def _room(stage: Stage, hops: Hops, decided: Decided, target: Target) -> Flow:
    """Whether the call may be sent to ``target``. Where our own code breaks it may: the world is not asked then."""
    targets = stage.plan.catalog.targets
    try:
        order = [targets[index] for index in decided.decision.order]
        return (yield from reserve(stage, hops.tab, target, order))
    except Exception as error:
        yield tell(InternalError("reserve", type(error).__name__, stage.call.receipt), error)
        return True


def _default(stage: Stage, hops: Hops, decided: Decided) -> Flow:
    """The policy's default where nobody survived, if there is room for it."""
    exchange = default_exchange(stage, decided)
    if exchange is None or (yield from _room(stage, hops, decided, exchange.target)):
        return exchange
    return None


def try_one(stage: Stage, hops: Hops, exchange: Exchange, decided: Decided | None) -> Flow:
    """Send to one target, repeating it as the policy says; an `Answer`, or ``None`` for the next hop."""
    target = exchange.target
    while True:
        reason = "retry" if hops.retrying is exchange else "fallback" if hops.past else "primary"
        attempt = attempt_of(stage, target, len(hops.past) + 1, reason, exchange.untold)
        reported = exchange.home and stage.call.reports
        attempting = _new_attempting(stage.started, stage.question, decided, attempt, *exchange.place, reported)
        opened = _new_open(stage, attempting, target, hops.past, decided, hops.tab)
        observed = None
        yield tell(attempting)
        try:
            sent = yield from sending(exchange.send(attempt, time_left(stage, hops, exchange)), opened)
            failure = yield from _pulled(exchange, sent, hops)
            if failure is None:
                return (yield from answered(opened, sent, exchange))
        except Malformed as error:
            failure, observed = error.failure, error.observed
        except Exception as error:
            failure = _classify(stage.call, error)
            observed = (yield from salvaged(stage, error)) if exchange.home else None
            hops.told = getattr(error, "again", None)
            if exchange.home and hops.error is None:
                hops.error = error
            if failure.kind == "internal" and (not exchange.home or _ours(error)):
                yield tell(InternalError("send", type(error).__name__, stage.call.receipt), error)
        hops.failure = failure
        attempted = ended(attempting, target, stage.routes.now(), observed, failure=failure)
        yield tell(attempted)
        hops.past = (*hops.past, attempted)
        if not (yield from again(stage, hops, exchange)):
            yield from give_back(stage, hops.tab, hops.past)
            return None
        hops.retrying = exchange


def _pulled(exchange: Exchange, sent: Sent, hops: Hops) -> Flow:
    """Read a stream ahead while there is still somebody to fall back to; a `Failure` or ``None``."""
    if sent.stream is None and isinstance(sent, Native) and not exchange.last:
        return sent.failure
    if sent.stream is None or not exchange.ahead:
        return None
    failure = yield Pull(sent.stream, hops.deadline_ns)
    if failure is not None:
        yield Discard(sent.stream)
    return failure


def open_default(stage: Stage, hops: Hops) -> Exchange | None:
    """Deciding broke: the original call for a concrete model, the policy's default for ``auto``."""
    if hops.past:
        return None
    if not stage.call.auto:
        return Exchange.unchanged(stage)
    policy = stage.plan.policy
    wants_facts = (stage.plan.needs_call_facts or needs_world(policy)) and policy.on_internal_error != "open"
    if wants_facts or encloses_calls(policy):
        hops.failure = Failure("internal")
        return None
    return default_exchange(stage, None, forced=True)


def stage_with_need(stage: Stage, gap: Untranslatable) -> Stage:
    return replace(stage, question=with_need(stage.question, gap.need, gap.path))


def _classify(call: Call, error: Exception) -> Failure:
    return error.failure if isinstance(error, SendFailed) else call.classify(error)


def _ours(error: BaseException) -> bool:
    """Whether it was raised by code of ours, and not by the SDK or by what the caller gave it."""
    trace, where = error.__traceback__, ""
    while trace is not None:
        where = trace.tb_frame.f_globals.get("__name__", "")
        trace = trace.tb_next
    return where.partition(".")[0] == "waypost"


def _is_last(stage: Stage, hops: Hops, decided: Decided) -> bool:
    return len(decided.decision.order) == 1 or len(hops.past) + 1 >= stage.plan.policy.fallback.max_attempts


def final(stage: Stage, hops: Hops, decided: Decided | None) -> Flow:
    """What the caller sees: the first native exception, else one that the SDK adapter builds."""
    past = tuple(item.attempt for item in hops.past)
    if hops.error is not None or past:
        return failed(stage, past, hops.failure, hops.error)
    if hops.failure is not None or decided is None:
        return closed(stage.call)
    try:
        return no_candidates(stage, decided, hops.tab.standings, room_ns(hops.tab))
    except Exception as error:
        yield tell(InternalError("prove", type(error).__name__, stage.call.receipt), error)
        return plainly_nobody(stage, decided)
