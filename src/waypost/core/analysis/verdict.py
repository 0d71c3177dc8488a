"""A dry run as people read it: who would answer and why, with every candidate. It knows no receipt and no file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from waypost.core.analysis import decided, words
from waypost.core.analysis.document import candidate_document, flip_document, source_document
from waypost.core.analysis.layout import Block, Fields, Heading, Layout, markdown, text
from waypost.core.catalog.table import Catalog
from waypost.core.model.decision import Flip, Proof
from waypost.core.model.frozen import dataclass
from waypost.core.model.question import Mode, Question, Snapshot
from waypost.core.model.record import decision_record, question_record, snapshot_record
from waypost.core.policy.tree import Policy

SCHEMA = "verdict/v1"
FORMATS = ("text", "markdown", "json")


@dataclass(frozen=True, slots=True)
class Told:
    """One decision without a call, with what it was made of."""

    policy: Policy
    catalog: Catalog
    question: Question
    snapshot: Snapshot
    proof: Proof
    mode: Mode
    flip: Flip | None = None
    """The smallest change that would have chosen otherwise, where somebody looked for it."""

    @property
    def selected(self) -> str | None:
        index = self.proof.decision.selected
        return None if index is None else self.catalog.targets[index].id


def explain(told: Told, format: str = "text", *, each: bool = False) -> str:
    """Why it is so. Candidates that only a shortlist leaves out share a line, unless ``each`` wants one for each.

    Raises:
        ValueError: a format that is none of `FORMATS`.
    """
    match format:
        case "text":
            return text(layout(told, each=each))
        case "markdown":
            return markdown(layout(told, each=each))
        case "json":
            return json.dumps(document(told), indent=2, ensure_ascii=False) + "\n"
        case _:
            raise ValueError(f"format is {format!r}; use text, markdown or json")


def layout(told: Told, *, each: bool = False) -> Layout:
    """The page: what was asked, what was decided, a row per candidate, where it comes from."""
    blocks = [
        Fields(tuple(asked(told))),
        *_decision(told),
        *decided.proved(told.proof, {}, each=each),
        *decided.flipped(told.flip),
        _provenance(told),
    ]
    return Layout(f"Dry run of policy {told.policy.name}", tuple(blocks))


def asked(told: Told) -> list[tuple[str, str]]:
    """What the decision knew of the request, of who asks and of what it claims."""
    question = told.question
    named = f"{question.requested} at {question.origin.provider} ({question.dialect}"
    return [("asked for", f"{named}{', streamed' if question.streaming else ''})"), *words.question(question)]


def _decision(told: Told) -> Iterator[Block]:
    yield Heading("Decision")
    rows = list(decided.chosen(told.proof.decision, told.selected, told.question))
    if told.mode != "route":
        rows.append(("mode", f'{told.mode}: such a call would run unchanged; model="auto" is routed'))
    yield Fields((*rows, *words.world(told.snapshot)))


def _provenance(told: Told) -> Block:
    policy, catalog = told.policy, told.catalog
    return Fields(
        (
            ("policy", f"{policy.name}  {policy.fingerprint}"),
            ("catalog", f"{catalog.name}  {catalog.fingerprint}"),
            ("versions", f"{words.LANGUAGE}, engine {told.proof.decision.engine}, {SCHEMA}"),
        ),
        title="Provenance",
    )


def document(told: Told) -> dict[str, Any]:
    """``verdict/v1``: JSON-able; integers in base units as on a receipt, masks in hex."""
    proof = told.proof
    return {
        "schema": SCHEMA,
        "policy": {"name": told.policy.name, "fingerprint": told.policy.fingerprint},
        "catalog": {"name": told.catalog.name, "fingerprint": told.catalog.fingerprint},
        "mode": told.mode,
        "selected": told.selected,
        "question": _plain(question_record(told.question, str)),
        "snapshot": _plain(snapshot_record(told.snapshot)),
        "decision": _plain(decision_record(proof.decision)),
        "candidates": [candidate_document(row) for row in proof.candidates],
        "passed": [{"rule": row.rule, "text": row.text, "source": source_document(row.source)} for row in proof.passed],
        "beats": [{"target": target, "why": why} for target, why in proof.beats],
        "flip": None if told.flip is None else flip_document(told.flip),
    }


def _plain(value: Any) -> Any:
    """Tuples as lists all the way down, as JSON would give them back."""
    match value:
        case Mapping():
            return {name: _plain(item) for name, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value
