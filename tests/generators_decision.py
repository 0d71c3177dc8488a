"""Seeded cases for the decision: a policy, a catalog, and a row of questions that a warm plan is asked one by one.

Everything is built as records, never as text. `cases` is driven by one seed; `case_strategy` hands the same
generator to Hypothesis, which then shrinks the numbers it draws. Epochs follow contents, as the page demands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from random import Random
from typing import Any

from hypothesis import strategies as st

from oracle.facts import View
from oracle.growth import Grower, written
from oracle.oracle import World
from waypost.core.catalog.table import Catalog
from waypost.core.model.needs import Need
from waypost.core.model.question import Context, Features, Mode, Origin, Question, Snapshot
from waypost.core.model.target import Endpoint, Latency, Price, Target
from waypost.core.policy.tree import Fallback, Filter, ModeSpec, Policy, Rank, Rule, Scale

SIZES = (1, 3, 6, 10, 14, 20, 28, 40)
ENDPOINTS = {
    "openai": ("openai", "openai.chat"),
    "openai-eu": ("openai", "openai.chat"),
    "responses": ("openai", "openai.responses"),
    "anthropic": ("anthropic", "anthropic.messages"),
    "groq": ("groq", "openai.chat"),
    "google": ("google", "google.generate_content"),
}
FLAGS = ("tools", "input.image", "seed", "stop", "prefill", "message.name", "citations", "openai.files", "x.unheard")
"""Four flags of the model's level, three of the dialect's, two that stand in no table."""

TOKENS = (0, 1, 15, 16, 17, 31, 32, 33, 127, 128, 129, 1000, 1024, 1025, 8191, 8192, 8193, 100_000, 200_000, 212_993)
WINDOWS = (16, 48, 144, 256, 1152, 8192, 16_384, 128_000, 212_992, 229_376, 425_984, 1_000_000, 1_048_576)
HOSTS = ("api.openai.com", "gateway.corp.example", "evilcorp.example", "corp.example", "x.y.corp.example", "")
LEAVE = ("gateway.corp.example", "*.corp.example", "*.y.corp.example", "corp.example")


@dataclass(frozen=True)
class Ask:
    """One call of ``decide``."""

    question: Question
    snapshot: Snapshot
    seed: bytes
    tried: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """One plan and what it is asked, in order. ``others`` are further policies over the same catalog."""

    world: World
    asks: tuple[Ask, ...]
    others: tuple[Policy, ...] = ()


def cases(seed: int, asks: int) -> Iterator[Case]:
    """As many cases as hold ``asks`` questions together, the same for the same numbers."""
    rng, left = Random(seed), asks
    while left > 0:
        case = make_case(rng, 200 if rng.random() < 0.02 else rng.choice(SIZES))
        case = replace(case, asks=case.asks[:left])
        left -= len(case.asks)
        yield case


def case_strategy(max_targets: int = 5) -> st.SearchStrategy[Case]:
    """The same cases, small, with every random number drawn by Hypothesis."""
    return st.randoms(use_true_random=False).map(lambda rng: make_case(rng, rng.randint(0, max_targets)))


def make_case(rng: Random, size: int) -> Case:
    """One case over ``size`` targets."""
    catalog = make_catalog(rng, size)
    ids = [target.id for target in catalog.targets]
    snapshots = [Snapshot(), *(make_snapshot(rng, ids, epoch) for epoch in (1, 2))]
    asks = make_asks(rng, ids, snapshots)
    request = [View(catalog, ask.question, ask.snapshot) for ask in asks]
    targets = [replace(view, target=target) for view in request[:2] for target in catalog.targets[:20]]
    grower = Grower(rng, request, targets)
    first, *others = (make_policy(grower, f"p{i}", ids) for i in range(rng.choice((1, 2, 3))))
    expresses = {dialect: some(rng, FLAGS, 0.75) for _, dialect in ENDPOINTS.values()}
    if rng.random() < 0.2:
        del expresses["google.generate_content"]
    said = {dialect: frozenset(flags) for dialect, flags in expresses.items()}
    return Case(World(first, catalog, said), tuple(asks), tuple(others))


def some(rng: Random, items: Any, chance: float) -> tuple[Any, ...]:
    """Each of ``items`` with ``chance``, in their order."""
    return tuple(item for item in items if rng.random() < chance)


def maybe(rng: Random, *values: Any, chance: float = 0.75) -> Any:
    """One of ``values``, or ``None``."""
    return rng.choice(values) if rng.random() < chance else None


def labels(rng: Random, *values: str) -> dict[str, str]:
    """A value for some of two names."""
    return {name: rng.choice(values) for name in some(rng, ("team", "x"), 0.6)}


def digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


# --- the catalog ---------------------------------------------------------------------------------------------------


def make_catalog(rng: Random, size: int) -> Catalog:
    """``size`` targets, a fifth of them twins of another under a name of their own, so that scores tie."""
    targets: dict[str, Target] = {}
    while len(targets) < size:
        target = make_target(rng)
        if targets and rng.random() < 0.2:
            twin = rng.choice(sorted(targets.values(), key=lambda t: t.id))
            target = replace(twin, id=target.id, model=target.model, deployment=target.deployment)
        targets[target.id] = target
    return catalog_of(list(targets.values()))


def catalog_of(targets: list[Target]) -> Catalog:
    """The table of ``targets`` in any order."""
    ordered = tuple(sorted(targets, key=lambda target: target.id))
    endpoints = {
        name: Endpoint(name, provider, dialect, f"https://{name}.example/v1", "/x")
        for name, (provider, dialect) in ENDPOINTS.items()
    }
    index = {target.id: position for position, target in enumerate(ordered)}
    return Catalog("generated", ordered, endpoints, {}, index, {}, digest(ordered))


def make_target(rng: Random) -> Target:
    endpoint = rng.choice(list(ENDPOINTS))
    model = rng.choice(("m-", "m.", "m", "M", "mé-", "[m]")) + str(rng.randint(1, 400))
    deployment = maybe(rng, "eu", "us", chance=0.2)
    provider = ENDPOINTS[endpoint][0]
    return Target(
        id=f"{provider}/{model}" + (f"@{deployment}" if deployment else ""),
        provider=provider,
        model=model,
        endpoint=endpoint,
        deployment=deployment,
        family=maybe(rng, "gpt", "claude", "llama"),
        tier=maybe(rng, "small", "large", "frontier"),
        context_window=maybe(rng, *WINDOWS, *WINDOWS[-4:] * 8, chance=0.93),
        max_output=maybe(rng, 0, 16, 1024, 8192, 8192, 100_000, 1_000_000, 1_000_000, chance=0.93),
        capabilities=tuple(sorted(some(rng, FLAGS, 0.8))),
        prices=tuple(make_price(rng, tiers=True) for _ in range(rng.choice((0, 1, 1, 1, 1, 1, 2)))),
        quality=maybe(rng, 0, 300_000, 420_000, 500_000, 500_001, 610_000, 1_000_000, chance=0.85),
        latency=make_latency(rng),
        region=maybe(rng, "eu", "us", ""),
        retention=maybe(rng, "none", "30d"),
        labels=labels(rng, "rd", "ops", ""),
    )


def make_price(rng: Random, *, tiers: bool) -> Price:
    """Cheap, dear, free and unknown, halves of a nano-dollar, and up to two dearer tiers at thresholds that are hit."""
    nano = (
        0,
        1,
        31_250,
        500_000,
        1_500_000,
        150_000_000,
        150_000_001,
        600_000_000,
        3_000_000_000,
        15_000_000_000,
        75_000_000_000,
    )
    thresholds = sorted(rng.sample((0, 15, 16, 18, 128, 144, 1024, 8192, 9216, 200_000), rng.choice((0, 0, 1, 2))))
    return Price(
        since="2025-01-01",
        input=maybe(rng, *nano, chance=0.92),
        output=maybe(rng, *nano, chance=0.92),
        cached_input=maybe(rng, *nano, chance=0.5),
        cache_write=maybe(rng, *nano, chance=0.5),
        above=tuple((t, make_price(rng, tiers=False)) for t in thresholds) if tiers else (),
    )


def make_latency(rng: Random) -> Latency | None:
    if rng.random() < 0.2:
        return None
    first = rng.choice((0, 200_000_000, 350_000_000, 1_000_000_000))
    return Latency(first, rng.choice((0, 1_000_000, 20_000_000)), maybe(rng, 500_000_000, 2_000_000_000, 0))


# --- what is asked -------------------------------------------------------------------------------------------------


def make_asks(rng: Random, ids: list[str], snapshots: list[Snapshot]) -> list[Ask]:
    """A first question and its neighbours: mostly one thing changes from one to the next, sometimes nothing."""
    asks = [make_ask(rng, ids, snapshots)]
    for _ in range(rng.randint(1, 4)):
        fresh, roll = make_ask(rng, ids, snapshots), rng.random()
        if roll < 0.1:
            fresh = rng.choice(asks)
        elif roll < 0.8:
            fresh = vary(rng, rng.choice(asks), fresh)
        asks.append(fresh)
    return asks


def make_ask(rng: Random, ids: list[str], snapshots: list[Snapshot]) -> Ask:
    tried = rng.sample(ids, min(len(ids), rng.choice((1, 1, 2)))) if rng.random() < 0.25 else []
    if rng.random() < 0.05:
        tried.append("nobody/nothing")
    snapshot = replace(rng.choice(snapshots), at_ns=rng.randint(0, 10**18))
    return Ask(make_question(rng), snapshot, rng.randbytes(16), tuple(tried))


def vary(rng: Random, ask: Ask, other: Ask) -> Ask:
    """``ask`` with one part of ``other``, a single field where the part is a record."""
    part = rng.choice(
        ("question", "question", "features", "tokens", "tokens", "tokens", "context", "snapshot", "tried")
    )
    question = ask.question
    if part == "tokens":
        name = rng.choice(("tokens_input", "tokens_output", "tokens_output", "max_output"))
        features = replace(question.features, **{name: getattr(other.question.features, name)})
        return replace(ask, question=replace(question, features=features))
    if part in ("snapshot", "tried"):
        return replace(ask, **{part: getattr(other, part)})
    if part == "question":
        name = rng.choice([f.name for f in fields(Question)])
        return replace(ask, question=replace(question, **{name: getattr(other.question, name)}))
    mine, theirs = getattr(question, part), getattr(other.question, part)
    name = rng.choice([f.name for f in fields(mine)])
    return replace(ask, question=replace(question, **{part: replace(mine, **{name: getattr(theirs, name)})}))


def make_question(rng: Random) -> Question:
    known = rng.random() < 0.9
    endpoint = rng.choice(list(ENDPOINTS)) if known else None
    return Question(
        dialect=ENDPOINTS[endpoint][1] if endpoint else "openai.chat",
        requested=rng.choice(("m1", "gpt-4o", "auto", "")),
        auto=rng.random() < 0.3,
        origin=Origin(
            sdk=rng.choice(("openai", "anthropic")),
            client_class="OpenAI",
            host=rng.choice(HOSTS),
            provider=ENDPOINTS[endpoint][0] if endpoint else "unknown",
            endpoint=endpoint,
        ),
        features=make_features(rng),
        needs=make_needs(rng),
        context=make_context(rng),
        streaming=rng.random() < 0.5,
        granted=rng.random() < 0.93,
        pinned=rng.random() < 0.08,
        credentials=tuple(sorted(some(rng, ENDPOINTS, rng.choice((1.0, 1.0, 1.0, 0.9, 0.5))))),
    )


def make_needs(rng: Random) -> tuple[Need, ...]:
    """Up to three, some of them hints, some asked twice, in no order."""
    pool = FLAGS if rng.random() < 0.3 else FLAGS[:7]
    flags = rng.choices(pool, k=rng.choice((0, 0, 0, 0, 1, 1, 2, 3)))
    return tuple(Need(flag, f"$.{i}", rng.choice(("required", "required", "hint"))) for i, flag in enumerate(flags))


def make_features(rng: Random) -> Features:
    small = TOKENS if rng.random() < 0.4 else TOKENS[:12]
    return Features(
        tokens_input=rng.choice(small) if rng.random() < 0.9 else rng.randint(0, 300_000),
        tokens_output=rng.choice(small[:18]),
        max_output=maybe(rng, 0, 1, 16, 16, 1024, 8192, 8193, 100_000, chance=0.35),
        messages=rng.randint(0, 5),
        turns=rng.randint(0, 3),
        language=maybe(rng, "en", "pt", chance=0.7),
        code_languages=some(rng, ("python", "rust"), 0.4),
        has_code=rng.random() < 0.5,
        task=rng.choice(("debugging", "translation", "conversation")),
        complexity=rng.choice(("simple", "medium", "complex")),
        signals=some(rng, ("security", "urgent"), 0.4),
        data_class=rng.choice(("none", "pii")),
    )


def make_context(rng: Random) -> Context:
    return Context(
        department=maybe(rng, "rd", "support", chance=0.6),
        user=maybe(rng, "ana", "bo", "ção", chance=0.6),
        workflow=maybe(rng, "w1", "w2", chance=0.4),
        step=maybe(rng, "s1", "s2", chance=0.4),
        session=maybe(rng, "abc", "", chance=0.5),
        tier=maybe(rng, "gold", "free", chance=0.4),
        policy=maybe(rng, "p0", "p1", "p2", "nobody", chance=0.3),
        preference=maybe(rng, "quality", "cost", "latency", chance=0.3),
        mode=maybe(rng, "off", "observe", "advise", "route", chance=0.5),
        labels=labels(rng, "rd", "ops"),
    )


def make_snapshot(rng: Random, ids: list[str], epoch: int) -> Snapshot:
    known = [*ids, "nobody/nothing"]
    return Snapshot(
        epoch=epoch,
        broken=tuple(sorted(some(rng, known, 0.1))),
        disabled=tuple(sorted(some(rng, ENDPOINTS, 0.06))),
        latency_p95_ns=tuple((i, rng.choice((0, 500_000_000, 2_000_000_001))) for i in some(rng, known, 0.4)),
    )


# --- the policy ----------------------------------------------------------------------------------------------------


def make_policy(grower: Grower, name: str, ids: list[str]) -> Policy:
    rng = grower.rng
    rules = tuple(make_rule(grower, f"{name}-r{i}", ids) for i in range(rng.choice((0, 1, 1, 2, 3))))
    policy = Policy(
        name=name,
        description="",
        mode=make_mode(grower),
        baseline=None,
        match=grower.predicate("request") if rng.random() < 0.6 else None,
        tiers=(),
        rules=rules,
        filters=make_filters(grower, rng.choice((0, 1, 1, 2, 2, 3))),
        rank=make_rank(grower),
        scales=make_scales(grower),
        fallback=Fallback(3, None, (), grower.at()),
        on_no_candidates="error",
        on_internal_error="open",
        default={},
        cross_origin="auto" if rng.random() < 0.95 else "never",
        leave=some(rng, LEAVE, 0.6),
        document={},
        fingerprint="",
        at=grower.at(),
    )
    return replace(policy, fingerprint=digest(policy))


def make_filters(grower: Grower, number: int) -> tuple[Filter, ...]:
    """Hard lines that mostly leave somebody; one in six takes the name of an earlier one."""
    rng, lines = grower.rng, list[Filter]()
    for _ in range(number):
        predicate = grower.likely("any", rng.choice((0.5, 0.9, 0.95)))
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
    filters = make_filters(grower, rng.choice((0, 0, 0, 1, 2)))
    return Rule(name, when, use, filters, maybe(rng, f"why {name}", chance=0.7), grower.at())


def make_rank(grower: Grower) -> Rank:
    rng = grower.rng
    strategy = rng.choice(("cheapest", "fastest", "best", "balanced", "weighted", "weighted", "weighted"))
    terms = rng.sample(("cost", "latency", "quality"), rng.randint(1, 3)) if strategy == "weighted" else []
    weights = tuple((term, rng.choice((0, 1, 200_000, 333_333, 600_000, 1_000_000))) for term in terms)
    return Rank(strategy, weights, grower.at())


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
