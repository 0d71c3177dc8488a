"""One decision as blocks of a page: what was chosen by what, what it passed, whom it beat, who was rejected, the flip.

Receipts and dry runs show it alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from waypost.core.analysis import crowd, words_decision
from waypost.core.analysis.layout import Block, Line, Rows
from waypost.core.model.decision import CandidateProof, Decision, Flip, Proof, Rejection
from waypost.core.model.question import Question
from waypost.core.model.target import TargetId

Before: TypeAlias = dict[TargetId, tuple[Rejection, ...]]
"""What each candidate failed in the decision before."""

SCORE_PARTS = " (+ and - are its lead in each part of the score, neither dollars nor seconds)"

NAMED = 8
"""So many of those that passed everything, and are not told about each, are named."""


def chosen(
    decision: Decision, selected: str | None, question: Question | None, *, rules: int = 0
) -> Iterator[tuple[str, str]]:
    """Fields: who was selected, by what cause, which rule, why, by which rank, and what chance had to do with it.

    ``rules`` is how many the policy has, 0 where that is not known or told elsewhere.
    """
    yield "selected", f"{selected or 'nobody: no candidate survived'}{words_decision.score(decision)}"
    yield "cause", words_decision.cause(decision)
    yield from words_decision.notes(decision, rules)
    if decision.because is not None:
        yield "because", decision.because
    if decision.aside is not None:
        yield "set aside", words_decision.aside(decision)
    if decision.rank and question is not None:
        yield "rank", words_decision.rank(decision.rank, question)
    if decision.chance:
        yield "chance", words_decision.chance(decision)


def proved(proof: Proof, before: Before, *, each: bool) -> Iterator[Block]:
    """The winner's reasons, the standby, and a row per rejected candidate, unless the hop before had the same row."""
    if proof.passed:
        rows = tuple((words_decision.passed(row), words_decision.place(row.source)) for row in proof.passed)
        yield Rows("Reason: it passed", rows)
    yield from _score(proof)
    yield from _standby(proof, each=each)
    yield from _rejected(proof, before, each=each)


def _score(proof: Proof) -> Iterator[Block]:
    """The terms of the winner's score, where there are several."""
    winner = next((row for row in proof.candidates if row.state == "selected"), None)
    if winner is not None and any(term.weight for term in winner.terms):
        yield Rows("Its score is the sum of", tuple(map(words_decision.term, winner.terms)))


def _standby(proof: Proof, *, each: bool) -> Iterator[Block]:
    """Whom the winner beat and by what; beyond the standby that was kept, the order alone."""
    ahead = dict(proof.beats)
    standby = [row for row in proof.candidates if row.state == "standby"]
    winner = next((row.estimated_nano_usd for row in proof.candidates if row.state == "selected"), None)
    if not standby:
        return
    told = [row for row in standby if each or row.target in ahead]
    rows = tuple(
        (row.target, words_decision.standby(row, ahead.get(row.target), proof.decision, winner)) for row in told
    )
    parts = any(why.startswith("score ") for why in ahead.values())
    yield Rows(f"Ahead of{SCORE_PARTS if parts else ''}", rows)
    rest = [] if each else [row for row in standby if row.target not in ahead]
    if rest:
        named = ", ".join(
            f"{row.target} ({words_decision.standby(row, None, proof.decision, None)})" for row in rest[:NAMED]
        )
        more = f", and {len(rest) - NAMED} more" if len(rest) > NAMED else ""
        yield Line(f"and {len(rest)} more that passed everything, in this order: {named}{more}")


def _rejected(proof: Proof, before: Before, *, each: bool) -> Iterator[Block]:
    rejected = [row for row in proof.candidates if row.state in ("rejected", "tried")]
    if not rejected:
        return
    winner = next((row.estimated_nano_usd for row in proof.candidates if row.state == "selected"), None)
    changed = [row for row in rejected if before.get(row.target) != row.rejections]
    same = "" if len(changed) == len(rejected) else f", {len(rejected) - len(changed)} as before"
    alone, crowds = (changed, []) if each else crowd.apart(changed)
    yield Rows(f"Rejected ({len(rejected)}{same})", tuple(_row(row, winner) for row in alone))
    for group in crowds:
        yield Line(crowd.told(group, winner))


def _row(row: CandidateProof, winner: int | None) -> tuple[str, str]:
    return row.target, words_decision.rejected(row, winner)


def crowded(proof: Proof) -> bool:
    """Whether some candidates would share a line."""
    standby = sum(row.state == "standby" for row in proof.candidates)
    return standby > len(proof.beats) or bool(crowd.apart([r for r in proof.candidates if r.state == "rejected"])[1])


def flipped(flip: Flip | None) -> Iterator[Block]:
    """The smallest change of one number that would have chosen otherwise."""
    if flip is not None:
        yield Line(f"Smallest change that would have chosen otherwise: {words_decision.flip(flip)}")
