"""Usage to money: exact, per line, and never zero for what is unknown."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.core.catalog.pricing import price_usage, tier_of
from waypost.core.model.outcome import UNPRICED, CostLine, Usage
from waypost.core.model.target import Price, Target

DEARER = Price(
    since="",
    input=6_000_000_000,
    output=22_500_000_000,
    cached_input=600_000_000,
    cache_write=7_500_000_000,
    cache_write_1h=12_000_000_000,
)
PRICE = Price(
    since="2026-01-01",
    input=3_000_000_000,
    output=15_000_000_000,
    cached_input=300_000_000,
    cache_write=3_750_000_000,
    cache_write_1h=6_000_000_000,
    above=((200_000, DEARER),),
    source="list",
    as_of="2026-11-04",
)
TARGET = Target(id="a/m", provider="a", model="m", endpoint="a", prices=(PRICE,))

counts = st.integers(0, 10_000_000)
rates = st.integers(0, 200_000_000_000)


def priced(**changes: object) -> Target:
    return replace(TARGET, prices=(replace(PRICE, **changes),))  # type: ignore[arg-type]


def test_every_kind_of_token_is_a_line_of_its_own() -> None:
    """S6.07: one line per kind, with its tokens, its price and its cost; the basis and the price's day are said."""
    cost = price_usage(TARGET, Usage(input=1_000, output=10, cache_read=100, cache_write=300, cache_write_1h=100))
    assert cost.lines == (
        CostLine("input", 600, 3_000_000_000, 1_800_000),
        CostLine("cached_input", 100, 300_000_000, 30_000),
        CostLine("cache_write", 200, 3_750_000_000, 750_000),
        CostLine("cache_write_1h", 100, 6_000_000_000, 600_000),
        CostLine("output", 10, 15_000_000_000, 150_000),
    )
    assert (cost.nano_usd, cost.basis, cost.price_as_of) == (3_330_000, "computed", "2026-11-04")


def test_kinds_without_tokens_have_no_line() -> None:
    """A bill lists what was used; nothing used costs nothing and is no reason to be unpriced."""
    assert [line.kind for line in price_usage(TARGET, Usage(input=5, output=0)).lines] == ["input"]
    free = price_usage(TARGET, Usage(input=0, output=0))
    assert (free.nano_usd, free.basis, free.lines) == (0, "computed", ())


@pytest.mark.parametrize(("total", "rate"), [(0, 3_000_000_000), (200_000, 3_000_000_000), (200_001, 6_000_000_000)])
def test_the_tier_is_chosen_by_all_input(total: int, rate: int) -> None:
    """A threshold is the last count at the lower price, and cached tokens count towards it."""
    assert tier_of(PRICE, total).input == rate
    cost = price_usage(TARGET, Usage(input=total, output=1, cache_read=total))
    assert cost.lines[-1].price == (22_500_000_000 if rate == 6_000_000_000 else 15_000_000_000)


def test_the_last_of_several_tiers_applies() -> None:
    """Tiers are ascending; the highest threshold that was passed wins."""
    price = replace(PRICE, above=((10, replace(DEARER, input=7)), (20, replace(DEARER, input=8))))
    assert [tier_of(price, total).input for total in (10, 11, 20, 21)] == [3_000_000_000, 7, 7, 8]


@pytest.mark.parametrize("kind", ["input", "cached_input", "cache_write", "cache_write_1h", "output"])
def test_an_unknown_price_is_unpriced_only_where_it_is_needed(kind: str) -> None:
    """S6.07: unknown is not zero; and what was not used need not be known."""
    tokens = {
        "input": Usage(input=1, output=0),
        "cached_input": Usage(input=1, output=0, cache_read=1),
        "cache_write": Usage(input=1, output=0, cache_write=1),
        "cache_write_1h": Usage(input=1, output=0, cache_write=1, cache_write_1h=1),
        "output": Usage(input=0, output=1),
    }
    target = priced(**{kind: None})
    for used, usage in tokens.items():
        assert (price_usage(target, usage) == UNPRICED) is (used == kind)


def test_nothing_to_price_is_unpriced() -> None:
    """No target, no usage, no price: unpriced, each time."""
    usage = Usage(input=1, output=1)
    assert price_usage(None, usage) == UNPRICED
    assert price_usage(TARGET, None) == UNPRICED
    assert price_usage(replace(TARGET, prices=()), usage) == UNPRICED


@pytest.mark.parametrize(
    "usage",
    [
        Usage(input=1, output=1, cache_read=2),
        Usage(input=3, output=1, cache_read=2, cache_write=2),
        Usage(input=9, output=1, cache_write=1, cache_write_1h=2),
        Usage(input=1, output=-1),
    ],
)
def test_counts_that_contradict_each_other_are_unpriced(usage: Usage) -> None:
    """More cached than there is, or a negative count, is no bill."""
    assert price_usage(TARGET, usage) == UNPRICED


def test_the_basis_says_how_the_cost_is_known() -> None:
    """S6.07: local before estimated before computed; a local call is free and says so."""
    usage, guess = Usage(input=9, output=9), Usage(input=9, output=9, estimated=True)
    local = priced(input=0, output=0, basis="local")
    assert [price_usage(TARGET, one).basis for one in (usage, guess)] == ["computed", "estimated"]
    assert [price_usage(local, one).basis for one in (usage, guess)] == ["local", "local"]
    assert price_usage(local, usage).nano_usd == 0


def test_the_newest_price_is_in_force() -> None:
    """The history stays readable beside it."""
    both = replace(TARGET, prices=(replace(PRICE, input=1_000_000), PRICE))
    assert price_usage(both, Usage(input=7, output=0)).nano_usd == 7


def test_the_day_of_a_price_falls_back_to_its_beginning() -> None:
    """A price without a source's day still says since when it holds."""
    assert price_usage(priced(as_of=""), Usage(input=1, output=0)).price_as_of == "2026-01-01"


@given(plain=counts, read=counts, short=counts, long=counts, out=counts, rate=rates)
def test_the_sum_is_that_of_the_lines(plain: int, read: int, short: int, long: int, out: int, rate: int) -> None:
    """Property: the cost is the sum of lines that each round half to even once; lines hold every token once."""
    written = short + long
    usage = Usage(plain + read + written, out, cache_read=read, cache_write=written, cache_write_1h=long)
    cost = price_usage(priced(input=rate, cached_input=rate // 7, above=()), usage)
    assert cost.nano_usd == sum(line.nano_usd for line in cost.lines)
    assert sum(line.tokens for line in cost.lines) == usage.input + usage.output
    for line in cost.lines:
        assert line.nano_usd == round(Fraction(line.tokens * line.price, 1_000_000))


@given(tokens=counts, other=counts, rate=rates)
def test_a_line_does_not_depend_on_the_others(tokens: int, other: int, rate: int) -> None:
    """Property: additivity; input and output priced apart cost what they cost together."""
    target = priced(input=rate, above=())
    apart = [price_usage(target, Usage(input=tokens, output=0)), price_usage(target, Usage(input=0, output=other))]
    together = price_usage(target, Usage(input=tokens, output=other))
    assert together.nano_usd == sum(cost.nano_usd or 0 for cost in apart)


@pytest.mark.parametrize(("tokens", "nano"), [(1, 0), (3, 2), (5, 2), (7, 4)])
def test_halves_go_to_the_even_neighbour(tokens: int, nano: int) -> None:
    """0.5 to 0, 1.5 to 2, 2.5 to 2, 3.5 to 4 nano-USD."""
    assert price_usage(priced(input=500_000), Usage(input=tokens, output=0)).nano_usd == nano
