"""What stands on our spans, as plain dicts made of events. Nothing here touches OpenTelemetry.

The names are those of telemetry/registry; tests hold both against each other. The candidates are in candidates.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from waypost.adapters.sinks import names
from waypost.core.model.events import Attempting, Decided, Settled, Started
from waypost.core.model.money import NANO
from waypost.core.model.outcome import Attempt, Settlement, Usage
from waypost.core.model.question import Context

Value: TypeAlias = "str | bool | int | float | Sequence[str] | Sequence[int] | Sequence[float]"
Attributes: TypeAlias = dict[str, Value]

SCOPES = ("department", "workflow")
"""The keys of the caller's context that appear in telemetry unless configured otherwise."""

MAX_ATTRIBUTES = 64
"""Spans keep 128 by default and throw out the oldest, which are our most important; the rest is for others."""

NO_ELIGIBLE = "no_eligible_model"
OTHER = "_OTHER"
DRAFT_COST = (
    names.GEN_AI_USAGE_COST_AMOUNT,
    names.GEN_AI_USAGE_COST_CURRENCY,
    names.GEN_AI_USAGE_COST_SOURCE,
)
"""Names of a draft of the conventions; they change here when it is accepted."""

PROVIDER_NAMES = {
    "google": "gcp.gemini",
    "gemini": "gcp.gemini",
    "vertex": "gcp.vertex_ai",
    "mistral": "mistral_ai",
    "azure": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "xai": "x_ai",
    "moonshot": "moonshot_ai",
}
"""Our provider names whose ``gen_ai.provider.name`` is another."""


def provider_name(provider: str) -> str:
    """A provider as OpenTelemetry names it; what is one already, or unknown, stays."""
    return PROVIDER_NAMES.get(provider, provider)


def usd(nano_usd: int) -> float:
    """Nano-USD as the double that telemetry wants."""
    return nano_usd / NANO


# -- the route span ---------------------------------------------------------------------------------------------------


def route_start(started: Started) -> Attributes:
    """What samplers see of a call. Each attribute costs the caller's thread 5,000 instructions, so they are few."""
    out: Attributes = {
        names.RECEIPT_ID: started.receipt,
        names.POLICY_NAME: started.policy,
        names.OPERATION: started.operation,
        names.MODE: started.mode,
        names.REQUEST_MODEL: started.requested,
        names.REQUEST_PROVIDER: started.provider,
    }
    if started.request_id is not None:
        out[names.REQUEST_ID] = started.request_id
    return out


def route_end(settled: Settled, scopes: Sequence[str]) -> Attributes:
    """The call's outcome, its question and decision, without the candidates."""
    started, settlement = settled.started, settled.settlement
    attempts = settlement.attempts
    out: Attributes = {
        names.POLICY_FINGERPRINT: started.policy_fingerprint,
        names.SDK: started.sdk,
        names.OUTCOME: settlement.outcome,
        names.ATTEMPT_COUNT: len(attempts),
        names.FALLBACK_USED: len(attempts) > 1,
        names.COST_BASIS: settlement.cost.basis,
    }
    if started.streaming:
        out[names.REQUEST_STREAM] = True
    if attempts:
        out[names.REROUTED] = _rerouted(started, attempts[-1])
    for attempt in attempts[:-1]:
        if attempt.failure is not None:
            out[names.FALLBACK_REASON] = attempt.failure.kind
    if settlement.cost.nano_usd is not None:
        out[names.COST_AMOUNT] = usd(settlement.cost.nano_usd)
    for baseline in settlement.baselines:
        if baseline.cost.nano_usd is not None:
            key = names.COST_BASELINE_REQUESTED if baseline.label == "requested" else names.COST_BASELINE_POLICY
            out[key] = usd(baseline.cost.nano_usd)
    if settled.question is not None:
        out[names.TASK] = settled.question.features.task
        out[names.COMPLEXITY] = settled.question.features.complexity
        out.update(scoped(settled.question.context, scopes))
    if settled.decided is not None:
        _decision(settled.decided, out)
    error = error_type(settlement)
    if error is not None:
        out[names.ERROR_TYPE] = error
    return out


def scoped(context: Context, scopes: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The allow-listed facts of a context that are there, as attributes."""
    for scope in scopes:
        value = getattr(context, scope, None) or context.labels.get(scope)
        if isinstance(value, str):
            yield f"{names.CONTEXT_PREFIX}{scope}", value


def error_type(settlement: Settlement) -> str | None:
    """The ``error.type`` of a call, ``None`` where the caller got no error."""
    match settlement.outcome:
        case "ok" | "cancelled" | "abandoned":
            return None
        case "rejected":
            return NO_ELIGIBLE
        case "error":
            failures = (each.failure.kind for each in reversed(settlement.attempts) if each.failure is not None)
            return next(failures, OTHER)


def _rerouted(started: Started, attempt: Attempt) -> bool:
    asked = started.requested, provider_name(started.provider)
    return asked != (attempt.model, provider_name(attempt.provider))


def _decision(decided: Decided, out: Attributes) -> None:
    decision = decided.decision
    out[names.SELECTED_CAUSE] = decision.cause
    out[names.DECISION_RANK] = decision.rank
    out[names.DECISION_DURATION] = decided.duration_ns / NANO
    if decision.selected is not None:
        target = decided.target_of(decision.selected)
        provider, _, rest = target.partition("/")
        out[names.SELECTED_TARGET] = target
        out[names.SELECTED_PROVIDER] = provider
        out[names.SELECTED_MODEL] = rest.partition("@")[0]
    if decision.rule is not None:
        out[names.SELECTED_RULE] = decision.rule
    if decided.advised:
        out[names.ADVISED] = True


# -- attempt spans ----------------------------------------------------------------------------------------------------


def attempt_start(attempting: Attempting, *, owned: bool) -> Attributes:
    """What samplers see of an attempt: the GenAI conventions' own where we own the inference, else only ours."""
    attempt, started = attempting.attempt, attempting.started
    out: Attributes = {names.ATTEMPT_NUMBER: attempt.number, names.ATTEMPT_REASON: attempt.reason}
    if not owned:
        out[names.PROVIDER] = attempt.provider
        out[names.MODEL] = attempt.model
        return out
    out[names.GEN_AI_OPERATION_NAME] = started.operation
    out[names.GEN_AI_PROVIDER_NAME] = provider_name(attempt.provider)
    out[names.GEN_AI_REQUEST_MODEL] = attempt.model
    if attempting.host:
        out[names.SERVER_ADDRESS] = attempting.host
        if attempting.port is not None:
            out[names.SERVER_PORT] = attempting.port
    return out


def attempt_end(attempting: Attempting, attempt: Attempt, *, owned: bool) -> Attributes:
    """What an attempt came to; usage, response and draft cost only where we own the inference."""
    out: Attributes = {names.COST_BASIS: attempt.cost.basis}
    if attempt.target is not None:
        out[names.ATTEMPT_TARGET] = attempt.target
    if attempt.usage is not None and attempt.usage.estimated:
        out[names.USAGE_ESTIMATED] = True
    failure = attempt.failure
    if failure is not None:
        out[names.ERROR_TYPE] = failure.kind
        if failure.status is not None:
            out[names.HTTP_RESPONSE_STATUS_CODE] = failure.status
        if failure.type is not None:
            out[names.ATTEMPT_FAILURE_TYPE] = failure.type
    if owned:
        _inference(attempting, attempt, out)
    elif attempt.cost.nano_usd is not None:
        out[names.ATTEMPT_COST_AMOUNT] = usd(attempt.cost.nano_usd)
    return out


def _inference(attempting: Attempting, attempt: Attempt, out: Attributes) -> None:
    if attempting.started.streaming:
        out[names.GEN_AI_REQUEST_STREAM] = True
    if attempt.usage is not None:
        _usage(attempt.usage, out)
    if attempt.cost.nano_usd is not None:
        amount, currency, source = DRAFT_COST
        out[amount] = usd(attempt.cost.nano_usd)
        out[currency] = "USD"
        out[source] = "provider" if attempt.cost.basis == "reported" else "local"
    if attempt.response_id is not None:
        out[names.GEN_AI_RESPONSE_ID] = attempt.response_id
    if attempt.response_model is not None:
        out[names.GEN_AI_RESPONSE_MODEL] = attempt.response_model
    if attempt.finish_reasons:
        out[names.GEN_AI_RESPONSE_FINISH_REASONS] = attempt.finish_reasons
    if attempt.first_chunk_ns is not None:
        out[names.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK] = (attempt.first_chunk_ns - attempt.started_ns) / NANO


def _usage(usage: Usage, out: Attributes) -> None:
    out[names.GEN_AI_USAGE_INPUT_TOKENS] = usage.input
    out[names.GEN_AI_USAGE_OUTPUT_TOKENS] = usage.output
    if usage.cache_read:
        out[names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS] = usage.cache_read
    if usage.cache_write:
        out[names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS] = usage.cache_write
    if usage.reasoning:
        out[names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS] = usage.reasoning
