"""*Affinity and select*: who is taken of the ranked survivors, and how likely that was."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from oracle.asked import Asked, without_deployment
from oracle.facts import estimated_cost, fact, grid, is_request_field, warm_cost
from oracle.ranks import Ranked
from waypost.core.model.target import Target
from waypost.core.policy.tree import Select

STANDBY = 8
CERTAIN = 1_000_000


@dataclass(frozen=True)
class Taken:
    """``why`` is the cause that this taking is, if it is one."""

    target: str
    chance: str = ""
    propensity: int = CERTAIN
    why: str | None = None


def take(asked: Asked, ranked: Ranked, aside: str | None) -> Taken:
    """Who is taken; ``ranked`` is not empty."""
    first = ranked[0][0]
    if asked.tried or asked.question.pinned or aside == "override":
        return Taken(first)
    kept = affinity(asked, [target for target, _ in ranked])
    if kept is not None:
        return Taken(kept, why="affinity" if kept != first else None)
    select = asked.world.policy.select
    ids = [target for target, _ in ranked]
    if select is None or select.kind == "best":
        return Taken(first)
    if select.kind == "weighted":
        return weighted(asked, select, ids)
    return explore(asked, select, ids) if select.kind == "explore" else canary(asked, select, ids)


def affinity(asked: Asked, ids: Sequence[str]) -> str | None:
    """The warm target, where it is kept."""
    if asked.world.policy.affinity is None or asked.snapshot.warm is None:
        return None
    warm, cached = asked.snapshot.warm
    if warm not in ids:
        return None
    if warm == ids[0]:
        return warm
    tokens = grid(asked.question.features.tokens_input), grid(asked.question.features.tokens_output)
    switch = estimated_cost(target_of(asked, ids[0]), *tokens)
    stay = warm_cost(target_of(asked, warm), cached, *tokens)
    if switch is None:
        return warm
    return warm if stay is not None and stay <= switch else None


def target_of(asked: Asked, target_id: str) -> Target:
    (found,) = [target for target in asked.world.catalog.targets if target.id == target_id]
    return found


def weighted(asked: Asked, select: Select, ids: Sequence[str]) -> Taken:
    """By weights: the policy's, or the catalog's among the deployments of the best."""
    weights = dict(select.weights)
    if not select.weights:
        same = [i for i in ids if without_deployment(i) == without_deployment(ids[0])]
        weights = {i: target_of(asked, i).weight for i in same}
    pool = [i for i in sorted(ids) if weights.get(i, 0) > 0]
    if len(pool) < 2:
        return Taken(pool[0] if pool else ids[0])
    total = left = sum(weights[i] for i in pool)
    for i in pool:
        if drawn(asked, select, i) % left < weights[i]:
            return Taken(i, "weighted", weights[i] * 1_000_000 // total)
        left -= weights[i]
    raise AssertionError("the last of the pool is always taken")


def explore(asked: Asked, select: Select, ids: Sequence[str]) -> Taken:
    """Now and then anybody of the first eight."""
    order = ids[:STANDBY]
    n = len(order)
    if n < 2:
        return Taken(order[0])
    taken = order[0]
    if drawn(asked, select, "explore") % 1_000_000 < select.share_ppm:
        taken = next(i for place, i in enumerate(order) if drawn(asked, select, i) % (n - place) == 0)
    rare = select.share_ppm // n
    return Taken(taken, "explore", 1_000_000 - select.share_ppm + rare if taken == order[0] else rare)


def canary(asked: Asked, select: Select, ids: Sequence[str]) -> Taken:
    """Its share for one target, the rest for the best of the others."""
    target = select.target
    others = [i for i in ids if i != target]
    if target is None or target not in ids or not others:
        return Taken(ids[0])
    if drawn(asked, select, target) % 1_000_000 < select.share_ppm:
        return Taken(target, "canary", select.share_ppm, "rollout")
    return Taken(others[0], "canary", 1_000_000 - select.share_ppm)


def drawn(asked: Asked, select: Select, label: str) -> int:
    """A draw with the key of this call."""
    key = asked.seed
    if select.by is not None:
        assert is_request_field(select.by)
        value = fact(select.by, asked.view)
        if isinstance(value, str):
            key = value.encode("utf-8")
    return draw(key, asked.world.policy.name, label)


def draw(key: bytes, policy: str, label: str) -> int:
    """``hash(key, label)``."""
    text = key + b"\0" + policy.encode("utf-8") + b"\0" + label.encode("utf-8")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
