"""The receipt: what is written before each send and at settlement, and how those records fold into one.

`attempt_record`, `attempted_record` and `settled_record` turn events into compact dicts for the journal; `fold` makes
a `Receipt` of them, which proves its decisions again once its policy and catalog are found by their fingerprints.
The published form is ``receipt/v1`` (``policies/receipt.schema.json``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from waypost.core.model import record as rec
from waypost.core.model.decision import ENGINE, Decision
from waypost.core.model.events import Attempted, Attempting, Decided, Settled, Started
from waypost.core.model.outcome import Attempt, Outcome, Settlement
from waypost.core.model.question import Mode, Question, Snapshot
from waypost.core.model.record import attempt_of, call_of, decision_of, question_of, settlement_of, snapshot_of

__all__ = [
    "SCHEMA",
    "Hop",
    "Receipt",
    "attempt_of",
    "attempt_record",
    "attempted_record",
    "decision_of",
    "fold",
    "question_of",
    "receipt_of",
    "settled_record",
    "settlement_of",
    "snapshot_of",
]

SCHEMA = "receipt/v1"

Status: TypeAlias = Outcome | Literal["open"]
Pseudonym: TypeAlias = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Hop:
    """One attempt with the decision that led to it.

    ``snapshot`` and ``decision`` are ``None`` in observe mode; ``attempt`` is ``None`` where a decision was never
    sent, because nobody survived. ``question`` is the hop's own. ``selected`` is the id of the decision's choice;
    ``advised`` says that the call ran unchanged beside it. ``journal`` and ``journal_seq`` say where it stands.
    """

    snapshot: Snapshot | None
    decision: Decision | None
    attempt: Attempt | None
    journal_seq: int | None = None
    journal: str | None = None
    question: Question | None = None
    selected: str | None = None
    advised: bool = False
    decided_ns: int | None = None
    duration_ns: int | None = None
    host: str | None = None
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """Question, policy, catalog, snapshots, seed, decisions, attempts and settlement of one call."""

    id: str
    call: Started
    question: Question | None
    hops: tuple[Hop, ...]
    settlement: Settlement | None = None
    settled_seq: int | None = None
    trace_id: str | None = None
    engine: int = ENGINE

    @property
    def status(self) -> Status:
        """The outcome, or ``open`` while nothing has been settled."""
        return "open" if self.settlement is None else self.settlement.outcome

    @property
    def policy(self) -> str:
        return self.call.policy

    @property
    def policy_fingerprint(self) -> str:
        return self.call.policy_fingerprint

    @property
    def catalog_fingerprint(self) -> str:
        return self.call.catalog

    @property
    def mode(self) -> Mode:
        return self.call.mode

    @property
    def answered(self) -> Attempt | None:
        """The last attempt, if it did not fail."""
        last = next((hop.attempt for hop in reversed(self.hops) if hop.attempt is not None), None)
        return last if last is not None and last.failure is None and self.settlement is not None else None

    def to_dict(self) -> dict[str, Any]:
        """The receipt as ``receipt/v1``: JSON-able; keys of `record` that are absent are at their default."""
        call = rec.call_record(self.call)
        policy = {"name": call.pop("policy"), "fingerprint": call.pop("policy_fingerprint")}
        settled = None if self.settlement is None else rec.settlement_record(self.settlement)
        if settled is not None:
            settled["journal_seq"] = self.settled_seq
        document = {
            "schema": SCHEMA,
            "id": self.id,
            "engine": self.engine,
            "status": self.status,
            "mode": call.pop("mode"),
            "policy": policy,
            "catalog": {"fingerprint": call.pop("catalog")},
            "call": {**call, "trace_id": self.trace_id},
            "question": None if self.question is None else rec.question_record(self.question, str),
            "hops": [self._hop(hop) for hop in self.hops],
            "settlement": settled,
        }
        return {name: _plain(value) for name, value in document.items()}

    def _hop(self, hop: Hop) -> dict[str, Any]:
        out: dict[str, Any] = {
            "snapshot": None if hop.snapshot is None else rec.snapshot_record(hop.snapshot),
            "decision": None if hop.decision is None else rec.decision_record(hop.decision),
            "attempt": None if hop.attempt is None else rec.attempt_ended(hop.attempt),
            "journal_seq": hop.journal_seq,
            **{name: getattr(hop, name) for name in _BESIDE},
        }
        if hop.question is not None and hop.question != self.question:
            out["question"] = rec.question_record(hop.question, str)
        return out


_BESIDE = ("journal", "selected", "advised", "decided_ns", "duration_ns", "host", "port")


def attempt_record(event: Attempting, pseudonym: Pseudonym, trace_id: str | None = None) -> dict[str, Any]:
    """What the journal is given before a send. ``pseudonym`` replaces ``context.user``."""
    record = {
        "kind": "attempt",
        "receipt": event.started.receipt,
        "engine": ENGINE,
        "call": rec.call_record(event.started),
        "attempt": rec.attempt_begun(event.attempt),
        "host": event.host,
        "port": event.port,
    }
    if trace_id is not None:
        record["trace_id"] = trace_id
    _add_decided(record, event.question, event.decided, pseudonym)
    return record


def attempted_record(event: Attempted) -> dict[str, Any]:
    """The end of an attempt, for those who want failed hops known even when the process dies before it settles."""
    receipt = event.attempting.started.receipt
    return {"kind": "attempted", "receipt": receipt, "attempt": rec.attempt_ended(event.attempt)}


def settled_record(event: Settled, pseudonym: Pseudonym, trace_id: str | None = None) -> dict[str, Any]:
    """What the journal is given at the end; carries the last decision where that was never sent."""
    record = {
        "kind": "settled",
        "receipt": event.started.receipt,
        "engine": ENGINE,
        "call": rec.call_record(event.started),
        "settlement": rec.settlement_record(event.settlement),
        "attempts": [rec.attempt_ended(attempt) for attempt in event.settlement.attempts],
    }
    if trace_id is not None:
        record["trace_id"] = trace_id
    sent = event.attempts[-1].attempting.decided if event.attempts else None
    if event.decided is not None and event.decided is not sent:
        _add_decided(record, event.question, event.decided, pseudonym)
    elif not event.attempts and event.question is not None:
        record["question"] = rec.question_record(event.question, pseudonym)
    return record


def _add_decided(
    record: dict[str, Any], question: Question | None, decided: Decided | None, pseudonym: Pseudonym
) -> None:
    asked = question if decided is None else decided.question
    if asked is not None:
        record["question"] = rec.question_record(asked, pseudonym)
    if decided is None:
        return
    selected = decided.decision.selected
    record["snapshot"] = rec.snapshot_record(decided.snapshot)
    record["decision"] = rec.decision_record(decided.decision)
    record["selected"] = None if selected is None else decided.target_of(selected)
    record["advised"] = decided.advised
    record["decided_ns"] = decided.at_ns
    record["duration_ns"] = decided.duration_ns


def fold(records: Iterable[Mapping[str, Any]]) -> Receipt:
    """One receipt of all its records, in any order; the same record twice is the same as once.

    Records carry ``seq`` (and may carry ``journal``) once they have been journalled.

    Raises:
        ValueError: no record, or records of more than one receipt, or none that describes the call.
    """
    hops: dict[int, Hop] = {}
    ends: dict[int, Attempt] = {}
    call: Started | None = None
    settled: Mapping[str, Any] | None = None
    ids: dict[str, None] = {}
    trace_id: str | None = None
    engine = ENGINE
    for record in records:
        ids[record["receipt"]] = None
        trace_id = record.get("trace_id") or trace_id
        if "call" in record:
            call = call_of(record["call"], record["receipt"])
            engine = record.get("engine", engine)
        match record["kind"]:
            case "attempt":
                hops[record["attempt"]["number"]] = _hop_of(record)
            case "attempted":
                ends[record["attempt"]["number"]] = attempt_of(record["attempt"])
            case "settled":
                settled = record
            case _:
                continue
    if call is None or len(ids) != 1:
        raise ValueError(f"records of {len(ids)} receipts and {'a' if call else 'no'} call; exactly one is folded")
    if settled is not None:
        ends.update((end["number"], attempt_of(end)) for end in settled["attempts"])
    ordered = _hops(hops, ends, settled)
    question = next((hop.question for hop in ordered if hop.question is not None), None)
    if question is None and settled is not None and "question" in settled:
        question = question_of(settled["question"])
    ordered = tuple(_asked(hop, question) for hop in ordered)
    return Receipt(
        id=call.receipt,
        call=call,
        question=question,
        hops=ordered,
        settlement=None if settled is None else settlement_of(settled["settlement"], _attempts(ordered)),
        settled_seq=None if settled is None else settled.get("seq"),
        trace_id=trace_id,
        engine=engine,
    )


def receipt_of(document: Mapping[str, Any]) -> Receipt:
    """The receipt of a ``receipt/v1`` document.

    Raises:
        ValueError: another schema.
    """
    if document.get("schema") != SCHEMA:
        raise ValueError(f"schema {document.get('schema')!r}, not {SCHEMA!r}")
    call = {
        **document["call"],
        "policy": document["policy"]["name"],
        "policy_fingerprint": document["policy"]["fingerprint"],
        "catalog": document["catalog"]["fingerprint"],
        "mode": document["mode"],
    }
    asked, settled = document["question"], document["settlement"]
    question = None if asked is None else question_of(asked)
    hops = tuple(_asked(_hop_of(hop), question) for hop in document["hops"])
    return Receipt(
        id=document["id"],
        call=call_of(call, document["id"]),
        question=question,
        hops=hops,
        settlement=None if settled is None else settlement_of(settled, _attempts(hops)),
        settled_seq=None if settled is None else settled.get("journal_seq"),
        trace_id=document["call"].get("trace_id"),
        engine=document["engine"],
    )


def _hop_of(record: Mapping[str, Any]) -> Hop:
    snapshot, decision = record.get("snapshot"), record.get("decision")
    attempt, question = record.get("attempt"), record.get("question")
    return Hop(
        snapshot=None if snapshot is None else snapshot_of(snapshot),
        decision=None if decision is None else decision_of(decision),
        attempt=None if attempt is None else attempt_of(attempt),
        journal_seq=record.get("journal_seq", record.get("seq")),
        question=None if question is None else question_of(question),
        **{name: record[name] for name in _BESIDE if name in record},
    )


def _hops(hops: dict[int, Hop], ends: dict[int, Attempt], settled: Mapping[str, Any] | None) -> tuple[Hop, ...]:
    """Hops by attempt number with the attempts' ends in; a decision that was never sent comes last."""
    missing = (number for number in ends if number not in hops)
    hops |= {number: Hop(None, None, None) for number in missing}
    out = [replace(hop, attempt=ends.get(number, hop.attempt)) for number, hop in sorted(hops.items())]
    if settled is not None and "decision" in settled:
        out.append(_hop_of(settled))
    return tuple(out)


def _attempts(hops: tuple[Hop, ...]) -> tuple[Attempt, ...]:
    return tuple(hop.attempt for hop in hops if hop.attempt is not None)


def _asked(hop: Hop, question: Question | None) -> Hop:
    return hop if hop.question is not None else replace(hop, question=question)


def _plain(value: Any) -> Any:
    """Tuples as lists all the way down, as JSON would give them back."""
    match value:
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value
