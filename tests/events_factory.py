"""Synthetic calls for tests of sinks: whole sequences of events, with a decision over four made-up candidates.

Times are epoch nanoseconds from `T0` on; an attempt takes 400 ms and a decision 12 us.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

from waypost.core.model.decision import CandidateProof, Decision, Proof, Rejection
from waypost.core.model.events import Attempted, Attempting, Decided, Event, InternalError, Settled, Started
from waypost.core.model.outcome import Attempt, Baseline, Cost, Failure, Outcome, Settlement, Usage
from waypost.core.model.question import EMPTY_SNAPSHOT, Context, Features, Origin, Question

T0 = 1_760_000_000_000_000_000
MS = 1_000_000
TARGETS = ("groq/llama-small", "local/phi", "openai/gpt-5", "openai/gpt-5-mini")
ESTIMATES = (163_500, None, 20_000_000, 163_500)
"""Estimated costs beside `TARGETS`."""

POLICY = "9f" * 32
CATALOG = "c4" * 32
USAGE = Usage(100, 180, cache_read=50, cache_write=25, reasoning=40)
COST = Cost(163_500, "computed", price_as_of="2026-01-01")
RATE_LIMITED = Failure("rate_limited", 429, "rate_limit_exceeded")

_numbers = itertools.count(1)


def started(**changes: Any) -> Started:
    """A call of the OpenAI SDK with ``model="auto"``, its receipt id new each time."""
    base = Started(
        receipt=f"wp_{next(_numbers):032x}",
        at_ns=T0,
        sdk="openai",
        operation="chat",
        dialect="openai.chat",
        streaming=False,
        requested="auto",
        provider="openai",
        policy="default",
        policy_fingerprint=POLICY,
        catalog=CATALOG,
        mode="route",
        request_id="req-7",
    )
    return dataclasses.replace(base, **changes)


def question(**context: Any) -> Question:
    """A short simple question of the R&D department."""
    who = Context(**{"department": "rd", "workflow": "triage", "user": "u1", **context})
    return Question(
        dialect="openai.chat",
        requested="auto",
        auto=True,
        origin=Origin("openai", "OpenAI", "api.openai.com", "openai", "openai"),
        features=Features(12, 200, task="question_answer", complexity="simple"),
        context=who,
        granted=True,
    )


def decision(*, order: Sequence[int] = (3, 0), tried: Sequence[str] = (), **changes: Any) -> Decision:
    """gpt-5-mini before llama-small; phi has no tools, gpt-5 is too dear and in the wrong region."""
    rejections: list[tuple[str, int]] = [("need.tools", 0b0010), ("estimated.cost <= 0.01", 0b0100), ("region", 0b0110)]
    if tried:
        rejections.insert(0, ("tried", sum(1 << TARGETS.index(each) for each in tried)))
    base = Decision(
        policy=POLICY,
        catalog=CATALOG,
        seed=bytes(16),
        rejections=tuple(rejections),
        survivors=sum(1 << index for index in order),
        order=tuple(order),
        scores=tuple(800_000 - 1_000 * index for index in range(len(order))),
        selected=order[0] if order else None,
        cause="fallback" if tried else "policy",
        rank="balanced",
        tried=tuple(tried),
    )
    return dataclasses.replace(base, **changes)


def proof(of: Decision) -> Proof:
    """The rows of `decision`, the winner first, then the standby, then the rejected by id."""
    rows = []
    for position, index in enumerate(of.order):
        state = "standby" if position else "selected"
        rows.append(CandidateProof(TARGETS[index], state, of.scores[position], (), (), 163_500))
    failed = {
        "need.tools": Rejection("need.tools", "capabilities", "has", "", ""),
        "estimated.cost <= 0.01": Rejection("estimated.cost <= 0.01", "estimated.cost", "<=", "$0.02", "$0.01"),
        "region": Rejection("region", "region", "in", "us", "[eu]"),
        "tried": Rejection("tried", "target", "not in", "failed", ""),
    }
    for index, target in enumerate(TARGETS):
        reasons = tuple(failed[rule] for rule, mask in of.rejections if mask >> index & 1)
        if reasons:
            state = "tried" if reasons[0].rule == "tried" else "rejected"
            rows.append(CandidateProof(target, state, None, (), reasons, None if index == 1 else 20_000_000))
    return Proof(of, tuple(rows), (), ())


def decided(start: Started, *, hop: int = 1, made: Decision | None = None, **changes: Any) -> Decided:
    made = decision() if made is None else made
    base = Decided(
        started=start,
        at_ns=T0 + hop * MS,
        hop=hop,
        question=question(),
        snapshot=EMPTY_SNAPSHOT,
        decision=made,
        duration_ns=12_000,
        advised=False,
        prove=lambda: proof(made),
        target_of=TARGETS.__getitem__,
        estimates=lambda indices: [ESTIMATES[index] for index in indices],
    )
    return dataclasses.replace(base, **changes)


def attempting(start: Started, chosen: Decided | None, *, number: int = 1, **changes: Any) -> Attempting:
    """About to send to the chosen target, or unchanged to gpt-5 without a decision."""
    target = TARGETS[2] if chosen is None or chosen.advised else TARGETS[chosen.decision.order[0]]
    provider, _, model = target.partition("/")
    attempt = Attempt(
        number=number,
        target=target,
        provider=provider,
        model=model,
        dialect="openai.chat",
        reason="passthrough" if chosen is None or chosen.advised else "primary" if number == 1 else "fallback",
        started_ns=T0 + number * 500 * MS,
        ended_ns=0,
    )
    asked = question() if chosen is None else chosen.question
    return Attempting(start, asked, chosen, dataclasses.replace(attempt, **changes), f"api.{provider}.com", 443)


def attempted(before: Attempting, *, failure: Failure | None = None, **changes: Any) -> Attempted:
    """400 ms later, answered with `USAGE` at `COST`, or failed."""
    ended = before.attempt.started_ns + 400 * MS
    if failure is not None:
        return Attempted(before, dataclasses.replace(before.attempt, ended_ns=ended, failure=failure, **changes))
    facts: dict[str, Any] = {
        "usage": USAGE,
        "cost": COST,
        "response_id": "chatcmpl-1",
        "response_model": f"{before.attempt.model}-2026-01-01",
        "finish_reasons": ("stop",),
    }
    return Attempted(before, dataclasses.replace(before.attempt, ended_ns=ended, **{**facts, **changes}))


def settled(
    start: Started, chosen: Decided | None, attempts: Sequence[Attempted], *, outcome: Outcome = "ok", **changes: Any
) -> Settled:
    records = tuple(each.attempt for each in attempts)
    last = records[-1] if records else None
    settlement = Settlement(
        outcome=outcome,
        usage=None if last is None else last.usage,
        cost=Cost(None, "unpriced") if last is None else last.cost,
        baselines=(
            Baseline("requested", "openai/gpt-5", Cost(2_500_000, "computed")),
            Baseline("policy", "openai/gpt-5", Cost(2_600_000, "computed")),
        ),
        started_ns=start.at_ns,
        ended_ns=T0 + (len(records) * 500 + 450) * MS,
        attempts=records,
    )
    asked = question() if chosen is None else chosen.question
    return Settled(start, asked, chosen, tuple(attempts), dataclasses.replace(settlement, **changes))


# -- whole calls ------------------------------------------------------------------------------------------------------


def routed(**changes: Any) -> list[Event]:
    """One call, one decision, one attempt, an answer."""
    start = started(**changes)
    chosen = decided(start)
    sending = attempting(start, chosen)
    done = attempted(sending)
    return [start, chosen, sending, done, settled(start, chosen, [done])]


def fallen_back(**changes: Any) -> list[Event]:
    """The first target is rate limited, the second answers."""
    start = started(**changes)
    first = decided(start)
    sending = attempting(start, first)
    failed = attempted(sending, failure=RATE_LIMITED)
    second = decided(start, hop=2, made=decision(order=(0,), tried=(TARGETS[3],)))
    again = attempting(start, second, number=2)
    done = attempted(again)
    return [start, first, sending, failed, second, again, done, settled(start, second, [failed, done])]


def failed(**changes: Any) -> list[Event]:
    """The only attempt fails, and the caller gets the error."""
    start = started(**changes)
    chosen = decided(start)
    sending = attempting(start, chosen)
    done = attempted(sending, failure=Failure("server_error", 500, "api_error"))
    return [start, chosen, sending, done, settled(start, chosen, [done], outcome="error")]


def rejected(**changes: Any) -> list[Event]:
    """No candidate survives, so nothing is sent."""
    start = started(**changes)
    masks = (("need.tools", 0b0010), ("estimated.cost <= 0.01", 0b1101))
    chosen = decided(start, made=decision(order=(), rejections=masks))
    return [start, chosen, settled(start, chosen, [], outcome="rejected", baselines=())]


def observed(**changes: Any) -> list[Event]:
    """A concrete model in mode observe: no decision."""
    start = started(**{"mode": "observe", "requested": "gpt-5", "request_id": None, **changes})
    sending = attempting(start, None)
    done = attempted(sending)
    return [start, sending, done, settled(start, None, [done])]


def advised(**changes: Any) -> list[Event]:
    """A concrete model that runs unchanged beside a decision in which a rule matched."""
    start = started(**{"mode": "advise", "requested": "gpt-5", **changes})
    chosen = decided(start, advised=True, made=decision(cause="rule", rule="simple goes cheap"))
    sending = attempting(start, chosen)
    done = attempted(sending)
    return [start, chosen, sending, done, settled(start, chosen, [done])]


def streamed(**changes: Any) -> list[Event]:
    """A stream whose usage is an estimate and that the caller stops reading."""
    start = started(**{"streaming": True, **changes})
    chosen = decided(start)
    sending = attempting(start, chosen)
    done = attempted(
        sending,
        first_chunk_ns=sending.attempt.started_ns + 120 * MS,
        usage=Usage(12, 7, estimated=True),
        cost=Cost(1_000, "estimated"),
        finish_reasons=(),
    )
    return [start, chosen, sending, done, settled(start, chosen, [done], outcome="abandoned")]


def unpriced(**changes: Any) -> list[Event]:
    """A target without a price, asked for its embeddings."""
    start = started(**{"operation": "embeddings", **changes})
    chosen = decided(start)
    sending = attempting(start, chosen)
    done = attempted(sending, cost=Cost(None, "unpriced"), finish_reasons=())
    return [start, chosen, sending, done, settled(start, chosen, [done])]


def internal_error() -> InternalError:
    return InternalError("features", "KeyError", None)


SCENARIOS = {
    "routed": routed,
    "fallen_back": fallen_back,
    "failed": failed,
    "rejected": rejected,
    "observed": observed,
    "advised": advised,
    "streamed": streamed,
    "unpriced": unpriced,
}
"""Whole calls by name."""
