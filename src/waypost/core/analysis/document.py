"""A receipt with its proofs as one JSON document: ``receipt/v1`` and, beside each decision, its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from waypost.core.analysis import words_decision, words_outcome
from waypost.core.analysis.words_numbers import change
from waypost.core.model.decision import CandidateProof, Flip, Proof, Rejection, Source
from waypost.core.model.frozen import dataclass
from waypost.core.model.outcome import Baseline, Cost
from waypost.core.model.receipt import Receipt

SCHEMA = "explanation/v1"


@dataclass(frozen=True, slots=True)
class Known:
    """What was derived beside the receipt: proofs and flips by the identity of their decision and proof.

    ``catalog`` is its name; ``last`` says that no policy's ``match`` held, ``rules`` how many rules the policy has.
    """

    proofs: Mapping[int, Proof]
    flips: Mapping[int, Flip]
    catalog: str | None
    last: bool
    rules: int

    def notes(self, receipt: Receipt) -> list[tuple[str, str]]:
        """What the receipt itself does not say of the choice of its policy."""
        return [("policy", f"{receipt.policy}: no `match` held; taken as the last")] if self.last else []


def of(receipt: Receipt, known: Known) -> dict[str, Any]:
    """``None`` stands where there is no proof or no flip. docs/receipts.md has the shape."""
    rows = [None if hop.decision is None else known.proofs.get(id(hop.decision)) for hop in receipt.hops]
    settlement = receipt.settlement
    return {
        "schema": SCHEMA,
        "receipt": receipt.to_dict(),
        "policy": {"name": receipt.policy, "fingerprint": receipt.policy_fingerprint},
        "catalog": {"name": known.catalog, "fingerprint": receipt.catalog_fingerprint},
        "notes": notes_document(known.notes(receipt)),
        "answered": None if receipt.answered is None else words_outcome.name(receipt.answered),
        "proofs": [None if proof is None else _proof(proof, known) for proof in rows],
        "against": [] if settlement is None else [_against(settlement.cost, base) for base in settlement.baselines],
    }


def _proof(proof: Proof, known: Known) -> dict[str, Any]:
    flip = known.flips.get(id(proof))
    decision, states = proof.decision, {row.target: row.state for row in proof.candidates}
    return {
        "selected": next((target for target, state in states.items() if state == "selected"), None),
        "standby": [target for target, state in states.items() if state == "standby"][: len(decision.order) - 1],
        "cause": decision.cause,
        "rule": decision.rule,
        "because": decision.because,
        "rank": decision.rank,
        "chance": decision.chance,
        "propensity_ppm": decision.propensity_ppm,
        "aside": decision.aside,
        "notes": notes_document(words_decision.notes(decision, known.rules)),
        "candidates": [candidate_document(row) for row in proof.candidates],
        "passed": [{"rule": row.rule, "text": row.text, "source": source_document(row.source)} for row in proof.passed],
        "beats": [{"target": target, "why": why} for target, why in proof.beats],
        "flip": None if flip is None else flip_document(flip),
    }


def notes_document(notes: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Labelled remarks."""
    return [{"about": label, "text": text} for label, text in notes]


def flip_document(flip: Flip) -> dict[str, Any]:
    """The change with its text."""
    return {
        "kind": flip.kind,
        "what": flip.what,
        "source": source_document(flip.source),
        "from": flip.from_text,
        "to": flip.to_text,
        "change_ppm": flip.change_ppm,
        "selected": flip.selected,
        "text": words_decision.flip(flip),
    }


def candidate_document(row: CandidateProof) -> dict[str, Any]:
    """One row of a proof."""
    return {
        "target": row.target,
        "state": row.state,
        "score": row.score,
        "estimated_nano_usd": row.estimated_nano_usd,
        "terms": [
            {"field": term.field, "weight": term.weight, "utility": term.utility, "observed": term.observed}
            for term in row.terms
        ],
        "rejections": [rejection_document(item) for item in row.rejections],
    }


def rejection_document(item: Rejection) -> dict[str, Any]:
    """One failed rule with its text."""
    return {
        "rule": item.rule,
        "field": item.field,
        "op": item.op,
        "observed": item.observed,
        "limit": item.limit,
        "source": source_document(item.source),
        "exact": item.exact,
        "margin_ppm": item.margin_ppm,
        "text": words_decision.rejection(item),
    }


def source_document(source: Source | None) -> dict[str, Any] | None:
    return None if source is None else {"file": source.file, "line": source.line, "column": source.column}


def _against(spent: Cost, base: Baseline) -> dict[str, Any]:
    there = base.cost.nano_usd
    known = spent.nano_usd is not None and there
    return {
        "label": base.label,
        "target": base.target,
        "nano_usd": there,
        "change": change(spent.nano_usd, there) if known and spent.nano_usd is not None and there else None,
    }
