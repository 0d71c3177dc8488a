"""The price list of the `genai-prices` package (extra ``prices``): what it says today of the targets of a catalog.

Only targets whose price names `SOURCE` as its source are compared: what you negotiated, or what costs nothing because
it is your own machine, is none of this list's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time
from decimal import Decimal
from importlib.metadata import version
from typing import Any, TypeAlias

from waypost.core.catalog.table import Catalog
from waypost.core.model.frozen import dataclass
from waypost.core.model.money import NANO
from waypost.core.model.target import Price
from waypost.errors import SettingsError

SOURCE = "genai-prices"
NAMES = {"xai": "x-ai", "moonshot": "moonshotai"}
"""Providers that the list knows by another name."""
RATES = {
    "input": "input_mtok",
    "cached_input": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "output": "output_mtok",
}
MIDNIGHT = time(tzinfo=UTC)
Rates: TypeAlias = dict[int, dict[str, Decimal]]
"""Threshold in input tokens (0 for the base price) to rates in USD per million tokens."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What the list has for one target: the line of the catalog that says so, or ``None`` where it left the list."""

    target: str
    line: str | None


def installed() -> str:
    """The version of the list.

    Raises:
        SettingsError: it is not installed.
    """
    _providers()
    return version("genai-prices")


def differing(catalog: Catalog, at: datetime) -> Iterator[Listing]:
    """The targets whose newest price is not the list's standard price on that day, whatever the hour.

    Raises:
        SettingsError: the list is not installed.
    """
    vendors = {vendor.id: vendor for vendor in _providers()}
    for target in (*catalog.targets, *catalog.embeddings):
        if target.price is None or target.price.source != SOURCE:
            continue
        vendor = vendors.get(NAMES.get(target.provider, target.provider))
        model = None if vendor is None else vendor.find_model(target.model)
        if model is None:
            yield Listing(target.id, None)
        elif (theirs := listed(standard(model, at))) != written(target.price):
            yield Listing(target.id, f"[{line(theirs)}]")


def standard(model: Any, at: datetime) -> Any:
    """The dearest price of that day (UTC) of a model of the list.

    Some vendors ask for less off peak. A budget that counted so would let more through than its limit.
    """
    if not isinstance(model.prices, list):
        return model.get_prices(at)
    day = at.astimezone(UTC).date()
    starts = {getattr(one.constraint, "start_time", None) or MIDNIGHT for one in model.prices}
    moments = sorted(datetime.combine(day, start, start.tzinfo or UTC) for start in starts)
    return max((model.get_prices(moment) for moment in moments), key=_dearness)


def _dearness(theirs: Any) -> tuple[Decimal, ...]:
    rates = listed(theirs)[0]
    return tuple(rates.get(rate, Decimal(0)) for rate in ("output", "input", "cached_input"))


def listed(theirs: Any) -> Rates:
    """The rates of a model of the list; a rate without tiers stands in every tier."""
    prices = {ours: rate for ours, key in RATES.items() if (rate := getattr(theirs, key)) is not None}
    starts = sorted({tier.start for price in prices.values() for tier in getattr(price, "tiers", ())})
    found: Rates = {0: {ours: getattr(price, "base", price) for ours, price in prices.items()}}
    for start in starts:
        found[start] = dict(found[0])
        for ours, price in prices.items():
            for tier in getattr(price, "tiers", ()):
                if tier.start <= start:
                    found[start][ours] = tier.price
    return found


def written(price: Price) -> Rates:
    """The rates of a price of the catalog."""
    return {
        start: {ours: Decimal(rate) / NANO for ours in RATES if (rate := getattr(tier, ours)) is not None}
        for start, tier in ((0, price), *price.above)
    }


def line(rates: Rates) -> str:
    """The rates in the catalog's own form."""
    base = ", ".join(f"{ours}: {rate.normalize():f}" for ours, rate in rates[0].items())
    tiers = [
        f"{{tokens: {start}, " + ", ".join(f"{ours}: {rate.normalize():f}" for ours, rate in tier.items()) + "}"
        for start, tier in rates.items()
        if start
    ]
    return f"{{{base}, above: [{', '.join(tiers)}]}}" if tiers else f"{{{base}}}"


def _providers() -> Any:
    try:
        from genai_prices.data import providers
    except ImportError:
        remedy = "pip install '.[prices]' in a checkout of Waypost"
        raise SettingsError("genai-prices is not installed", where="waypost catalog update", remedy=remedy) from None
    return providers
