"""Which of the ranked survivors is taken: the one that this conversation was with, a share of calls, or the best.

Nobody is taken who did not survive, and nothing is rejected here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, assert_never

from waypost.core.model.decision import Cause
from waypost.core.model.money import MICRO
from waypost.core.model.question import Question, Snapshot
from waypost.core.policy.columns import model_of, warm_cost
from waypost.core.policy.draw import draw, key_of
from waypost.core.policy.plan import Plan, View
from waypost.core.policy.request import TOKENS_IN, TOKENS_OUT
from waypost.core.policy.tree import Select

Chance = Literal["", "weighted", "explore", "canary"]


class Taken(NamedTuple):
    """Who is taken, by which chance and how likely; ``cause`` where it is not that of the ranking."""

    place: int
    """Its index."""
    chance: Chance = ""
    propensity_ppm: int = MICRO
    cause: Cause | None = None


NOBODY = Taken(-1)
"""Where nothing may be taken but the best."""


def take(plan: Plan, view: View, question: Question, snapshot: Snapshot, seed: bytes) -> Taken:
    """Who of ``view``'s survivors answers; there is one."""
    if snapshot.warm is not None and plan.policy.affinity is not None:
        kept = _kept(plan, view, *snapshot.warm)
        if kept is not None:
            return Taken(kept, cause=None if kept == view.order[0] else "affinity")
    select = plan.select
    if select is None:
        return Taken(view.order[0])
    key, name = key_of(question, select.by, seed), plan.policy.name
    targets = plan.catalog.targets
    drawn: Draw = lambda index: draw(key, name, targets[index].id)  # noqa: E731
    match select.kind:
        case "weighted":
            return _weighted(plan, view, select, drawn)
        case "explore":
            return _explored(view, drawn, select.share_ppm, draw(key, name, "explore") % MICRO)
        case "canary":
            return _canary(plan, view, select, drawn)
        case "best":
            return Taken(view.order[0])
        case _:
            assert_never(select.kind)


Draw = Callable[[int], int]


def _kept(plan: Plan, view: View, target: str, cached: int) -> int | None:
    """The warm target where staying with it costs no more than the best does cold."""
    warm = plan.catalog.index.get(target)
    if warm is None or not view.survivors >> warm & 1:
        return None
    first, values = view.order[0], view.base.values
    if warm == first:
        return warm
    tokens = values[TOKENS_IN], values[TOKENS_OUT]
    (switch,) = plan.columns.costs((first,), *tokens)
    if switch is None:
        return warm
    stay = warm_cost(plan.columns.prices[warm], *tokens, min(cached, tokens[0]))
    return warm if stay is not None and stay <= switch else None


def _weighted(plan: Plan, view: View, select: Select, drawn: Draw) -> Taken:
    """One of the pool, each as likely as its weight."""
    pool = _pool(plan, view, select)
    if not pool:
        return Taken(view.order[0])
    left = whole = sum(weight for _, weight in pool)
    chance: Chance = "weighted" if len(pool) > 1 else ""
    for index, weight in pool:
        if drawn(index) % left < weight:
            return Taken(index, chance, weight * MICRO // whole)
        left -= weight
    raise AssertionError("the last of a pool is always taken")


def _pool(plan: Plan, view: View, select: Select) -> Sequence[tuple[int, int]]:
    """The survivors with a weight: those that the policy lists, or the deployments of the best."""
    survivors = view.survivors
    if select.weights:
        return [pair for pair in plan.weights if survivors >> pair[0] & 1]
    targets = plan.catalog.targets
    siblings = plan.columns.siblings(model_of(targets[view.order[0]]))
    return [(at, targets[at].weight) for at in siblings if survivors >> at & 1 and targets[at].weight > 0]


def _explored(view: View, drawn: Draw, share: int, ticket: int) -> Taken:
    """The best, but for a share of calls that go to any of the standby alike."""
    order = view.order
    count = len(order)
    if count == 1:
        return Taken(order[0])
    taken = order[0]
    if ticket < share:
        taken = next(index for place, index in enumerate(order) if drawn(index) % (count - place) == 0)
    by_chance = share // count
    return Taken(taken, "explore", by_chance if taken != order[0] else MICRO - share + by_chance)


def _canary(plan: Plan, view: View, select: Select, drawn: Draw) -> Taken:
    """The canary for its share of calls, for the others the best of the others."""
    order = view.order
    bird = None if select.target is None else plan.catalog.index.get(select.target)
    if bird is None or not view.survivors >> bird & 1 or view.survivors.bit_count() == 1:
        return Taken(order[0])
    if drawn(bird) % MICRO < select.share_ppm:
        return Taken(bird, "canary", select.share_ppm, "rollout")
    return Taken(order[1] if order[0] == bird else order[0], "canary", MICRO - select.share_ppm)
