"""Rejected candidates that failed the same rules, told together: what they failed once, with the range of their values.

Few of a kind keep a row each, so that whoever is of interest is seen; of many alike the reader wants to know how many,
why, and whether a cheaper one was among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from waypost.core.analysis import words_decision
from waypost.core.model.decision import CandidateProof, Rejection
from waypost.core.model.money import format_usd

FEWEST = 4
"""Fewer than so many have a row each."""
SHORT = {"provider.credentials": "no credentials", "dialect": "nothing here speaks its dialect"}
"""What differs in name only."""
NAMED = 40
"""So many are named; of the others there is a count."""
FEW_WORDS = 3
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Crowd:
    """Candidates that failed the same: ``text`` says what."""

    text: str
    rows: tuple[CandidateProof, ...]


def apart(rows: Sequence[CandidateProof]) -> tuple[list[CandidateProof], list[Crowd]]:
    """Those with a row of their own, in order, and the crowds of the others, the largest first."""
    groups: dict[tuple[object, ...], list[CandidateProof]] = {}
    for row in rows:
        if row.state == "rejected" and row.rejections:
            groups.setdefault(tuple(_kind(item) for item in row.rejections), []).append(row)
    crowds = [Crowd(_text(group), tuple(group)) for group in groups.values() if len(group) >= FEWEST]
    inside = {row.target for crowd in crowds for row in crowd.rows}
    alone = [row for row in rows if row.target not in inside]
    return alone, sorted(crowds, key=lambda crowd: -len(crowd.rows))


def told(crowd: Crowd, winner_nano_usd: int | None) -> str:
    """A count, what they failed, which of them is the cheapest, and who they are, by provider."""
    priced = [(row.estimated_nano_usd, row.target) for row in crowd.rows if row.estimated_nano_usd is not None]
    cheapest = min(priced, default=None)
    cheaper = ""
    if cheapest is not None and winner_nano_usd is not None and cheapest[0] < winner_nano_usd:
        count = sum(cost < winner_nano_usd for cost, _ in priced)
        cheaper = f"; {count} cheaper, the cheapest {cheapest[1]}, about {format_usd(cheapest[0])}"
    return f"{len(crowd.rows)} candidates filtered: {crowd.text}{cheaper}: {_names(crowd.rows)}"


def _kind(item: Rejection) -> tuple[object, ...]:
    """What makes two failures the same: everything but the value that was seen."""
    return (item.rule, item.field, item.op, "" if item.rule in SHORT else item.limit, item.source)


def _text(group: Sequence[CandidateProof]) -> str:
    """What all of them failed, each with the values that were seen."""
    columns = zip(*(row.rejections for row in group), strict=True)
    return "; ".join(SHORT.get(items[0].rule) or _seen(items) for items in columns)


def _seen(items: Sequence[Rejection]) -> str:
    """One failure of all: ``quality 0.2 to 0.48 < 0.5 (base.yaml:12)``."""
    first = items[0]
    if first.rule.startswith("rule.") or len({item.observed for item in items}) == 1:
        return words_decision.rejection(replace(first, exact=None, margin_ppm=None))
    known = [item for item in items if item.observed != UNKNOWN]
    numbers = sorted((item for item in known if item.margin_ppm is not None), key=lambda item: item.margin_ppm or 0)
    if numbers and len(numbers) == len(known):
        least, most = numbers[-1].observed, numbers[0].observed
        if first.op in ("<", "<="):
            least, most = most, least
        shown = most if most == least else f"{least} to {most}"
    else:
        kinds = sorted({item.observed for item in known})
        shown = " or ".join(kinds) if len(kinds) <= FEW_WORDS else f"one of {len(kinds)} others"
    if len(known) < len(items):
        shown = f"{shown} or not known"
    return words_decision.rejection(replace(known[0], observed=shown, exact=None, margin_ppm=None))


def _names(rows: Sequence[CandidateProof]) -> str:
    """``openai/ gpt-4o, o1; groq/ ...``, and how many are left out."""
    models: dict[str, list[str]] = {}
    for row in rows[:NAMED]:
        provider, _, model = row.target.partition("/")
        models.setdefault(provider, []).append(model)
    named = "; ".join(f"{provider}/ {', '.join(each)}" for provider, each in models.items())
    return named if len(rows) <= NAMED else f"{named}; and {len(rows) - NAMED} more"
