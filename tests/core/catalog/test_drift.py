"""What time does to a catalog: S3.10, S6.07. Each table has one fault and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from waypost.core.catalog.drift import day_number, findings
from waypost.core.catalog.table import build_catalog
from waypost.core.model.target import Auth, Endpoint, Latency, Price, Target

HERE = Endpoint("p", "p", "openai.chat", "https://p.example", "/", Auth("authorization"))
PRICE = Price(since="2026-01-01", input=2_000, output=8_000, cached_input=500, source="list", as_of="2026-06-01")
GOOD = Target(
    id="p/m",
    provider="p",
    model="m",
    endpoint="p",
    family="m",
    tier="balanced",
    context_window=1_000,
    max_output=500,
    capabilities=("input.image", "input.image.url", "tools", "tools.parallel"),
    prices=(PRICE,),
    latency=Latency(1, 1),
)


def said(*targets: Target, today: str = "2026-07-01", **aliases: str) -> list[str]:
    return [str(found) for found in findings(build_catalog("t", targets, [HERE], aliases), today)]


def test_a_sound_target_is_not_mentioned() -> None:
    """The table below has one fault in each row, and this row has none."""
    assert said(GOOD) == []


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        (replace(GOOD, max_output=1_001), "max_output: 1001 tokens do not fit into the context window of 1000"),
        (replace(GOOD, capabilities=("tools.parallel",)), "capabilities: tools.parallel without tools"),
        (replace(GOOD, capabilities=("input.image.url",)), "capabilities: input.image.url without input.image"),
        (
            replace(GOOD, labels={"status": "shut_down"}),
            "tier: balanced, but it is shut down: a policy would come to it",
        ),
        (replace(GOOD, tier="local"), "tier: local, but it has a price of a vendor"),
        (replace(GOOD, latency=Latency(0, 1)), "latency: no answer takes no time"),
        (
            replace(GOOD, prices=(replace(PRICE, since="2026-06-02"),)),
            "prices: in force since 2026-06-02, but read on 2026-06-01",
        ),
        (replace(GOOD, prices=(replace(PRICE, cached_input=2_001),)), "prices: cached input costs more than input"),
        (
            replace(GOOD, prices=(replace(PRICE, cache_write=9, cache_write_1h=8),)),
            "prices: a cache for an hour costs less than one for minutes",
        ),
        (
            replace(GOOD, prices=(replace(PRICE, above=((1_001, PRICE),)),)),
            "prices: a tier above 1001 tokens, but the context window has 1000",
        ),
        (
            replace(GOOD, prices=(replace(PRICE, above=((900, replace(PRICE, input=1_999)),)),)),
            "prices: cheaper above 900 tokens than below",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_contradiction_is_named_with_both_sides(target: Target, problem: str) -> None:
    """One fault, one line that says which fact stands against which."""
    assert said(target) == [f"p/m: {problem}"]


def test_a_price_is_stale_from_its_limit_on() -> None:
    """On the last day it still holds, on the day after it does not; local prices never age."""
    assert said(GOOD, today="2026-11-28") == []
    assert said(GOOD, today="2026-11-29") == [
        "p/m: prices: read on 2026-06-01, 181 days ago; the limit is 180"
    ]  # fmt: skip
    assert said(replace(GOOD, prices=(replace(PRICE, basis="local"),), tier="local"), today="2030-01-01") == []


def test_a_deployment_must_differ_from_the_plain_model() -> None:
    """S1.40: the same model twice at one place is one target too many."""
    twin = replace(GOOD, id="p/m@b", deployment="b")
    assert said(GOOD, twin) == ["p/m@b: deployment: nothing distinguishes it from p/m"]
    assert said(GOOD, replace(twin, weight=3)) == []
    assert said(GOOD, replace(twin, region="eu", family="n")) == ["p/m@b: family: n, but p/m is of m"]


def test_an_alias_of_a_model_that_is_shut_down_is_said() -> None:
    """A name that people use must not lead to nobody."""
    gone = replace(GOOD, tier=None, labels={"status": "shut_down"})
    assert said(gone, nice="p/m") == ["nice: alias: leads to p/m, which is shut down"]


def test_days_are_counted_as_the_calendar_does() -> None:
    """Across a leap day, a century that has none, and one that has."""
    assert day_number("2024-03-01") - day_number("2024-02-28") == 2
    assert day_number("2100-03-01") - day_number("2100-02-28") == 1
    assert day_number("2000-03-01") - day_number("2000-02-28") == 2
    assert day_number("2026-11-21") - day_number("1970-01-01") == 20_778
    with pytest.raises(ValueError, match="2026-13-01"):
        day_number("2026-13-01")


def test_a_contract_may_be_older_than_the_prices_that_it_lowers() -> None:
    """S5.10: a discount of June holds of a list price of November, and a contract may begin after it is signed."""
    later = replace(PRICE, since="2026-06-20", basis="overlay", source="acme")
    assert said(replace(GOOD, prices=(later,))) == []
    assert said(replace(GOOD, prices=(replace(later, basis="source"),))) == [
        "p/m: prices: in force since 2026-06-20, but read on 2026-06-01"
    ]
