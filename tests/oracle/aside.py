"""*Setting the shortlist aside*: overrides, and budgets that ask for cheaper tiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from oracle.asked import Asked, Entry
from oracle.checks import above, action_of, filters
from oracle.ranks import ranked
from waypost.core.model.target import Target
from waypost.core.policy.tree import Rule

TIERS = ("local", "fast_cheap", "balanced", "powerful")


@dataclass(frozen=True)
class Shortlist:
    """What stands at the shortlist's place, and the reserved name of what set the rule's own aside."""

    entries: tuple[Entry, ...]
    aside: str | None = None


def shortlist(asked: Asked, rule: Rule | None) -> Shortlist:
    """The rule's own shortlist, or what takes its place."""
    own = own_shortlist(rule)
    rest = [entry for entry in (*above(asked), *filters(asked, rule)) if not entry.name.startswith("call.")]
    alive = [target for target in asked.world.catalog.targets if not fails_any(rest, target)]
    forced = overriding(asked)
    if forced is not None and any(not forced.fails(target) for target in alive):
        return Shortlist((forced,), forced.name)
    plain = ranked(unclaimed(asked), [target for target in alive if not fails_any(own, target)], rule)
    cheaper = cheaper_tiers(asked, plain[0][0] if plain else None)
    if cheaper is None:
        return Shortlist(own)
    name, allowed = cheaper
    budget = Entry(name, lambda target: target.id not in allowed)
    if plain and plain[0][0] in allowed:
        return Shortlist((*own, budget))
    if any(not budget.fails(target) for target in alive):
        return Shortlist((budget,), name)
    return Shortlist(own)


def unclaimed(asked: Asked) -> Asked:
    """The call without a rank of its own."""
    context = replace(asked.question.context, strategy=None, preference=None)
    return replace(asked, question=replace(asked.question, context=context))


def fails_any(entries: Sequence[Entry], target: Target) -> bool:
    return any(entry.fails(target) for entry in entries)


def own_shortlist(rule: Rule | None) -> tuple[Entry, ...]:
    """The matched rule's."""
    if rule is None or rule.use is None:
        return ()
    use = rule.use
    return (Entry(f"rule.{rule.name}", lambda target: target.id not in use),)


def overriding(asked: Asked) -> Entry | None:
    """Everybody but the target that is forced."""
    override = asked.question.override
    ids = [target.id for target in asked.world.catalog.targets]
    if override is None or override.target not in ids or override.target in asked.tried:
        return None
    return Entry("override", lambda target: target.id != override.target)


def cheaper_tiers(asked: Asked, best: str | None) -> tuple[str, frozenset[str]] | None:
    """Of the reached budgets that ask for tiers, the strictest: its rule and the targets that it allows."""
    found: tuple[str, frozenset[str]] | None = None
    for budget in asked.world.policy.budgets:
        allowed = allowed_by(asked, action_of(budget, asked), best)
        if allowed is not None and (found is None or len(allowed) < len(found[1])):
            found = (budget.rule, allowed)
    return found


def allowed_by(asked: Asked, action: str | None, best: str | None) -> frozenset[str] | None:
    """The candidates that an action allows; ``None`` where it does not apply."""
    targets = asked.world.catalog.targets
    if action in (None, "warn", "fail"):
        return None
    if action == "downgrade":
        tier = next((target.tier for target in targets if target.id == best), None)
        if tier not in TIERS or TIERS.index(tier) <= TIERS.index("fast_cheap"):
            return None
        return of_tiers(targets, TIERS[: TIERS.index(tier)])
    for name, listed in asked.world.policy.tiers:
        if name == action:
            return frozenset(target.id for target in targets if target.id in listed)
    assert action is not None
    return of_tiers(targets, TIERS[: TIERS.index(action) + 1] if action in TIERS else (action,))


def of_tiers(targets: Sequence[Target], tiers: Sequence[str]) -> frozenset[str]:
    return frozenset(target.id for target in targets if target.tier in tiers)
