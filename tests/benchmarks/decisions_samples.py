"""What the decision is timed on: made-up catalogs, a policy of twenty predicates, and questions that all differ."""

from __future__ import annotations

import random
from collections.abc import Iterator

from waypost.core.catalog.table import Catalog, build_catalog
from waypost.core.model.needs import Need
from waypost.core.model.question import Context, Features, Origin, Question
from waypost.core.model.target import Endpoint, Latency, Price, Target

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
  - price.output <= 200 USD/MTok
  - max_output >= 4096
  - capabilities has tools or capabilities has output.json_schema
  - provider in [one, two, three]
  - not region == asia
  - latency.first_token <= 3 s
  - estimated.latency <= 200 s
  - price.output <= price.input * 5
  - model matches m*
  - {rule: region == eu, when: data_class == personal}
  - {rule: quality >= 0.5, when: complexity == complex}
  - {rule: price.input <= 10 USD/MTok, when: streaming == true}
rank: {cost: 0.6, latency: 0.2, quality: 0.2}
"""
"""Twenty predicates over candidates, five conditions beside them."""
ENDPOINTS = ("one", "two", "three")


def variant(number: int) -> str:
    """One of a thousand policies: most of its lines are those of all others, two are of ten or so."""
    dollars, quality = 40 + number % 13, 20 + number % 11
    named = POLICY.replace("name: bench", f"name: bench-{number}")
    return named.replace("<= 50 USD", f"<= {dollars} USD").replace("quality >= 0.2", f"quality >= 0.{quality}")


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
        capabilities=tuple(flag for flag in ("output.json_schema", "tools") if rng.random() < 0.8),
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
