"""Random ways of selecting and spending: what policies say of them, what calls claim, and what the world reports."""

from __future__ import annotations

from random import Random
from typing import Any

from oracle.asked import provider_of, without_deployment
from oracle.catalogs import ENDPOINTS, maybe, some
from waypost.core.model.advice import Advice
from waypost.core.model.decision import Source
from waypost.core.model.question import Narrow, Override
from waypost.core.policy.tree import Affinity, Budget, Limit, Select

KEYS = (("user", "day"), ("department", "month"), ("policy", "week"), ("user", "week"), ("all", "day"))
"""Scope and period of the budgets that exist; two of them reject under one name."""
PARTS = (0, 10_000, 500_000, 790_000, 800_000, 810_000, 990_000, 1_000_000, 1_010_000, 2_500_000)
SHARES = (0, 1, 100_000, 250_000, 500_000, 500_000, 999_999, 1_000_000)
KEYED = ("user", "session", "department", "context.team")
NOBODY = "nobody/nothing"


def make_tiers(rng: Random, ids: list[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Up to two tiers of the policy's own, one of them named as the catalog's."""
    names = some(rng, ("cheap", "fast_cheap"), 0.6)
    return tuple((name, some(rng, [*ids, NOBODY], rng.choice((0.2, 0.6)))) for name in names)


def make_select(rng: Random, ids: list[str], at: Source) -> Select | None:
    kind = rng.choice(
        ("none", "none", "best", "weighted", "weighted", "weighted", "explore", "explore", "canary", "canary", "canary")
    )
    by = maybe(rng, *KEYED, chance=0.4)
    match kind:
        case "weighted":
            listed = some(rng, [*ids, NOBODY], rng.choice((0.0, 0.0, 0.05, 0.5, 0.9)))
            return Select("weighted", at, tuple((i, rng.choice((0, 1, 2, 5, 1000))) for i in listed), by=by)
        case "explore":
            return Select("explore", at, share_ppm=rng.choice(SHARES), by=by)
        case "canary":
            return Select("canary", at, share_ppm=rng.choice(SHARES), target=rng.choice([*ids, NOBODY]), by=by)
        case "best":
            return Select("best", at)
    return None


def make_affinity(rng: Random, at: Source) -> Affinity | None:
    return Affinity("conversation", 3_600_000_000_000, at) if rng.random() < 0.6 else None


def make_budgets(rng: Random, at: Source) -> tuple[Budget, ...]:
    """Each key at most once, in any order; thresholds ascend, and ceilings are rare, because nobody survives them."""
    found = []
    for scope, period in rng.sample(KEYS, rng.choice((0, 0, 0, 1, 1, 2, 3))):
        levels = sorted(rng.sample((500_000, 800_000, 1_000_000), rng.randint(1, 3)))
        thresholds = tuple((level, make_action(rng)) for level in levels)
        found.append(Budget(scope, 5_000_000_000, period, thresholds, at))  # type: ignore[arg-type]
    return tuple(found)


def make_action(rng: Random) -> str:
    soft = (
        "downgrade",
        "downgrade",
        "downgrade",
        "cheap",
        "fast_cheap",
        "balanced",
        "balanced",
        "powerful",
        "frontier",
        "local",
    )
    return rng.choice((*soft, *soft, *soft, "warn", "warn", "warn", "fail"))


def make_limits(rng: Random, at: Source) -> tuple[Limit, ...]:
    """What a policy writes; a decision only looks at what the world says of them."""
    scopes = some(rng, ("user", "target", "endpoint", "provider", "all"), 0.2)
    return tuple(Limit(scope, "requests", 60, 60_000_000_000, at) for scope in scopes)


def make_override(rng: Random, ids: list[str]) -> Override | None:
    """Every fifth call is forced somewhere, one in ten of these to where nobody is."""
    if rng.random() > 0.2:
        return None
    target = rng.choice(ids) if ids and rng.random() < 0.9 else NOBODY
    return Override("o1", target, "ops", rng.choice(("incident 7", "trial")), 10**18)


def make_narrow(rng: Random, ids: list[str]) -> Narrow | None:
    """Lists of every kind of name, mostly so wide that somebody is left."""
    if rng.random() > 0.25:
        return None
    prices = (0, 1, 500_000, 150_000_000, 600_000_000, 15_000_000_000, 75_000_000_000, 75_000_000_001)
    return Narrow(
        models=names(rng, ids, 6) if rng.random() < 0.25 else (),
        only=names(rng, ids, 6) if rng.random() < 0.25 else (),
        ignore=names(rng, ids, 2) if rng.random() < 0.4 else (),
        max_input_price=maybe(rng, *prices, *prices[4:] * 3, chance=0.2),
        max_output_price=maybe(rng, *prices, *prices[4:] * 3, chance=0.2),
    )


def make_advice(rng: Random, ids: list[str]) -> Advice | None:
    """Mostly of the advisor that policies name, in any order, now and then with what no advice should have in it."""
    if rng.random() < 0.15:
        return None
    named = some(rng, [*ids, NOBODY], rng.choice((0.0, 0.1, 0.3, 0.6)))
    picks = [(target, rng.choice((0, 1, 400_000, 400_000, 900_000, 1_000_000, -1, 1_000_001))) for target in named]
    if picks and rng.random() < 0.3:
        picks.append((rng.choice(picks)[0], rng.choice((0, 500_000))))
    rng.shuffle(picks)
    return Advice(rng.choice(("a1", "a1", "a1", "a1", "a2")), "1", tuple(picks))


def names(rng: Random, ids: list[str], most: int) -> tuple[str, ...]:
    return tuple(make_name(rng, rng.choice([*ids, NOBODY])) for _ in range(rng.randint(1, most)))


def make_name(rng: Random, target: str) -> str:
    """One of the ways in which an entry names a target, or nearly does."""
    model = without_deployment(target).partition("/")[2]
    cut = rng.randint(0, len(target))
    return rng.choice(
        (
            target,
            without_deployment(target),
            model,
            provider_of(target),
            provider_of(target),
            rng.choice(list(ENDPOINTS)),
            rng.choice(list(ENDPOINTS)),
            provider_of(target) + "/*",
            target[:cut] + "*",
            "*" + target[cut:],
            target[:-1] + "?",
            model[:1] + "*",
            target.upper(),
        )
    )


def spent(rng: Random, ids: list[str]) -> dict[str, Any]:
    """What the world says of one call's own budgets, limits and cache; other fields of a snapshot by its epoch."""
    known = [*ids, NOBODY]
    limited = [("limit.user", "")] * (rng.random() < 0.01) + [("limit.all", "")] * (rng.random() < 0.01)
    if rng.random() < 0.12:
        limited += [("limit.target", i) for i in some(rng, known, 0.15)]
    if rng.random() < 0.08:
        limited.append(("limit.endpoint", rng.choice([*ENDPOINTS, "nowhere"])))
    if rng.random() < 0.05:
        limited.append(("limit.provider", provider_of(rng.choice(known))))
    rng.shuffle(limited)
    refused = [(f"budget.{rng.choice(KEYS)[0]}", i) for i in some(rng, known, 0.15)] if rng.random() < 0.1 else []
    return {
        "used": tuple((f"{scope}/{period}", rng.choice(PARTS)) for scope, period in some(rng, KEYS, 0.6)),
        "limited": tuple(limited),
        "refused": tuple(refused),
        "warm": (rng.choice(known), rng.choice((0, 1, 15, 128, 1000, 8192, 10**6))) if rng.random() < 0.85 else None,
    }
