"""The receipt of a call, which proves its decisions again once its policy and catalog are found by their fingerprints.

`waypost.core.model.receipt_lines` writes the records that it consists of, `receipt_fold` makes it of them.
The published form is ``receipt/v1`` (``policies/receipt.schema.json``).
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from waypost.core.model import record as rec
from waypost.core.model import record_question as put
from waypost.core.model.decision import ENGINE, Decision
from waypost.core.model.events import Started
from waypost.core.model.frozen import dataclass
from waypost.core.model.kept import Kept, kept_record
from waypost.core.model.outcome import Attempt, Outcome, Settlement
from waypost.core.model.question import Mode, Question, Snapshot

SCHEMA = "receipt/v1"

Status: TypeAlias = Outcome | Literal["open"]


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
    content: Kept | None = None
    """What is kept of what was asked and answered, where something is."""

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

    @property
    def sent(self) -> bool:
        """Whether anybody was asked, as far as the records tell."""
        return any(hop.attempt is not None for hop in self.hops)

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
        if self.content is not None:
            document["content"] = kept_record(self.content)
        return {name: _plain(value) for name, value in document.items()}

    def _hop(self, hop: Hop) -> dict[str, Any]:
        out: dict[str, Any] = {
            "snapshot": None if hop.snapshot is None else put.snapshot_record(hop.snapshot),
            "decision": None if hop.decision is None else rec.decision_record(hop.decision),
            "attempt": None if hop.attempt is None else rec.attempt_ended(hop.attempt),
            "journal_seq": hop.journal_seq,
            **{name: getattr(hop, name) for name in BESIDE},
        }
        if hop.question is not None and hop.question != self.question:
            out["question"] = put.question_record(hop.question, str)
        return out


BESIDE = ("journal", "selected", "advised", "decided_ns", "duration_ns", "host", "port")


def _plain(value: Any) -> Any:
    """Tuples as lists all the way down, as JSON would give them back."""
    match value:
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value
