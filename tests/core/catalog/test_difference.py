"""What differs between two catalogs, in the words that a person checks before a price is changed."""

from __future__ import annotations

from dataclasses import replace

from waypost.core.catalog.difference import changes, exact
from waypost.core.catalog.table import build_catalog
from waypost.core.model.target import Endpoint, Latency, Price, Target

HERE = Endpoint("p", "p", "openai.chat", "https://p.example", "/")
PRICE = Price(since="", input=2_500_000_000, output=10_000_000_000, as_of="2026-06-01")
ONE = Target(id="p/one", provider="p", model="one", endpoint="p", prices=(PRICE,), quality=500_000)


def said(before: list[Target], after: list[Target]) -> list[str]:
    return [str(change) for change in changes(build_catalog("a", before, [HERE]), build_catalog("b", after, [HERE]))]


def test_each_changed_fact_is_one_line() -> None:
    """Prices exactly, latencies in their units; what is absent on a side is called absent."""
    cheaper = replace(PRICE, input=37_500_000, cached_input=1)
    after = replace(ONE, prices=(cheaper,), quality=510_000, latency=Latency(450_000_000, 11_500_000), region="eu")
    assert said([ONE], [after]) == [
        "~ p/one: latency.first_token: absent -> 450 ms",
        "~ p/one: latency.per_token: absent -> 11.5 ms",
        "~ p/one: price.cached_input: absent -> 0.000000001 USD/MTok",
        "~ p/one: price.input: 2.5 USD/MTok -> 0.0375 USD/MTok",
        "~ p/one: quality: 0.5 -> 0.51",
        "~ p/one: region: absent -> eu",
    ]


def test_targets_that_come_and_go_are_one_line_each() -> None:
    """Their facts are not repeated."""
    two = replace(ONE, id="p/two", model="two")
    assert said([ONE], [two]) == ["- target p/one", "+ target p/two"]


def test_endpoints_and_aliases_are_compared_too() -> None:
    """Where a model is served, and what a name stands for, decide as much as a price."""
    before = build_catalog("a", [ONE], [HERE], {"nice": "p/one"})
    after = build_catalog("a", [ONE], [replace(HERE, base_url="https://q.example")])
    assert [str(change) for change in changes(before, after)] == [
        "~ p: base_url: https://p.example -> https://q.example",
        "- alias nice",
    ]


def test_a_new_day_of_the_same_price_is_no_change() -> None:
    """A source that was read again and says the same changes nothing that a decision looks at."""
    assert said([ONE], [replace(ONE, prices=(replace(PRICE, as_of="2026-07-01"),))]) == []


def test_decimals_are_exact() -> None:
    """No rounding, no exponent."""
    assert [exact(n) for n in (0, 1, 75_000_000, 2_000_000_000, 1_250_000_000)] == [
        "0", "0.000000001", "0.075", "2", "1.25",
    ]  # fmt: skip
