"""What stands on our spans, as plain dicts made of events. Nothing here touches OpenTelemetry.

The names are those of telemetry/registry; tests hold both against each other. The candidates are in candidates.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from waypost.adapters.sinks import names
from waypost.core.model.events import Attempting, Decided, Settled, Started
from waypost.core.model.money import NANO
from waypost.core.model.outcome import Attempt, Failure, Settlement, Usage
from waypost.core.model.question import NO_CONTEXT, Context

Value: TypeAlias = "str | bool | int | float | Sequence[str] | Sequence[int] | Sequence[float]"
Attributes: TypeAlias = dict[str, Value]

SCOPES = ("department", "workflow")
"""The keys of the caller's context that appear in telemetry unless configured otherwise."""

MAX_ATTRIBUTES = 64
"""Spans keep 128 by default and throw out the oldest, which are our most important; the rest is for others."""

MAX_AT_START = 5
"""Of these, how many a route span has before it ends."""

USUAL_BASIS = "computed"
"""What goes without saying is not said: each attribute costs 5,000 instructions, and again as much to export."""

NO_ELIGIBLE = "no_eligible_model"
OTHER = "_OTHER"
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


# -- the route span ---------------------------------------------------------------------------------------------------


def route_start(started: Started) -> Attributes:
    """What samplers see of a call, and nothing else: it is paid for on the caller's thread."""
    return {
        names.POLICY_NAME: started.policy,
        names.MODE: started.mode,
        names.OPERATION: started.operation,
        names.REQUEST_MODEL: started.requested,
        names.REQUEST_PROVIDER: started.provider,
    }


def route_end(settled: Settled, scopes: Sequence[str]) -> Attributes:
    """The call's outcome, its question and decision, without the candidates."""
    started, settlement, question = settled.started, settled.settlement, settled.question
    out: Attributes = {names.RECEIPT_ID: started.receipt, names.OUTCOME: settlement.outcome}
    out[names.POLICY_FINGERPRINT] = started.policy_fingerprint
    if started.request_id is not None:
        out[names.REQUEST_ID] = started.request_id
    if started.streaming:
        out[names.REQUEST_STREAM] = True
    if question is not None:
        out[names.TASK] = question.features.task
        out[names.COMPLEXITY] = question.features.complexity
        out.update(scoped(question.context, scopes))
    if settled.decided is not None:
        _decision(settled.decided, out)
    _attempts(started, settlement.attempts, out)
    _money(settlement, out)
    if settlement.outcome != "ok":
        error = error_type(settlement)
        if error is not None:
            out[names.ERROR_TYPE] = error
    return out


def scoped(context: Context, scopes: Sequence[str]) -> list[tuple[str, str]]:
    """The allow-listed facts of a context that are there, as attributes."""
    found: list[tuple[str, str]] = []
    if context is NO_CONTEXT:
        return found
    labels = context.labels
    for scope in scopes:
        value = getattr(context, scope, None) or (labels.get(scope) if labels else None)
        if isinstance(value, str):
            found.append((f"{names.CONTEXT_PREFIX}{scope}", value))
    return found


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


def _attempts(started: Started, attempts: Sequence[Attempt], out: Attributes) -> None:
    if len(attempts) != 1:
        out[names.ATTEMPT_COUNT] = len(attempts)
        if not attempts:
            return
        out[names.FALLBACK_USED] = True
        for attempt in attempts[:-1]:
            if attempt.failure is not None:
                out[names.FALLBACK_REASON] = attempt.failure.kind
    last = attempts[-1]
    if started.requested != last.model or provider_name(started.provider) != provider_name(last.provider):
        out[names.REROUTED] = True


def _money(settlement: Settlement, out: Attributes) -> None:
    cost = settlement.cost
    if cost.basis != USUAL_BASIS:
        out[names.COST_BASIS] = cost.basis
    if cost.nano_usd is not None:
        out[names.COST_AMOUNT] = cost.nano_usd / NANO
    for baseline in settlement.baselines:
        if baseline.cost.nano_usd is not None:
            key = names.COST_BASELINE_REQUESTED if baseline.label == "requested" else names.COST_BASELINE_POLICY
            out[key] = baseline.cost.nano_usd / NANO


def _decision(decided: Decided, out: Attributes) -> None:
    decision = decided.decision
    out[names.SELECTED_CAUSE] = decision.cause
    out[names.DECISION_DURATION] = decided.duration_ns / NANO
    if decision.selected is not None:
        out[names.SELECTED_TARGET] = decided.target_of(decision.selected)
    if decision.rule is not None:
        out[names.SELECTED_RULE] = decision.rule
    if decided.advised:
        out[names.ADVISED] = True


# -- attempt spans ----------------------------------------------------------------------------------------------------


def attempt_start(attempting: Attempting, *, owned: bool) -> Attributes:
    """What samplers see of an attempt: the GenAI conventions' own where we own the inference, else only ours."""
    attempt = attempting.attempt
    if not owned:
        return {names.PROVIDER: attempt.provider, names.MODEL: attempt.model}
    out: Attributes = {
        names.GEN_AI_OPERATION_NAME: attempting.started.operation,
        names.GEN_AI_PROVIDER_NAME: PROVIDER_NAMES.get(attempt.provider, attempt.provider),
        names.GEN_AI_REQUEST_MODEL: attempt.model,
    }
    if attempting.host:
        out[names.SERVER_ADDRESS] = attempting.host
        if attempting.port is not None:
            out[names.SERVER_PORT] = attempting.port
    return out


def attempt_place(attempt: Attempt) -> Attributes:
    """Which of its call's attempts this is."""
    return {names.ATTEMPT_NUMBER: attempt.number, names.ATTEMPT_REASON: attempt.reason}


def attempt_end(attempting: Attempting, attempt: Attempt, *, owned: bool) -> Attributes:
    """What an attempt came to; usage and response only where we own the inference."""
    cost, usage, target = attempt.cost, attempt.usage, attempt.target
    out = attempt_place(attempt)
    if target is not None and target != f"{provider_name(attempt.provider)}/{attempt.model}":
        out[names.ATTEMPT_TARGET] = target
    if cost.basis != USUAL_BASIS:
        out[names.COST_BASIS] = cost.basis
    if cost.nano_usd is not None:
        out[names.ATTEMPT_COST_AMOUNT] = cost.nano_usd / NANO
    if usage is not None:
        if usage.estimated:
            out[names.USAGE_ESTIMATED] = True
        if owned:
            _usage(usage, out)
    if attempt.failure is not None:
        _failure(attempt.failure, out)
    if owned:
        _response(attempting, attempt, out)
    return out


def _failure(failure: Failure, out: Attributes) -> None:
    out[names.ERROR_TYPE] = failure.kind
    if failure.status is not None:
        out[names.HTTP_RESPONSE_STATUS_CODE] = failure.status
    if failure.type is not None:
        out[names.ATTEMPT_FAILURE_TYPE] = failure.type


def _response(attempting: Attempting, attempt: Attempt, out: Attributes) -> None:
    if attempting.started.streaming:
        out[names.GEN_AI_REQUEST_STREAM] = True
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
