"""A receipt as people read it: what was asked for, what answered, why, what else there was, and what it cost.

Nothing is decided again here: rows come from proofs, everything else stands on the receipt. Costs are compared with a
baseline in percent; nothing is claimed to have been spared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from waypost.core.analysis import crowd, document, words
from waypost.core.analysis.calendar import utc
from waypost.core.analysis.layout import Block, Fields, Heading, Layout, Line, Rows, markdown, text
from waypost.core.model.decision import Decision, Proof, Rejection
from waypost.core.model.outcome import Attempt, Settlement
from waypost.core.model.receipt import SCHEMA, Hop, Receipt
from waypost.core.model.target import TargetId

Format = Literal["text", "markdown", "json"]
FORMATS: tuple[Format, ...] = ("text", "markdown", "json")

Before: TypeAlias = dict[TargetId, tuple[Rejection, ...]]
"""What each candidate failed in the decision before."""

SCORE_PARTS = " (parts of the score from 0 to 1: weight times utility, neither dollars nor seconds)"
NO_PROOF = "The policy or the catalog of this receipt is not in the object store: its rows cannot be derived."


def explain(receipt: Receipt, proofs: Sequence[Proof], *, format: Format = "text", each: bool = False) -> str:
    """The receipt with every candidate of every decision.

    Candidates that only a shortlist leaves out share a row, unless ``each`` wants one for each; JSON always has all.
    ``proofs`` are of the receipt's decisions, in order; a decision without one is shown by its masks alone.

    Raises:
        ValueError: a format that is none of the three.
    """
    by_decision = {id(decision): proof for decision, proof in _paired(receipt, proofs)}
    match format:
        case "text":
            return text(_layout(receipt, by_decision, each=each))
        case "markdown":
            return markdown(_layout(receipt, by_decision, each=each))
        case "json":
            content = document.of(receipt, by_decision)
            return json.dumps(content, indent=2, ensure_ascii=False)
        case _:
            raise ValueError(f"format is {format!r}; use text, markdown or json")


def _paired(receipt: Receipt, proofs: Sequence[Proof]) -> Iterator[tuple[Decision, Proof]]:
    """Each decision of the receipt with the proof that is of an equal one."""
    for hop in receipt.hops:
        if hop.decision is not None:
            proof = next((proof for proof in proofs if proof.decision == hop.decision), None)
            if proof is not None:
                yield hop.decision, proof


def _layout(receipt: Receipt, proofs: dict[int, Proof], *, each: bool) -> Layout:
    blocks: list[Block] = [_header(receipt)]
    last: Decision | None = None
    before: Before = {}
    decided = [hop for hop in receipt.hops if hop.decision is not None]
    for hop in receipt.hops:
        if hop.decision is not None and hop.decision != last:
            proof = proofs.get(id(hop.decision))
            blocks += _decision(hop, more=len(decided) > 1)
            blocks += _unproved(hop.decision) if proof is None else _proved(proof, before, each=each)
            last, before = (
                hop.decision,
                {} if proof is None else {row.target: row.rejections for row in proof.candidates},
            )
    blocks += _cascade(receipt, proofs)
    blocks += _outcome(receipt)
    blocks.append(_provenance(receipt))
    return Layout(f"Receipt {receipt.id}", tuple(blocks))


def _header(receipt: Receipt) -> Fields:
    call, answered = receipt.call, receipt.answered
    got = words.answer(receipt)
    rows = [
        ("status", words.status(receipt)),
        ("asked for", f"{call.requested} at {call.provider} ({call.dialect}{', streamed' if call.streaming else ''})"),
        ("answered", got if answered is None else f"{got}{words.alias(answered)}"),
        ("mode", words.MODES[receipt.mode]),
        ("at", utc(call.at_ns)),
    ]
    if call.request_id is not None:
        rows.append(("request id", call.request_id))
    if answered is not None and answered.response_id is not None:
        rows.append(("response id", answered.response_id))
    if receipt.trace_id is not None:
        rows.append(("trace", receipt.trace_id))
    if receipt.question is not None:
        rows += words.question(receipt.question)
    return Fields(tuple(rows))


def _decision(hop: Hop, *, more: bool) -> Iterator[Block]:
    """What was chosen, and by what cause."""
    decision = hop.decision
    assert decision is not None
    number = hop.attempt.number if hop.attempt is not None else None
    yield Heading("Decision" if not more or number is None else f"Decision before attempt {number}")
    chosen = hop.selected or "nobody: no candidate survived"
    score = words.score(decision)
    rows = [("advised" if hop.advised else "selected", f"{chosen}{score}"), ("cause", words.cause(decision))]
    if decision.because is not None:
        rows.append(("because", decision.because))
    if hop.advised:
        rows.append(("note", "advice only: the call ran unchanged"))
    yield Fields(tuple(rows))


def _unproved(decision: Decision) -> Iterator[Block]:
    yield Line(NO_PROOF)
    yield Rows("Failed rules", tuple((name, words.candidates(mask)) for name, mask in decision.rejections))


def _proved(proof: Proof, before: Before, *, each: bool) -> Iterator[Block]:
    """The winner's reasons, the standby, and a row per rejected candidate, unless the hop before had the same row."""
    if proof.passed:
        rows = tuple((words.passed(row), words.place(row.source)) for row in proof.passed)
        yield Rows("Reason: it passed", rows)
    ahead = dict(proof.beats)
    standby = [row for row in proof.candidates if row.state == "standby"]
    if standby:
        rows = tuple((row.target, words.standby(row, ahead.get(row.target), proof.decision)) for row in standby)
        parts = any(why.startswith("score ") for why in ahead.values())
        yield Rows(f"Ahead of{SCORE_PARTS if parts else ''}", rows)
    rejected = [row for row in proof.candidates if row.state in ("rejected", "tried")]
    if rejected:
        winner = next((row.estimated_nano_usd for row in proof.candidates if row.state == "selected"), None)
        changed = [row for row in rejected if before.get(row.target) != row.rejections]
        same = "" if len(changed) == len(rejected) else f", {len(rejected) - len(changed)} as before"
        alone, crowds = (changed, []) if each else crowd.apart(changed)
        rows = tuple((row.target, words.rejected(row, winner)) for row in alone)
        yield Rows(f"Rejected ({len(rejected)}{same})", rows)
        for group in crowds:
            yield Line(crowd.told(group, winner))
        if crowds:
            yield Line("A row for each of them: `waypost explain ID --all`")


def _cascade(receipt: Receipt, proofs: dict[int, Proof]) -> Iterator[Block]:
    """The attempts if there were several, else the standby that was not needed."""
    sent = [hop for hop in receipt.hops if hop.attempt is not None]
    if len(sent) > 1 or any(hop.attempt is not None and hop.attempt.failure is not None for hop in sent):
        yield Heading(f"Fallback: {len(sent)} attempt{'s' if len(sent) > 1 else ''}")
        attempts = [hop.attempt for hop in sent if hop.attempt is not None]
        yield Rows("", tuple((f"{a.number}. {words.name(a)}", words.attempt(a)) for a in attempts))
        return
    decision = next(
        (hop.decision for hop in reversed(receipt.hops) if hop.decision is not None and not hop.advised), None
    )
    if decision is None or len(decision.order) < 2:
        return
    proof = proofs.get(id(decision))
    names = [row.target for row in proof.candidates if row.state == "standby"] if proof is not None else []
    shown = names[: len(decision.order) - 1] or [f"candidate {index}" for index in decision.order[1:]]
    yield Heading("Fallback: standby cascade, not triggered this run")
    yield Line(" > ".join(shown))


def _outcome(receipt: Receipt) -> Iterator[Block]:
    yield Heading("Outcome")
    settlement = receipt.settlement
    if settlement is None:
        yield Line(
            "Open: nothing has been settled. The call is still under way, or its process died before the answer."
        )
        return
    yield Fields(tuple(_settled(settlement, receipt.answered)))
    if settlement.cost.lines:
        yield Rows("Bill", tuple(words.bill(line) for line in settlement.cost.lines))


def _settled(settlement: Settlement, answered: Attempt | None) -> Iterator[tuple[str, str]]:
    yield "latency", words.latency(settlement, answered)
    if settlement.usage is not None:
        yield "tokens", words.usage(settlement.usage)
    yield "cost", words.cost(settlement.cost)
    for base in settlement.baselines:
        yield "", words.against(settlement.cost, base)


def _provenance(receipt: Receipt) -> Block:
    return Fields(
        (
            ("policy", f"{receipt.policy}  {receipt.policy_fingerprint}"),
            ("catalog", receipt.catalog_fingerprint),
            ("versions", f"{words.LANGUAGE}, engine {receipt.engine}, {SCHEMA}"),
        ),
        title="Provenance",
    )
