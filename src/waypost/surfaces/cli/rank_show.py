"""A dry run as a table: what was asked, who would answer, and every candidate with score, cost and failed rules."""

from __future__ import annotations

from collections.abc import Sequence

from waypost.core.analysis import verdict as told
from waypost.core.analysis import words
from waypost.core.model.decision import CandidateProof
from waypost.core.model.money import format_usd
from waypost.policy import Verdict
from waypost.surfaces.cli import home
from waypost.surfaces.cli.table import short, table

HEAD = ("CANDIDATE", "STATE", "SCORE", "EST. COST", "WHY")
NUMBERS = frozenset((2, 3))
_WHY = 96


def show(verdict: Verdict, page: told.Told, *, each: bool) -> None:
    """The page; with ``each`` a row for every rejected candidate, else for those that fail fewest rules."""
    policy, catalog = verdict.policy, verdict.plan.catalog
    print(f"policy {policy.name} {policy.fingerprint[:12]}, catalog {catalog.name} {catalog.fingerprint[:12]}")
    for label, text in (*told.asked(page), *told.standing(page)):
        print(f"  {label:<12} {text}")
    chosen = verdict.selected or "nobody: no candidate survived"
    decision = verdict.decision
    print(home.bold(f"{chosen}{words.score(decision)}"), f"  {words.cause(decision)}", sep="\n")
    if decision.because is not None:
        print(f"  because: {decision.because}")
    rows = verdict.proof.candidates
    shown = rows if each else [row for row in rows if row.state != "rejected"] + _nearest(rows)
    head, *lines = table(HEAD, [_row(row, verdict) for row in shown], right=NUMBERS)
    print("", home.bold(head), *lines, sep="\n")
    if len(shown) < len(rows):
        print(f"and {len(rows) - len(shown)} more rejected; --all has a row for each, --explain every rule")


def _nearest(rows: Sequence[CandidateProof]) -> list[CandidateProof]:
    """The rejected that fail fewest rules: those that are worth a look."""
    rejected = [row for row in rows if row.state == "rejected"]
    return sorted(rejected, key=lambda row: (len(row.rejections), row.target))[:10]


def _row(row: CandidateProof, verdict: Verdict) -> tuple[str, ...]:
    decision = verdict.decision
    score = "-" if row.score is None else words.ranked(row.score, decision.rank).rpartition(" ")[2]
    cost = "-" if row.estimated_nano_usd is None else format_usd(row.estimated_nano_usd)
    if row.state == "selected":
        why = words.cause(decision)
    elif row.rejections:
        why = "; ".join(words.rejection(item) for item in row.rejections)
    else:
        why = dict(verdict.proof.beats).get(row.target, "")
    return short(row.target, 44), row.state, score, cost, short(why, _WHY)
