"""The small world of the golden vectors: ten targets at five endpoints, a plain policy, and a plain question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from waypost.core.catalog.table import Catalog, build_catalog
from waypost.core.model.target import Endpoint, Latency, Price, Target

MS = 1_000_000
USD = 1_000_000_000
"""Nano-USD in a dollar; a price is nano-USD per million tokens."""

ENDPOINTS = tuple(
    Endpoint(name, name, dialect, f"https://{name}.example/v1", "/call")
    for name, dialect in (
        ("openai", "openai.chat"),
        ("anthropic", "anthropic.messages"),
        ("google", "google.generate_content"),
        ("groq", "openai.chat"),
        ("office", "openai.chat"),
    )
)
EXPRESSES = {
    "openai.chat": ("input.image", "message.name", "seed", "stop", "tools"),
    "anthropic.messages": ("input.image", "stop", "tools"),
}
"""Google's dialect has no codec here."""


def priced(input_cents: int, output_cents: int, cached_cents: int | None = None, **parts: Any) -> tuple[Price, ...]:
    """A price in US cents per million tokens."""
    cached = None if cached_cents is None else cached_cents * USD // 100
    return (Price("2026-01-01", input_cents * USD // 100, output_cents * USD // 100, cached, **parts),)


LARGE = Target(
    id="openai/large",
    provider="openai",
    model="large",
    endpoint="openai",
    family="gpt",
    tier="powerful",
    context_window=128_000,
    max_output=16_384,
    capabilities=("input.image", "seed", "stop", "tools"),
    prices=priced(1000, 3000, 100),
    quality=900_000,
    latency=Latency(500 * MS, 20 * MS, 3000 * MS),
    region="us",
    retention="30d",
    labels={"team": "research"},
)
MID = replace(
    LARGE,
    id="openai/mid",
    model="mid",
    tier="balanced",
    prices=priced(200, 800, 50),
    quality=700_000,
    latency=Latency(400 * MS, 10 * MS, 1500 * MS),
    labels={},
)
DEAR = priced(3000, 15_000)[0]
TARGETS = (
    LARGE,
    MID,
    replace(MID, id="openai/mid@ap", deployment="ap", region="ap", weight=0),
    replace(MID, id="openai/mid@eu", deployment="eu", region="eu", weight=3, prices=priced(220, 880, 55)),
    replace(MID, id="openai/mini", model="mini", tier="fast_cheap", prices=priced(15, 60), quality=500_000),
    replace(
        LARGE,
        id="anthropic/large",
        provider="anthropic",
        endpoint="anthropic",
        family="claude",
        context_window=200_000,
        capabilities=("input.image", "stop", "tools"),
        prices=priced(1500, 7500, 150, above=((100_000, DEAR),)),
        quality=920_000,
        region="eu",
    ),
    Target(
        id="anthropic/small",
        provider="anthropic",
        model="small",
        endpoint="anthropic",
        tier="fast_cheap",
        context_window=200_000,
        max_output=8192,
        capabilities=("stop", "tools"),
        prices=priced(80, 400, 8),
        quality=550_000,
        latency=Latency(300 * MS, 8 * MS),
        region="eu",
        retention="none",
    ),
    Target(
        id="google/flash",
        provider="google",
        model="flash",
        endpoint="google",
        tier="fast_cheap",
        context_window=1_000_000,
        max_output=8192,
        capabilities=("tools",),
        prices=priced(10, 40),
        quality=580_000,
    ),
    Target(
        id="groq/mid",
        provider="groq",
        model="mid",
        endpoint="groq",
        tier="balanced",
        context_window=32_768,
        max_output=8192,
        prices=priced(59, 79),
        quality=600_000,
        latency=Latency(100 * MS, 2 * MS, 400 * MS),
        region="us",
    ),
    Target(id="office/tiny", provider="office", model="tiny", endpoint="office", tier="local", context_window=8192),
)


def catalog(*, backwards: bool = False) -> Catalog:
    """The catalog; the order in which its targets are given never matters."""
    return build_catalog("small", reversed(TARGETS) if backwards else TARGETS, ENDPOINTS)


SCALES = {
    "cost": {"low": 100, "high": USD},
    "latency": {"low": 200 * MS, "high": 20_000 * MS},
    "quality": {"low": 0, "high": 1_000_000},
}
POLICY: Mapping[str, Any] = {
    "waypost": "policy/v1",
    "name": "plain",
    "description": "",
    "mode": {"mode": "route", "share_ppm": 1_000_000, "by": None},
    "baseline": None,
    "match": None,
    "tiers": {},
    "rules": [],
    "filter": [],
    "rank": {"strategy": "cheapest", "weights": {}},
    "scales": SCALES,
    "select": "best",
    "fallback": {"max_attempts": 3, "deadline_ns": None, "failures": {}},
    "on_no_candidates": "error",
    "on_internal_error": "closed",
    "default": {},
    "cross_origin": "auto",
    "leave": [],
    "privacy": {"content": "none"},
}
QUESTION: Mapping[str, Any] = {
    "dialect": "openai.chat",
    "requested": "mid",
    "auto": False,
    "origin": {
        "sdk": "openai",
        "client_class": "OpenAI",
        "host": "openai.example",
        "provider": "openai",
        "endpoint": "openai",
    },
    "features": {
        "tokens_input": 1000,
        "tokens_output": 200,
        "messages": 2,
        "turns": 1,
        "has_code": False,
        "task": "conversation",
        "complexity": "simple",
        "data_class": "none",
        "classified_by": "heuristic/1",
    },
    "context": {},
    "streaming": False,
    "granted": True,
    "pinned": False,
    "credentials": ["anthropic", "google", "groq", "office", "openai"],
}
SEED = "00" * 16


@dataclass(frozen=True)
class Vector:
    """One case: a name, a sentence, and what differs from the plain policy, question and snapshot."""

    name: str
    says: str
    policy: Mapping[str, Any] = field(default_factory=dict)
    question: Mapping[str, Any] = field(default_factory=dict)
    snapshot: Mapping[str, Any] = field(default_factory=dict)
    seed: str = SEED
    tried: tuple[str, ...] = ()
    others: tuple[Mapping[str, Any], ...] = ()
    """Further policies that could be chosen, after the first."""
    envelopes: tuple[Mapping[str, Any], ...] = ()


def policy_document(parts: Mapping[str, Any]) -> dict[str, Any]:
    """The plain policy's document with ``parts``."""
    return {**POLICY, **parts}


def question_record(parts: Mapping[str, Any]) -> dict[str, Any]:
    """The plain question with ``parts``; ``origin``, ``features`` and ``context`` keep what is not named."""
    inner = {name: {**QUESTION[name], **parts.get(name, {})} for name in ("origin", "features", "context")}
    return {**QUESTION, **parts, **inner}


def line(rule: str, when: str | None = None, because: str | None = None) -> dict[str, Any]:
    """A filter."""
    return {"rule": rule, "when": when, "because": because}


def rule(name: str, **parts: Any) -> dict[str, Any]:
    """A rule; ``when``, ``use``, ``filter`` and ``because`` where given."""
    return {"name": name, "when": None, "use": None, "filter": [], "because": None, **parts}


def ranked(strategy: str, **weights: int) -> dict[str, Any]:
    """A rank."""
    return {"rank": {"strategy": strategy, "weights": weights}}


def budget(scope: str, *thresholds: tuple[int, str], period: str = "day", usd: int = 5) -> dict[str, Any]:
    """A budget; thresholds are in whole percents."""
    levels = [[percent * 10_000, action] for percent, action in thresholds]
    return {"scope": scope, "limit_nano_usd": usd * USD, "period": period, "thresholds": levels}


def taken(kind: str, **parts: Any) -> dict[str, Any]:
    """A ``select``."""
    return {"select": {"kind": kind, "weights": {}, "share_ppm": 0, "target": None, "by": None, **parts}}
