"""The receipt: what is written before each send and at settlement, and how those records fold into one.

`attempt_line` and `settled_line` turn events into the journal's records (`attempt_record` and `settled_record` read
them back); `fold` makes a `Receipt` of them, which proves its decisions again once its policy and catalog are found by
their fingerprints.
The published form is ``receipt/v1`` (``policies/receipt.schema.json``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from waypost.core.model import line as txt
from waypost.core.model import record as rec
from waypost.core.model import record_question as put
from waypost.core.model.decision import ENGINE, Decision
from waypost.core.model.events import Attempted, Attempting, InternalError, Settled, Started
from waypost.core.model.frozen import dataclass
from waypost.core.model.outcome import Attempt, Outcome, Settlement
from waypost.core.model.question import Mode, Question, Snapshot
from waypost.core.model.record import attempt_of, call_of, decision_of, settlement_of
from waypost.core.model.record_question import question_of, snapshot_of

__all__ = [
    "SCHEMA",
    "Hop",
    "Receipt",
    "attempt_line",
    "attempt_of",
    "attempt_record",
    "attempted_line",
    "decision_of",
    "fault_line",
    "fold",
    "question_of",
    "receipt_of",
    "settled_line",
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
            "question": None if self.question is None else put.question_record(self.question, str),
            "hops": [self._hop(hop) for hop in self.hops],
            "settlement": settled,
        }
        return {name: _plain(value) for name, value in document.items()}

    def _hop(self, hop: Hop) -> dict[str, Any]:
        out: dict[str, Any] = {
            "snapshot": None if hop.snapshot is None else put.snapshot_record(hop.snapshot),
            "decision": None if hop.decision is None else rec.decision_record(hop.decision),
            "attempt": None if hop.attempt is None else rec.attempt_ended(hop.attempt),
            "journal_seq": hop.journal_seq,
            **{name: getattr(hop, name) for name in _BESIDE},
        }
        if hop.question is not None and hop.question != self.question:
            out["question"] = put.question_record(hop.question, str)
        return out


_BESIDE = ("journal", "selected", "advised", "decided_ns", "duration_ns", "host", "port")


def attempt_line(event: Attempting, pseudonym: Pseudonym, trace_id: str | None = None) -> str:
    """The JSON object that the journal is given before a send. ``pseudonym`` replaces user and session."""
    call, asked = event.started, event.question if event.decided is None else event.decided.question
    return (
        f'{txt.head_text("attempt", call.receipt)},"call":{txt.call_text(call)}'
        f',"attempt":{txt.begun_text(event.attempt)}}}'
        + txt.optional_text("host", event.host)
        + txt.optional_text("port", event.port)
        + txt.optional_text("trace_id", trace_id)
        + ("" if asked is None else f',"question":{txt.question_text(asked, call, pseudonym)}')
        + ("" if event.decided is None else txt.decided_text(event.decided))
        + "}"
    )


def attempted_line(event: Attempted) -> str:
    """The end of one attempt, for failed hops to be known even where the process dies before it settles."""
    head = txt.head_text("attempted", event.attempting.started.receipt)
    return f'{head},"attempt":{txt.ended_text(event.attempt)}}}'


def settled_line(event: Settled, pseudonym: Pseudonym, trace_id: str | None = None, *, alone: bool = False) -> str:
    """The JSON object that the journal is given at the end; holds the last decision where that was never sent.

    ``alone`` says that some attempt of this receipt could not be journalled, so that this record must do without.
    """
    call = event.started
    alone = alone or not event.attempts
    settlement, past = event.settlement, event.settlement.attempts[:-1]
    ends = [txt.ended_text(attempt, alone=alone) for attempt in past]
    ends += [txt.ended_text(last, alone=alone, settlement=settlement) for last in settlement.attempts[-1:]]
    out = f'{txt.head_text("settled", call.receipt)},"settlement":{txt.settlement_text(settlement)}'
    out += f',"attempts":[{",".join(ends)}]{txt.optional_text("trace_id", trace_id)}'
    if alone:
        out += f',"call":{txt.call_text(call)}'
    sent = event.attempts[-1].attempting.decided if event.attempts else None
    unsent = event.decided if event.decided is not sent else None
    asked = event.question if unsent is None else unsent.question
    if asked is not None and (alone or unsent is not None):
        out += f',"question":{txt.question_text(asked, call, pseudonym)}'
    if unsent is not None:
        out += txt.decided_text(unsent)
    return out + "}"


def fault_line(event: InternalError) -> str:
    """Something of ours that broke, for `waypost doctor` to count in another process."""
    names = {"kind": "fault", "receipt": event.receipt or "", "layer": event.layer, "error": event.error}
    return json.dumps(names, separators=(",", ":"))


def attempt_record(event: Attempting, pseudonym: Pseudonym, trace_id: str | None = None) -> dict[str, Any]:
    """`attempt_line` as it is read back."""
    record: dict[str, Any] = json.loads(attempt_line(event, pseudonym, trace_id))
    return record


def settled_record(
    event: Settled, pseudonym: Pseudonym, trace_id: str | None = None, *, alone: bool = False
) -> dict[str, Any]:
    """`settled_line` as it is read back."""
    record: dict[str, Any] = json.loads(settled_line(event, pseudonym, trace_id, alone=alone))
    return record


def fold(records: Iterable[Mapping[str, Any]]) -> Receipt:
    """One receipt of all its records, in any order; the same record twice is the same as once.

    Records carry ``seq`` (and may carry ``journal``) once they have been journalled. Kinds that are not known here
    are passed over.

    Raises:
        ValueError: no record, or records of more than one receipt, or none that describes the call.
    """
    known = list(records)
    ids = {record["receipt"]: None for record in known}
    first = next((record for record in known if "call" in record), None)
    if first is None or len(ids) != 1:
        raise ValueError(f"{len(ids)} receipts and {'a' if first else 'no'} call in these records; one is folded")
    call = call_of(first["call"], first["receipt"])
    settled = next((record for record in known if record["kind"] == "settled"), None)
    hops = _hops(known, settled, call)
    asked = next((hop.question for hop in hops if hop.question is not None), None)
    if asked is None and settled is not None and "question" in settled:
        asked = question_of(_filled(settled, call)["question"])
    hops = tuple(_asked(hop, asked) for hop in hops)
    return Receipt(
        id=call.receipt,
        call=call,
        question=asked,
        hops=hops,
        settlement=None if settled is None else settlement_of(settled["settlement"], _attempts(hops)),
        settled_seq=None if settled is None else settled.get("seq"),
        trace_id=next((record["trace_id"] for record in known if "trace_id" in record), None),
        engine=first.get("engine", ENGINE),
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


def _hops(known: list[Mapping[str, Any]], settled: Mapping[str, Any] | None, call: Started) -> tuple[Hop, ...]:
    """Hops by attempt number with the attempts' ends in; a decision that was never sent comes last."""
    beside: dict[int, Mapping[str, Any]] = {}
    attempts: dict[int, dict[str, Any]] = {}
    ends = [record["attempt"] for record in known if record["kind"] == "attempted"]
    if settled is not None:
        ends += _ends(settled)
    for record in known:
        if record["kind"] == "attempt":
            number = record["attempt"]["number"]
            beside[number], attempts[number] = record, {**record["attempt"]}
    for end in ends:
        attempts.setdefault(end["number"], {}).update(end)
    out = [
        _hop_of({**_filled(beside.get(number, {}), call), "attempt": attempts[number]})
        for number in sorted(attempts)
        if "started_ns" in attempts[number]
    ]
    if settled is not None and "decision" in settled:
        out.append(_hop_of(_filled(settled, call)))
    return tuple(out)


def _ends(settled: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The attempts' ends, the last with what it shares with the settlement put back."""
    ends = [*settled["attempts"]]
    shared = {name: settled["settlement"][name] for name in ("usage", "cost")}
    return [*ends[:-1], *({**shared, **end} for end in ends[-1:])]


def _filled(record: Mapping[str, Any], call: Started) -> dict[str, Any]:
    """The record with what its question and decision share with the call put back."""
    out = {**record}
    if "question" in out:
        shared = {"dialect": call.dialect, "requested": call.requested, "streaming": call.streaming}
        out["question"] = {**shared, **out["question"]}
    if "decision" in out:
        seed = rec.seed_of(call.receipt).hex()
        shared = {"policy": call.policy_fingerprint, "catalog": call.catalog, "seed": seed}
        out["decision"] = {**shared, **out["decision"]}
    return out


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
