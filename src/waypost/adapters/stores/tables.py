"""The store's tables and what of a record goes into which column. No connection is made here.

``records`` holds the journals' lines as they are, ``journals`` how many of each and how many of those are in
``mentions`` and ``receipts``, which are derived from them; ``anchors`` chain the heads of all journals together.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

from waypost.core.model.frozen import dataclass

MIGRATIONS = (
    """
    CREATE TABLE journals (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, seq INTEGER NOT NULL, head TEXT NOT NULL,
      summarised INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE parts (file TEXT PRIMARY KEY, offset INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE records (place INTEGER PRIMARY KEY, line BLOB NOT NULL);
    CREATE TABLE anchors (n INTEGER PRIMARY KEY, place INTEGER NOT NULL, head TEXT NOT NULL, hash TEXT NOT NULL);
    CREATE TABLE mentions (receipt TEXT, place INTEGER, PRIMARY KEY (receipt, place)) WITHOUT ROWID;
    CREATE TABLE receipts (
      id TEXT PRIMARY KEY, started_ns INTEGER, settled_ns INTEGER, outcome TEXT, mode TEXT, sdk TEXT, dialect TEXT,
      policy TEXT, policy_fingerprint TEXT, catalog TEXT, requested TEXT, selected TEXT, cause TEXT, provider TEXT,
      model TEXT, hops INTEGER, cost_nano_usd INTEGER, cost_basis TEXT, requested_nano_usd INTEGER,
      baseline_nano_usd INTEGER, tokens_input INTEGER, tokens_output INTEGER, department TEXT, workflow TEXT,
      request_id TEXT, response_id TEXT, trace_id TEXT, score INTEGER
    ) WITHOUT ROWID;
    CREATE INDEX receipts_started ON receipts (started_ns);
    CREATE INDEX receipts_open ON receipts (started_ns) WHERE outcome IS NULL;
    CREATE INDEX receipts_request ON receipts (request_id) WHERE request_id IS NOT NULL;
    CREATE INDEX receipts_response ON receipts (response_id) WHERE response_id IS NOT NULL;
    """,
    """
    CREATE TABLE faults (layer TEXT, error TEXT, count INTEGER NOT NULL, PRIMARY KEY (layer, error)) WITHOUT ROWID;
    """,
    """
    ALTER TABLE receipts ADD COLUMN drawn INTEGER;
    ALTER TABLE receipts ADD COLUMN content TEXT;
    CREATE INDEX receipts_content ON receipts (content) WHERE content IS NOT NULL;
    """,
    """
    ALTER TABLE receipts ADD COLUMN target TEXT;
    """,
)
"""One script a version, applied in order; ``PRAGMA user_version`` counts those that have been."""

_INT64 = 1 << 63
PLACES = 1 << 40
"""A record's place is ``journal id * PLACES + seq``."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One row of the list of receipts. Money is nano-USD; ``outcome`` is ``None`` while the receipt is open.

    ``requested_nano_usd`` and ``baseline_nano_usd`` are what the same usage costs at the requested model and at the
    policy's baseline.
    """

    id: str
    started_ns: int | None = None
    settled_ns: int | None = None
    outcome: str | None = None
    mode: str | None = None
    sdk: str | None = None
    dialect: str | None = None
    policy: str | None = None
    policy_fingerprint: str | None = None
    catalog: str | None = None
    requested: str | None = None
    selected: str | None = None
    cause: str | None = None
    provider: str | None = None
    model: str | None = None
    hops: int | None = None
    cost_nano_usd: int | None = None
    cost_basis: str | None = None
    requested_nano_usd: int | None = None
    baseline_nano_usd: int | None = None
    tokens_input: int | None = None
    tokens_output: int | None = None
    department: str | None = None
    workflow: str | None = None
    request_id: str | None = None
    response_id: str | None = None
    trace_id: str | None = None
    score: int | None = None
    drawn: int | None = None
    """1 where a rollout's share decided between route and advise."""
    content: str | None = None
    """The keyed digest of what was asked, where the policy keeps one."""
    target: str | None = None
    """The catalog's id of who was asked last, as a policy writes it; ``provider`` is OpenTelemetry's name."""

    @property
    def name(self) -> str | None:
        """Who was asked last: the catalog's id, else ``provider/model``; ``None`` where nobody was."""
        return self.target or (f"{self.provider}/{self.model}" if self.model else None)


COLUMNS = tuple(Summary.__dataclass_fields__)
MERGE = "ON CONFLICT (id) DO UPDATE SET " + ", ".join(
    f"{name} = COALESCE(excluded.{name}, {name})" for name in COLUMNS[1:]
)
"""What becomes of a receipt that is there: a later record says more of it."""

COUNT_FAULT = "ON CONFLICT DO UPDATE SET count = count + 1"


def faults(records: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, int]]:
    """One row for ``faults`` per record of something of ours that broke."""
    broke = [record for record in records if record.get("kind") == "fault"]
    return [(_fits(record.get("layer")) or "?", _fits(record.get("error")) or "?", 1) for record in broke]


def summarise(records: Iterable[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """One row for ``receipts`` per receipt in ``records``, in journal order; what they do not say is ``None``."""
    rows: dict[str, dict[str, Any]] = {}
    for record in records:
        receipt = about(record)
        if record.get("kind") == "fault" or receipt is None:
            continue
        row = rows.setdefault(receipt, {})
        with contextlib.suppress(KeyError, TypeError, AttributeError):
            # A record of a newer writer may be shaped otherwise; it must not keep the others from being read.
            _of_record(row, record)
    return [(receipt, *(_fits(row.get(name)) for name in COLUMNS[1:])) for receipt, row in rows.items()]


def _of_record(row: dict[str, Any], record: Mapping[str, Any]) -> None:
    row["trace_id"] = record.get("trace_id") or row.get("trace_id")
    if (call := record.get("call")) is not None:
        _of_call(row, call)
    if (question := record.get("question")) is not None:
        context = question.get("context", {})
        row["department"], row["workflow"] = context.get("department"), context.get("workflow")
    if (decision := record.get("decision")) is not None:
        row["selected"], row["cause"] = record.get("selected"), decision["cause"]
    match record["kind"]:
        case "attempt":
            _of_attempt(row, record["attempt"])
        case "settled":
            _of_settled(row, record)
        case "feedback":
            row["score"] = record["score"]
        case _:
            return


def about(record: Mapping[str, Any]) -> str | None:
    """The id of the receipt that a record is of."""
    receipt = record.get("receipt")
    return _fits(receipt) if receipt and isinstance(receipt, str) else None


def _fits(value: Any) -> Any:
    """``None`` for what no column can hold, and a question mark for half of a letter: a server may claim any number of
    tokens, and write anything into an id."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return value if isinstance(value, float) or (isinstance(value, int) and -_INT64 <= value < _INT64) else None


def _of_call(row: dict[str, Any], call: Mapping[str, Any]) -> None:
    row["started_ns"] = call["at_ns"]
    for name in ("mode", "sdk", "dialect", "policy", "policy_fingerprint", "catalog", "requested"):
        row[name] = call[name]
    row["request_id"], row["drawn"], row["content"] = call.get("request_id"), call.get("drawn"), call.get("content")


def _of_attempt(row: dict[str, Any], attempt: Mapping[str, Any]) -> None:
    row["provider"], row["model"], row["hops"] = attempt["provider"], attempt["model"], attempt["number"]
    row["target"] = attempt.get("target")


def _of_settled(row: dict[str, Any], record: Mapping[str, Any]) -> None:
    settlement, attempts = record["settlement"], record["attempts"]
    row["settled_ns"], row["outcome"] = settlement["ended_ns"], settlement["outcome"]
    row["cost_nano_usd"], row["cost_basis"] = settlement["cost"]["nano_usd"], settlement["cost"]["basis"]
    if (usage := settlement["usage"]) is not None:
        row["tokens_input"], row["tokens_output"] = usage["input"], usage["output"]
    for base in settlement["baselines"]:
        name = "requested_nano_usd" if base["label"] == "requested" else "baseline_nano_usd"
        row[name] = base["cost"]["nano_usd"]
    if attempts:
        row["response_id"], row["hops"] = attempts[-1].get("response_id"), attempts[-1]["number"]
        if "model" in attempts[-1]:
            _of_attempt(row, attempts[-1])
