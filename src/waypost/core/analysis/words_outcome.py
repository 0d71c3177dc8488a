"""What came of a call, in words: its status, its attempts, tokens and cost, numbers with their units."""

from __future__ import annotations

from waypost.core.analysis.words_numbers import change, duration, percent
from waypost.core.model.money import MICRO, format_usd
from waypost.core.model.outcome import Attempt, Baseline, Cost, CostLine, Failure, Settlement, Usage
from waypost.core.model.receipt import Receipt

MODES = {
    "off": "off",
    "observe": "observe: the call ran unchanged",
    "advise": "advise: the call ran unchanged beside the decision",
    "route": "route",
}
DRAWN = {"route": "drawn by the rollout's share", "advise": "held back by the rollout's share"}
STATUS = {
    "open": "open",
    "ok": "ok",
    "error": "error",
    "cancelled": "cancelled by the caller",
    "abandoned": "abandoned: the stream was not read to its end",
    "rejected": "rejected: no candidate survived",
}

BASES = {
    "computed": "the catalog's prices times the tokens that the provider reported",
    "estimated": "the catalog's prices times our own count of tokens: the provider reported none",
    "reported": "the sum that the provider reported",
    "local": "a model of one's own: no price per token",
    "unpriced": "no price is known, which is not the same as nothing",
}
EMBEDDINGS = "embeddings"
"""The operation (``gen_ai.operation.name``) that has neither a task nor an answer to guess the length of."""
UNSENT = "nothing was sent"
"""In the place of a cost, where nobody was asked."""
UNUSED = "none known: nobody told of any tokens"
"""Likewise where an attempt failed: there is nothing to be priced, whatever the catalog knows."""

BASELINES = {"requested": "the requested model", "policy": "the policy's baseline"}


def mode(receipt: Receipt) -> str:
    """The mode, and how likely it was where a rollout's share decided."""
    call = receipt.call
    if not call.drawn:
        return MODES[call.mode] + (_at_most(receipt) if call.mode == "observe" else "")
    odds = "" if call.drawn_ppm is None else f", with probability {percent(call.drawn_ppm, MICRO)}"
    return f"{MODES[call.mode]}; {DRAWN[call.mode]}{odds}"


def _at_most(receipt: Receipt) -> str:
    """Why a call is observed whatever the policy's mode is."""
    if receipt.call.operation == EMBEDDINGS:
        return "; embeddings are never routed"
    return "" if stranger(receipt) is None else "; from a host that the catalog does not know nothing is routed"


def status(receipt: Receipt) -> str:
    return STATUS[receipt.status]


def asked_for(receipt: Receipt) -> str:
    """``gpt-4o at openai (openai.chat, streamed)``, and the host where the catalog does not know it: then the provider
    is only whose SDK was called."""
    call, host = receipt.call, stranger(receipt)
    place = "" if host is None else f", sent to {host}, which the catalog does not know"
    return f"{call.requested} at {call.provider} ({call.dialect}{', streamed' if call.streaming else ''}){place}"


def stranger(receipt: Receipt) -> str | None:
    """The caller's own host, where the catalog does not know it."""
    origin = None if receipt.question is None else receipt.question.origin
    return None if origin is None or origin.endpoint is not None else origin.host or None


def name(attempt: Attempt) -> str:
    """``provider/model``, or the catalog's id of it."""
    return attempt.target or f"{attempt.provider}/{attempt.model}"


def answer(receipt: Receipt) -> str:
    """Who answered, or why nobody did."""
    if receipt.answered is not None:
        return name(receipt.answered) + untold(receipt.answered) + left_out(receipt.answered)
    last = next((hop.attempt for hop in reversed(receipt.hops) if hop.attempt is not None), None)
    match receipt.status:
        case "open":
            return "nothing recorded" if last is None else f"nothing recorded; the last send was to {name(last)}"
        case _:
            return "nobody" if last is None else f"nobody; the last attempt was at {name(last)}"


def left_out(attempt: Attempt) -> str:
    """What its answer said that the caller's dialect cannot say."""
    return f", without {', '.join(attempt.left_out)} of its answer" if attempt.left_out else ""


def untold(attempt: Attempt) -> str:
    """The hints of the request that it was not told."""
    return f", not told of {', '.join(attempt.untold)}" if attempt.untold else ""


def alias(attempt: Attempt) -> str:
    """The model's own name for itself, where it says another."""
    said = attempt.response_model
    return f" (as {said})" if said is not None and said != attempt.model else ""


def attempt(one: Attempt) -> str:
    """What came of it, after its reason where it was not the first."""
    why = "" if one.number == 1 else f"{one.reason}, "
    return f"{why}{ended(one)}" if one.ended_ns else f"{why}sent; no end recorded"


def ended(one: Attempt) -> str:
    """Failure or success, latency, tokens, cost."""
    facts = ["ok" if one.failure is None else failure(one.failure), duration(one.ended_ns - one.started_ns)]
    if one.usage is not None:
        facts.append(f"{one.usage.input:,} in, {one.usage.output:,} out")
    if one.cost.nano_usd is not None:
        facts.append(cost(one.cost))
    if one.request_id is not None:
        facts.append(f"provider's request id {one.request_id}")
    return ", ".join(facts)


def failure(what: Failure) -> str:
    """``rate_limited (429 rate_limit_error, retry after 2 s)``."""
    said = " ".join(str(part) for part in (what.status, what.type) if part is not None)
    wait = None if what.retry_after_ns is None else f"retry after {duration(what.retry_after_ns)}"
    late = "after content had reached the caller" if what.committed else None
    inside = ", ".join(part for part in (said, wait, late) if part)
    return f"{what.kind} ({inside})" if inside else what.kind


def latency(settlement: Settlement, answered: Attempt | None) -> str:
    whole = duration(settlement.ended_ns - settlement.started_ns)
    if answered is None or answered.first_chunk_ns is None:
        return whole
    return f"{whole}, first content after {duration(answered.first_chunk_ns - settlement.started_ns)}"


def usage(used: Usage) -> str:
    """``230 in (30 from cache), 99 out``."""
    inside = [("from cache", used.cache_read), ("into cache", used.cache_write)]
    cached = ", ".join(f"{count:,} {label}" for label, count in inside if count)
    thought = f" ({used.reasoning:,} reasoning)" if used.reasoning else ""
    guess = ", estimated" if used.estimated else ""
    return f"{used.input:,} in{f' ({cached})' if cached else ''}, {used.output:,} out{thought}{guess}"


def cost(spent: Cost) -> str:
    """The sum with its basis: ``$0.0016 (computed, prices of 2026-01-01)``."""
    if spent.nano_usd is None:
        return "unpriced: the catalog has no price for it"
    dated = "" if spent.price_as_of is None else f", prices of {spent.price_as_of}"
    return f"{format_usd(spent.nano_usd)} ({spent.basis}{dated})"


def spent(receipt: Receipt) -> str:
    """What the whole call cost, or why there is nothing to say of that."""
    settlement = receipt.settlement
    if settlement is None or not receipt.sent:
        return UNSENT
    return UNUSED if settlement.usage is None else cost(settlement.cost)


def basis(spent: Cost) -> str:
    """What the sum rests on, for who has to answer for it."""
    return BASES[spent.basis]


def whose(receipt: Receipt) -> str | None:
    """Whose prices these are, where they are not known to be those of whoever was asked."""
    host, cost = stranger(receipt), None if receipt.settlement is None else receipt.settlement.cost
    at_home = any(hop.attempt is not None and hop.attempt.reason == "passthrough" for hop in receipt.hops)
    if host is None or not at_home or cost is None or cost.nano_usd is None:
        return None
    return f"the prices are those of {receipt.call.provider}; what {host} charges is not known"


def bill(line: CostLine) -> tuple[str, str]:
    return line.kind.replace(
        "_", " "
    ), f"{line.tokens:,} tokens x {format_usd(line.price)}/MTok = {format_usd(line.nano_usd)}"


def against(spent: Cost, base: Baseline) -> str:
    """``cost against baseline -71% (the policy's baseline openai/gpt-5.5: $0.063 for the same tokens)``."""
    there, label = base.cost.nano_usd, f"{BASELINES[base.label]} {base.target}"
    if there is None:
        return f"cost against baseline unknown ({label} has no price)"
    share = "unknown" if spent.nano_usd is None or not there else change(spent.nano_usd, there)
    return f"cost against baseline {share} ({label}: {format_usd(there)} for the same tokens)"
