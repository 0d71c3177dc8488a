"""A receipt as people read it: who was in the running, who was rejected by which rule, who won and why, what it cost.

`explain` renders one account of facts, which `account` makes of the folded receipt and of its decisions, proved again.
It never says "saved": costs are put beside a baseline that is named.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from waypost.core.analysis.calendar import took, utc
from waypost.core.model.decision import CandidateProof, Decision, Proof, Rejection, Source
from waypost.core.model.money import div_half_even, format_usd
from waypost.core.model.outcome import Attempt, Baseline, Cost
from waypost.core.model.receipt import Hop, Receipt
from waypost.core.policy.proof import reason

Format = Literal["text", "markdown", "json"]
WIDTH = 100
LABEL = 11


@dataclass(frozen=True, slots=True)
class Section:
    """One labelled part: ``lines`` are whole sentences or rows; ``rows`` are (name, text) pairs below them."""

    label: str
    lines: tuple[str, ...]
    rows: tuple[tuple[str, str], ...] = ()


def explain(receipt: Receipt, proofs: Sequence[Proof], *, format: Format = "text") -> str:
    """The explanation of ``receipt``; ``proofs`` are its hops' decisions, in order, empty where it was not decided.

    Raises:
        ValueError: a format that is none of the three.
    """
    match format:
        case "text":
            return _text(receipt, account(receipt, proofs))
        case "markdown":
            return _markdown(receipt, account(receipt, proofs))
        case "json":
            return json.dumps(document(receipt, proofs), ensure_ascii=False, indent=2)
    raise ValueError(f"format is {format!r}; use text, markdown or json")


def account(receipt: Receipt, proofs: Sequence[Proof]) -> list[Section]:
    """All that there is to say, in the order in which it is read."""
    sections = [_asked(receipt), _answered(receipt, proofs)]
    if proofs:
        sections += [_reason(proofs[-1]), *_rejected(proofs), _fallback(receipt, proofs[-1])]
    elif receipt.mode == "observe":
        sections.append(Section("decision", ("observed only: nothing was decided, the call ran as it was",)))
    else:
        sections.append(Section("decision", ("cannot be proved: its policy or catalog is not in the object store",)))
    return [*sections, *_money(receipt), _versions(receipt)]


# --- the parts


def _asked(receipt: Receipt) -> Section:
    call = receipt.call
    question = receipt.question
    lines = [f"{call.requested} ({call.sdk}, {call.dialect}{', streamed' if call.streaming else ''})"]
    if question is not None:
        seen = question.features
        needs = sorted({need.flag for need in question.needs if need.severity == "required"})
        lines.append(
            f"{seen.task}, {seen.complexity}; about {seen.tokens_input} tokens in, {seen.tokens_output} out"
            + (f"; {seen.language}" if seen.language else "")
            + (f"; needs {', '.join(needs)}" if needs else "")
        )
    lines.append(utc(call.at_ns))
    return Section("asked", tuple(lines))


def _answered(receipt: Receipt, proofs: Sequence[Proof]) -> Section:
    answered = receipt.answered
    last = proofs[-1] if proofs else None
    if answered is None:
        text = "nobody yet: the receipt is open" if receipt.status == "open" else f"nobody: {receipt.status}"
        lines = [text]
    else:
        lines = [answered.target or f"{answered.provider}/{answered.model}"]
        lines[0] += f" in {took(answered.ended_ns - answered.started_ns)}"
    if last is None:
        return Section("answered", tuple(lines))
    winner = _winner(last)
    if _advised(receipt) and winner is not None:
        lines.append(f"advice: {winner.target}; the call ran unchanged (mode {receipt.mode})")
    if winner is not None and winner.score is not None:
        lines.append(f"score {_score(last.decision, winner.score)} by {last.decision.rank}")
    lines.append("cause: " + _cause(last.decision))
    return Section("answered", tuple(lines))


def _reason(proof: Proof) -> Section:
    lines = tuple(f"+ {item.text}{_place(item.source)}" for item in proof.passed)
    rows = tuple((target, f"beaten: {sentence}") for target, sentence in proof.beats)
    return Section("reason", lines or ("no rule had to be passed",), rows)


def _rejected(proofs: Sequence[Proof]) -> list[Section]:
    proof = proofs[0]
    rejected = [row for row in proof.candidates if row.rejections]
    if not rejected:
        return [Section("rejected", (f"none of {len(proof.candidates)}",))]
    rows = tuple((row.target, "filtered: " + "; ".join(map(_failed, row.rejections))) for row in rejected)
    return [Section("rejected", (f"{len(rejected)} of {len(proof.candidates)} candidates",), rows)]


def _fallback(receipt: Receipt, proof: Proof) -> Section:
    hops = [hop for hop in receipt.hops if hop.attempt is not None]
    standby = [row for row in proof.candidates if row.state == "standby"]
    rows = tuple((row.target, f"standby, score {_score(proof.decision, row.score)}") for row in standby)
    if len(hops) < 2:
        line = "standby cascade, not triggered this run" if standby else "nobody stood by"
        return Section("fallback", (line,), rows)
    tried = tuple((_name(hop), _hop(hop)) for hop in hops)
    return Section("fallback", (f"triggered: {len(hops)} attempts",), tried + rows)


def _money(receipt: Receipt) -> list[Section]:
    settled = receipt.settlement
    if settled is None:
        return [Section("cost", ("not settled",))]
    sections = []
    if settled.usage is not None:
        use = settled.usage
        more = [
            f"{count} {name}" for count, name in ((use.cache_read, "cached"), (use.cache_write, "cache write")) if count
        ]
        more += [f"{use.reasoning} reasoning"] if use.reasoning else []
        text = f"{use.input} tokens in, {use.output} out" + (f" ({', '.join(more)})" if more else "")
        sections.append(Section("usage", (text + (", estimated" if use.estimated else ""),)))
    sections.append(Section("latency", (took(settled.ended_ns - settled.started_ns),)))
    lines = [_cost(settled.cost)]
    lines += [_baseline(settled.cost, baseline) for baseline in settled.baselines]
    sections.append(Section("cost", tuple(lines)))
    return sections


def _versions(receipt: Receipt) -> Section:
    lines = [
        f"{receipt.policy}, {receipt.policy_fingerprint}",
        f"catalog {receipt.catalog_fingerprint}",
        f"policy/v1, receipt/v1, engine {receipt.engine}",
    ]
    if receipt.trace_id:
        lines.append(f"trace {receipt.trace_id}")
    return Section("policy", tuple(lines))


# --- sentences


def _winner(proof: Proof) -> CandidateProof | None:
    return next((row for row in proof.candidates if row.state == "selected"), None)


def _advised(receipt: Receipt) -> bool:
    return any(hop.advised for hop in receipt.hops)


def _cause(decision: Decision) -> str:
    """The cause, the rule and what the rule says of itself."""
    if decision.selected is None:
        return "no candidate survived"
    text = decision.cause if decision.rule is None or decision.cause == "rule" else f"{decision.cause}, rule"
    text += f" {decision.rule}" if decision.rule else ""
    return text + (f": {decision.because}" if decision.because else "")


def _score(decision: Decision, score: int | None) -> str:
    """A score in the unit that its strategy compares."""
    if score is None or score < 0:
        return "unknown"
    match decision.rank:
        case "cheapest":
            return format_usd(score)
        case "fastest":
            return took(score)
        case _:
            return f"{score / 1_000_000:.3f}"


def _failed(rejection: Rejection) -> str:
    exact = f", exactly {rejection.exact}" if rejection.exact else ""
    return reason(rejection) + exact + _place(rejection.source)


def _place(source: Source | None) -> str:
    if source is None or not source.file:
        return ""
    return f" ({source.file.rpartition('/')[2]}:{source.line})"


def _name(hop: Hop) -> str:
    attempt = hop.attempt
    assert attempt is not None
    return attempt.target or f"{attempt.provider}/{attempt.model}"


def _hop(hop: Hop) -> str:
    attempt = hop.attempt
    assert attempt is not None
    return f"attempt {attempt.number}, {attempt.reason}: {outcome(attempt)}"


def outcome(attempt: Attempt) -> str:
    """How an attempt ended: ``answered in 412 ms``, ``overloaded (503) after 20 ms``."""
    time = took(max(attempt.ended_ns - attempt.started_ns, 0))
    if attempt.failure is None:
        return f"answered in {time}"
    status = f" ({attempt.failure.status})" if attempt.failure.status else ""
    return f"{attempt.failure.kind}{status} after {time}"


def _cost(cost: Cost) -> str:
    if cost.nano_usd is None:
        return "unpriced"
    of = f", prices of {cost.price_as_of}" if cost.price_as_of else ""
    return f"{format_usd(cost.nano_usd)} {cost.basis}{of}"


def _baseline(cost: Cost, baseline: Baseline) -> str:
    named = "the requested model" if baseline.label == "requested" else "the policy's baseline"
    share = against(cost.nano_usd, baseline.cost.nano_usd)
    other = "unpriced" if baseline.cost.nano_usd is None else format_usd(baseline.cost.nano_usd)
    return f"cost against baseline {share} ({baseline.target}, {named}: {other})"


def against(nano_usd: int | None, baseline: int | None) -> str:
    """A cost against a baseline in percent: ``-71%``; ``unknown`` where either is unpriced."""
    if nano_usd is None or baseline is None or baseline == 0:
        return "unknown"
    return f"{div_half_even((nano_usd - baseline) * 100, baseline):+d}%"


# --- the forms


def _text(receipt: Receipt, sections: Sequence[Section]) -> str:
    head = f"Receipt {receipt.id}"
    state = f"{receipt.status} · {receipt.mode}"
    out = [head + state.rjust(WIDTH - len(head)), "─" * WIDTH]
    for section in sections:
        label = section.label
        for line in section.lines:
            out += _wrapped(label.ljust(LABEL), line)
            label = ""
        width = max((len(name) for name, _ in section.rows), default=0)
        width = min(width, 44)
        for name, text in section.rows:
            out += _wrapped(" " * LABEL + "  " + name.ljust(width) + "  ", text)
    return "\n".join(out)


def _wrapped(start: str, text: str) -> list[str]:
    """Lines of at most `WIDTH` columns, continued under their beginning."""
    room = max(WIDTH - len(start), 30)
    words = text.split(" ")
    lines, line = [], words[0]
    for word in words[1:]:
        if len(line) + 1 + len(word) > room:
            lines.append(line)
            line = word
        else:
            line += " " + word
    lines.append(line)
    return [(start if index == 0 else " " * len(start)) + text for index, text in enumerate(lines)]


def _markdown(receipt: Receipt, sections: Sequence[Section]) -> str:
    out = [f"## Receipt `{receipt.id}`", "", f"{receipt.status}, mode {receipt.mode}", ""]
    for section in sections:
        out += [f"### {section.label.capitalize()}", ""]
        out += [f"- {line.removeprefix('+ ')}" for line in section.lines]
        if section.rows:
            out += ["", "| candidate | |", "| --- | --- |"]
            out += [f"| `{name}` | {text.replace('|', chr(92) + '|')} |" for name, text in section.rows]
        out.append("")
    return "\n".join(out)


def document(receipt: Receipt, proofs: Sequence[Proof]) -> dict[str, Any]:
    """The receipt as ``receipt/v1``, with ``explanation``: each hop's candidates and what the winner passed."""
    return {**receipt.to_dict(), "explanation": [_proof(proof) for proof in proofs]}


def _proof(proof: Proof) -> dict[str, Any]:
    return {
        "cause": _cause(proof.decision),
        "rank": proof.decision.rank,
        "passed": [{"rule": item.rule, "text": item.text, "source": _at(item.source)} for item in proof.passed],
        "beats": [{"target": target, "why": sentence} for target, sentence in proof.beats],
        "candidates": [_candidate(row) for row in proof.candidates],
    }


def _candidate(row: CandidateProof) -> dict[str, Any]:
    return {
        "target": row.target,
        "state": row.state,
        "score": row.score,
        "estimated_nano_usd": row.estimated_nano_usd,
        "terms": [
            {"field": term.field, "weight": term.weight, "utility": term.utility, "observed": term.observed}
            for term in row.terms
        ],
        "rejections": [
            {
                "rule": item.rule,
                "field": item.field,
                "op": item.op,
                "observed": item.observed,
                "limit": item.limit,
                "exact": item.exact,
                "margin_ppm": item.margin_ppm,
                "source": _at(item.source),
                "text": reason(item),
            }
            for item in row.rejections
        ],
    }


def _at(source: Source | None) -> str | None:
    return str(source) if source is not None and source.file else None
