"""A dry run as a table: what was asked, who would answer, and every candidate with score, cost and failed rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from shutil import get_terminal_size

from waypost.core.analysis import verdict as told
from waypost.core.analysis import words_decision
from waypost.core.model.decision import CandidateProof
from waypost.core.model.money import format_usd
from waypost.policy import Verdict
from waypost.surfaces.cli import home
from waypost.surfaces.cli.table import short, table

HEAD = ("CANDIDATE", "STATE", "SCORE", "EST. COST", "WHY")
NUMBERS = frozenset((2, 3))
REJECTED = 4
"""So many of the rejected have a row by default."""
_WHY = 40
"""There is always room for so much of a reason."""
_WIDE = 120
"""Columns where nobody says how wide the page is."""


def show(verdict: Verdict, page: told.Told, *, each: bool) -> None:
    """The page; with ``each`` a row for every rejected candidate, else for those that fail fewest rules."""
    policy, catalog = verdict.policy, verdict.plan.catalog
    print(f"policy {policy.name} {policy.fingerprint[:12]}, catalog {catalog.name} {catalog.fingerprint[:12]}")
    for label, text in (*told.asked(page), *told.standing(page)):
        print(f"  {label:<12} {text}")
    chosen = verdict.selected or "nobody: no candidate survived"
    decision = verdict.decision
    print(home.bold(f"{chosen}{words_decision.score(decision)}"), f"  {words_decision.cause(decision)}", sep="\n")
    if decision.because is not None:
        print(f"  because: {decision.because}")
    rows = verdict.proof.candidates
    shown = rows if each else _worth_a_look(verdict)
    head, *lines = table(HEAD, _fitting([_row(row, verdict) for row in shown]), right=NUMBERS)
    print("", home.bold(head), *lines, sep="\n")
    left = Counter[str](row.state for row in rows) - Counter[str](row.state for row in shown)
    if left:
        more = {"standby": "more stand by", "rejected": "more rejected", "tried": "more tried"}
        counts = ", ".join(f"{left[state]} {text}" for state, text in more.items() if left[state])
        print(f"and {counts}; --all has a row for each, --explain every rule")


def _worth_a_look(verdict: Verdict) -> list[CandidateProof]:
    """Who would be tried, and the rejected that fail fewest rules."""
    rows = verdict.proof.candidates
    tried = {verdict.selected, *verdict.standby}
    rejected = [row for row in rows if row.state == "rejected"]
    nearest = sorted(rejected, key=lambda row: (len(row.rejections), row.target))[:REJECTED]
    return [row for row in rows if row.target in tried or row.state == "tried"] + nearest


def _fitting(rows: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """With the last column cut where the page ends."""
    beside = sum(2 + max(len(row[place]) for row in [HEAD, *rows]) for place in range(len(HEAD) - 1))
    room = max(get_terminal_size((_WIDE, 24)).columns - beside, _WHY)
    return [(*rest, why if len(why) <= room else f"{why[: room - 1]}…") for *rest, why in rows]


def _row(row: CandidateProof, verdict: Verdict) -> tuple[str, ...]:
    decision = verdict.decision
    score = "-" if row.score is None else words_decision.ranked(row.score, decision.rank).rpartition(" ")[2]
    cost = "-" if row.estimated_nano_usd is None else format_usd(row.estimated_nano_usd)
    if row.state == "selected":
        why = words_decision.cause(decision)
    elif row.rejections:
        why = "; ".join(words_decision.rejection(item) for item in row.rejections)
    else:
        why = dict(verdict.proof.beats).get(row.target) or "ranks lower, and is not among those that are tried"
    return short(row.target, 40), row.state, score, cost, why
