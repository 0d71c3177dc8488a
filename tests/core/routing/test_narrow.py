"""Claims of a call: what names what, several as one, and which a policy follows (S5.01)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import catalog_samples as samples
from policy_samples import question
from waypost.core.model.question import Context, Narrow, Override
from waypost.core.policy.columns import columns_of
from waypost.core.policy.narrowing import naming
from waypost.core.routing.narrow import (
    CLAIMS,
    NOBODY,
    both,
    in_force,
    named,
    nameless,
    names,
    together,
    value_of,
    withhold,
)

EU = samples.target("a/big@eu")
ODD = samples.target("c/odd", endpoint="b")
CATALOG = samples.catalog([samples.target("a/big"), EU, samples.target("a/small"), samples.target("b/big"), ODD])
ENTRIES = ("a", "b", "big", "small", "a/big", "a/big@eu", "a/*", "*big*", "b/?ig", "nobody")


@pytest.mark.parametrize("entry", ["a/big@eu", "a/big", "big", "a", "*@eu", "a/?ig@eu"])
def test_an_entry_names_a_target(entry: str) -> None:
    """By id, by id without deployment, by model, provider, endpoint or glob (docs/decision.md, Narrowing)."""
    assert names(entry, EU)


@pytest.mark.parametrize("entry", ["", "A", "a/bi", "b/big", "@eu", "*@us", "a/big@e"])
def test_an_entry_names_no_other(entry: str) -> None:
    """The whole text, exactly."""
    assert not names(entry, EU)


def test_the_endpoint_names_what_is_served_there() -> None:
    """Also where the provider of the id is another."""
    assert names("b", samples.target("other/big", endpoint="b"))


pieces = st.lists(st.sampled_from(["a", "b", "big", "small", "eu", "/", "@", "*", "?", "", "x"]), max_size=6).map(
    "".join
)


@given(pieces | st.sampled_from(ENTRIES))
def test_the_decision_reads_an_entry_likewise(entry: str) -> None:
    """What is made of nested claims here is decided over there: both must mean the same."""
    mask = naming(columns_of(CATALOG), entry)
    there = {target.id for place, target in enumerate(CATALOG.targets) if mask >> place & 1}
    assert named((entry,), CATALOG) == there


def test_two_claims_without_a_conflict_are_one() -> None:
    """Ignored ones add up, the lower price holds, a list within the other is the list."""
    outer = Narrow(only=("a", "b"), ignore=("x",), max_input_price=5, max_output_price=1)
    inner = Narrow(models=("big",), only=("b",), ignore=("y", "x"), max_input_price=7)
    assert both(outer, inner) == Narrow(("big",), ("b",), ("x", "y"), 5, 1)
    assert both(None, inner) == inner
    assert both(Narrow(only=("a",)), Narrow(only=("big",))) is None


def test_conflicting_lists_become_what_they_have_in_common() -> None:
    """As ids; where that is nobody, an entry that names nobody, because an empty list would let everybody in."""
    assert together((Narrow(only=("a",)), Narrow(only=("big",))), CATALOG).only == ("a/big", "a/big@eu")
    nobody = together((Narrow(only=("b",)), Narrow(only=("small",))), CATALOG)
    assert nobody.only == (NOBODY,)
    assert named(nobody.only, CATALOG) == frozenset()
    assert together((nobody, Narrow(only=("a",))), CATALOG).only == (NOBODY,)


def allowed(narrow: Narrow) -> set[str]:
    ids = {target.id for target in CATALOG.targets}
    for listed in (narrow.models, narrow.only):
        ids &= set(named(listed, CATALOG)) if listed else ids
    return ids - named(narrow.ignore, CATALOG)


def prices(narrow: Narrow) -> tuple[int, int]:
    return tuple(10**6 if price is None else price for price in (narrow.max_input_price, narrow.max_output_price))  # type: ignore[return-value]


lists = st.lists(st.sampled_from(ENTRIES), max_size=3).map(tuple)
narrows = st.builds(Narrow, lists, lists, lists, st.none() | st.integers(0, 9), st.none() | st.integers(0, 9))


@given(st.lists(narrows, min_size=1, max_size=4))
def test_together_lets_in_whom_every_layer_lets_in(layers: list[Narrow]) -> None:
    """Never one more, whatever the order, and the lowest price of all."""
    found = together(tuple(layers), CATALOG)
    assert allowed(found) == set.intersection(*(allowed(layer) for layer in layers))
    assert prices(found) == tuple(map(min, zip(*(prices(layer) for layer in layers), strict=True)))


@given(narrows, narrows)
def test_both_says_the_same_as_together(outer: Narrow, inner: Narrow) -> None:
    """Where it needs no catalog."""
    one = both(outer, inner)
    if one is not None:
        assert allowed(one) == allowed(outer) & allowed(inner)


def test_names_that_nothing_has() -> None:
    """Of all three lists, sorted; the entry that stands for nobody is none of them."""
    said = Narrow(("big", "zeta"), (NOBODY,), ("alpha/*", "b"))
    assert nameless(said, CATALOG) == ("alpha/*", "zeta")


FULL = Context(
    department="rd",
    policy="p",
    preference="cost",
    strategy="fastest",
    mode="route",
    narrow=Narrow(("big",), ("a",), ("b",), 5, None),
    fallbacks=("a", "b"),
)


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_withheld_claim_is_taken_out_and_listed(claim: str) -> None:
    """That one and no other."""
    asked = replace(question(), context=FULL)
    left = withhold(asked, (claim,))  # type: ignore[arg-type]
    assert left.withheld == (claim,)
    assert left.context != FULL
    assert left.context.department == "rd"
    others = [other for other in CLAIMS if other != claim]
    assert withhold(left, others).withheld == tuple(sorted(CLAIMS))
    assert withhold(left, (claim,)) is left  # type: ignore[arg-type]


def test_all_withheld_leaves_a_context_without_claims() -> None:
    """No empty narrowing stays behind."""
    assert withhold(replace(question(), context=FULL), CLAIMS).context == Context(department="rd")
    plain = question(context={"department": "rd"})
    assert withhold(plain, CLAIMS) is plain


def override(id: str, until_ns: int = 10, **scope: str) -> Override:
    return Override(id, "a/big", "ann", "outage", until_ns, tuple(scope.items()))


def test_the_first_override_in_force_whose_scope_matches() -> None:
    """In the order of the file; its end is exclusive (S3.29)."""
    forced = [override("1", department="hr"), override("2", until_ns=5), override("3"), override("4")]
    assert in_force(forced, Context(department="rd"), 5) == forced[2]
    assert in_force(forced, Context(department="rd"), 4) == forced[1]
    assert in_force(forced, Context(department="hr"), 9) == forced[0]
    assert in_force(forced, Context(department="hr"), 10) is None


def test_every_key_of_a_scope_must_match() -> None:
    """Labels and the tier among them; what the call does not have matches nothing."""
    both_keys = replace(override("1"), scope=(("department", "rd"), ("context.team", "core"), ("budget_tier", "low")))
    context = Context(department="rd", tier="low", labels={"team": "core"})
    assert in_force([both_keys], context, 0) == both_keys
    assert in_force([both_keys], replace(context, labels={}), 0) is None
    assert in_force([both_keys], replace(context, tier=None), 0) is None
    assert value_of(context, "context.team") == "core"
