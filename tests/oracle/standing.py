"""*Fallbacks*: who stands by first, as the call itself says."""

from __future__ import annotations

from oracle.asked import Asked, provider_of
from oracle.chance import target_of
from oracle.checks import named
from oracle.ranks import Ranked


def lined_up(asked: Asked, order: Ranked) -> Ranked:
    """``order`` with those that are named behind the first, or on a hop before all."""
    first = [] if asked.tried else order[:1]
    left = order[len(first) :]
    out = list(first)
    for entry in asked.question.context.fallbacks:
        meant = [pair for pair in left if means(asked, entry, pair[0])]
        left = [pair for pair in left if pair not in meant]
        out += meant
    return [*out, *left]


def means(asked: Asked, entry: str, target_id: str) -> bool:
    """As an entry of a list names, or by an alias, with or without its provider."""
    if named((entry,), target_of(asked, target_id)):
        return True
    for alias, meant in asked.world.catalog.aliases.items():
        if meant == target_id and entry in (alias, alias.removeprefix(provider_of(target_id) + "/")):
            return True
    return False
