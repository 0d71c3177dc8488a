"""Records of a receipt as JSON-able dicts, and back again exactly.

Integers, text, booleans and ``null`` only; masks and the seed as lower-case hex. What is at its default is left out
where that is common, because these are written on the caller's thread. Decoders ignore keys that they do not know and
take the default for keys that are absent, so that older and newer receipts stay readable. A person's identifier
passes through the given pseudonym before anything is written; no text of a prompt is in any of these.
"""

from __future__ import annotations

from typing import Any

from waypost.core.model.decision import ENGINE, Decision
from waypost.core.model.events import Started
from waypost.core.model.outcome import UNPRICED, Attempt, Baseline, Cost, CostLine, Failure, Settlement, Usage
from waypost.core.model.record_question import Wire, fields_of, only

CERTAIN = 1_000_000

_FAILURE = tuple(Failure.__dataclass_fields__)
_USAGE = tuple(Usage.__dataclass_fields__)


def call_record(call: Started) -> dict[str, Any]:
    """The call without its receipt's id, which stands beside it."""
    record: dict[str, Any] = {
        "at_ns": call.at_ns,
        "sdk": call.sdk,
        "operation": call.operation,
        "dialect": call.dialect,
        "streaming": call.streaming,
        "requested": call.requested,
        "provider": call.provider,
        "policy": call.policy,
        "policy_fingerprint": call.policy_fingerprint,
        "catalog": call.catalog,
        "mode": call.mode,
        "request_id": call.request_id,
    }
    if call.drawn:
        record["drawn"] = True
    if call.drawn_ppm is not None:
        record["drawn_ppm"] = call.drawn_ppm
    if call.content is not None:
        record["content"] = call.content
    return record


def call_of(record: Wire, receipt: str) -> Started:
    return Started(
        receipt=receipt,
        at_ns=record["at_ns"],
        sdk=record["sdk"],
        operation=record["operation"],
        dialect=record["dialect"],
        streaming=record["streaming"],
        requested=record["requested"],
        provider=record["provider"],
        policy=record["policy"],
        policy_fingerprint=record["policy_fingerprint"],
        catalog=record["catalog"],
        mode=record["mode"],
        request_id=record.get("request_id"),
        content=record.get("content"),
        drawn=record.get("drawn", False),
        drawn_ppm=record.get("drawn_ppm"),
    )


def seed_of(receipt: str) -> bytes:
    """The seed: the 16 bytes of the receipt's id; empty where the id is not of our form."""
    try:
        return bytes.fromhex(receipt[3:])
    except ValueError:
        return b""


def decision_record(decision: Decision) -> dict[str, Any]:
    """Masks and the order as the decision holds them; rows are derived from these and the catalog."""
    record: dict[str, Any] = {
        "policy": decision.policy,
        "catalog": decision.catalog,
        "seed": decision.seed.hex(),
        "rejections": [[name, f"{mask:x}"] for name, mask in decision.rejections],
        "survivors": f"{decision.survivors:x}",
        "order": decision.order,
        "scores": decision.scores,
        "selected": decision.selected,
        "cause": decision.cause,
        "rank": decision.rank,
        "engine": decision.engine,
    }
    if decision.rule is not None:
        record["rule"] = decision.rule
    if decision.because is not None:
        record["because"] = decision.because
    if decision.tried:
        record["tried"] = decision.tried
    if decision.propensity_ppm != CERTAIN:
        record["propensity_ppm"] = decision.propensity_ppm
    if decision.chance:
        record["chance"] = decision.chance
    if decision.aside is not None:
        record["aside"] = decision.aside
    return record


def decision_of(record: Wire) -> Decision:
    return Decision(
        policy=record["policy"],
        catalog=record["catalog"],
        seed=bytes.fromhex(record["seed"]),
        rejections=tuple((name, int(mask, 16)) for name, mask in record["rejections"]),
        survivors=int(record["survivors"], 16),
        order=tuple(record["order"]),
        scores=tuple(record["scores"]),
        selected=record["selected"],
        cause=record["cause"],
        rule=record.get("rule"),
        because=record.get("because"),
        rank=record.get("rank", ""),
        tried=tuple(record.get("tried", ())),
        propensity_ppm=record.get("propensity_ppm", CERTAIN),
        engine=record.get("engine", ENGINE),
        chance=record.get("chance", ""),
        aside=record.get("aside"),
    )


def attempt_begun(attempt: Attempt) -> dict[str, Any]:
    """What is known of an attempt before its send; `attempt_of` reads it as one without an end."""
    record: dict[str, Any] = {
        "number": attempt.number,
        "target": attempt.target,
        "provider": attempt.provider,
        "model": attempt.model,
        "dialect": attempt.dialect,
        "reason": attempt.reason,
        "started_ns": attempt.started_ns,
    }
    if attempt.untold:
        record["untold"] = attempt.untold
    return record


def attempt_ended(attempt: Attempt) -> dict[str, Any]:
    """The whole attempt. Where it has not ended ``ended_ns`` is 0."""
    record = attempt_begun(attempt)
    failure = attempt.failure
    record.update(
        ended_ns=attempt.ended_ns,
        failure=None if failure is None else failure_record(failure),
        usage=None if attempt.usage is None else fields_of(attempt.usage, _USAGE),
        cost=cost_record(attempt.cost),
        response_id=attempt.response_id,
        response_model=attempt.response_model,
        finish_reasons=attempt.finish_reasons,
        first_chunk_ns=attempt.first_chunk_ns,
        request_id=attempt.request_id,
    )
    if attempt.left_out:
        record["left_out"] = attempt.left_out
    return record


def attempt_of(record: Wire) -> Attempt:
    failure, usage, cost = record.get("failure"), record.get("usage"), record.get("cost")
    return Attempt(
        number=record["number"],
        target=record["target"],
        provider=record["provider"],
        model=record["model"],
        dialect=record["dialect"],
        reason=record["reason"],
        started_ns=record["started_ns"],
        ended_ns=record.get("ended_ns", 0),
        failure=None if failure is None else Failure(**only(failure, _FAILURE)),
        usage=None if usage is None else Usage(**only(usage, _USAGE)),
        cost=UNPRICED if cost is None else cost_of(cost),
        response_id=record.get("response_id"),
        response_model=record.get("response_model"),
        finish_reasons=tuple(record.get("finish_reasons", ())),
        first_chunk_ns=record.get("first_chunk_ns"),
        request_id=record.get("request_id"),
        left_out=tuple(record.get("left_out", ())),
        untold=tuple(record.get("untold", ())),
    )


def failure_record(failure: Failure) -> dict[str, Any]:
    return fields_of(failure, _FAILURE)


def cost_record(cost: Cost) -> dict[str, Any]:
    return {
        "nano_usd": cost.nano_usd,
        "basis": cost.basis,
        "lines": [[line.kind, line.tokens, line.price, line.nano_usd] for line in cost.lines],
        "price_as_of": cost.price_as_of,
    }


def cost_of(record: Wire) -> Cost:
    lines = tuple(CostLine(kind, tokens, price, usd) for kind, tokens, price, usd in record.get("lines", ()))
    return Cost(record["nano_usd"], record["basis"], lines, record.get("price_as_of"))


def settlement_record(settlement: Settlement) -> dict[str, Any]:
    """The settlement without its attempts, which are written beside it or as hops."""
    usage = settlement.usage
    record: dict[str, Any] = {
        "outcome": settlement.outcome,
        "usage": None if usage is None else fields_of(usage, _USAGE),
        "cost": cost_record(settlement.cost),
        "baselines": [
            {"label": base.label, "target": base.target, "cost": cost_record(base.cost)}
            for base in settlement.baselines
        ],
        "started_ns": settlement.started_ns,
        "ended_ns": settlement.ended_ns,
    }
    if settlement.charged_nano_usd is not None:
        record["charged_nano_usd"] = settlement.charged_nano_usd
    return record


def settlement_of(record: Wire, attempts: tuple[Attempt, ...]) -> Settlement:
    usage = record.get("usage")
    return Settlement(
        outcome=record["outcome"],
        usage=None if usage is None else Usage(**only(usage, _USAGE)),
        cost=cost_of(record["cost"]),
        baselines=tuple(
            Baseline(base["label"], base["target"], cost_of(base["cost"])) for base in record.get("baselines", ())
        ),
        started_ns=record["started_ns"],
        ended_ns=record["ended_ns"],
        attempts=attempts,
        charged_nano_usd=record.get("charged_nano_usd"),
    )
