"""A whole call as a generator of effects. It sequences; it performs nothing and knows no SDK.

    prepare → observe: send as it is
            → advise:  decide beside a send as it is
            → route:   `waypost.core.routing.hops`

Where our own code breaks before anything was sent, the call fails open as `open_fail` says.
"""

from __future__ import annotations

from waypost.core.model.ask import NOTHING_SEEN
from waypost.core.model.conversation import Conversation
from waypost.core.model.events import Attempting, Decided, InternalError
from waypost.core.model.frozen import factory
from waypost.core.model.outcome import Attempt
from waypost.core.routing.advising import advised
from waypost.core.routing.answering import answered, attempt_of, decided_on, sending
from waypost.core.routing.asking import asking, asks_nothing
from waypost.core.routing.content import marked
from waypost.core.routing.effects import Answer, Call, Look, NativeError, Send, tell
from waypost.core.routing.hops import final, open_default, routed, try_one
from waypost.core.routing.nobody import NOBODY, closed, lost
from waypost.core.routing.open_fail import blind
from waypost.core.routing.prepare import NotThisDialect, Routes, Stage, home_of, prepare, switched_off
from waypost.core.routing.retries import Hops
from waypost.core.routing.sealing import at_home
from waypost.core.routing.settle import Flow, Open, settle
from waypost.core.routing.tab import Tab

_new_tab = factory(Tab)


def route(call: Call, routes: Routes) -> Flow:
    """One call, from bound to answered. Returns an `Answer`; raises what the caller is to see."""
    if switched_off(call, routes):
        return (yield from _untouched(call, routes))
    try:
        stage = prepare(call, routes)
    except NotThisDialect as error:
        return (yield from _blindly(call, routes, NativeError(NOBODY, f"waypost: {error}")))
    except Exception as error:
        yield tell(InternalError("prepare", type(error).__name__, call.receipt), error)
        return (yield from _blindly(call, routes, None))
    if stage.mode == "off":
        return (yield from _untouched(call, routes))
    if call.lost is not None and stage.mode == "route":
        raise lost(call.lost)  # nobody is asked, so there is nothing to tell of
    if stage.plan.policy.content != "none":
        stage = yield from marked(stage)
    yield tell(stage.started)
    tab = _new_tab(None) if asks_nothing(stage) else (yield from _tab(stage))
    if stage.mode == "route":
        return (yield from routed(stage, tab))
    decided = None
    if stage.mode == "advise":
        stage, decided = yield from _beside(stage, tab)
    return (yield from _unchanged(stage, decided, tab))


def _untouched(call: Call, routes: Routes) -> Flow:
    """The original call, of which nothing is told."""
    body = yield from _at_home(call, routes, None)
    attempt = Attempt(1, None, call.origin.provider, call.requested, call.dialect, "passthrough", 0, 0)
    return Answer((yield Send(call, attempt, True, body, None, None)).value)


def _blindly(call: Call, routes: Routes, refusal: NativeError | None) -> Flow:
    """Nothing can be decided. A concrete model gets the original call; ``auto`` gets ``refusal``, if the fault is the
    caller's, else the policy's default at the caller's own endpoint, unless a hard rule needs what is not known."""
    try:
        stage = blind(call, routes)
    except Exception as error:
        yield tell(InternalError("prepare", type(error).__name__, call.receipt), error)
        if call.auto:
            raise refusal or closed(call) from None
        return (yield from _untouched(call, routes))
    yield tell(stage.started)
    tab = _new_tab(None) if asks_nothing(stage) else (yield from _tab(stage))
    if not call.auto:
        return (yield from _unchanged(stage, None, tab))
    hops = Hops(tab)
    exchange = None if refusal is not None else open_default(stage, hops)
    if exchange is not None:
        answer = yield from try_one(stage, hops, exchange, None)
        if answer is not None:
            return answer
    yield from settle(stage, "error" if hops.past else "rejected", hops.past, None, tab)
    raise refusal or (yield from final(stage, hops, None))


def _at_home(call: Call, routes: Routes, conversation: Conversation | None) -> Flow:
    """The body for the caller's own endpoint where it cannot go as it is; ``None`` where it can."""
    try:
        body = at_home(call, home_of(call, routes), conversation)
    except Exception as error:
        yield tell(InternalError("unwrap", type(error).__name__, call.receipt), error)
        return None
    return None if body is call.body else body


def _tab(stage: Stage) -> Flow:
    """What the call asks of the world. Where our own code breaks it asks for nothing, and is counted nowhere."""
    try:
        return Tab((yield from asking(stage)))
    except Exception as error:
        yield tell(InternalError("tab", type(error).__name__, stage.call.receipt), error)
        return Tab(None)


# --- observe and advise: the call runs as it is


def _beside(stage: Stage, tab: Tab) -> Flow:
    """What the policy would have chosen, told beside the call: ``(stage, decided)``, ``None`` where deciding broke. The
    stage may have gained an advice."""
    try:
        snapshot = ((yield Look(tab.ask)) or NOTHING_SEEN).snapshot
        if stage.plan.policy.rank.advisor is not None:
            stage = yield from advised(stage, snapshot)
        decided = decided_on(stage, snapshot, hop=1, tried=frozenset(), advised=True)
    except Exception as error:
        yield tell(InternalError("decide", type(error).__name__, stage.call.receipt), error)
        return stage, None
    yield tell(decided)
    return stage, decided


def _unchanged(stage: Stage, decided: Decided | None, tab: Tab) -> Flow:
    attempt = attempt_of(stage, stage.requested, 1, "passthrough")
    call = stage.call
    attempting = Attempting(stage.started, stage.question, decided, attempt, call.origin.host, call.port, call.reports)
    opened = Open(stage, attempting, stage.requested, (), decided, tab)
    yield tell(attempting)
    body = yield from _at_home(call, stage.routes, stage.conversation)
    sent = yield from sending(Send(stage.call, attempt, True, body, None, None), opened)
    return (yield from answered(opened, sent, None))
