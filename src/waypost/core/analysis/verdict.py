"""A dry run as people read it: who would answer and why, with every candidate. It knows no receipt and no file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from waypost.core.analysis import decided, words_decision, words_question
from waypost.core.analysis.document import candidate_document, flip_document, notes_document, source_document
from waypost.core.analysis.layout import Block, Fields, Heading, Layout, markdown, text
from waypost.core.analysis.words_numbers import percent
from waypost.core.catalog.table import Catalog
from waypost.core.model.decision import Flip, Proof
from waypost.core.model.frozen import dataclass
from waypost.core.model.money import MICRO
from waypost.core.model.question import Mode, Override, Question, Snapshot
from waypost.core.model.record import decision_record
from waypost.core.model.record_question import question_record, snapshot_record
from waypost.core.policy.render import render
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
    applies: bool = True
    """Whether the policy's ``match`` holds for the call, or it has none."""
    operator: Mode | None = None
    """What ``WAYPOST_MODE`` put in the place of the policy's mode; ``mode`` has it already."""
    forced: Override | None = None
    """An override that is in force for such a call, and that this decision knows nothing of."""
    strange: tuple[str, ...] = ()
    """What the call's claims name that the catalog does not have, with what was probably meant."""

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
    return [("asked for", f"{named}{', streamed' if question.streaming else ''})"), *words_question.question(question)]


def standing(told: Told) -> list[tuple[str, str]]:
    """How far such a call would go, and what a real one meets that the decision leaves aside."""
    rows = [("mode", _mode(told))]
    policy, forced = told.policy, told.forced
    if not told.applies and policy.match is not None:
        named = told.question.context.policy == policy.name
        why = "the call names it" if named else "no `match` held, so the last policy is taken"
        rows.append(("match", f"`{render(policy.match)}` of {policy.name} does not hold for this call; {why}"))
    rows += words_decision.notes(told.proof.decision, len(policy.rules))
    if forced is not None:
        what = f"{forced.target} is forced for such a call, by {forced.author}: {forced.reason} ({forced.id})"
        rows.append(("override", f"{what}; not part of this decision"))
    if policy.rank.advisor is not None and told.question.advice is None and not _own_rank(told.question):
        why = "a dry run asks no advisor that may send something; --advice says what it would answer"
        rows.append(("advice", f"none of {policy.rank.advisor}: {why}"))
    if told.strange:
        rows.append(("unknown", f"{', '.join(told.strange)}: the catalog has no such name"))
    return rows


def _own_rank(question: Question) -> bool:
    return question.context.strategy is not None or question.context.preference is not None


def _mode(told: Told) -> str:
    question, spec = told.question, told.policy.mode
    by = " by WAYPOST_MODE" if told.operator is not None else ""
    unchanged = f"such a call runs unchanged, as {question.requested} at {question.origin.provider}"
    match told.mode:
        case "route" if question.auto and (told.operator or spec.mode) != "route":
            named = "one that names a model runs unchanged"
            return f'route: model="{question.requested}" is routed; {named} ({told.operator or spec.mode}{by})'
        case "route" if not by and spec.share_ppm < MICRO and not question.auto:
            return f"route: such a call is in the share of {percent(spec.share_ppm, MICRO)} that is routed"
        case "route":
            return f"route{by}: such a call is routed"
        case "advise" if not by and spec.mode == "route" and spec.share_ppm < MICRO:
            return f"advise: {unchanged}, outside of the share of {percent(spec.share_ppm, MICRO)} that is routed"
        case "advise":
            return f'advise{by}: {unchanged}; model="auto" is routed'
        case "observe":
            return f"observe{by}: {unchanged}; nothing is decided for it"
        case "off":
            return f"off{by}: {unchanged}, without a receipt"


def _decision(told: Told) -> Iterator[Block]:
    yield Heading("Decision")
    rows = list(decided.chosen(told.proof.decision, told.selected, told.question))
    rows += words_decision.unforced(told.proof.decision, told.question, told.proof.candidates)
    yield Fields((*rows, *standing(told), *words_question.world(told.snapshot, told.proof.candidates, told.question)))


def _provenance(told: Told) -> Block:
    policy, catalog = told.policy, told.catalog
    return Fields(
        (
            ("policy", f"{policy.name}  {policy.fingerprint}"),
            ("catalog", f"{catalog.name}  {catalog.fingerprint}"),
            ("versions", f"{words_decision.LANGUAGE}, engine {told.proof.decision.engine}, {SCHEMA}"),
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
        "notes": notes_document(standing(told)),
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
