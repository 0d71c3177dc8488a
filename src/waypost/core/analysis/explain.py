"""A receipt as people read it: what was asked for, what answered, why, what else there was, and what it cost.

Nothing is decided again here: rows come from proofs, everything else stands on the receipt. Costs are compared with a
baseline in percent; nothing is claimed to have been spared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from waypost.core.analysis import decided, document, words_content, words_decision, words_outcome, words_question
from waypost.core.analysis.calendar import utc
from waypost.core.analysis.document import Known
from waypost.core.analysis.layout import Block, Fields, Heading, Layout, Line, Rows, markdown, text
from waypost.core.model.decision import Decision, Flip, Proof
from waypost.core.model.outcome import Settlement
from waypost.core.model.receipt import SCHEMA, Hop, Receipt

Format = Literal["text", "markdown", "json"]
FORMATS: tuple[Format, ...] = ("text", "markdown", "json")

NO_PROOF = "The policy or the catalog of this receipt is not in the object store: its rows cannot be derived."


def explain(
    receipt: Receipt,
    proofs: Sequence[Proof],
    *,
    format: Format = "text",
    each: bool = False,
    flips: Sequence[Flip] = (),
    catalog: str | None = None,
    last: bool = False,
    rules: int = 0,
) -> str:
    """The receipt with every candidate of every decision.

    Candidates that failed the same rules share a row, unless ``each`` wants one for each; JSON always has all.
    ``proofs`` are of the receipt's decisions, in order; a decision without one is shown by its masks alone. ``flips``
    are those of the proofs, ``catalog`` is the catalog's name where it is known. ``last`` says that
    no policy's ``match`` held, ``rules`` how many rules the policy has, as far as that is known.

    Raises:
        ValueError: a format that is none of the three.
    """
    known = Known(dict(_paired(receipt, proofs)), _flips(proofs, flips), catalog, last, rules)
    match format:
        case "text":
            return text(_layout(receipt, known, each=each))
        case "markdown":
            return markdown(_layout(receipt, known, each=each))
        case "json":
            content = document.of(receipt, known)
            return json.dumps(content, indent=2, ensure_ascii=False)
        case _:
            raise ValueError(f"format is {format!r}; use text, markdown or json")


def _paired(receipt: Receipt, proofs: Sequence[Proof]) -> Iterator[tuple[int, Proof]]:
    """Each decision of the receipt, by its identity, with the proof that is of an equal one."""
    for hop in receipt.hops:
        if hop.decision is not None:
            proof = next((proof for proof in proofs if proof.decision == hop.decision), None)
            if proof is not None:
                yield id(hop.decision), proof


def _flips(proofs: Sequence[Proof], flips: Sequence[Flip]) -> dict[int, Flip]:
    return {id(proof): flip for proof, flip in zip(proofs, flips, strict=False)}


def _layout(receipt: Receipt, known: Known, *, each: bool) -> Layout:
    blocks: list[Block] = [_header(receipt, known)]
    last: Decision | None = None
    before: decided.Before = {}
    hops = [hop for hop in receipt.hops if hop.decision is not None]
    for hop in hops:
        if hop.decision is not None and hop.decision != last:
            proof = known.proofs.get(id(hop.decision))
            blocks += _decision(hop, receipt, known, more=len(hops) > 1)
            if proof is None:
                blocks += _unproved(hop.decision)
            else:
                blocks += decided.proved(proof, before, each=each)
                blocks += decided.flipped(known.flips.get(id(proof)))
            last, before = hop.decision, _failed(proof)
    if not each and any(decided.crowded(proof) for proof in known.proofs.values()):
        blocks.append(Line("Every candidate in a row of its own: `waypost explain ID --all`"))
    blocks += _cascade(receipt, known.proofs)
    blocks += _outcome(receipt)
    blocks.append(_provenance(receipt, known.catalog))
    return Layout(f"Receipt {receipt.id}", tuple(blocks))


def _failed(proof: Proof | None) -> decided.Before:
    return {} if proof is None else {row.target: row.rejections for row in proof.candidates}


def _header(receipt: Receipt, known: Known) -> Fields:
    call, answered = receipt.call, receipt.answered
    got = words_outcome.answer(receipt)
    rows = [
        ("status", words_outcome.status(receipt)),
        ("asked for", words_outcome.asked_for(receipt)),
        ("answered", got if answered is None else f"{got}{words_outcome.alias(answered)}"),
        ("mode", words_outcome.mode(receipt)),
        ("at", utc(call.at_ns)),
    ]
    rows += known.notes(receipt)
    if call.request_id is not None:
        rows.append(("request id", call.request_id))
    if answered is not None and answered.response_id is not None:
        rows.append(("response id", answered.response_id))
    if receipt.trace_id is not None:
        rows.append(("trace", receipt.trace_id))
    if receipt.content is not None:
        rows.append(("content", words_content.noted(receipt.id, receipt.content)))
    if receipt.question is not None:
        rows += words_question.question(receipt.question, features=call.operation != words_outcome.EMBEDDINGS)
    return Fields(tuple(rows))


def _decision(hop: Hop, receipt: Receipt, known: Known, *, more: bool) -> Iterator[Block]:
    """What was chosen, and by what cause."""
    decision = hop.decision
    assert decision is not None
    number = hop.attempt.number if hop.attempt is not None else None
    yield Heading("Decision" if not more or number is None else f"Decision before attempt {number}")
    asked = hop.question or receipt.question
    rows = list(decided.chosen(decision, hop.selected, asked, rules=known.rules))
    if hop.advised:
        rows = [("advised", rows[0][1]), *rows[1:], ("note", "advice only: the call ran unchanged")]
    proof = known.proofs.get(id(decision))
    candidates = () if proof is None else proof.candidates
    rows += words_decision.unforced(decision, asked, candidates)
    yield Fields((*rows, *(() if hop.snapshot is None else words_question.world(hop.snapshot, candidates, asked))))


def _unproved(decision: Decision) -> Iterator[Block]:
    yield Line(NO_PROOF)
    yield Rows("Failed rules", tuple((name, words_decision.candidates(mask)) for name, mask in decision.rejections))


def _cascade(receipt: Receipt, proofs: Mapping[int, Proof]) -> Iterator[Block]:
    """The attempts if there were several, else the standby that was not needed."""
    sent = [hop for hop in receipt.hops if hop.attempt is not None]
    if len(sent) > 1 or any(hop.attempt is not None and hop.attempt.failure is not None for hop in sent):
        yield Heading(f"Fallback: {len(sent)} attempt{'s' if len(sent) > 1 else ''}")
        attempts = [hop.attempt for hop in sent if hop.attempt is not None]
        yield Rows("", tuple((f"{a.number}. {words_outcome.name(a)}", words_outcome.attempt(a)) for a in attempts))
        return
    decision = next(
        (hop.decision for hop in reversed(receipt.hops) if hop.decision is not None and not hop.advised), None
    )
    if decision is None or len(decision.order) < 2:
        return
    proof = proofs.get(id(decision))
    names = [row.target for row in proof.candidates if row.state == "standby"] if proof is not None else []
    shown = names[: len(decision.order) - 1] or [f"candidate {index}" for index in decision.order[1:]]
    ended = receipt.settlement is not None
    yield Heading(f"Fallback: standby cascade{', not triggered this run' if ended else ''}")
    yield Line(" > ".join(shown))


def _outcome(receipt: Receipt) -> Iterator[Block]:
    yield Heading("Outcome")
    settlement = receipt.settlement
    if settlement is None:
        yield Line(
            "Open: nothing has been settled. The call is still under way, or its process died before the answer."
        )
        return
    yield Fields(tuple(_settled(settlement, receipt)))
    if settlement.cost.lines:
        yield Rows("Bill", tuple(words_outcome.bill(line) for line in settlement.cost.lines))


def _settled(settlement: Settlement, receipt: Receipt) -> Iterator[tuple[str, str]]:
    yield "latency", words_outcome.latency(settlement, receipt.answered)
    if settlement.usage is not None:
        yield "tokens", words_outcome.usage(settlement.usage)
    yield "cost", words_outcome.spent(receipt)
    if settlement.usage is None:
        return
    yield "", words_outcome.basis(settlement.cost)
    whose = words_outcome.whose(receipt)
    if whose is not None:
        yield "", whose
    for base in settlement.baselines:
        yield "", words_outcome.against(settlement.cost, base)


def _provenance(receipt: Receipt, catalog: str | None) -> Block:
    return Fields(
        (
            ("policy", f"{receipt.policy}  {receipt.policy_fingerprint}"),
            ("catalog", f"{catalog}  {receipt.catalog_fingerprint}" if catalog else receipt.catalog_fingerprint),
            ("versions", f"{words_decision.LANGUAGE}, engine {receipt.engine}, {SCHEMA}"),
        ),
        title="Provenance",
    )
