"""Fail open, without lying: what happens to a call when our own code broke before it could be decided."""

from __future__ import annotations

from waypost.core.model.outcome import Attempt, Failure
from waypost.core.model.question import Features, Question
from waypost.core.policy.decide import choose
from waypost.core.routing.effects import Answer, Call, Native, NativeError, Send
from waypost.core.routing.prepare import Routes
from waypost.core.routing.settle import Flow

BLIND = Features(tokens_input=0, tokens_output=0)


def fail_open(call: Call, routes: Routes) -> Flow:
    """A concrete model gets the original call. ``auto`` gets the policy's default at the caller's own endpoint, unless
    the policy has a hard rule that needs facts of the call or the world: then it fails closed with a native error."""
    now = routes.now()
    attempt = Attempt(1, None, call.origin.provider, call.requested, call.dialect, "passthrough", now, now)
    if not call.auto:
        return _plain((yield Send(call, attempt, True, None, None, None)))
    model = _default_model(call, routes)
    if model is None:
        message = f"waypost: no decision could be made and the policy fails closed (receipt {call.receipt})"
        raise NativeError(Failure("internal", 500), message, code="routing_failed")
    return _plain((yield Send(call, attempt, True, {**call.body, "model": model}, None, None)))


def _plain(sent: Native) -> Answer:
    return Answer(sent.value, stream=None)


def _default_model(call: Call, routes: Routes) -> str | None:
    question = Question(call.dialect, call.requested, call.auto, call.origin, BLIND, context=call.context)
    try:
        plan = choose(routes.plans, question)
        if plan.needs_call_facts and plan.policy.on_internal_error != "open":
            return None
        name = plan.default_for(call.origin.provider)
        target = plan.catalog.get(name) if name else None
    except Exception:
        return None
    if target is None or target.endpoint != call.origin.endpoint:
        return None
    return target.model
