"""Seeded cases for the decision: a policy, a catalog, and a row of questions that a warm plan is asked one by one.

Everything is built as records, never as text. `cases` is driven by one seed; `case_strategy` hands the same
generator to Hypothesis, which then shrinks the numbers it draws. Epochs follow contents, as the page demands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from random import Random

from hypothesis import strategies as st

from oracle.asked import Asked, World, provider_of, without_deployment
from oracle.catalogs import ALSO, AT_HOME, ENDPOINTS, FLAGS, able_at_home, labels, make_catalog, maybe, some
from oracle.facts import View
from oracle.growth import Grower
from oracle.policies import make_policy, on_the_edge
from oracle.spending import make_advice, make_narrow, make_override, names, spent
from waypost.core.model.needs import Need
from waypost.core.model.question import Context, Features, Origin, Question, Snapshot
from waypost.core.policy.tree import Policy

SIZES = (1, 3, 6, 10, 14, 20, 28, 40, 40)
TOKENS = (0, 1, 15, 16, 17, 31, 32, 33, 127, 128, 129, 1000, 1024, 1025, 8191, 8192, 8193, 100_000, 200_000, 212_993)
HOSTS = ("api.openai.com", "gateway.corp.example", "evilcorp.example", "corp.example", "x.y.corp.example", "")


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
    world = World(first, catalog, said)
    asked = [Asked(world, ask.question, ask.snapshot, ask.seed, ask.tried) for ask in asks]
    first, *others = (on_the_edge(rng, policy, world, asked) for policy in (first, *others))
    world = replace(world, policy=first, catalog=able_at_home(catalog))
    return Case(world, tuple(asking_for(ask, ids, place) for place, ask in enumerate(asks)), tuple(others))


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
    return [falling_back(ask, ids, place) for place, ask in enumerate(asks)]


def falling_back(ask: Ask, ids: list[str], place: int) -> Ask:
    """With fallbacks of its own, so that neighbours differ in them alone; they are drawn apart from all else."""
    rng = Random(f"{ask.seed.hex()}/{place}")
    entries = (*names(rng, ids, 3), *some(rng, ("spare", "other"), 0.1)) if rng.random() < 0.4 else ()
    context = replace(ask.question.context, fallbacks=entries)
    return replace(ask, question=replace(ask.question, context=context))


def asking_for(ask: Ask, ids: list[str], place: int) -> Ask:
    """For a model of the caller's own provider, now and then with what not every model there has; drawn apart, too."""
    rng, question = Random(f"{ask.seed.hex()}/asked/{place}"), ask.question
    mine = [name for name in ids if provider_of(name) == question.origin.provider]
    if not mine or rng.random() < 0.5:
        return ask
    one = rng.choice(mine)
    requested = rng.choice((one, one, without_deployment(one), without_deployment(one).partition("/")[2], "spare"))
    needs = question.needs
    if rng.random() < 0.3:
        needs = (*needs, *(Need(flag, "$.h") for flag in some(rng, AT_HOME, 0.4)))
    return replace(ask, question=replace(question, requested=requested, needs=needs))


def make_ask(rng: Random, ids: list[str], snapshots: list[Snapshot]) -> Ask:
    tried = rng.sample(ids, min(len(ids), rng.choice((1, 1, 2)))) if rng.random() < 0.15 else []
    if rng.random() < 0.03:
        tried.append("nobody/nothing")
    snapshot = replace(rng.choice(snapshots), at_ns=rng.randint(0, 10**18), **spent(rng, ids))
    question = make_question(rng)
    question = replace(
        question,
        override=make_override(rng, ids),
        advice=make_advice(rng, ids),
        context=replace(question.context, narrow=make_narrow(rng, ids)),
    )
    return Ask(question, snapshot, rng.randbytes(16), tuple(tried))


def vary(rng: Random, ask: Ask, other: Ask) -> Ask:
    """``ask`` with one part of ``other``, a single field where the part is a record."""
    part = rng.choice(
        ("question", "question", "features", "tokens", "tokens", "tokens", "context", "snapshot", "spent", "tried")
    )
    question = ask.question
    if part == "tokens" and rng.random() < 0.3:
        return replace(ask, question=replace(question, features=beside(rng, question.features)))
    if part == "tokens":
        name = rng.choice(("tokens_input", "tokens_output", "tokens_output", "max_output"))
        features = replace(question.features, **{name: getattr(other.question.features, name)})
        return replace(ask, question=replace(question, features=features))
    if part in ("snapshot", "tried"):
        return replace(ask, **{part: getattr(other, part)})
    if part == "spent":
        name = rng.choice(("used", "limited", "refused", "warm"))
        return replace(ask, snapshot=replace(ask.snapshot, **{name: getattr(other.snapshot, name)}))
    if part == "question":
        name = rng.choice([f.name for f in fields(Question)])
        return replace(ask, question=replace(question, **{name: getattr(other.question, name)}))
    mine, theirs = getattr(question, part), getattr(other.question, part)
    name = rng.choice([f.name for f in fields(mine) if f.name != "fallbacks"])
    return replace(ask, question=replace(question, **{part: replace(mine, **{name: getattr(theirs, name)})}))


def beside(rng: Random, features: Features) -> Features:
    """With a little more or less to read, across the next threshold of a price."""
    nearest = min(range(len(TOKENS)), key=lambda place: abs(TOKENS[place] - features.tokens_input))
    place = max(0, min(len(TOKENS) - 1, nearest + rng.choice((-1, 0, 1))))
    return replace(features, tokens_input=TOKENS[place])


def make_question(rng: Random) -> Question:
    known = rng.random() < 0.95
    endpoint = rng.choice(list(ENDPOINTS)) if known else None
    said = [ENDPOINTS[endpoint][1], *(name for name, _ in ALSO.get(endpoint, ()))] if endpoint else ["openai.chat"]
    return Question(
        dialect=rng.choice(said),
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
        granted=rng.random() < 0.95,
        pinned=rng.random() < 0.06,
        credentials=tuple(sorted(some(rng, ENDPOINTS, rng.choice((1.0, 1.0, 1.0, 1.0, 0.9, 0.6))))),
        intent=maybe(rng, "chat", "code", "vision", chance=0.6),
    )


def make_needs(rng: Random) -> tuple[Need, ...]:
    """Up to three, some of them hints, some asked twice, in no order."""
    pool = FLAGS if rng.random() < 0.3 else FLAGS[:7]
    flags = rng.choices(pool, k=rng.choice((0, 0, 0, 0, 0, 1, 1, 2, 3)))
    needs = [Need(flag, f"$.{i}", rng.choice(("required", "required", "hint"))) for i, flag in enumerate(flags)]
    if rng.random() < 0.05:
        needs.append(Need("reasoning.signature", "$.s", "required", maybe(rng, *ENDPOINTS, "", "nowhere", chance=0.8)))
    return tuple(needs)


def make_features(rng: Random) -> Features:
    small = TOKENS if rng.random() < 0.4 else TOKENS[:12]
    return Features(
        tokens_input=rng.choice(small) if rng.random() < 0.9 else rng.randint(0, 300_000),
        tokens_output=rng.choice(small[:18]),
        max_output=maybe(rng, 0, 1, 16, 16, 1024, 8192, 8193, 100_000, chance=0.25),
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
        preference=maybe(rng, "quality", "cost", "latency", chance=0.2),
        mode=maybe(rng, "off", "observe", "advise", "route", chance=0.5),
        labels=labels(rng, "rd", "ops"),
        strategy=maybe(rng, "cheapest", "fastest", "best", "balanced", chance=0.15),
    )


def make_snapshot(rng: Random, ids: list[str], epoch: int) -> Snapshot:
    known = [*ids, "nobody/nothing"]
    return Snapshot(
        epoch=epoch,
        broken=tuple(sorted(some(rng, known, 0.1))),
        disabled=tuple(sorted(some(rng, ENDPOINTS, 0.06))),
        latency_p95_ns=tuple((i, rng.choice((0, 500_000_000, 2_000_000_001))) for i in some(rng, known, 0.4)),
    )
