"""What a policy reads of the world for one call: its budgets, limits and affinity with the call's own values."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from waypost.core.model.ask import Account, Ask, Meter, Scope
from waypost.core.model.conversation import Conversation, Message, Text
from waypost.core.model.money import MICRO
from waypost.core.model.question import Context, Question
from waypost.core.policy.needs_call import needs_call_facts
from waypost.core.policy.tree import Budget, Limit, Policy
from waypost.core.routing.effects import Digest, Effect
from waypost.core.routing.prepare import Stage

_CONTEXT = {"budget_tier": "tier"}
_CANDIDATES: Mapping[str, Scope] = {"target": "target", "endpoint": "endpoint", "provider": "provider"}


def asks_nothing(stage: Stage) -> bool:
    policy = stage.plan.policy
    return not (policy.budgets or policy.limits or policy.affinity)


def asking(stage: Stage) -> Generator[Effect, Any, Ask]:
    """What the call asks of the world, made once."""
    policy, question = stage.plan.policy, stage.question
    warm = None
    if policy.affinity is not None:
        by = policy.affinity.by
        if by == "conversation":
            texts = opening(stage.conversation)
            warm = (yield Digest(texts)) if texts else None
        else:
            warm = value_of(by, question.context, policy.name)
        warm = f"{policy.name}/{by}/{warm}" if warm else None
    return ask_of(policy, question, warm)


def ask_of(policy: Policy, question: Question, warm: str | None = None) -> Ask:
    """The budgets and limits of ``policy`` with this call's values, and the tokens that it is expected to use."""
    features, context = question.features, question.context
    return Ask(
        policy.name,
        tuple(_account(budget, value_of(budget.scope, context, policy.name)) for budget in policy.budgets),
        tuple(_meter(limit, context, policy.name) for limit in policy.limits),
        features.tokens_input + features.tokens_output,
        warm,
    )


def value_of(scope: str, context: Context, policy: str) -> str:
    """The call's value of a scope; a scope of which it has none counts under the empty value."""
    if scope == "all":
        return ""
    if scope == "policy":
        return policy
    if scope.startswith("context."):
        return context.labels.get(scope[8:], "")
    return getattr(context, _CONTEXT.get(scope, scope), None) or ""


def _account(budget: Budget, value: str) -> Account:
    hard = [ppm for ppm, action in budget.thresholds if action == "fail"]
    ceiling = budget.limit_nano_usd * min(hard) // MICRO if hard else None
    thresholds = budget.thresholds
    return Account(budget.key, budget.rule, value, budget.limit_nano_usd, budget.period, thresholds, ceiling)


def _meter(limit: Limit, context: Context, policy: str) -> Meter:
    scope = _CANDIDATES.get(limit.scope, "call")
    value = value_of(limit.scope, context, policy) if scope == "call" else ""
    return Meter(limit.key, limit.rule, scope, value, limit.of, limit.amount, limit.per_ns)


def opening(conversation: Conversation) -> tuple[str, ...]:
    """What tells one conversation from others for as long as it lasts: its system text and its first user message."""
    out: list[str] = []
    for message in conversation.messages:
        if message.role in ("system", "developer"):
            out.append(_text(message))
        elif message.role == "user":
            return (*out, _text(message))
    return tuple(out)


def _text(message: Message) -> str:
    return "\n".join(part.text for part in message.parts if isinstance(part, Text))


def encloses_calls(policy: Policy) -> bool:
    """Whether a line of an envelope depends on the call or the world, so that nobody can vouch for any default."""
    return any(needs_call_facts((), (line,)) for line in policy.filters if line.enveloped)


def needs_world(policy: Policy) -> bool:
    """Whether it has a hard line that only the world can tell: a ceiling, or a limit."""
    return bool(policy.limits) or any(action == "fail" for budget in policy.budgets for _, action in budget.thresholds)
