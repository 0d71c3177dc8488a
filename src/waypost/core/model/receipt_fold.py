"""How the records of one call fold into its receipt, and a receipt out of its published document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from waypost.core.model import record as rec
from waypost.core.model.decision import ENGINE
from waypost.core.model.events import Started
from waypost.core.model.kept import kept_of
from waypost.core.model.outcome import Attempt
from waypost.core.model.question import Question
from waypost.core.model.receipt import BESIDE, SCHEMA, Hop, Receipt
from waypost.core.model.record import attempt_of, call_of, decision_of, settlement_of
from waypost.core.model.record_question import question_of, snapshot_of


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
        content=next((kept_of(record["content"]) for record in known if record["kind"] == "content"), None),
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
        content=kept_of(document["content"]) if "content" in document else None,
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
        **{name: record[name] for name in BESIDE if name in record},
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
