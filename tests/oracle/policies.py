"""Random policies: filters and rules on values that occur, shortlists, every rank, scales and shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from oracle.asked import Asked, World
from oracle.catalogs import digest, maybe, some
from oracle.chance import drawn
from oracle.envelopes import CLAIMS
from oracle.growth import Grower, written
from oracle.modes import pick
from oracle.spending import make_affinity, make_budgets, make_limits, make_select, make_tiers
from waypost.core.model.question import Mode
from waypost.core.policy.tree import Fallback, Filter, ModeSpec, Policy, Rank, Rule, Scale

LEAVE = ("gateway.corp.example", "*.corp.example", "*.y.corp.example", "corp.example")


def make_policy(grower: Grower, name: str, ids: list[str]) -> Policy:
    rng = grower.rng
    rules = tuple(make_rule(grower, f"{name}-r{i}", ids) for i in range(rng.choice((0, 1, 1, 2, 3))))
    policy = Policy(
        name=name,
        description="",
        mode=make_mode(grower),
        baseline=None,
        match=grower.predicate("request") if rng.random() < 0.6 else None,
        tiers=make_tiers(rng, ids),
        rules=rules,
        filters=make_filters(grower, rng.choice((0, 0, 0, 1, 1, 2, 3))),
        rank=make_rank(grower, lists=any(rule.use for rule in rules)),
        scales=make_scales(grower),
        fallback=Fallback(3, None, (), grower.at()),
        on_no_candidates="error",
        on_internal_error="open",
        default={},
        cross_origin="auto" if rng.random() < 0.97 else "never",
        leave=some(rng, LEAVE, 0.6),
        document={},
        fingerprint="",
        at=grower.at(),
        select=make_select(rng, ids, grower.at()),
        affinity=make_affinity(rng, grower.at()),
        budgets=make_budgets(rng, grower.at()),
        limits=make_limits(rng, grower.at()),
        content=rng.choice(("none", "hash", "redacted", "full")),
        grants=some(rng, CLAIMS, 0.7) if rng.random() < 0.4 else None,
    )
    return replace(policy, fingerprint=digest(policy))


def on_the_edge(rng: Random, policy: Policy, world: World, asks: Sequence[Asked]) -> Policy:
    """Now and then with shares that end exactly at the place of one of the calls, or one beyond.

    The fingerprint stays, because the place depends on it.
    """
    asked = rng.choice(asks)
    if policy.select is not None and policy.select.kind in ("explore", "canary") and rng.random() < 0.3:
        label = policy.select.target or "explore"
        place = drawn(replace(asked, world=replace(world, policy=policy)), policy.select, label) % 1_000_000
        policy = replace(policy, select=replace(policy.select, share_ppm=place + rng.choice((0, 1))))
    if policy.mode.share_ppm < 1_000_000 and rng.random() < 0.3:
        place = pick(policy, world.catalog, asked.question, asked.seed)
        policy = replace(policy, mode=replace(policy.mode, share_ppm=place + rng.choice((0, 1))))
    return policy


def make_filters(grower: Grower, number: int) -> tuple[Filter, ...]:
    """Hard lines that mostly leave somebody; one in six takes the name of an earlier one."""
    rng, lines = grower.rng, list[Filter]()
    for _ in range(number):
        predicate = grower.likely("any", rng.choice((0.5, 0.95, 0.95)))
        named = rng.choice(lines).name if lines and rng.random() < 0.17 else written(predicate)
        when = grower.predicate("request", 1) if rng.random() < 0.4 else None
        lines.append(Filter(named, predicate, when, maybe(rng, "because", chance=0.3), grower.at()))
    return tuple(lines)


def make_rule(grower: Grower, name: str, ids: list[str]) -> Rule:
    rng = grower.rng
    use: tuple[str, ...] | None = None
    if rng.random() < 0.6:
        use = some(rng, [*ids, "nobody/nothing"], rng.choice((0.9, 0.9, 0.9, 0.9, 0.8, 0.7, 0.4, 0.0)))
    when = grower.predicate("request") if rng.random() < 0.85 else None
    filters = make_filters(grower, rng.choice((0, 0, 0, 0, 1, 2)))
    return Rule(name, when, use, filters, maybe(rng, f"why {name}", chance=0.7), grower.at())


def make_rank(grower: Grower, *, lists: bool) -> Rank:
    """By a list more often than not where a rule has one."""
    rng = grower.rng
    strategy = rng.choice(("cheapest", "fastest", "best", "balanced", "weighted", "weighted", "weighted"))
    terms = rng.sample(("cost", "latency", "quality"), rng.randint(1, 3)) if strategy == "weighted" else []
    weights = tuple((term, rng.choice((0, 1, 200_000, 333_333, 600_000, 1_000_000))) for term in terms)
    rank = Rank(strategy, weights, grower.at())
    match rng.choice(("alone", "alone", "alone", "alone", "advisor", "advisor", "listed", *["listed"] * (3 * lists))):
        case "advisor":
            return replace(rank, strategy="advisor", behind=strategy, advisor="a1", within_ns=300_000_000)
        case "listed":
            return replace(rank, strategy="listed", behind=strategy)
    return rank


def make_scales(grower: Grower) -> tuple[Scale, ...]:
    """All three, as after loading, or none; more often than not the page's own ends, which stand first."""
    ranges = {
        "cost": ((100, 1_000_000_000), (1, 10_000), (0, 1_000_000), (1000, 1500)),
        "latency": ((200_000_000, 20_000_000_000), (0, 1_000_000_000), (300_000_000, 310_000_000)),
        "quality": ((0, 1_000_000), (300_000, 800_000), (0, 3)),
    }
    rng = grower.rng
    chosen = {name: rng.choice(known) if rng.random() < 0.5 else known[0] for name, known in ranges.items()}
    written = rng.choice((ranges, ranges, some(rng, ranges, 0.5)))
    return tuple(Scale(name, *chosen[name], grower.at()) for name in written)


def make_mode(grower: Grower) -> ModeSpec:
    """A share below 100 % is of route only; that is all that a file can ask for."""
    rng = grower.rng
    mode: Mode = rng.choice(("off", "observe", "advise", "route", "route", "route"))
    share = rng.choice((1_000_000, 0, 1, 250_000, 500_000, 999_999)) if mode == "route" else 1_000_000
    by = maybe(rng, "user", "session", "department", "workflow", "step", "context.team", chance=0.6)
    return ModeSpec(mode, share, by, grower.at())
