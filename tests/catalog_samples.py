"""Small catalogs for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from waypost.core.catalog.table import Catalog, build_catalog
from waypost.core.model.target import Auth, Endpoint, Latency, Price, Target

AT_A = Endpoint(
    name="a",
    provider="vendor",
    dialect="openai.chat",
    base_url="https://a.example/v1",
    path="/chat/completions",
    auth=Auth("Authorization", "Bearer ", (("x-version", "1"),)),
    key_env=("A_KEY", "A_KEY_2"),
    base_url_env="A_BASE_URL",
    drops=("user",),
)
AT_B = Endpoint(name="b", provider="own", dialect="anthropic.messages", base_url="http://b.example", path="/messages")
LISTED = Price(since="2026-01-01", input=1_000, output=2_000, cached_input=10, source="s", as_of="2026-02-01")


def target(id_: str, **facts: Any) -> Target:
    """A target whose model and endpoint follow from its id."""
    provider, _, rest = id_.partition("/")
    model, _, deployment = rest.partition("@")
    base: dict[str, Any] = {"endpoint": provider, "prices": (LISTED,), "latency": Latency(1, 2)}
    return Target(id=id_, provider=provider, model=model, deployment=deployment or None, **{**base, **facts})


def catalog(targets: Iterable[Target], aliases: Mapping[str, str] | None = None) -> Catalog:
    """A catalog over the endpoints ``a`` and ``b``."""
    return build_catalog("t", targets, [AT_A, AT_B], aliases or {})
