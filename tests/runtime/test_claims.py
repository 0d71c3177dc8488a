"""What a call may say, as it is written: lists, prices, nesting, and what is said of what cannot be read (S5.01)."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import catalog_samples as samples
import waypost
from waypost.core.model.question import Context, Narrow
from waypost.core.routing.narrow import named
from waypost.errors import SettingsError
from waypost.runtime.claims import entries, max_price
from waypost.runtime.context import Claims, current, merge
from waypost.runtime.narrowings import Narrowings


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["openai/gpt-4o", " anthropic "], ("openai/gpt-4o", "anthropic")),
        ("openai/gpt-4o, anthropic,", ("openai/gpt-4o", "anthropic")),
        (("b", "a", "b"), ("b", "a")),
        ({"b", "a"}, ("a", "b")),
    ],
)
def test_lists_of_names(value: Any, expected: tuple[str, ...]) -> None:
    """A list, or a header's text; order is kept, and a set has one."""
    assert entries(value, "only", "here") == expected


@pytest.mark.parametrize("value", [5, [1], {"a": 1}, "", " , ", []])
def test_what_is_no_list_of_names(value: Any) -> None:
    """An empty list would let nobody answer, or everybody: neither is meant."""
    with pytest.raises(SettingsError, match=r"^here: only (is|has no name)") as caught:
        entries(value, "only", "here")
    assert caught.value.remedy == 'give names as in ["openai/gpt-4o", "anthropic"], or leave it out'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, (5_000_000_000, 5_000_000_000)),
        (0.15, (150_000_000, 150_000_000)),
        (1e-9, (1, 1)),
        (Decimal("2.50"), (2_500_000_000, 2_500_000_000)),
        ("5 USD/MTok", (5_000_000_000, 5_000_000_000)),
        ("0", (0, 0)),
        ({"input": "5 USD/MTok", "output": 15}, (5_000_000_000, 15_000_000_000)),
        ({"output": 15}, (None, 15_000_000_000)),
        ("input=5, output=15 USD/MTok", (5_000_000_000, 15_000_000_000)),
    ],
)
def test_highest_prices(value: Any, expected: tuple[int | None, int | None]) -> None:
    """One for both sides or each by itself, exactly."""
    assert max_price(value, "here") == expected


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (-1, "max_price is -1, not a price"),
        (True, "max_price is True, not a price"),
        (float("nan"), "max_price is nan, not a price"),
        (float("inf"), "max_price is inf, not a price"),
        (1e-10, "max_price is 1e-10, not a price"),
        (1e300, "max_price is 1e+300, not a price"),
        pytest.param(10**5000, "max_price is a number beyond all prices, not a price", id="huge"),
        (Decimal("1e999999999"), "max_price is Decimal('1E+999999999'), not a price"),
        (Decimal("1e-999999999"), "max_price is Decimal('1E-999999999'), not a price"),
        (Decimal("sNaN"), "max_price is Decimal('sNaN'), not a price"),
        ("9" * 5000, f"max_price is '{'9' * 56}..., not a price"),
        ("5 EUR", "max_price is '5 EUR', not a price"),
        ("5 USD", "max_price is '5 USD', not a price"),
        ({"input": None}, "max_price.input is NoneType, not a price"),
        ({"in": 5}, "max_price has 'in'"),
        ({}, "max_price is empty"),
        ("input=", "max_price.input is '', not a price"),
    ],
)
def test_what_is_no_price(value: Any, what: str) -> None:
    """Said with its place and a remedy."""
    with pytest.raises(SettingsError) as caught:
        max_price(value, "here")
    assert (caught.value.where, caught.value.what) == ("here", what)
    assert caught.value.remedy


def test_a_block_says_who_may_answer() -> None:
    """All keys at once, and nothing of it outside of the block."""
    with waypost.context(
        models=["gpt-4o"], only="openai", ignore=["*mini"], max_price={"input": 5}, strategy="fastest", department="rd"
    ):
        narrow = Narrow(("gpt-4o",), ("openai",), ("*mini",), 5_000_000_000, None)
        assert current() == Claims(Context(department="rd", strategy="fastest", narrow=narrow))
    assert current() == Claims()


def test_an_inner_block_only_narrows() -> None:
    """Prices go down, ignored ones add up; lists that need a catalog to be one wait for it; `None` takes none back."""
    with waypost.context(only=["openai"], ignore=["a"], max_price=5):
        with waypost.context(only=None, ignore=["b"], max_price=9):
            assert current().context.narrow == Narrow((), ("openai",), ("a", "b"), 5_000_000_000, 5_000_000_000)
        with waypost.context(only=["gpt-4o"]):
            outer = Narrow((), ("openai",), ("a",), 5_000_000_000, 5_000_000_000)
            assert current() == Claims(Context(narrow=Narrow(only=("gpt-4o",))), outer=(outer,))
        assert current().outer == ()


def test_the_tradeoff_that_is_said_last_holds() -> None:
    """The most specific wins (S1.42): a preference inside of a strategy, and the other way round."""
    outer = merge(Claims(), {"strategy": "fastest"}, "t")
    assert merge(outer, {"preference": "cost"}, "t").context == Context(preference="cost")
    assert merge(outer, {"preference": None}, "t").context == Context(strategy="fastest")
    inner = merge(merge(Claims(), {"preference": "cost"}, "t"), {"strategy": "best"}, "t")
    assert inner.context == Context(preference="cost", strategy="best")


def test_the_fallbacks_that_are_said_last_hold() -> None:
    """An inner block says all of them anew, or takes them back."""
    outer = merge(Claims(), {"fallbacks": "gpt-4o, anthropic"}, "t")
    assert outer.context == Context(fallbacks=("gpt-4o", "anthropic"))
    assert merge(outer, {"user": "ann"}, "t").context.fallbacks == ("gpt-4o", "anthropic")
    assert merge(outer, {"fallbacks": ["openai"]}, "t").context.fallbacks == ("openai",)
    assert merge(outer, {"fallbacks": None}, "t").context == Context()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            {"fallbacks": []},
            'fallbacks has no name in it; give names as in ["openai/gpt-4o", "anthropic"], or leave it out',
        ),
        (
            {"fallback": ["a"]},
            "unknown key 'fallback'; did you mean 'fallbacks'? A label of that name goes into `labels`",
        ),
        ({"strategy": "cheap"}, "strategy is 'cheap'; use cheapest, fastest, best, balanced"),
        ({"narrow": Narrow()}, "narrow is Narrow; give it as text"),
        ({"only": 1}, 'only is 1, not names; give names as in ["openai/gpt-4o", "anthropic"], or leave it out'),
        (
            {"max_price": "x"},
            "max_price is 'x', not a price; give USD per million tokens, as in 5 or \"2.50 USD/MTok\"",
        ),
    ],
)
def test_a_bad_value_is_refused_where_it_is_written(keys: dict[str, Any], said: str) -> None:
    """Where, what and the remedy; the block is not entered."""
    with pytest.raises(SettingsError) as caught, waypost.context(**keys):
        pytest.fail("entered")
    assert str(caught.value) == f"waypost.context: {said}"
    assert current() == Claims()


NAMES = ("a", "b", "big", "a/big", "*@eu", "nobody")
TABLE = samples.catalog([samples.target(id) for id in ("a/big", "a/big@eu", "a/small", "b/big")])
lists = st.none() | st.lists(st.sampled_from(NAMES), min_size=1, max_size=3)
said = st.fixed_dictionaries(
    {}, optional={"only": lists, "models": lists, "ignore": lists, "max_price": st.integers(0, 9)}
)


def let_in(narrow: Narrow | None) -> set[str]:
    """The ids that a claim leaves, by the meaning of docs/decision.md."""
    ids = {target.id for target in TABLE.targets}
    if narrow is None:
        return ids
    for listed in (narrow.models, narrow.only):
        ids &= named(listed, TABLE) if listed else ids
    return ids - named(narrow.ignore, TABLE)


@given(st.lists(said, max_size=5))
def test_what_is_said_inside_never_widens(layers: list[dict[str, Any]]) -> None:
    """However deep: those who are let in are those whom every layer lets in, and the price is the lowest (S5.01)."""
    claims, narrowings = Claims(), Narrowings()
    expected, price = let_in(None), None
    for layer in layers:
        claims = merge(claims, layer, "t")
        alone = merge(Claims(), layer, "t").context.narrow
        expected &= let_in(alone)
        if alone is not None and alone.max_input_price is not None:
            price = alone.max_input_price if price is None else min(price, alone.max_input_price)
        found = narrowings.context(claims, TABLE).narrow
        assert let_in(found) == expected
        assert (None if found is None else found.max_input_price) == price


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(max_size=9)
    | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
keys = st.sampled_from(["only", "models", "ignore", "max_price", "strategy", "mode", "user", "team"])


@given(st.dictionaries(keys, anything, max_size=4))
def test_whatever_is_said_is_read_or_refused(layer: dict[str, Any]) -> None:
    """By nothing but a SettingsError."""
    with suppress(SettingsError):
        merge(Claims(), layer, "here")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("onyl", "only"),
        ("Only", "only"),
        ("onky", "only"),
        ("ignroe", "ignore"),
        ("maxprice", "max_price"),
        ("max-price", "max_price"),
        ("model", "models"),
        ("polcy", "policy"),
        ("deparment", "department"),
        ("strategie", "strategy"),
        ("uesr", "user"),
    ],
)
def test_a_misspelt_key_is_no_label(written: str, meant: str) -> None:
    """A narrowing that is not understood would narrow nothing, whatever its value is (S5.01)."""
    for value in ("x", ["x"], 1):
        with pytest.raises(SettingsError) as caught, waypost.context(**{written: value}):
            pytest.fail("entered")
        assert str(caught.value) == (
            f"waypost.context: unknown key {written!r}; did you mean {meant!r}? A label of that name goes into `labels`"
        )


LABELS = ("team", "tenant", "project", "code", "node", "version", "workload", "stage", "task", "role", "env", "region")


@pytest.mark.parametrize("name", [*LABELS, "customer", "feature", "priority", "season", "labels"])
def test_labels_of_ones_own_stay_possible(name: str) -> None:
    """Words that only look a little like a key are what they are."""
    with waypost.context(**{name: "x"}):
        assert current().context.labels == {name: "x"}


def test_a_label_that_looks_like_a_key() -> None:
    """It is said in `labels`, which nest as others do; what is none is refused."""
    with waypost.context(labels={"model": "x", "team": "a"}), waypost.context(labels={"team": "b", "code": None}):
        assert current().context.labels == {"model": "x", "team": "b"}
    for labels, said in (({"a": 1}, "label a is int"), ({1: "a"}, "label 1 is int")):
        with pytest.raises(SettingsError, match=f"^waypost.context: {said}; give it as text$"):
            merge(Claims(), {"labels": labels}, "waypost.context")
