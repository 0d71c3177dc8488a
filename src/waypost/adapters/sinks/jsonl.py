"""An audit file: one JSON line per ended call, with no text of the conversation in it.

A row, version 1; money is in nano-USD, times are epoch nanoseconds, and what is unknown is null:

    v, receipt, at_ns, ended_ns, request_id, sdk, operation, mode, streaming
    drawn, drawn_ppm           whether a rollout's share decided on the mode, and how likely that was, else null
    requested, provider        the model and the provider that were asked for
    policy, policy_fingerprint, catalog
    selected, cause, rule      of the last decision; null without one
    chance, propensity_ppm     what was drawn in it ("" for nothing), and how likely the selected was
    advised                    whether the call ran unchanged beside that decision
    candidates                 target ids that survived, best first
    rejected                   {target id: first failed rule}; at most 24 of both together
    candidate_count            of all, listed or not
    attempts                   [{number, target, provider, model, reason, failure, status, response_id, cost, basis}]
    answered_by                target id of the attempt that answered, else null
    outcome, usage             usage is {input, output, cache_read, cache_write, reasoning, estimated} or null
    cost, basis                of the whole call
    baselines                  {requested: cost, policy: cost}, where known
    context                    the allow-listed keys that the caller gave
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from waypost.adapters.sinks.attributes import SCOPES, scoped
from waypost.adapters.sinks.candidates import shortlist
from waypost.adapters.sinks.names import CONTEXT_PREFIX
from waypost.core.model.events import Decided, Event, Settled
from waypost.core.model.outcome import Attempt, Usage

log = logging.getLogger("waypost")

VERSION = 1
MODE = 0o600
"""Rows say who asked for what; nobody else on the machine needs them."""


class Jsonl:
    """The sink that appends rows to ``path``, whose folder is made when the first one is written.

    ``defer(job, *args)`` runs a job elsewhere and says whether it will. The file is opened for each row, so that it may
    be rotated or deleted, and a row is written by one append, so that threads and processes do not mix theirs.
    ``lost`` counts rows that could not be written or deferred; ``on_loss`` is told of the former, because who refuses a
    job counts it.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        defer: Callable[..., bool],
        *,
        scopes: Sequence[str] = SCOPES,
        on_loss: Callable[[], object] = lambda: None,
    ) -> None:
        self.path = Path(path)
        self.lost = 0
        self._defer = defer
        self._scopes = tuple(scopes)
        self._on_loss = on_loss
        self._told = False

    def event(self, event: Event) -> None:
        """Take a settled call on the caller's thread; other events are ignored."""
        if isinstance(event, Settled) and not self._defer(self.write, event):
            self.lost += 1

    def flush(self, timeout_s: float) -> bool:  # noqa: ARG002 - the worker has what waits, and is drained by its owner
        """Nothing waits here."""
        return True

    def write(self, settled: Settled) -> None:
        """Append one row. A file that cannot be written is said once and counted."""
        text = json.dumps(row(settled, self._scopes), ensure_ascii=False, separators=(",", ":"))
        try:
            self._append(text.encode("utf-8", "replace") + b"\n")  # half of a letter is in no file of ours
        except OSError as error:
            self.lost += 1
            self._on_loss()
            if not self._told:
                self._told = True
                log.warning("%s: rows of the audit file are being lost: %s", self.path, error.strerror)

    def _append(self, line: bytes) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        try:
            file = os.open(self.path, flags, MODE)
        except FileNotFoundError:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self.path, flags, MODE)
        try:
            if os.write(file, line) != len(line):
                # A full disk; the next row must not continue this one's line.
                os.write(file, b"\n")
                raise OSError(28, "no space left on device")
        finally:
            os.close(file)


def row(settled: Settled, scopes: Sequence[str] = SCOPES) -> dict[str, Any]:
    """The row of one settled call."""
    started, settlement = settled.started, settled.settlement
    answered = next((each for each in reversed(settlement.attempts) if each.failure is None), None)
    who = {} if settled.question is None else dict(scoped(settled.question.context, scopes))
    return {
        "v": VERSION,
        "receipt": started.receipt,
        "at_ns": started.at_ns,
        "ended_ns": settlement.ended_ns,
        "request_id": started.request_id,
        "sdk": started.sdk,
        "operation": started.operation,
        "mode": started.mode,
        "drawn": started.drawn,
        "drawn_ppm": started.drawn_ppm,
        "streaming": started.streaming,
        "requested": started.requested,
        "provider": started.provider,
        "policy": started.policy,
        "policy_fingerprint": started.policy_fingerprint,
        "catalog": started.catalog,
        **_decision(settled.decided),
        "attempts": [_attempt(each) for each in settlement.attempts],
        "answered_by": None if answered is None else answered.target,
        "outcome": settlement.outcome,
        "usage": None if settlement.usage is None else _usage(settlement.usage),
        "cost": settlement.cost.nano_usd,
        "basis": settlement.cost.basis,
        "baselines": {each.label: each.cost.nano_usd for each in settlement.baselines},
        "context": {key.removeprefix(CONTEXT_PREFIX): value for key, value in who.items()},
    }


def _decision(decided: Decided | None) -> Mapping[str, Any]:
    if decided is None:
        nothing = dict.fromkeys(("selected", "cause", "rule", "chance", "propensity_ppm"))
        return {**nothing, "advised": False, "candidates": [], "rejected": {}, "candidate_count": 0}
    decision, target_of = decided.decision, decided.target_of
    rejected, count = shortlist(decision)
    return {
        "selected": None if decision.selected is None else target_of(decision.selected),
        "cause": decision.cause,
        "rule": decision.rule,
        "chance": decision.chance,
        "propensity_ppm": decision.propensity_ppm,
        "advised": decided.advised,
        "candidates": [target_of(index) for index in decision.order],
        "rejected": {target_of(index): rule for index, rule in rejected.items()},
        "candidate_count": count,
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    failure = attempt.failure
    return {
        "number": attempt.number,
        "target": attempt.target,
        "provider": attempt.provider,
        "model": attempt.model,
        "reason": attempt.reason,
        "failure": None if failure is None else failure.kind,
        "status": None if failure is None else failure.status,
        "response_id": attempt.response_id,
        "cost": attempt.cost.nano_usd,
        "basis": attempt.cost.basis,
    }


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "input": usage.input,
        "output": usage.output,
        "cache_read": usage.cache_read,
        "cache_write": usage.cache_write,
        "reasoning": usage.reasoning,
        "estimated": usage.estimated,
    }
