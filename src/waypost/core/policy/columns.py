"""The catalog turned by ninety degrees: one column a field, masks by value, estimates by grid cell.

One instance serves every plan of a catalog, so that what depends on the catalog alone is computed once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from waypost.core.catalog.table import Catalog
from waypost.core.model.money import line_cost
from waypost.core.model.target import DIALECTS, Price, Target
from waypost.core.policy.bits import Sorted, mask_of, remember
from waypost.core.policy.rates import Rates, costs_for, latencies_for, tier_for
from waypost.core.policy.recent import Recent

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


class Columns:
    """Columns and masks of one catalog, made when first asked for."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.size = len(catalog.targets)
        self.full = (1 << self.size) - 1
        self.rejecting: dict[tuple[Any, ...], int] = {}
        self.static: dict[tuple[str, ...], Masks] = {}
        self.endpoints = self._grouped(target.endpoint for target in catalog.targets)
        self.dialects = self._grouped(self._dialect(target) for target in catalog.targets)
        self._spoken: dict[str, int] = {}
        self.capabilities = self._members()
        self.prices = [target.price for target in catalog.targets]
        self.narrows: dict[Any, tuple[tuple[tuple[str, int], ...], int]] = {}
        self.named: dict[str, int] = {}
        self.rates = Rates(self.prices, [target.latency for target in catalog.targets])
        self._models: dict[str, list[int]] | None = None
        self._names: dict[str, list[int]] | None = None
        self._tiers: dict[str, int] | None = None
        self._providers: dict[str, int] | None = None
        self._unpriced: int | None = None
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

    def names(self) -> dict[str, list[int]]:
        """Whom each name means that is no glob: an id, one without its deployment, a model, a provider, an endpoint.

        A name with a slash is an id: a gateway's models are called as other vendors' targets are."""
        if self._names is None:
            names: dict[str, list[int]] = {}
            for index, target in enumerate(self.catalog.targets):
                model = model_of(target)
                words = {model.partition("/")[0], target.endpoint}
                if "/" not in target.model:
                    words.add(target.model)
                for name in {target.id, model, *words}:
                    names.setdefault(name, []).append(index)
            self._names = names
        return self._names

    def tier_mask(self, *tiers: str) -> int:
        """The candidates of any of these tiers of the catalog."""
        if self._tiers is None:
            self._tiers = self._grouped(target.tier for target in self.catalog.targets)
        mask = 0
        for tier in tiers:
            mask |= self._tiers.get(tier, 0)
        return mask

    def unpriced(self) -> int:
        """The candidates of whom nobody knows what every call to them costs."""
        if self._unpriced is None:
            places = (place for place, target in enumerate(self.catalog.targets) if unpriced(target))
            self._unpriced = mask_of(places, self.size)
        return self._unpriced

    def providers(self) -> dict[str, int]:
        """The candidates of each provider, as ids name it."""
        if self._providers is None:
            self._providers = self._grouped(target.id.partition("/")[0] for target in self.catalog.targets)
        return self._providers

    def siblings(self, model: str) -> list[int]:
        """The deployments of ``provider/model``, by id."""
        if self._models is None:
            models: dict[str, list[int]] = {}
            for index, target in enumerate(self.catalog.targets):
                models.setdefault(model_of(target), []).append(index)
            self._models = models
        return self._models.get(model, [])

    def keep(self, key: tuple[str, ...], masks: Masks) -> Masks:
        """Remember masks that depend on the catalog alone, for every plan of it."""
        return remember(self.static, key, masks, MAX_MASKS)

    def costs(self, indices: Iterable[int], tokens_in: int, tokens_out: int) -> list[int | None]:
        """``estimated.cost`` in nano-USD of each index, for tokens that are on the grid already."""
        first, second = self.rates.price(tokens_in)
        return costs_for(tokens_in, tokens_out)([first[at] for at in indices], [second[at] for at in indices])

    def latencies(self, indices: Iterable[int], tokens_out: int) -> list[int | None]:
        """``estimated.latency`` in nanoseconds of each index, for tokens that are on the grid already."""
        first, second = self.rates.latency
        return latencies_for(tokens_out)([first[at] for at in indices], [second[at] for at in indices])

    def speaking(self, dialect: str) -> int:
        """The targets whose endpoint understands a call in ``dialect`` as it is."""
        found = self._spoken.get(dialect)
        if found is None:
            endpoints = self.catalog.endpoints.items()
            names = [name for name, endpoint in endpoints if endpoint.speaks(dialect)]
            found = 0
            for name in names:
                found |= self.endpoints.get(name, 0)
            remember(self._spoken, dialect, found, len(DIALECTS))
        return found

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


def model_of(target: Target) -> str:
    """``provider/model``: the id without its deployment."""
    return target.id if target.deployment is None else target.id.removesuffix(f"@{target.deployment}")


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
            return expected_p95(target)
        case _:
            raise KeyError(field)


def expected_p95(target: Target) -> int | None:
    """What `latency.p95` is before anything was measured: the catalog's, else twice the time to the first token.

    Too low is mended by the first answers. Too high never would be, because nobody would be asked.
    """
    latency = target.latency
    if latency is None:
        return None
    return 2 * latency.first_token_ns if latency.p95_ns is None else latency.p95_ns


def unpriced(target: Target) -> bool:
    """Whether a rate of input or output is unknown, in the base tier or above it."""
    price = target.price
    tiers = () if price is None else (price, *(tier for _, tier in price.above))
    return not tiers or any(tier.input is None or tier.output is None for tier in tiers)


def estimated_cost(price: Price | None, tokens_in: int, tokens_out: int) -> int | None:
    """Both lines at the tier that ``tokens_in`` falls into, each rounded half to even once."""
    tier = None if price is None else tier_for(price, tokens_in)
    if tier is None or tier.input is None or tier.output is None:
        return None
    return line_cost(tokens_in, tier.input) + line_cost(tokens_out, tier.output)


def warm_cost(price: Price | None, tokens_in: int, tokens_out: int, cached: int) -> int | None:
    """`estimated_cost` where so many of the input tokens are in the provider's cache already, in three lines."""
    tier = None if price is None else tier_for(price, tokens_in)
    if tier is None or tier.input is None or tier.output is None:
        return None
    rate = tier.input if tier.cached_input is None else tier.cached_input
    fresh = line_cost(tokens_in - cached, tier.input)
    return fresh + line_cost(cached, rate) + line_cost(tokens_out, tier.output)


def estimated_latency(target: Target, tokens_out: int) -> int | None:
    """Time to the first token and then one per-token time for each token of the answer."""
    latency = target.latency
    return None if latency is None else latency.first_token_ns + latency.per_token_ns * tokens_out


_COLUMNS = Recent(Columns)


def columns_of(catalog: Catalog) -> Columns:
    """The columns of ``catalog``, shared by all plans that were compiled against this very object."""
    return _COLUMNS.of(catalog)
