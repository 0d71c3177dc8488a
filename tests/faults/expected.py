"""What a call under Waypost has to be like: the bare one, but for what is different by design."""

from __future__ import annotations

from typing import Any

from faults.table import Fault
from faults.world import Run
from waypost.runtime.engine import Engine


def differences(bare: Run, ours: Run, mode: str) -> dict[str, tuple[Any, Any]]:
    """What is not the same, by name, bare first."""
    pairs = {
        "error": (bare.came.error, ours.came.error),
        "warned": (bare.came.warned, ours.came.warned),
        "said": (bare.came.said, ours.came.said),
        "given": (_given(bare, mode), _given(ours, mode)),
        "attempts": (len(bare.requests), len(ours.requests)),
        "requests": (sent(bare, mode), sent(ours, mode)),
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _given(run: Run, mode: str) -> list[Any]:
    """What was given. Where usage was asked for, OpenAI says in each chunk that it is not there yet; the SDK's objects
    say so anyway, and who reads the lines by hand sees it."""
    if mode == "observe":
        return run.came.given
    given = [item.replace(', "usage": null', "") if isinstance(item, str) else item for item in run.came.given]
    return [item for at, item in enumerate(given) if not _said_before(given, at)]


def _said_before(given: list[Any], at: int) -> bool:
    """Whether a comment follows one that says the same: what stood between them was the usage that we asked for."""
    item = given[at]
    return isinstance(item, str) and item.startswith(":") and item in given[max(at - 2, 0) : at]


def sent(run: Run, mode: str) -> list[dict[str, Any]]:
    """What was sent. A routed stream asks for the usage that the caller did not ask for; it is stripped again."""
    if mode == "observe":
        return run.requests
    return [
        {**item, "body": {name: value for name, value in (item["body"] or {}).items() if name != "stream_options"}}
        for item in run.requests
    ]


AFTER = ("AssertionError", "RuntimeError", "JSONDecodeError", "UnicodeDecodeError", "ValidationError")
"""What an SDK raises of an answer that has ended, when it makes something else of it: nobody below it can know."""

UNSAID = (
    "html200",
    "empty200",
    "nothing",
    "comments_only",
    "whole_instead",
    "stream_of_html",
    "no_object",
    "null",
    "error_in_200",
)
"""Answers that are none, which some SDKs hand out as they are: the receipt says what they are."""


UNBILLED = ("reset", "close", "html200", "html502", "cut_at_once", "nothing", "stream_of_html", "no_object", "null")
"""Faults of which no provider makes a bill."""


def ends(run: Run, fault: Fault, style: str) -> tuple[str, ...]:
    """How the receipt may say that the call ended."""
    if not run.came.error:
        passed_on = "responses" in run.requests[0]["path"] or style.endswith("by_hand")
        told = fault.name in UNSAID or (fault.name.startswith("error_") and passed_on)
        return ("error", "ok") if told else ("ok",)
    after = run.came.error[0].rpartition(".")[2] in AFTER
    return ("error", "ok") if after else ("error",)


def kinds(run: Run) -> list[str]:
    """The kinds of failure of the attempts, in order."""
    return [event.attempt.failure.kind for event in run.told.attempts if event.attempt.failure is not None]


def settled(run: Run, engine: Engine, fault: Fault, style: str) -> list[str]:
    """What is wrong with what was told of a call, and with what is left of it."""
    wrong = []
    told = run.told
    receipts = [event.receipt for event in told.started]
    ended = [event.started.receipt for event in told.settled]
    if len(receipts) != 1 or ended != receipts:
        wrong.append(f"{len(receipts)} begun, {len(ended)} settled")
        return wrong
    outcome, should = told.settled[0].settlement.outcome, ends(run, fault, style)
    if outcome not in should:
        wrong.append(f"the receipt says {outcome}, not {should}; raised: {run.came.error[:1]}")
    failures = [event.attempt.failure for event in told.attempts]
    if (outcome == "error") != (failures[-1] is not None) or any(kind == "internal" for kind in kinds(run)):
        wrong.append(f"failures: {failures}")
    if fault.name in UNBILLED and outcome == "error" and told.settled[0].settlement.usage is not None:
        wrong.append("nothing came, and it is billed")
    return wrong + left_over(run, engine)


def left_over(run: Run, engine: Engine) -> list[str]:
    """What of a call is still open when it has ended."""
    told = run.told
    wrong = [f"a fault of ours: {fault.layer} {fault.error}" for fault in told.faults]
    if [event.receipt for event in told.started] != [event.started.receipt for event in told.settled]:
        wrong.append("a receipt is open")
    if engine.state._spending._ledger._leases:  # type: ignore[attr-defined]
        wrong.append("a reservation is left")
    return wrong
