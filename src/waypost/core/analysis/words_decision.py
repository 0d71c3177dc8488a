"""A decision in words: the choice and its cause, scores, what passed and what failed, the smallest change."""

from __future__ import annotations

from collections.abc import Sequence

from waypost.core.analysis.words_numbers import duration, micro, percent
from waypost.core.model.decision import CandidateProof, Decision, Flip, Passed, Rejection, ScoreTerm, Source
from waypost.core.model.money import MICRO, div_half_even, format_usd
from waypost.core.model.question import Question
from waypost.core.policy.reasons import reason

LANGUAGE = "policy/v1"
"""The language whose meaning engine 1 has."""

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
    "listed": "the order of the rule's list",
    "advisor": "what the advisor says, others behind",
}
UNRANKED = {"listed": "unlisted", "advisor": "unnamed"}
"""Where a candidate has no score."""

CHANCES = {
    "weighted": "drawn by the weights of those that share the calls",
    "explore": "a share of the calls goes to others than the best, to learn how they do",
    "canary": "a share of the calls goes to the canary",
}

LEAST = 500
"""Less than 0.05% is not shown as a percentage."""


def score(decision: Decision) -> str:
    """The winner's score: 0..1 for weighted ranks, else what the rank compares."""
    if not decision.scores or decision.selected is None:
        return ""
    return f"  {ranked(decision.scores[0], decision.rank)}"


def ranked(value: int, rank: str) -> str:
    """A score in the unit of its rank."""
    if value < 0:
        return f"{rank}: {UNRANKED.get(rank, 'unknown')}"
    match rank:
        case "listed":
            return f"place {value}"
        case "cheapest":
            return f"estimated {format_usd(value)}"
        case "fastest":
            return f"estimated {duration(value)}"
        case "best":
            return f"quality {micro(value)}"
        case _:
            return f"score {micro(value)}"


def cause(decision: Decision) -> str:
    """``rule 'hard-bugs': a rule of the policy matched; rank best``, or another cause with the rule behind it."""
    rank = f"; rank {decision.rank}" if decision.rank else ""
    named = f" {decision.rule!r}" if decision.rule is not None else ""
    rule, behind = (named, "") if decision.cause == "rule" or not named else ("", f"; rule{named}")
    chance = decision.propensity_ppm
    drawn = "" if chance == MICRO else f"; drawn with probability {percent(chance, MICRO)}"
    return f"{decision.cause}{rule}: {CAUSES[decision.cause]}{behind}{rank}{drawn}"


def notes(decision: Decision, rules: int) -> list[tuple[str, str]]:
    """What nothing else of a decision tells: that of the policy's ``rules`` none matched."""
    if decision.rule is not None or not rules:
        return []
    return [
        (
            "rule",
            "the policy's only rule did not match" if rules == 1 else f"none of the policy's {rules} rules matched",
        )
    ]


def aside(decision: Decision) -> str:
    """What took the place of the rule's own shortlist."""
    instead = "the override's target" if decision.aside == "override" else f"the tier that {decision.aside} leaves"
    listed = "every candidate" if decision.rule is None else f"the shortlist of rule {decision.rule!r}"
    return f"{listed} gave way to {instead}"


def unforced(
    decision: Decision, asked: Question | None, candidates: Sequence[CandidateProof] = ()
) -> list[tuple[str, str]]:
    """An override that the decision did not follow, and why, as far as the rows of its proof tell."""
    forced = None if asked is None else asked.override
    if forced is None or decision.aside == "override":
        return []
    failed = next((row.rejections for row in candidates if row.target == forced.target), None)
    if failed is None:
        why = "the catalog has no such target" if candidates else "it could not answer this call"
    elif not failed:
        why = "it passed everything"
    else:
        # An override sets the rule's list aside, so that being on none is never why it is not followed.
        first = next((one for one in failed if one.field != "target" or not one.rule.startswith("rule.")), failed[0])
        why = reason(first) + (f" {place(first.source)}" if first.source else "")
    return [("override", f"not followed: {forced.target}: {why}")]


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
            "none found among limits, conditions, budgets, weights, scales, shares, the call's ceilings and facts of "
            "targets, each alone and up to eleven times what it is"
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


def standby(row: CandidateProof, why: str | None, decision: Decision, winner_nano_usd: int | None) -> str:
    """Why the winner stands before it, and what it would have cost; beyond the standby that was kept, its own score."""
    said = why if why is not None else ranked(row.score, decision.rank) if row.score is not None else ""
    mine = row.estimated_nano_usd
    if mine is None or winner_nano_usd is None or decision.rank == "cheapest":
        return said
    size = "as dear" if mine == winner_nano_usd else "cheaper" if mine < winner_nano_usd else "dearer"
    return f"{said}; {size}, about {format_usd(mine)}"


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
