"""Rejected candidates that say nothing each by themselves, told together: those that a rule's shortlist leaves out.

A candidate that fails anything else is of interest and keeps a row; only a missing key or dialect may come on top.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from waypost.core.analysis import words
from waypost.core.model.decision import CandidateProof, Rejection
from waypost.core.model.money import format_usd

FEWEST = 4
"""Fewer than so many have a row each."""
ON_TOP = {"provider.credentials": "no credentials", "dialect": "no dialect"}
NAMED = 40
"""So many are named; of the others there is a count."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Candidates that failed the same: ``text`` says what."""

    text: str
    rows: tuple[CandidateProof, ...]


def apart(rows: Sequence[CandidateProof]) -> tuple[list[CandidateProof], list[Crowd]]:
    """Those with a row of their own, in order, and the crowds of the others."""
    groups: dict[str, list[CandidateProof]] = {}
    for row in rows:
        if (text := _shared(row)) is not None:
            groups.setdefault(text, []).append(row)
    crowds = [Crowd(text, tuple(group)) for text, group in groups.items() if len(group) >= FEWEST]
    inside = {row.target for crowd in crowds for row in crowd.rows}
    return [row for row in rows if row.target not in inside], crowds


def told(crowd: Crowd, winner_nano_usd: int | None) -> str:
    """A count, what they failed, which of them is the cheapest, and who they are, by provider."""
    priced = [(row.estimated_nano_usd, row.target) for row in crowd.rows if row.estimated_nano_usd is not None]
    cheapest = min(priced, default=None)
    cheaper = ""
    if cheapest is not None and winner_nano_usd is not None and cheapest[0] < winner_nano_usd:
        count = sum(cost < winner_nano_usd for cost, _ in priced)
        cheaper = f"; {count} cheaper, the cheapest {cheapest[1]}, about {format_usd(cheapest[0])}"
    return f"{len(crowd.rows)} candidates filtered: {crowd.text}{cheaper}: {_names(crowd.rows)}"


def _shared(row: CandidateProof) -> str | None:
    """What it failed, if that is a shortlist and at most what is in `ON_TOP`."""
    shortlists = [item for item in row.rejections if _is_shortlist(item)]
    others = [item for item in row.rejections if not _is_shortlist(item)]
    if not shortlists or row.state != "rejected" or any(item.rule not in ON_TOP for item in others):
        return None
    return "; ".join([words.rejection(item) for item in shortlists] + [ON_TOP[item.rule] for item in others])


def _is_shortlist(item: Rejection) -> bool:
    return item.rule.startswith("rule.") and item.field == "target"


def _names(rows: Sequence[CandidateProof]) -> str:
    """``openai/ gpt-4o, o1; groq/ ...``, and how many are left out."""
    models: dict[str, list[str]] = {}
    for row in rows[:NAMED]:
        provider, _, model = row.target.partition("/")
        models.setdefault(provider, []).append(model)
    named = "; ".join(f"{provider}/ {', '.join(each)}" for provider, each in models.items())
    return named if len(rows) <= NAMED else f"{named}; and {len(rows) - NAMED} more"
