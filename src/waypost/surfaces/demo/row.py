"""One call of the demo as its receipt tells it: plain values for a person and for ``--json``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from waypost.runtime.receipts import Receipt


@dataclass(frozen=True, slots=True)
class Row:
    """Money is nano-USD; ``baseline`` is the target that the policy compares with, ``tried`` what failed before."""

    id: str
    text: str
    asked: str
    target: str
    answered_model: str
    rule: str | None
    because: str | None
    cause: str
    cost: int | None
    baseline: str | None
    baseline_cost: int | None
    receipt: str
    trace: str | None
    tried: tuple[str, ...]
    response: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def provider(self) -> str:
        return self.target.partition("/")[0]


def row(id: str, text: str, response: str, receipt: Receipt) -> Row:
    """The row of a settled call."""
    told = receipt.to_dict()
    attempts = [hop["attempt"] for hop in told["hops"] if hop["attempt"] is not None]
    last = attempts[-1]
    first: dict[str, Any] = next((hop["decision"] for hop in told["hops"] if hop["decision"] is not None), {})
    settlement = told["settlement"]
    baseline = next((base for base in settlement["baselines"] if base["label"] == "policy"), None)
    return Row(
        id=id,
        text=text,
        asked=told["call"]["requested"],
        target=last["target"],
        answered_model=last["response_model"] or last["model"],
        rule=first.get("rule"),
        because=first.get("because"),
        cause=first.get("cause", "passthrough"),
        cost=settlement["cost"]["nano_usd"],
        baseline=None if baseline is None else baseline["target"],
        baseline_cost=None if baseline is None else baseline["cost"]["nano_usd"],
        receipt=receipt.id,
        trace=told["call"]["trace_id"],
        tried=tuple(f"{each['target']}: {_failure(each['failure'])}" for each in attempts[:-1]),
        response=response,
    )


def _failure(failure: dict[str, Any] | None) -> str:
    if failure is None:
        return "no answer"
    return f"{failure['status']} {failure['kind']}" if failure["status"] else str(failure["kind"])
