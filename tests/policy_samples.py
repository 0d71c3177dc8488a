"""A small catalog, and short ways to write a policy, a question and a plan for the tests of the policy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from waypost.core.catalog.table import Catalog
from waypost.core.model.needs import Need
from waypost.core.model.question import Context, Features, Origin, Question
from waypost.core.model.target import Endpoint, Latency, Price, Target
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.plan import Plan
from waypost.core.policy.tree import Policy
from waypost.runtime.documents import read_policy

HEAD = "waypost: policy/v1\nname: sample\n"
EXPRESSES = {
    "openai.chat": frozenset(("tools", "seed", "output.json_schema", "input.image", "message.name")),
    "anthropic.messages": frozenset(("tools", "input.image", "citations")),
}
SEED = bytes(range(16))


def endpoint(name: str, dialect: str) -> Endpoint:
    """An endpoint whose provider has its name."""
    return Endpoint(name, name, dialect, f"https://api.{name}.example", "/v1")


def target(id: str, **facts: Any) -> Target:
    """A target at the endpoint of its provider. ``price`` is (input, output) in USD per million tokens."""
    provider, _, model = id.partition("/")
    price = facts.pop("price", None)
    if price is not None:
        usd_in, usd_out = price
        facts["prices"] = (Price("2025-01-01", int(usd_in * 10**9), int(usd_out * 10**9)),)
    facts.setdefault("context_window", 128_000)
    facts.setdefault("max_output", 8_192)
    return Target(id=id, provider=provider, model=model, endpoint=facts.pop("endpoint", provider), **facts)


def catalog(*targets: Target, aliases: dict[str, str] | None = None, fingerprint: str = "c" * 64) -> Catalog:
    """A catalog of these targets over three endpoints."""
    ordered = tuple(sorted(targets, key=lambda item: item.id))
    return Catalog(
        name="sample",
        targets=ordered,
        endpoints={
            "openai": endpoint("openai", "openai.chat"),
            "anthropic": endpoint("anthropic", "anthropic.messages"),
            "groq": endpoint("groq", "openai.chat"),
        },
        aliases=aliases or {},
        index={item.id: place for place, item in enumerate(ordered)},
        document={},
        fingerprint=fingerprint,
    )


def latency(first_ms: int, per_token_ms: int, p95_s: int | None = None) -> Latency:
    return Latency(first_ms * 10**6, per_token_ms * 10**6, None if p95_s is None else p95_s * 10**9)


BIG = target(
    "openai/big", tier="powerful", price=(15, 60), quality=900_000, region="us", retention="30d",
    capabilities=("input.image", "output.json_schema", "seed", "tools"), latency=latency(800, 20, 12),
)  # fmt: skip
MINI = target(
    "openai/mini", tier="fast_cheap", price=(0.15, 0.6), quality=420_000, region="us", retention="none",
    capabilities=("output.json_schema", "seed", "tools"), latency=latency(300, 5, 2), max_output=4_096,
)  # fmt: skip
OPUS = target(
    "anthropic/opus", tier="powerful", price=(5, 25), quality=920_000, region="eu", retention="none",
    capabilities=("citations", "input.image", "tools"), latency=latency(900, 15, 9), context_window=200_000,
)  # fmt: skip
FAST = target("groq/fast", tier="fast_cheap", price=(0.1, 0.1), quality=300_000, context_window=8_192)
CATALOG = catalog(BIG, MINI, OPUS, FAST, aliases={"big": "openai/big"})
"""Four targets. By id: anthropic/opus 0, groq/fast 1, openai/big 2, openai/mini 3. groq/fast has no region,
retention, capability or latency."""


def policy(body: str = "", *, table: Catalog | None = CATALOG, file: str = "p.yaml") -> Policy:
    """The policy whose keys below the name are ``body``."""
    return read_policy(HEAD + body, file, catalog=table)


def plan(body: str = "", *, table: Catalog = CATALOG) -> Plan:
    return compile_policy(policy(body, table=table), table, EXPRESSES)


ORIGIN = Origin("openai", "OpenAI", "api.openai.com", "openai", "openai")


def question(
    *needs: str | Need, tokens: tuple[int, int] = (100, 10), features: dict[str, Any] | None = None, **facts: Any
) -> Question:
    """A routed call of the OpenAI SDK with keys for everybody; ``context`` is a mapping."""
    context = Context(**facts.pop("context", {}))
    base = Question(
        dialect="openai.chat",
        requested="auto",
        auto=True,
        origin=ORIGIN,
        features=Features(*tokens, **(features or {})),
        needs=tuple(need if isinstance(need, Need) else Need(need, "$") for need in needs),
        context=context,
        granted=True,
        credentials=("anthropic", "groq", "openai"),
    )
    return replace(base, **facts)


def names(table: Catalog, mask: int) -> list[str]:
    """The ids of a mask."""
    return [item.id for place, item in enumerate(table.targets) if mask >> place & 1]
