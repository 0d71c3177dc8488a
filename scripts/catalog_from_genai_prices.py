"""Compares the packaged catalog's prices with the installed genai-prices and prints what to write instead.

    python -m scripts.catalog_from_genai_prices [--at 2026-11-04T02:00]

For each target whose price differs, one line in the catalog's own form; nothing is written to any file, because a
price is reviewed by a person. Exit code 1 if a price differs. DeepSeek's prices depend on the time of day: the
default time is one of its peak hours.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from genai_prices.data import providers

from waypost.core.catalog.table import Catalog
from waypost.core.model.money import NANO
from waypost.core.model.target import Price
from waypost.runtime.catalogs import load_catalog

RATES = {
    "input": "input_mtok",
    "cached_input": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "output": "output_mtok",
}
SOURCE = "genai-prices"
NAMES = {"xai": "x-ai", "moonshot": "moonshotai"}
"""Providers that genai-prices knows by another name."""
Rates = dict[int, dict[str, Decimal]]
"""Threshold in input tokens (0 for the base price) to rates in USD per million tokens."""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Compare the packaged catalog's prices with genai-prices.")
    parser.add_argument("--at", type=datetime.fromisoformat, default=datetime(2026, 11, 4, 2, tzinfo=UTC))
    at: datetime = parser.parse_args(argv).at
    lines = list(differences(load_catalog(), at.replace(tzinfo=at.tzinfo or UTC)))
    for line in lines:
        print(line)
    print(f"{len(lines)} of the prices differ", file=sys.stderr)
    return 1 if lines else 0


def differences(catalog: Catalog, at: datetime) -> Iterator[str]:
    """``id: [price]`` for each target whose newest price is not genai-prices' at that time."""
    vendors = {vendor.id: vendor for vendor in providers}
    for target in catalog.targets:
        if target.price is None or target.price.source != SOURCE:
            continue
        model = vendors[NAMES.get(target.provider, target.provider)].find_model(target.model)
        if model is None:
            yield f"{target.id}: unknown to genai-prices"
        elif (theirs := listed(model.get_prices(at))) != written(target.price):
            yield f"{target.id}: [{row(theirs)}]"


def listed(standard: Any) -> Rates:
    """The rates of a model of genai-prices; a rate without tiers stands in every tier."""
    prices = {ours: price for ours, key in RATES.items() if (price := getattr(standard, key)) is not None}
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


def row(rates: Rates) -> str:
    """The rates in the catalog's form."""
    base = ", ".join(f"{ours}: {rate.normalize():f}" for ours, rate in rates[0].items())
    tiers = [
        f"{{tokens: {start}, " + ", ".join(f"{ours}: {rate.normalize():f}" for ours, rate in tier.items()) + "}"
        for start, tier in rates.items()
        if start
    ]
    return f"{{{base}, above: [{', '.join(tiers)}]}}" if tiers else f"{{{base}}}"


if __name__ == "__main__":
    sys.exit(main())
