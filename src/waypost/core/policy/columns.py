"""The catalog turned by ninety degrees: one column a field, masks by value, estimates by grid cell.

One instance serves every plan of a catalog, so that what depends on the catalog alone is computed once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from waypost.core.catalog.table import Catalog
from waypost.core.model.money import MTOK
from waypost.core.model.target import Price, Target
from waypost.core.policy.bits import Sorted, mask_of, remember

Masks: TypeAlias = tuple[int, int]
"""The candidates for which a predicate is true, and those for which it is false; in neither, it is unknown."""

MAX_MASKS = 4_096
_TEXTS = {"target": "id"}
_PRICES = {
    "price.input": "input",
    "price.output": "output",
    "price.cached_input": "cached_input",
    "price.cache_write": "cache_write",
}
_HALF = MTOK // 2


class Columns:
    """Columns and masks of one catalog, made when first asked for."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.size = len(catalog.targets)
        self.full = (1 << self.size) - 1
        self.static: dict[tuple[str, ...], Masks] = {}
        self.endpoints = self._grouped(target.endpoint for target in catalog.targets)
        self.dialects = self._grouped(self._dialect(target) for target in catalog.targets)
        self.capabilities = self._members()
        self.prices = [target.price for target in catalog.targets]
        self._numbers: dict[str, list[int | None]] = {}
        self._sorted: dict[str, Sorted] = {}

    def texts(self, field: str) -> list[str | None]:
        """A text column; ``None`` is unknown."""
        targets = self.catalog.targets
        if field == "dialect":
            return [self._dialect(target) for target in targets]
        if field.startswith("labels."):
            return [target.labels.get(field[7:]) for target in targets]
        name = _TEXTS.get(field, field)
        return [getattr(target, name) for target in targets]

    def numbers(self, field: str) -> list[int | None]:
        """A numeric column in base units; ``None`` is unknown."""
        found = self._numbers.get(field)
        if found is None:
            found = self._numbers[field] = [number_of(target, field) for target in self.catalog.targets]
        return found

    def sorted(self, field: str) -> Sorted:
        """A numeric column ready for comparisons."""
        found = self._sorted.get(field)
        if found is None:
            found = self._sorted[field] = Sorted(self.numbers(field))
        return found

    def keep(self, key: tuple[str, ...], masks: Masks) -> Masks:
        """Remember masks that depend on the catalog alone, for every plan of it."""
        return remember(self.static, key, masks, MAX_MASKS)

    def costs(self, indices: Iterable[int], tokens_in: int, tokens_out: int) -> list[int | None]:
        """``estimated.cost`` in nano-USD of each index, for tokens that are on the grid already."""
        return [estimated_cost(self.prices[index], tokens_in, tokens_out) for index in indices]

    def latencies(self, indices: Iterable[int], tokens_out: int) -> list[int | None]:
        """``estimated.latency`` in nanoseconds of each index, for tokens that are on the grid already."""
        targets = self.catalog.targets
        return [estimated_latency(targets[index], tokens_out) for index in indices]

    def _dialect(self, target: Target) -> str | None:
        endpoint = self.catalog.endpoints.get(target.endpoint)
        return None if endpoint is None else endpoint.dialect

    def _grouped(self, values: Iterable[str | None]) -> dict[str, int]:
        groups: dict[str, list[int]] = {}
        for index, value in enumerate(values):
            if value is not None:
                groups.setdefault(value, []).append(index)
        return {value: mask_of(indices, self.size) for value, indices in groups.items()}

    def _members(self) -> dict[str, int]:
        groups: dict[str, list[int]] = {}
        for index, target in enumerate(self.catalog.targets):
            for flag in target.capabilities:
                groups.setdefault(flag, []).append(index)
        return {flag: mask_of(indices, self.size) for flag, indices in groups.items()}


def number_of(target: Target, field: str) -> int | None:
    """A numeric fact of the catalog in base units; ``None`` is unknown."""
    price_field = _PRICES.get(field)
    if price_field is not None:
        value: int | None = None if target.price is None else getattr(target.price, price_field)
        return value
    match field:
        case "quality":
            return target.quality
        case "context_window":
            return target.context_window
        case "max_output":
            return target.max_output
        case "latency.first_token":
            return None if target.latency is None else target.latency.first_token_ns
        case "latency.p95":
            return None if target.latency is None else target.latency.p95_ns
        case _:
            raise KeyError(field)


def estimated_cost(price: Price | None, tokens_in: int, tokens_out: int) -> int | None:
    """Both lines at the tier that ``tokens_in`` falls into, each rounded half to even once."""
    if price is None:
        return None
    if price.above:
        for threshold, tier in price.above:
            if threshold < tokens_in:
                price = tier
    if price.input is None or price.output is None:
        return None
    cost, rest = divmod(tokens_in * price.input, MTOK)
    if rest > _HALF or (rest == _HALF and cost & 1):
        cost += 1
    more, rest = divmod(tokens_out * price.output, MTOK)
    if rest > _HALF or (rest == _HALF and more & 1):
        more += 1
    return cost + more


def estimated_latency(target: Target, tokens_out: int) -> int | None:
    """Time to the first token and then one per-token time for each token of the answer."""
    latency = target.latency
    return None if latency is None else latency.first_token_ns + latency.per_token_ns * tokens_out


_recent: tuple[Columns, ...] = ()


def columns_of(catalog: Catalog) -> Columns:
    """The columns of ``catalog``, shared by all plans that were compiled against this very object."""
    global _recent
    for columns in _recent:
        if columns.catalog is catalog:
            return columns
    columns = Columns(catalog)
    _recent = (columns, *_recent[:3])
    return columns
