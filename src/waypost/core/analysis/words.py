"""Facts of a receipt in words: one short phrase each, numbers with their units. No layout, no decision."""

from __future__ import annotations

from collections.abc import Sequence

from waypost.core.model.decision import CandidateProof, Decision, Flip, Passed, Rejection, ScoreTerm, Source
from waypost.core.model.money import MICRO, div_half_even, format_usd, grid
from waypost.core.model.outcome import Attempt, Baseline, Cost, CostLine, Failure, Settlement, Usage
from waypost.core.model.question import Question, Snapshot
from waypost.core.model.receipt import Receipt
from waypost.core.policy.no_room import no_room
from waypost.core.policy.reasons import reason

LANGUAGE = "policy/v1"
"""The language whose meaning engine 1 has."""

MS = 1_000_000
SECOND = 1_000_000_000

MODES = {
    "off": "off",
    "observe": "observe: the call ran unchanged",
    "advise": "advise: the call ran unchanged beside the decision",
    "route": "route",
}
STATUS = {
    "open": "open",
    "ok": "ok",
    "error": "error",
    "cancelled": "cancelled by the caller",
    "abandoned": "abandoned: the stream was not read to its end",
    "rejected": "rejected: no candidate survived",
}
BASELINES = {"requested": "the requested model", "policy": "the policy's baseline"}
CAUSES = {
    "policy": "best survivor of the policy",
    "rule": "a rule of the policy matched",
    "preference": "the caller's preference",
    "pinned": "the call may not leave its target",
    "non_portable": "the conversation cannot move",
    "affinity": "kept with the target that answered before",
    "advisor": "an advisor's choice",
    "rollout": "taken by the share of a rollout or a canary",
    "holdback": "held back as a control",
    "override": "an override forces its target",
    "budget": "so much of a budget is used that it narrows the choice",
    "limit": "a limit is reached",
    "fallback": "an earlier attempt failed",
    "provider_side": "the provider's own choice",
    "passthrough": "passed through untouched",
    "default": "the policy's default",
}
STATES = {
    "selected": "selected: it won",
    "standby": "standby: it passed everything and others come before it",
    "rejected": "rejected: it failed a rule",
    "tried": "tried: it had failed already in this call",
}
RANKS = {
    "cheapest": "the lowest estimated cost",
    "fastest": "the lowest estimated latency",
    "best": "the highest quality",
    "balanced": "the highest score, quality 0.4, cost 0.4, latency 0.2",
    "weighted": "the highest score, weights times utilities",
}
CHANCES = {
    "weighted": "drawn by the weights of those that share the calls",
    "explore": "a share of the calls goes to others than the best, to learn how they do",
    "canary": "a share of the calls goes to the canary",
}
LEAST = 500
"""Less than 0.05% is not shown as a percentage."""


def status(receipt: Receipt) -> str:
    return STATUS[receipt.status]


def name(attempt: Attempt) -> str:
    """``provider/model``, or the catalog's id of it."""
    return attempt.target or f"{attempt.provider}/{attempt.model}"


def answer(receipt: Receipt) -> str:
    """Who answered, or why nobody did."""
    if receipt.answered is not None:
        return name(receipt.answered)
    last = next((hop.attempt for hop in reversed(receipt.hops) if hop.attempt is not None), None)
    match receipt.status:
        case "open":
            return "nothing recorded" if last is None else f"nothing recorded; the last send was to {name(last)}"
        case _:
            return "nobody" if last is None else f"nobody; the last attempt was at {name(last)}"


def alias(attempt: Attempt) -> str:
    """The model's own name for itself, where it says another."""
    said = attempt.response_model
    return f" (as {said})" if said is not None and said != attempt.model else ""


def question(asked: Question) -> list[tuple[str, str]]:
    """What the decision knew of the request and of who asked."""
    features, context = asked.features, asked.context
    output = "" if features.max_output is None else f", at most {features.max_output:,} out"
    facts = [features.complexity, features.task.replace("_", " ")]
    facts += [f"{counted(features.tokens_input, ' tokens in')}, {counted(features.tokens_output, ' out')}{output}"]
    if features.language is not None:
        facts.append(features.language)
    facts += features.code_languages
    rows = [("request", ", ".join(facts))]
    if asked.needs:
        rows.append(("needs", ", ".join(dict.fromkeys(need.flag for need in asked.needs))))
    named = ("department", "user", "workflow", "step", "session", "tier", "preference")
    said = [f"{label} {value}" for label in named if (value := getattr(context, label)) is not None]
    said += [f"{label} {value}" for label, value in sorted(context.labels.items())]
    if said:
        rows.append(("context", ", ".join(said)))
    return rows + _claims(asked)


def counted(tokens: int, label: str) -> str:
    """``~8,000 tokens in (counted as 8,192)``: an estimate, and the value on the grid that is compared and priced."""
    there = grid(tokens)
    return f"~{tokens:,}{label}" + ("" if there == tokens else f" (counted as {there:,})")


def _claims(asked: Question) -> list[tuple[str, str]]:
    """What the call says for itself, what the policy makes of it, and what is forced upon it."""
    rows, narrow, forced = [], asked.context.narrow, asked.override
    if narrow is not None:
        lists = (("models", narrow.models), ("only", narrow.only), ("ignore", narrow.ignore))
        said = [f"{label} {', '.join(entries)}" for label, entries in lists if entries]
        ceilings = (("input", narrow.max_input_price), ("output", narrow.max_output_price))
        said += [f"{label} at most {format_usd(price)}/MTok" for label, price in ceilings if price is not None]
        rows.append(("narrowed to", "; ".join(said) or "nothing"))
    if asked.intent is not None:
        rows.append(("intent", asked.intent))
    if asked.withheld:
        rows.append(("not followed", f"{', '.join(asked.withheld)}: the policy does not grant it"))
    if forced is not None:
        scope = "".join(f", for {key} {value}" for key, value in forced.scope)
        rows.append(("override", f"{forced.target}, by {forced.author}{scope}: {forced.reason} ({forced.id})"))
    return rows


def world(snapshot: Snapshot, candidates: Sequence[CandidateProof] = ()) -> list[tuple[str, str]]:
    """What of the world the decision was told, where there was anything: breakers, budgets, limits, a warm cache.

    ``candidates`` are the rows of its proof, where there is one.
    """
    rows = []
    for label, names in (("broken", snapshot.broken), ("switched off", snapshot.disabled)):
        if names:
            rows.append((label, ", ".join(names)))
    if snapshot.used:
        rows.append(("budgets used", ", ".join(f"{key} {percent(ppm, MICRO)}" for key, ppm in snapshot.used)))
    if snapshot.limited:
        reached = (f"{rule} of {whose}" if whose else rule for rule, whose in snapshot.limited)
        rows.append(("limits hit", ", ".join(reached)))
    rows += [("no room", line) for line in no_room(snapshot, candidates)]
    if snapshot.warm is not None:
        rows.append(("warm cache", f"{snapshot.warm[0]}, about {snapshot.warm[1]:,} tokens of the prompt"))
    return rows


def score(decision: Decision) -> str:
    """The winner's score: 0..1 for weighted ranks, else what the rank compares."""
    if not decision.scores or decision.selected is None:
        return ""
    return f"  {ranked(decision.scores[0], decision.rank)}"


def ranked(value: int, rank: str) -> str:
    """A score in the unit of its rank."""
    if value < 0:
        return f"{rank}: unknown"
    match rank:
        case "cheapest":
            return f"estimated {format_usd(value)}"
        case "fastest":
            return f"estimated {duration(value)}"
        case "best":
            return f"quality {micro(value)}"
        case _:
            return f"score {micro(value)}"


def micro(value: int) -> str:
    """Micro-units of 0..1 with up to three decimals."""
    whole, rest = divmod(div_half_even(value, 1000), 1000)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".")


def cause(decision: Decision) -> str:
    """``rule 'hard-bugs': a rule of the policy matched; rank best``, or another cause with the rule behind it."""
    rank = f"; rank {decision.rank}" if decision.rank else ""
    named = f" {decision.rule!r}" if decision.rule is not None else ""
    rule, behind = (named, "") if decision.cause == "rule" or not named else ("", f"; rule{named}")
    chance = decision.propensity_ppm
    drawn = "" if chance == MICRO else f"; drawn with probability {percent(chance, MICRO)}"
    return f"{decision.cause}{rule}: {CAUSES[decision.cause]}{behind}{rank}{drawn}"


def aside(decision: Decision) -> str:
    """What took the place of the rule's own shortlist."""
    instead = "the override's target" if decision.aside == "override" else f"the tier that {decision.aside} leaves"
    listed = "every candidate" if decision.rule is None else f"the shortlist of rule {decision.rule!r}"
    return f"{listed} gave way to {instead}"


def rank(strategy: str, asked: Question) -> str:
    """What the rank compares, and on whose word."""
    context = asked.context
    word = "the policy's"
    if context.strategy is not None:
        word = "the call's strategy"
    elif context.preference is not None:
        word = f"the call's preference {context.preference}"
    return f"{strategy}: {RANKS[strategy]} ({word})"


def chance(decision: Decision) -> str:
    """How the selection was open, and how likely this one was."""
    return f"{CHANCES[decision.chance]}; this one with probability {percent(decision.propensity_ppm, MICRO)}"


def term(one: ScoreTerm) -> tuple[str, str]:
    """``quality``, ``0.6: utility 0.6 x weight 0.4 = 0.24``."""
    worth = micro(div_half_even(one.weight * one.utility, MICRO))
    return one.field, f"{one.observed}: utility {micro(one.utility)} x weight {micro(one.weight)} = {worth}"


def flip(found: Flip) -> str:
    """``quality >= 0.5 (base.yaml:12) at 0.42 instead of 0.5 (16%) chooses openai/mini``."""
    if found.kind == "none" and found.what:
        return found.what
    if found.kind == "none":
        return (
            "none found among limits, conditions, budgets, weights, shares, the call's ceilings and facts of targets, "
            "each alone and up to eleven times what it is"
        )
    what = f"the weight of {found.what}" if found.kind == "weight" else found.what
    where = f" {place(found.source)}" if found.source is not None else ""
    much = percent(found.change_ppm, MICRO) if found.change_ppm >= LEAST else "less than 0.1%"
    change = f"{found.to_text} instead of {found.from_text}, a change of {much}"
    return f"{what}{where}: {change}, and {found.selected} is chosen"


def passed(row: Passed) -> str:
    return row.text or row.rule


def place(source: Source | None) -> str:
    """``base.yaml:12``, without the folders."""
    return "" if source is None else f"({source.file.rpartition('/')[2]}:{source.line})"


def standby(row: CandidateProof, why: str | None, decision: Decision) -> str:
    """Why the winner stands before it; beyond the standby that was kept, its own score."""
    if why is not None:
        return why
    return ranked(row.score, decision.rank) if row.score is not None else ""


def rejected(row: CandidateProof, winner_nano_usd: int | None) -> str:
    """All rules that failed: ``filtered: quality 0.42 < 0.5 (base.yaml:12); no tools``."""
    text = "filtered: " + "; ".join(rejection(item) for item in row.rejections)
    mine = row.estimated_nano_usd
    if row.state == "tried" or mine is None or winner_nano_usd is None or mine >= winner_nano_usd:
        return text
    return f"{text}; cheaper, about {format_usd(mine)}"


def rejection(item: Rejection) -> str:
    """One failed rule as what holds instead, by how much of the limit, the value before the grid, and its place."""
    exact = "" if item.exact is None else f", {item.exact} before rounding"
    by = "" if item.margin_ppm is None or item.margin_ppm < LEAST else f" by {percent(item.margin_ppm, MICRO)}"
    return f"{reason(item)}{by}{exact} {place(item.source)}".rstrip()


def candidates(mask: int) -> str:
    count = mask.bit_count()
    return f"{count} candidate{'' if count == 1 else 's'}"


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


def change(cost_nano_usd: int, baseline_nano_usd: int) -> str:
    """Cost against a baseline, which is above zero, in whole percent with a sign."""
    points = div_half_even((cost_nano_usd - baseline_nano_usd) * 100, baseline_nano_usd)
    return f"{points:+d}%"


def percent(part: int, whole: int) -> str:
    tenths = div_half_even(part * 1000, whole)
    return f"{tenths // 10:,}.{tenths % 10}%".replace(".0%", "%")


def duration(ns: int) -> str:
    """``412 ms``, ``1.25 s``, ``80 us``."""
    if ns < 0:
        return "-" + duration(-ns)
    if ns >= SECOND:
        hundredths = div_half_even(ns, SECOND // 100)
        return f"{hundredths // 100}.{hundredths % 100:02d} s"
    return f"{div_half_even(ns, MS)} ms" if ns >= MS else f"{div_half_even(ns, 1000)} us"
