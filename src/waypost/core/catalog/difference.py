"""What differs between two catalogs, fact by fact, in words that a person checks before a price is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, Literal

from waypost.core.catalog.table import Catalog
from waypost.core.model.frozen import dataclass
from waypost.core.model.money import NANO
from waypost.core.model.target import Latency, Price, Target

RATES = ("input", "cached_input", "cache_write", "cache_write_1h", "output")
_SILENT = frozenset(("id", "provenance", "prices", "labels", "latency"))


@dataclass(frozen=True, slots=True)
class Change:
    """One fact of one target, endpoint or alias. ``before`` and ``after`` are as shown; ``""`` is absent."""

    of: Literal["target", "endpoint", "alias"]
    name: str
    fact: str
    before: str
    after: str

    def __str__(self) -> str:
        if not self.fact:
            return f"{'+' if self.after else '-'} {self.of} {self.name}"
        return f"~ {self.name}: {self.fact}: {self.before or 'absent'} -> {self.after or 'absent'}"


def changes(before: Catalog, after: Catalog) -> tuple[Change, ...]:
    """From ``before`` to ``after``: targets by id, then endpoints, then aliases. Dates of sources are no change."""
    found: list[Change] = []
    old, new = ({one.id: one for one in (*item.targets, *item.embeddings)} for item in (before, after))
    found += _tables("target", old, new, target_facts)
    found += _tables("endpoint", before.endpoints, after.endpoints, _endpoint_facts)
    found += _tables("alias", before.aliases, after.aliases, lambda meant: {"target": meant})
    return tuple(found)


def _tables(
    of: Literal["target", "endpoint", "alias"], old: Mapping[str, Any], new: Mapping[str, Any], facts: Any
) -> Iterator[Change]:
    for name in sorted({*old, *new}):
        if name not in old:
            yield Change(of, name, "", "", "added")
        elif name not in new:
            yield Change(of, name, "", "removed", "")
        elif old[name] != new[name]:
            was, now = facts(old[name]), facts(new[name])
            for fact in sorted({*was, *now}):
                if was.get(fact, "") != now.get(fact, ""):
                    yield Change(of, name, fact, was.get(fact, ""), now.get(fact, ""))


def target_facts(target: Target) -> dict[str, str]:
    """Every fact that is there, as it is shown."""
    found = {
        item.name: _text(value)
        for item in fields(Target)
        if item.name not in _SILENT and (value := getattr(target, item.name)) not in (None, ())
    }
    if target.quality is not None:
        found["quality"] = f"{target.quality / 1_000_000:g}"
    found.update((f"labels.{key}", value) for key, value in target.labels.items())
    if target.latency is not None:
        found.update(_latency(target.latency))
    if target.price is not None:
        found.update(_price(target.price, "price"))
        for tokens, tier in target.price.above:
            found.update(_price(tier, f"price above {tokens} tokens"))
    return found


def _price(price: Price, name: str) -> Iterator[tuple[str, str]]:
    for rate in RATES:
        value = getattr(price, rate)
        if value is not None:
            yield f"{name}.{rate}", f"{exact(value)} USD/MTok"


def exact(nano: int) -> str:
    """Billionths as a decimal without any rounding: ``0.0375``."""
    whole, rest = divmod(nano, NANO)
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".")


def _latency(latency: Latency) -> Iterator[tuple[str, str]]:
    yield "latency.first_token", f"{latency.first_token_ns // 1_000_000} ms"
    yield "latency.per_token", f"{latency.per_token_ns / 1_000_000:g} ms"
    if latency.p95_ns is not None:
        yield "latency.p95", f"{latency.p95_ns // 1_000_000} ms"


def _endpoint_facts(endpoint: Any) -> dict[str, str]:
    return {item.name: _text(value) for item in fields(endpoint) if (value := getattr(endpoint, item.name)) is not None}


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
