"""Random catalogs: six endpoints, every fact known and unknown, twins that tie, deployments of one model."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from random import Random
from typing import Any

from waypost.core.catalog.table import Catalog
from waypost.core.model.target import Endpoint, Latency, Price, Target

ENDPOINTS = {
    "openai": ("openai", "openai.chat"),
    "openai-eu": ("openai", "openai.chat"),
    "responses": ("openai", "openai.responses"),
    "anthropic": ("anthropic", "anthropic.messages"),
    "groq": ("groq", "openai.chat"),
    "google": ("google", "google.generate_content"),
}
ALSO = {"openai": (("openai.responses", "/y"),), "google": (("openai.chat", "/y"), ("unheard.of", "/z"))}
"""Endpoints that speak more than one dialect."""
FLAGS = ("tools", "input.image", "seed", "stop", "prefill", "message.name", "citations", "server_state.x", "x.unheard")
"""Four flags of the model's level, three of the dialect's, two that stand in no table."""
AT_HOME = ("output.image", "output.modality", "server_tool.search", "server_state.cached_content")
"""Flags of the endpoint's level that not every model there has."""

WINDOWS = (16, 48, 144, 256, 1152, 8192, 16_384, 128_000, 212_992, 229_376, 425_984, 1_000_000, 1_048_576)


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


def make_catalog(rng: Random, size: int) -> Catalog:
    """``size`` targets: a fifth are twins of another under a name of their own, so that scores tie, and a third are
    deployments of another, with another weight and now and then another price."""
    targets: dict[str, Target] = {}
    while len(targets) < size:
        target = make_target(rng)
        roll = rng.random()
        if targets and roll < 0.5:
            other = rng.choice(sorted(targets.values(), key=lambda t: t.id))
            if roll < 0.2:
                target = replace(other, id=target.id, model=target.model, deployment=target.deployment)
            else:
                target = deployment_of(other, target, rng)
        targets[target.id] = target
    return catalog_of(list(targets.values()))


def able_at_home(catalog: Catalog) -> Catalog:
    """Where some have some of `AT_HOME`; drawn apart from all else."""
    rows = []
    for target in catalog.targets:
        more = some(Random(f"{target.id}/{catalog.fingerprint}"), AT_HOME, 0.5)
        rows.append(replace(target, capabilities=tuple(sorted((*target.capabilities, *more)))))
    return catalog_of(rows)


def deployment_of(other: Target, fresh: Target, rng: Random) -> Target:
    """``other`` once more, elsewhere: at another weight, sometimes at other prices and speeds.

    Sometimes a little dearer but with a cheap cache, so that how much is cached decides whether it is worth to stay.
    """
    name, roll = rng.choice(("eu", "us", "ap")), rng.random()
    parts: dict[str, Any] = {"prices": fresh.prices, "latency": fresh.latency} if roll < 0.3 else {}
    price = other.prices[0] if other.prices else None
    if price is not None and price.input is not None and roll > 0.6:
        dearer = price.input * rng.choice((11, 15, 19)) // 10
        parts = {"prices": (replace(price, input=dearer, cached_input=price.input // 10),)}
    provider = other.id.partition("/")[0]
    return replace(other, id=f"{provider}/{other.model}@{name}", deployment=name, weight=fresh.weight, **parts)


def catalog_of(targets: list[Target]) -> Catalog:
    """The table of ``targets`` in any order."""
    ordered = tuple(sorted(targets, key=lambda target: target.id))
    endpoints = {
        name: Endpoint(name, provider, dialect, f"https://{name}.example/v1", "/x", also=ALSO.get(name, ()))
        for name, (provider, dialect) in ENDPOINTS.items()
    }
    index = {target.id: position for position, target in enumerate(ordered)}
    aliases, known = aliases_of(ordered)
    return Catalog("generated", ordered, endpoints, aliases, index, {}, digest(ordered), names=known)


def aliases_of(targets: tuple[Target, ...]) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """An alias for the first, and one with a provider for the last; and what each may be written as."""
    if not targets:
        return {}, {}
    first, last = targets[0].id, targets[-1].id
    provider = last.partition("/")[0]
    aliases = {"spare": first, f"{provider}/other": last}
    known = {"spare": [first], "other": [last], f"{provider}/other": [last]}
    for target in targets:
        for name in {target.id, target.model}:
            known.setdefault(name, []).append(target.id)
    return aliases, {name: tuple(ids) for name, ids in known.items()}


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
        tier=maybe(rng, "local", "fast_cheap", "balanced", "balanced", "powerful", "powerful", "frontier", chance=0.9),
        context_window=maybe(rng, *WINDOWS, *WINDOWS[-4:] * 8, chance=0.93),
        max_output=maybe(rng, 0, 16, 1024, 8192, 8192, 100_000, 1_000_000, 1_000_000, chance=0.93),
        capabilities=tuple(sorted(some(rng, FLAGS, 0.8))),
        prices=tuple(make_price(rng, tiers=True) for _ in range(rng.choice((0, 1, 1, 1, 1, 1, 2)))),
        quality=maybe(rng, 0, 300_000, 420_000, 500_000, 500_001, 610_000, 1_000_000, chance=0.85),
        latency=make_latency(rng),
        region=maybe(rng, "eu", "us", ""),
        retention=maybe(rng, "none", "30d"),
        weight=rng.choice((0, 1, 1, 1, 3, 10)),
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
    thresholds = sorted(rng.sample((0, 15, 16, 18, 128, 144, 1024, 8192, 9216, 200_000), rng.choice((0, 0, 1, 1, 2))))
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
