"""Fail open, without lying: what happens to a call when our own code broke before it could be decided."""

from __future__ import annotations

from dataclasses import replace

from waypost.core.model.conversation import Conversation
from waypost.core.model.question import Features, Question
from waypost.core.policy.decide import choose
from waypost.core.routing.effects import Call
from waypost.core.routing.prepare import Routes, Stage, named, started

BLIND = Features(tokens_input=0, tokens_output=0)
"""Nothing is known of the request: it could not be read, or what reads it broke."""


def blind(call: Call, routes: Routes) -> Stage:
    """A stage on which nothing can be decided, but everything that happens can still be told.

    Raises whatever is wrong with choosing a policy; then the call goes through with no receipt.
    """
    context = replace(call.context, policy=None) if call.names_policy else call.context
    question = Question(
        call.dialect, call.requested, call.auto, call.origin, BLIND, context=context, withheld=call.withheld
    )
    plan = choose(routes.plans, question)
    requested = None if call.auto else named(call, routes.catalog)
    conversation = Conversation(call.dialect, call.requested, (), call.streaming, include_usage=True)
    mode = "route" if call.auto else "observe"
    told = started(call, plan, mode, routes)  # type: ignore[arg-type]
    return Stage(call, routes, plan, mode, question, conversation, told, requested)  # type: ignore[arg-type]
