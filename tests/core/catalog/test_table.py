"""The catalog as a table: order, fingerprint, names."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_samples import AT_A, AT_B, catalog, target
from waypost.core.catalog.table import build_catalog
from waypost.core.model.target import Endpoint, Provenance
from waypost.errors import CatalogError

TARGETS = [target("b/x"), target("a/y"), target("a/x"), target("a/x@eu", endpoint="b")]
ALIASES = {"a/x-2026-01-01": "a/x", "nick": "b/x"}


def test_targets_are_sorted_by_id_and_indexed() -> None:
    """A candidate's index is its position in the id-sorted table."""
    table = catalog(TARGETS)
    assert [one.id for one in table.targets] == ["a/x", "a/x@eu", "a/y", "b/x"]
    assert [table.index[one.id] for one in table.targets] == [0, 1, 2, 3]
    assert table.get("a/y") is table.targets[2]
    assert table.get("a/z") is None
    assert len(table) == 4


@given(seed=st.integers(0, 10_000))
def test_the_order_of_input_never_matters(seed: int) -> None:
    """Property: targets, endpoints, aliases and sources in any order make the same document and fingerprint."""
    rng = random.Random(seed)
    targets, endpoints, aliases = list(TARGETS), [AT_A, AT_B], list(ALIASES.items())
    for part in (targets, endpoints, aliases):
        rng.shuffle(part)
    sources = {"s": Provenance("S", "2026-01-01"), "r": Provenance("R", "2026-01-01")}
    shuffled = dict(rng.sample(list(sources.items()), 2))
    made = build_catalog("t", targets, endpoints, dict(aliases), sources=shuffled)
    plain = build_catalog("t", TARGETS, {"a": AT_A, "b": AT_B}, ALIASES, sources=sources)
    assert made.fingerprint == plain.fingerprint
    assert made == plain


def test_every_fact_is_in_the_fingerprint() -> None:
    """S2.12: changing any field of a target, its endpoint, an alias, a source or the name changes the fingerprint."""
    table = catalog(TARGETS, ALIASES)
    full = target("a/x", family="f", tier="t", context_window=1, max_output=1, quality=1, region="eu", retention="none")
    variants = [
        catalog([*TARGETS[:2], replace(full, **{name: None}), TARGETS[3]], ALIASES)
        for name in ("family", "tier", "context_window", "max_output", "quality", "region", "retention")
    ]
    variants += [
        catalog([*TARGETS[:2], full, TARGETS[3]], ALIASES),
        catalog([*TARGETS[:2], target("a/x", capabilities=("n",)), TARGETS[3]], ALIASES),
        catalog([*TARGETS[:2], target("a/x", labels={"k": "v"}), TARGETS[3]], ALIASES),
        catalog([*TARGETS[:2], target("a/x", provenance={"tier": Provenance("s", "d")}), TARGETS[3]], ALIASES),
        catalog([*TARGETS[:2], target("a/x", prices=()), TARGETS[3]], ALIASES),
        catalog([*TARGETS[:2], target("a/x", latency=None), TARGETS[3]], ALIASES),
        catalog(TARGETS, {"nick": "b/x"}),
        build_catalog("t", TARGETS, [replace(AT_A, drops=()), AT_B], ALIASES),
        build_catalog("other", TARGETS, [AT_A, AT_B], ALIASES),
        build_catalog("t", TARGETS, [AT_A, AT_B], ALIASES, sources={"s": Provenance("S", "d")}),
        table,
    ]
    assert len({one.fingerprint for one in variants}) == len(variants)


@pytest.mark.parametrize(
    ("name", "endpoint", "meant"),
    [
        ("a/x", None, "a/x"),
        ("a/x", "a", "a/x"),
        ("a/x", "b", None),
        ("a/x@eu", None, "a/x@eu"),
        ("y", None, "a/y"),
        ("y", "a", "a/y"),
        ("y", "b", None),
        ("y", "nowhere", None),
        ("x", None, None),
        ("x", "a", "a/x"),
        ("x-2026-01-01", None, "a/x"),
        ("x-2026-01-01", "a", "a/x"),
        ("x-2026-01-01", "b", None),
        ("a/x-2026-01-01", "a", "a/x"),
        ("nick", None, "b/x"),
        ("nick", "a", None),
        ("x-2027-01-01", "a", None),
        ("", None, None),
    ],
)
def test_a_callers_name_means_one_target_or_none(name: str, endpoint: str | None, meant: str | None) -> None:
    """Names resolve at the given endpoint only; a snapshot that nobody listed and an ambiguous name mean nothing."""
    found = catalog(TARGETS, ALIASES).resolve(name, endpoint)
    assert (found.id if found else None) == meant


def test_of_several_deployments_the_plain_one_is_meant() -> None:
    """Two deployments of a model at no particular endpoint: the one without a deployment's name."""
    table = catalog([target("a/x"), target("a/x@eu", endpoint="b"), target("a/x@us", endpoint="b")])
    plain, regional = table.resolve("x"), table.resolve("x", "b")
    assert plain is not None
    assert plain.id == "a/x"
    assert regional is None


@pytest.mark.parametrize(
    ("targets", "aliases", "message"),
    [
        ([target("a/x"), target("a/x")], {}, "a/x: two targets have this id; give one a @deployment"),
        ([target("a/x", endpoint="c")], {}, "a/x: endpoint 'c' is unknown; known: a, b"),
        ([target("a/x")], {"a/x": "a/x"}, "a/x: alias 'a/x' is a target's own name; remove the alias"),
        ([target("a/x")], {"x": "a/x"}, "x: alias 'x' is a target's own name; remove the alias"),
        ([target("a/x")], {"z": "a/y"}, "z: alias of 'a/y', which is no target; name a target's id"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(targets: list, aliases: dict, message: str) -> None:
    """Programs that build catalogs get the same care as files."""
    with pytest.raises(CatalogError) as caught:
        catalog(targets, aliases)
    assert str(caught.value) == message


def test_two_endpoints_of_one_name_are_refused() -> None:
    """Which of them would serve?"""
    with pytest.raises(CatalogError, match="a: two endpoints have this name; rename one"):
        build_catalog("t", [target("a/x")], [AT_A, Endpoint("a", "p", "openai.chat", "u", "/")])


def test_an_id_means_itself_where_a_gateways_model_has_the_same_name() -> None:
    """S1.40: `a/x` is a target, and the name of a model at `b`; who asks at `b` means the model there."""
    table = catalog([target("a/x"), target("b/a/x")])
    meant = table.resolve("a/x")
    assert meant is not None
    assert meant.id == "a/x"
    there = table.resolve("a/x", "b")
    assert there is not None
    assert there.id == "b/a/x"
