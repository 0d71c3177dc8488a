"""A catalog's document: canonical bytes and back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_samples import AT_A, AT_B, LISTED, target
from waypost.core.catalog.document import document_of, records_of
from waypost.core.catalog.packed import packed, unpacked
from waypost.core.catalog.table import build_catalog
from waypost.core.model.canonical import canonical
from waypost.core.model.needs import MODEL
from waypost.core.model.target import Latency, Price, Provenance, Target

FIXED = "085a3819c3bd2a456493321cadfba0889146c8ea74d40b2048c72b68f120459d"

words = st.text("abcé-_./", min_size=1, max_size=6)
numbers = st.integers(0, 2**50)
rows = st.builds(Price, since=words, input=st.none() | numbers, output=st.none() | numbers)
prices = st.builds(
    Price,
    since=words,
    input=st.none() | numbers,
    output=st.none() | numbers,
    cached_input=st.none() | numbers,
    cache_write=st.none() | numbers,
    cache_write_1h=st.none() | numbers,
    above=st.lists(st.tuples(numbers, rows), max_size=2).map(tuple),
    basis=st.sampled_from(["source", "prior", "measured", "local", "overlay"]),
    source=words,
    as_of=words,
)
origins = st.builds(Provenance, words, words, st.sampled_from(["source", "prior"]))
targets = st.builds(
    Target,
    id=words.map("a/{}".format),
    provider=st.just("a"),
    model=words,
    endpoint=st.sampled_from(["a", "b"]),
    deployment=st.none() | words,
    family=st.none() | words,
    tier=st.none() | words,
    context_window=st.none() | numbers,
    max_output=st.none() | numbers,
    capabilities=st.sets(st.sampled_from(sorted(MODEL))).map(lambda flags: tuple(sorted(flags))),
    prices=st.lists(prices, max_size=2).map(tuple),
    quality=st.none() | numbers,
    latency=st.none() | st.builds(Latency, numbers, numbers, st.none() | numbers),
    region=st.none() | words,
    retention=st.none() | words,
    labels=st.dictionaries(words, words, max_size=2),
    provenance=st.dictionaries(words, origins, max_size=4),
)


@given(st.lists(targets, max_size=4, unique_by=lambda one: one.id))
def test_a_document_says_everything(rows: list[Target]) -> None:
    """Property: records to canonical bytes and back are the same records, and the bytes have no float."""
    endpoints = {"a": AT_A, "b": AT_B}
    sources = {"s": Provenance("S", "2026-01-01", "prior")}
    document = document_of("t", rows, endpoints, {"z": "a/z"}, sources=sources)
    back = records_of(json.loads(canonical(document), parse_float=pytest.fail))
    assert back == (tuple(rows), endpoints, {"z": "a/z"}, sources)


@given(st.lists(targets, max_size=4, unique_by=lambda one: one.id))
def test_rows_say_everything(rows: list[Target]) -> None:
    """Property: the packed form, through JSON, gives the very records of the catalog."""
    sources = {"s": Provenance("S", "2026-01-01", "prior")}
    catalog = build_catalog("t", rows, {"a": AT_A, "b": AT_B}, sources=sources)
    back = unpacked(json.loads(json.dumps(packed(catalog))))
    assert back == (catalog.targets, catalog.endpoints, {}, sources, catalog.embeddings)


def test_defaults_are_left_out() -> None:
    """A field that a record gains later with a default leaves old fingerprints as they are."""
    bare = replace(target("a/x"), prices=(), latency=None)
    document = document_of("t", [bare], {"b": AT_B}, {}, sources={})
    assert document["targets"] == [
        {"id": "a/x", "provider": "a", "model": "x", "endpoint": "a", "capabilities": 0, "provenance": 0}
    ]
    assert (document["capabilities"], document["provenance"]) == ([[]], [[]])
    assert document["endpoints"] == {
        "b": {
            "name": "b",
            "provider": "own",
            "dialect": "anthropic.messages",
            "base_url": "http://b.example",
            "path": "/messages",
        }
    }


def test_the_fingerprint_of_a_small_catalog_is_fixed() -> None:
    """Canonical form v1 is for good: stored receipts resolve by these digits on every machine and Python."""
    origin = {"tier": Provenance("s", "2026-02-01")}
    one = target("a/x", tier="balanced", provenance=origin, prices=(replace(LISTED, above=((9, LISTED),)),))
    table = build_catalog("t", [one], [AT_A], {"nick": "a/x"}, sources={"s": Provenance("S", "2026-02-01")})
    assert table.fingerprint == FIXED


EMPTY: dict[str, Any] = {
    "waypost": "catalog/v1",
    "capabilities": [],
    "provenance": [],
    "targets": [],
    "endpoints": {},
    "aliases": {},
    "sources": {},
}


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"waypost": "catalog/v2"},
        {**EMPTY, "targets": [{"id": "a/x"}]},
        {**EMPTY, "endpoints": {"a": {"unknown": 1}}},
    ],
)
def test_something_else_is_not_taken_for_a_catalog(broken: dict[str, Any]) -> None:
    """What is missing or foreign raises instead of becoming an empty fact."""
    with pytest.raises((KeyError, TypeError, ValueError)):
        records_of(broken)
    assert records_of(EMPTY) == ((), {}, {}, {})


@pytest.mark.parametrize("where", ["target", "price", "tier", "latency"])
@pytest.mark.parametrize("how", ["a fact that we do not know", "a fact that is missing"])
def test_a_target_is_read_whole_or_not_at_all(where: str, how: str) -> None:
    """What another version put there is not passed over, and what must be there is not made up."""
    tier: dict[str, Any] = {"since": "", "input": 3, "output": 4}
    price: dict[str, Any] = {"since": "2026-01-01", "input": 1, "output": 2, "above": [[10, tier]]}
    latency: dict[str, Any] = {"first_token_ns": 1, "per_token_ns": 2}
    row: dict[str, Any] = {"id": "a/x", "provider": "a", "model": "x", "endpoint": "a", "capabilities": 0}
    whole = {**row, "provenance": 0, "prices": [price], "latency": latency}
    document = {**EMPTY, "capabilities": [[]], "provenance": [[]], "targets": [whole]}
    assert records_of(document)[0][0].prices == (Price("2026-01-01", 1, 2, above=((10, Price("", 3, 4)),)),)
    parts = {"target": whole, "price": price, "tier": tier, "latency": latency}
    if how.endswith("know"):
        parts[where]["later"] = 1
    else:
        del parts[where][{"target": "model", "latency": "per_token_ns"}.get(where, "output")]
    with pytest.raises((KeyError, TypeError)):
        records_of(document)
