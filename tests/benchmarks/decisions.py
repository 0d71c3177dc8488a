"""Times `decide` alone on made-up catalogs: warm plans, cold grid cells, and a world that has just changed."""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from waypost.core.catalog.table import Catalog, build_catalog
from waypost.core.codecs import EXPRESSES
from waypost.core.model.needs import Need
from waypost.core.model.question import EMPTY_SNAPSHOT, Context, Features, Origin, Question, Snapshot
from waypost.core.model.target import Endpoint, Latency, Price, Target
from waypost.core.policy.compile import Plan, compile_policy
from waypost.core.policy.decide import decide
from waypost.runtime.documents import load_policy

SIZES = (10, 100, 1_000, 10_000)
QUESTIONS = 10_000
POLICY = """\
waypost: policy/v1
name: bench
mode: route
rules:
  - {name: simple, when: complexity == simple and task == conversation, filter: [price.input <= 2 USD/MTok]}
  - {name: code, when: task == code_generation, filter: [quality >= 0.4]}
filter:
  - price.input <= 50 USD/MTok
  - quality >= 0.2
  - region in [eu, us]
  - estimated.cost <= 1 USD
  - latency.p95 < 20 s
  - context_window >= tokens.total * 1.2
rank: {cost: 0.6, latency: 0.2, quality: 0.2}
"""
ENDPOINTS = ("one", "two", "three")


@dataclass(frozen=True)
class Timing:
    """Medians in microseconds."""

    size: int
    warm: float
    cold: float
    changed: float


def measure(size: int) -> Timing:
    """Time decisions among ``size`` targets."""
    catalog = made_up(size)
    asked = list(questions(2 * QUESTIONS))
    plan = _plan(catalog)
    _median(plan, asked[:QUESTIONS], lambda _: EMPTY_SNAPSHOT)
    warm = _median(plan, asked[QUESTIONS:], lambda _: EMPTY_SNAPSHOT)
    cold = _cold(catalog, asked)
    few = asked[:200]
    changed = _median(plan, few, lambda place: _world(catalog, place))
    return Timing(size, warm, cold, changed)


def _plan(catalog: Catalog) -> Plan:
    return compile_policy(load_policy(POLICY, catalog=catalog), catalog, EXPRESSES)


def _cold(catalog: Catalog, asked: list[Question]) -> float:
    """Every question in a grid cell that its plan has not seen."""
    plan = _plan(catalog)
    question = asked[0]
    cells = [
        replace(question, features=replace(question.features, tokens_input=1 << size | step << (size - 3)))
        for size in range(5, 17)
        for step in range(8)
    ]
    return _median(plan, cells, lambda _: EMPTY_SNAPSHOT)


def _world(catalog: Catalog, place: int) -> Snapshot:
    """A world in which one target's latency has just been measured anew."""
    target = catalog.targets[place % len(catalog)]
    return Snapshot(place + 1, 0, (), (), ((target.id, 300_000_000 + place * 1_000_000),))


def _median(plan: Plan, asked: list[Question], world: Callable[[int], Snapshot]) -> float:
    seed, tried, clock = bytes(16), frozenset[str](), time.perf_counter_ns
    worlds = [world(place) for place in range(len(asked))]
    took = []
    gc.disable()
    try:
        for question, snapshot in zip(asked, worlds, strict=True):
            begun = clock()
            decide(plan, question, snapshot, seed, tried)
            took.append(clock() - begun)
    finally:
        gc.enable()
    return statistics.median(took) / 1_000


# -- what is decided --------------------------------------------------------------------------------------------------


def made_up(size: int) -> Catalog:
    """``size`` targets with facts spread as in real catalogs."""
    rng = random.Random(size)
    endpoints = [Endpoint(name, name, "openai.chat", f"https://{name}.example/v1", "/x") for name in ENDPOINTS]
    return build_catalog("bench", [_target(rng, number) for number in range(size)], endpoints)


def _target(rng: random.Random, number: int) -> Target:
    provider = ENDPOINTS[number % len(ENDPOINTS)]
    dollars = round(10 ** rng.uniform(-1.5, 1.8), 2)
    price = Price("2026-01-01", int(dollars * 1e9), int(dollars * 4e9))
    latency = Latency(
        rng.randrange(200, 3_000) * 1_000_000, rng.randrange(5, 60) * 1_000_000, rng.randrange(1, 30) * 10**9
    )
    return Target(
        id=f"{provider}/m{number}",
        provider=provider,
        model=f"m{number}",
        endpoint=provider,
        context_window=rng.choice((8_192, 32_768, 128_000, 200_000, 1_000_000)),
        max_output=rng.choice((4_096, 16_384, 65_536)),
        capabilities=tuple(flag for flag in ("tools", "vision") if rng.random() < 0.8),
        prices=(price,),
        quality=rng.randrange(100_000, 1_000_000),
        latency=latency,
        region=rng.choice(("eu", "us", "asia")),
    )


def questions(count: int) -> Iterator[Question]:
    """Questions no two of which are the same, over a few hundred grid cells."""
    rng = random.Random(7)
    origin = Origin("openai", "OpenAI", "one.example", "one", "one")
    for number in range(count):
        features = Features(
            tokens_input=64 + number,
            tokens_output=rng.randrange(60, 2_000),
            messages=2,
            turns=1,
            task=rng.choice(("conversation", "code_generation", "summarization")),
            complexity=rng.choice(("simple", "medium", "complex")),
        )
        needs = (Need("tools", "tools"),) if rng.random() < 0.3 else ()
        yield Question(
            "openai.chat",
            "auto",
            True,
            origin,
            features,
            needs=needs,
            context=Context(user=f"u{number}"),
            granted=True,
            credentials=("one", "three", "two"),
        )


if __name__ == "__main__":
    for size in SIZES:
        print(measure(size))
