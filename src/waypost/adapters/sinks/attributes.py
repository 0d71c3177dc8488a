"""What stands on our spans, as plain dicts made of events. Nothing here touches OpenTelemetry.

The names are those of telemetry/registry; tests hold both against each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from waypost.adapters.sinks import names
from waypost.core.model.decision import CandidateProof, Decision
from waypost.core.model.events import Attempting, Decided, Settled, Started
from waypost.core.model.money import NANO
from waypost.core.model.outcome import Attempt, Cost, Settlement
from waypost.core.model.question import Context

Value: TypeAlias = "str | bool | int | float | Sequence[str] | Sequence[int] | Sequence[float]"
Attributes: TypeAlias = dict[str, Value]

SCOPES = ("department", "workflow")
"""The keys of the caller's context that appear in telemetry unless configured otherwise."""

MAX_CANDIDATES = 24
MAX_ATTRIBUTES = 64
"""Spans keep 128 by default and throw out the oldest, which are our most important; the rest is for others."""

NO_ELIGIBLE = "no_eligible_model"
OTHER = "_OTHER"
CURRENCY = "USD"
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
    """What samplers see of a call."""
    out: Attributes = {
        names.RECEIPT_ID: started.receipt,
        names.POLICY_NAME: started.policy,
        names.POLICY_FINGERPRINT: started.policy_fingerprint,
        names.OPERATION: started.operation,
        names.SDK: started.sdk,
        names.MODE: started.mode,
        names.REQUEST_MODEL: started.requested,
        names.REQUEST_PROVIDER: started.provider,
    }
    if started.streaming:
        out[names.REQUEST_STREAM] = True
    if started.request_id is not None:
        out[names.REQUEST_ID] = started.request_id
    return out


def route_end(settled: Settled, scopes: Sequence[str]) -> Attributes:
    """The call's outcome, its question and decision, without the candidates."""
    settlement = settled.settlement
    attempts = settlement.attempts
    out: Attributes = {
        names.OUTCOME: settlement.outcome,
        names.ATTEMPT_COUNT: len(attempts),
        names.FALLBACK_USED: len(attempts) > 1,
        names.COST_BASIS: settlement.cost.basis,
    }
    if attempts:
        out[names.REROUTED] = _rerouted(settled.started, attempts[-1])
    causes = [each.failure.kind for each in attempts[:-1] if each.failure is not None]
    if causes:
        out[names.FALLBACK_REASON] = causes[-1]
    if settlement.cost.nano_usd is not None:
        out[names.COST_AMOUNT] = usd(settlement.cost.nano_usd)
        out[names.COST_CURRENCY] = CURRENCY
    for baseline in settlement.baselines:
        if baseline.cost.nano_usd is not None:
            key = names.COST_BASELINE_REQUESTED if baseline.label == "requested" else names.COST_BASELINE_POLICY
            out[key] = usd(baseline.cost.nano_usd)
    if settled.question is not None:
        out[names.TASK] = settled.question.features.task
        out[names.COMPLEXITY] = settled.question.features.complexity
        out.update(scoped(settled.question.context, scopes))
    if settled.decided is not None:
        out.update(_decision(settled.decided))
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


def _decision(decided: Decided) -> Attributes:
    decision = decided.decision
    out: Attributes = {
        names.SELECTED_CAUSE: decision.cause,
        names.DECISION_RANK: decision.rank,
        names.DECISION_DURATION: decided.duration_ns / NANO,
    }
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
    return out


# -- the candidates ---------------------------------------------------------------------------------------------------


def shortlist(decision: Decision) -> tuple[tuple[int, ...], int]:
    """The candidates that are shown, and how many there are in all.

    The winner and the standby come first, then those that failed one rule only, then the others, each by index.
    """
    failed = failed_twice = 0
    for _, mask in decision.rejections:
        failed_twice |= failed & mask
        failed |= mask
    shown = list(decision.order[:MAX_CANDIDATES])
    for group in (failed & ~failed_twice, failed_twice):
        shown.extend(_lowest(group, MAX_CANDIDATES - len(shown)))
    return tuple(shown), (failed | decision.survivors).bit_count()


def _lowest(mask: int, count: int) -> Iterator[int]:
    while mask and count > 0:
        bit = mask & -mask
        yield bit.bit_length() - 1
        mask ^= bit
        count -= 1


def candidates(decided: Decided, room: int) -> Attributes:
    """The parallel arrays, and one attribute per rejected candidate while ``room`` attributes are left."""
    indices, count = shortlist(decided.decision)
    rows = _rows(decided, indices)
    out: Attributes = {
        names.CANDIDATE_COUNT: count,
        names.CANDIDATE_IDS: [row.target for row in rows],
        names.CANDIDATE_OUTCOMES: [row.state for row in rows],
        names.CANDIDATE_REASONS: [str(row.rejections[0]) if row.rejections else "" for row in rows],
        names.CANDIDATE_SCORES: [-1 if row.score is None else row.score for row in rows],
        names.CANDIDATE_ESTIMATED_COSTS: [
            -1.0 if row.estimated_nano_usd is None else usd(row.estimated_nano_usd) for row in rows
        ],
    }
    if count > len(rows):
        out[names.CANDIDATE_TRUNCATED] = count - len(rows)
    # The rule's own text without the observed value: one exact string finds every call on which it rejected this one.
    rejected = [(row.target, row.rejections[0].rule) for row in rows if row.rejections]
    for target, rule in rejected[: max(room - len(out), 0)]:
        out[f"{names.REJECTED_PREFIX}{target}"] = rule
    return out


def _rows(decided: Decided, indices: tuple[int, ...]) -> Sequence[CandidateProof]:
    if decided.prove_only is not None:
        return decided.prove_only(indices).candidates
    wanted = {decided.target_of(index) for index in indices}
    return [row for row in decided.prove().candidates if row.target in wanted]


# -- attempt spans ----------------------------------------------------------------------------------------------------


def attempt_start(attempting: Attempting) -> Attributes:
    """What is ours on every attempt span."""
    attempt = attempting.attempt
    out: Attributes = {
        names.ATTEMPT_NUMBER: attempt.number,
        names.ATTEMPT_REASON: attempt.reason,
        names.PROVIDER: attempt.provider,
        names.MODEL: attempt.model,
    }
    if attempt.target is not None:
        out[names.ATTEMPT_TARGET] = attempt.target
    return out


def inference_start(attempting: Attempting) -> Attributes:
    """What the GenAI conventions want at the start of an inference span."""
    attempt, started = attempting.attempt, attempting.started
    out: Attributes = {
        names.GEN_AI_OPERATION_NAME: started.operation,
        names.GEN_AI_PROVIDER_NAME: provider_name(attempt.provider),
        names.GEN_AI_REQUEST_MODEL: attempt.model,
    }
    if attempting.host:
        out[names.SERVER_ADDRESS] = attempting.host
        if attempting.port is not None:
            out[names.SERVER_PORT] = attempting.port
    if started.streaming:
        out[names.GEN_AI_REQUEST_STREAM] = True
    return out


def attempt_end(attempt: Attempt) -> Attributes:
    """What is ours at the end of an attempt."""
    out: Attributes = {names.COST_BASIS: attempt.cost.basis}
    if attempt.cost.nano_usd is not None:
        out[names.ATTEMPT_COST_AMOUNT] = usd(attempt.cost.nano_usd)
    if attempt.usage is not None and attempt.usage.estimated:
        out[names.USAGE_ESTIMATED] = True
    failure = attempt.failure
    if failure is not None:
        out[names.ERROR_TYPE] = failure.kind
        if failure.status is not None:
            out[names.HTTP_RESPONSE_STATUS_CODE] = failure.status
        if failure.type is not None:
            out[names.ATTEMPT_FAILURE_TYPE] = failure.type
    return out


def inference_end(attempt: Attempt) -> Attributes:
    """What the GenAI conventions want at the end of an inference span."""
    out: Attributes = dict(_usage(attempt))
    out.update(_draft_cost(attempt.cost))
    if attempt.response_id is not None:
        out[names.GEN_AI_RESPONSE_ID] = attempt.response_id
    if attempt.response_model is not None:
        out[names.GEN_AI_RESPONSE_MODEL] = attempt.response_model
    if attempt.finish_reasons:
        out[names.GEN_AI_RESPONSE_FINISH_REASONS] = attempt.finish_reasons
    if attempt.first_chunk_ns is not None:
        out[names.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK] = (attempt.first_chunk_ns - attempt.started_ns) / NANO
    return out


def _usage(attempt: Attempt) -> Iterator[tuple[str, int]]:
    usage = attempt.usage
    if usage is None:
        return
    yield names.GEN_AI_USAGE_INPUT_TOKENS, usage.input
    yield names.GEN_AI_USAGE_OUTPUT_TOKENS, usage.output
    if usage.cache_read:
        yield names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, usage.cache_read
    if usage.cache_write:
        yield names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, usage.cache_write
    if usage.reasoning is not None:
        yield names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, usage.reasoning


def _draft_cost(cost: Cost) -> Attributes:
    if cost.nano_usd is None:
        return {}
    amount, currency, source = DRAFT_COST
    return {
        amount: usd(cost.nano_usd),
        currency: CURRENCY,
        source: "provider" if cost.basis == "reported" else "local",
    }
