"""What time does to a catalog: prices that nobody looked at for too long, and facts that contradict each other."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from waypost.core.catalog.table import Catalog
from waypost.core.model.frozen import dataclass
from waypost.core.model.target import Price, Target

MAX_AGE_DAYS = 180
"""How long ago a price may have been read."""
_NEEDS = {
    "tools.parallel": "tools",
    "tools.strict": "tools",
    "tool_choice.required": "tools",
    "input.image.url": "input.image",
}
"""Capabilities that make no sense without another."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact of one target that cannot be relied on: ``stale``, or ``contradiction`` with another."""

    target: str
    kind: str
    fact: str
    problem: str

    def __str__(self) -> str:
        return f"{self.target}: {self.fact}: {self.problem}"


def findings(catalog: Catalog, today: str, max_age_days: int = MAX_AGE_DAYS) -> tuple[Finding, ...]:
    """Everything that is stale on ``today`` (``YYYY-MM-DD``) or contradicts itself, by target id."""
    found: list[Finding] = []
    for target in catalog.targets:
        found += _stale(target, day_number(today), max_age_days)
        found += (Finding(target.id, "contradiction", fact, text) for fact, text in _contradictions(target))
        found += (Finding(target.id, "contradiction", fact, text) for fact, text in _places(catalog, target))
    for target in catalog.embeddings:
        found += _stale(target, day_number(today), max_age_days)
        found += (Finding(target.id, "contradiction", fact, text) for fact, text in _contradictions(target))
    found += (Finding(alias, "contradiction", "alias", text) for alias, text in _aliases(catalog))
    return tuple(found)


def day_number(day: str) -> int:
    """Days since 0000-03-01 of a ``YYYY-MM-DD``, so that differences are days.

    Raises:
        ValueError: it is no such text.
    """
    year, month, date = (int(part) for part in day.split("-"))
    if not (1 <= month <= 12 and 1 <= date <= 31):
        raise ValueError(f"{day!r} is not a day")
    year -= month < 3
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * ((month + 9) % 12) + 2) // 5 + date - 1


def _stale(target: Target, today: int, max_age_days: int) -> Iterator[Finding]:
    price = target.price
    if price is None or not price.as_of or price.basis == "local":
        return
    age = today - day_number(price.as_of)
    if age > max_age_days:
        problem = f"read on {price.as_of}, {age} days ago; the limit is {max_age_days}"
        yield Finding(target.id, "stale", "prices", problem)


def _contradictions(target: Target) -> Iterator[tuple[str, str]]:
    window, most = target.context_window, target.max_output
    if window is not None and most is not None and most > window:
        yield "max_output", f"{most} tokens do not fit into the context window of {window}"
    flags = frozenset(target.capabilities)
    for flag, needed in _NEEDS.items():
        if flag in flags and needed not in flags:
            yield "capabilities", f"{flag} without {needed}"
    if target.tier is not None and target.labels.get("status") == "shut_down":
        yield "tier", f"{target.tier}, but it is shut down: a policy would come to it"
    if target.tier == "local" and target.price is not None and target.price.basis != "local":
        yield "tier", "local, but it has a price of a vendor"
    if target.latency is not None and (target.latency.first_token_ns <= 0 or target.latency.per_token_ns <= 0):
        yield "latency", "no answer takes no time"
    for price in target.prices:
        yield from _prices(price, window)


def _prices(price: Price, window: int | None) -> Iterator[tuple[str, str]]:
    # A contract says what will be paid of prices that are not yet known; what was read off a list was in force.
    if price.basis != "overlay" and price.since and price.as_of and price.since > price.as_of:
        yield "prices", f"in force since {price.since}, but read on {price.as_of}"
    tiers = [(0, price), *price.above]
    for (_, lower), (start, upper) in itertools.pairwise(tiers):
        if window is not None and start > window:
            yield "prices", f"a tier above {start} tokens, but the context window has {window}"
        if upper.input is not None and lower.input is not None and upper.input < lower.input:
            yield "prices", f"cheaper above {start} tokens than below"
    for _, tier in tiers:
        if tier.cached_input is not None and tier.input is not None and tier.cached_input > tier.input:
            yield "prices", "cached input costs more than input"
        if tier.cache_write is not None and tier.cache_write_1h is not None and tier.cache_write_1h < tier.cache_write:
            yield "prices", "a cache for an hour costs less than one for minutes"


def _places(catalog: Catalog, target: Target) -> Iterator[tuple[str, str]]:
    """What the same model says of itself at another of its deployments."""
    if target.deployment is None:
        return
    plain = catalog.get(target.id.partition("@")[0])
    if plain is None:
        return
    if plain.endpoint == target.endpoint and plain.region == target.region and plain.weight == target.weight:
        yield "deployment", f"nothing distinguishes it from {plain.id}"
    if plain.family != target.family:
        yield "family", f"{target.family}, but {plain.id} is of {plain.family}"


def _aliases(catalog: Catalog) -> Iterator[tuple[str, str]]:
    for alias, meant in catalog.aliases.items():
        target = catalog.get(meant)
        if target is not None and "/" not in alias and target.labels.get("status") == "shut_down":
            yield alias, f"leads to {meant}, which is shut down"
