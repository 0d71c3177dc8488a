"""What a call under Waypost has to be like: the bare one, but for what is different by design."""

from __future__ import annotations

from typing import Any

from faults.world import Run
from waypost.runtime.engine import Engine


def differences(bare: Run, ours: Run, mode: str) -> dict[str, tuple[Any, Any]]:
    """What is not the same, by name, bare first."""
    pairs = {
        "error": (bare.came.error, ours.came.error),
        "said": (bare.came.said, ours.came.said),
        "given": (bare.came.given, ours.came.given),
        "attempts": (len(bare.requests), len(ours.requests)),
        "requests": (_sent(bare, mode), _sent(ours, mode)),
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _sent(run: Run, mode: str) -> list[dict[str, Any]]:
    """What was sent. A routed stream asks for the usage that the caller did not ask for; it is stripped again."""
    if mode == "observe":
        return run.requests
    return [
        {**item, "body": {name: value for name, value in (item["body"] or {}).items() if name != "stream_options"}}
        for item in run.requests
    ]


def settled(run: Run, engine: Engine) -> list[str]:
    """What is wrong with what was told of a call, and with what is left of it."""
    wrong = []
    told = run.told
    receipts = [event.receipt for event in told.started]
    ended = [event.started.receipt for event in told.settled]
    if len(receipts) != 1 or ended != receipts:
        wrong.append(f"{len(receipts)} begun, {len(ended)} settled")
        return wrong
    if told.faults:
        wrong.append(f"faults of ours: {told.faults}")
    outcome = told.settled[0].settlement.outcome
    if outcome != ("error" if run.came.error else "ok"):
        wrong.append(f"the receipt says {outcome}; raised: {run.came.error[:1]}")
    leases = engine.state._spending._ledger._leases  # type: ignore[attr-defined]
    if leases:
        wrong.append(f"{len(leases)} reservations are left")
    return wrong
