"""Every price of the packaged catalog against genai-prices' own calculation (the pinned version of the test group)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from importlib.metadata import version

import pytest
from genai_prices import Usage as Tokens
from genai_prices import calc_price
from genai_prices.data import providers

from waypost.core.catalog.pricing import price_usage
from waypost.core.model.outcome import Usage
from waypost.core.model.target import Price, Target
from waypost.runtime.catalogs import load_catalog

CATALOG = load_catalog()
NAMES = {"xai": "x-ai", "moonshot": "moonshotai"}
"""Providers that genai-prices knows by another name."""
VENDORS = {vendor.id: vendor for vendor in providers}
PEAK = time(2, 0, tzinfo=UTC)
"""DeepSeek's prices depend on the time of day; the catalog states the dearer ones, in force at this hour."""

# Targets whose price genai-prices does not have, and why ours is right all the same.
LOCAL = "your own machine: no vendor, no price per token"
REGIONAL = "regional endpoint at 1.1 times the list price, which genai-prices leaves out"
EXCEPTIONS = {
    "mistral/mistral-medium-2604@eu": REGIONAL,
    "mistral/mistral-small-2603@eu": REGIONAL,
    "ollama/gpt-oss:20b": LOCAL,
    "ollama/llama3.1": LOCAL,
    "ollama/llama3.2": LOCAL,
    "ollama/qwen2.5-coder": LOCAL,
    "vllm/Qwen/Qwen2.5-Coder-32B-Instruct": LOCAL,
    "vllm/meta-llama/Llama-3.1-8B-Instruct": LOCAL,
    "vllm/meta-llama/Llama-3.3-70B-Instruct": LOCAL,
}
LISTED = [target for target in (*CATALOG.targets, *CATALOG.embeddings) if target.id not in EXCEPTIONS]
RATES = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached_input": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
}
USAGES = {
    "input": Usage(input=7_000, output=0),
    "output": Usage(input=0, output=3_000),
    "both": Usage(input=1_000, output=1_000),
    "cached": Usage(input=9_000, output=2_000, cache_read=4_000),
    "written": Usage(input=9_000, output=2_000, cache_write=5_000),
    "written for an hour": Usage(input=9_000, output=2_000, cache_write=5_000, cache_write_1h=5_000),
    "all": Usage(input=20_000, output=5_000, cache_read=8_000, cache_write=5_000, cache_write_1h=2_000),
}


def test_the_source_is_the_pinned_one() -> None:
    """The catalog names the version that it was compared with."""
    assert CATALOG.sources["genai-prices"].source.startswith(f"genai-prices {version('genai-prices')},")


def vendor_of(target: Target) -> str:
    return NAMES.get(target.provider, target.provider)


def theirs(target: Target, usage: Usage, day: str) -> Decimal:
    """What genai-prices says the usage costs on that day, in nano-USD."""
    tokens = Tokens(
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
        cache_write_5m_tokens=usage.cache_write - usage.cache_write_1h,
        cache_write_1h_tokens=usage.cache_write_1h,
    )
    at = datetime.combine(date.fromisoformat(day), PEAK)
    found = calc_price(tokens, target.model, provider_id=vendor_of(target), genai_request_timestamp=at)
    return found.total_price * 1_000_000_000


def usages(price: Price) -> list[Usage]:
    """Usages that need only prices that are known, at, above and below each threshold."""
    known = [
        usage
        for usage in USAGES.values()
        if (not usage.output or price.output is not None)
        and (not usage.cache_read or price.cached_input is not None)
        and (not usage.cache_write or price.cache_write is not None)
        and (not usage.cache_write_1h or price.cache_write_1h is not None)
    ]
    totals = [threshold + more for threshold, _ in price.above for more in (-1_000, 0, 1_000)]
    return known + [replace(usage, input=total) for total in totals for usage in known if usage.input]


@pytest.mark.parametrize("target", LISTED, ids=lambda target: target.id)
def test_each_price_costs_what_genai_prices_says(target: Target) -> None:
    """S2.12, S3.18: input, output, cached, written and tiered, for the price in force and for those before it."""
    for price in target.prices:
        day = target.prices[0].as_of if price is target.prices[0] else price.since
        for usage in usages(price):
            ours = price_usage(replace(target, prices=(price,)), usage)
            assert ours.nano_usd == theirs(target, usage, day), (usage, day)


@pytest.mark.parametrize("target", LISTED, ids=lambda target: target.id)
def test_no_rate_is_missing_and_none_is_invented(target: Target) -> None:
    """A kind of token has a price here exactly where genai-prices has one."""
    at = datetime.combine(date.fromisoformat(target.prices[0].as_of), PEAK)
    model = VENDORS[vendor_of(target)].find_model(target.model)
    assert model is not None
    standard = model.get_prices(at)
    for ours, key in RATES.items():
        assert (getattr(target.prices[0], ours) is None) is (getattr(standard, key) is None), ours


@pytest.mark.parametrize("target", LISTED, ids=lambda target: target.id)
def test_a_price_began_when_genai_prices_says(target: Target) -> None:
    """A dated price holds from its day on, and did not hold on the day before."""
    oldest = target.prices[-1] if len(target.prices) > 1 else None
    for price in (one for one in target.prices if one.since < one.as_of and one is not oldest):
        before = (date.fromisoformat(price.since) - timedelta(days=1)).isoformat()
        usage = max(usages(target.prices[-1]), key=lambda usage: usage.input)
        assert theirs(target, usage, price.since) == price_usage(replace(target, prices=(price,)), usage).nano_usd
        assert theirs(target, usage, before) != theirs(target, usage, price.since)


@pytest.mark.parametrize("target", LISTED, ids=lambda target: target.id)
def test_a_snapshot_costs_what_its_target_costs(target: Target) -> None:
    """The names that resolve to a target are the same model for genai-prices too."""
    vendor = VENDORS[vendor_of(target)]
    same = vendor.find_model(target.model)
    for alias, meant in CATALOG.aliases.items():
        if meant == target.id and alias.startswith(f"{target.provider}/"):
            assert vendor.find_model(alias.removeprefix(f"{target.provider}/")) is same, alias


def test_the_exceptions_are_exceptions() -> None:
    """Every exception is a target, and genai-prices really cannot price it."""
    for id_, reason in EXCEPTIONS.items():
        target = CATALOG.get(id_)
        assert target is not None
        if reason == LOCAL:
            assert target.provider not in VENDORS
            assert target.prices[0].basis == "local"
            assert price_usage(target, Usage(input=5, output=5, cache_read=2)).nano_usd == 0
        else:
            plain = CATALOG.get(id_.partition("@")[0])
            assert plain is not None
            for rate in RATES:
                listed, regional = getattr(plain.prices[0], rate), getattr(target.prices[0], rate)
                assert regional == (None if listed is None else listed * 11 // 10)
