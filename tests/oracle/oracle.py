"""The slow decision: docs/decision.md read aloud, target by target and rule by rule.

It shares nothing with the compiled engine but record types, so where the two disagree one of them misread the page.
One module for each group of its sections: `checks`, `aside`, `ranks`, `chance`, `standing`, `envelopes`, `modes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oracle.aside import Shortlist, shortlist
from oracle.asked import Asked, Entry, Expresses, World
from oracle.chance import STANDBY, Taken, take
from oracle.checks import above, action_of, applying, filters, host_matches, refusals
from oracle.facts import Fact, fact
from oracle.kleene import limit, truth
from oracle.ranks import Ranked, in_front, named_rank, ranked
from oracle.standing import lined_up
from waypost.core.model.question import Question, Snapshot
from waypost.core.model.target import Target
from waypost.core.policy.tree import Compare, Rule

__all__ = [
    "Asked",
    "Expresses",
    "Observed",
    "OracleDecision",
    "World",
    "decide",
    "host_matches",
    "matched_rule",
    "ranking",
]


@dataclass(frozen=True)
class Observed:
    """The raw values behind one failed simple comparison; ``None`` is unknown."""

    field: str
    op: str
    value: Fact
    limit: Fact | list[int | str]


@dataclass(frozen=True)
class OracleDecision:
    """By target ids, not by masks. ``names`` are the rules with a failing candidate, in the page's order."""

    selected: str | None
    order: tuple[str, ...]
    scores: tuple[int, ...]
    survivors: tuple[str, ...]
    names: tuple[str, ...]
    rejections: Mapping[str, tuple[str, ...]]
    observed: Mapping[tuple[str, str], Observed]
    cause: str
    rule: str | None
    because: str | None
    rank: str = ""
    chance: str = ""
    propensity_ppm: int = 1_000_000
    aside: str | None = None
    line_up: tuple[tuple[str, int], ...] = ()
    """All survivors with their scores, of which ``order`` is the beginning."""


def decide(
    world: World, question: Question, snapshot: Snapshot, seed: bytes = b"", tried: Sequence[str] = ()
) -> OracleDecision:
    """The decision that the page demands."""
    asked = Asked(world, question, snapshot, seed, tuple(tried))
    rule = matched_rule(world, question, snapshot)
    chosen = shortlist(asked, rule)
    failed = failing(world.catalog.targets, [*above(asked), *chosen.entries, *filters(asked, rule)])
    rejections = {t.id: tuple(name for name in failed if t.id in failed[name]) for t in world.catalog.targets}
    survivors = [target for target in world.catalog.targets if not rejections[target.id]]
    order = ranked(asked, survivors, rule)
    best = order[0][0] if order else None
    taken = take(asked, order, chosen.aside) if order else None
    if taken is not None:
        order = [pair for pair in order if pair[0] == taken.target] + [p for p in order if p[0] != taken.target]
    order = lined_up(asked, order)
    return OracleDecision(
        selected=order[0][0] if order else None,
        order=tuple(target_id for target_id, _ in order[:STANDBY]),
        scores=tuple(score for _, score in order[:STANDBY]),
        survivors=tuple(target.id for target in survivors),
        names=tuple(failed),
        rejections=rejections,
        observed=observations(asked, rule, rejections),
        cause=cause(asked, rule, chosen, taken, best) if order else nobodys_cause(asked, rule, chosen, tuple(failed)),
        rule=rule.name if rule else None,
        because=because(question, rule, chosen),
        rank=named_rank(asked, rule),
        chance=taken.chance if taken is not None else "",
        propensity_ppm=taken.propensity if taken is not None else 1_000_000,
        aside=chosen.aside,
        line_up=tuple(order),
    )


def matched_rule(world: World, question: Question, snapshot: Snapshot) -> Rule | None:
    """The first whose ``when`` is true."""
    view = Asked(world, question, snapshot).view
    for rule in world.policy.rules:
        if rule.when is None or truth(rule.when, view) is True:
            return rule
    return None


def ranking(world: World, question: Question, snapshot: Snapshot, survivors: Sequence[Target]) -> Ranked:
    """All survivors, best first, with their scores."""
    return ranked(Asked(world, question, snapshot), survivors, matched_rule(world, question, snapshot))


def failing(targets: Sequence[Target], entries: Sequence[Entry]) -> dict[str, frozenset[str]]:
    """Whom each name fails. Equal names are one, at the place of the first, even where that one fails nobody."""
    failed: dict[str, frozenset[str]] = {}
    for entry in entries:
        found = frozenset(target.id for target in targets if entry.fails(target))
        failed[entry.name] = failed.get(entry.name, frozenset()) | found
    return {name: found for name, found in failed.items() if found}


def cause(asked: Asked, rule: Rule | None, chosen: Shortlist, taken: Taken | None, best: str | None = None) -> str:
    """The first that holds. ``best`` is the first of the survivors as they are ranked."""
    context = asked.question.context
    if asked.tried:
        return "fallback"
    if asked.question.pinned:
        return "pinned"
    if chosen.aside is not None:
        return "override" if chosen.aside == "override" else "budget"
    if taken is not None and taken.why is not None:
        return taken.why
    if any(cannot_move(need.flag) for need in asked.question.needs if need.severity == "required"):
        return "non_portable"
    if context.preference is not None or context.strategy is not None:
        return "preference"
    if asked.world.policy.rank.strategy == "advisor" and best in in_front(asked, rule):
        return "advisor"
    return "rule" if rule is not None else "policy"


def cannot_move(flag: str) -> bool:
    """State that a provider keeps, and reasoning that it sealed."""
    return flag.split(".")[0] == "server_state" or flag in ("background", "input.file_id", "reasoning.signature")


def nobodys_cause(asked: Asked, rule: Rule | None, chosen: Shortlist, names: Sequence[str]) -> str:
    """Where nobody survives: money that is spent, then limits, then as ever; a tier is not why."""
    targets, budgets = asked.world.catalog.targets, asked.world.policy.budgets
    spent = bool(targets) and any(action_of(budget, asked) == "fail" for budget in budgets)
    if spent or any(entry.fails(target) for entry in refusals(asked) for target in targets):
        return "budget"
    if any(name.startswith("limit.") for name in names):
        return "limit"
    return cause(asked, rule, chosen if chosen.aside == "override" else Shortlist(chosen.entries), None)


def because(question: Question, rule: Rule | None, chosen: Shortlist) -> str | None:
    """The reason of the override that was applied, else the rule's."""
    if chosen.aside == "override":
        assert question.override is not None
        return question.override.reason
    return rule.because if rule is not None else None


def observations(
    asked: Asked, rule: Rule | None, rejections: Mapping[str, tuple[str, ...]]
) -> dict[tuple[str, str], Observed]:
    """By target id and filter name, what each failed simple comparison saw; the first filter of a name that failed."""
    out: dict[tuple[str, str], Observed] = {}
    for target in asked.world.catalog.targets:
        view = asked.at(target)
        for line in applying(asked, rule):
            key, predicate = (target.id, line.name), line.predicate
            if line.name not in rejections[target.id] or key in out or not isinstance(predicate, Compare):
                continue
            if truth(predicate, view) is not True:
                value, right = fact(predicate.field, view), limit(predicate.value, view)
                out[key] = Observed(predicate.field, predicate.op, value, right)
    return out
