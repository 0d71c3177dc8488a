"""Models that make vectors, in catalogs and in overlays: priced, and never among the targets."""

from __future__ import annotations

from pathlib import Path

import pytest

from waypost.core.catalog.difference import changes
from waypost.core.catalog.drift import findings
from waypost.errors import CatalogError
from waypost.runtime.catalogs import catalog_from_document, load_catalog, read_catalog

SMALL = "openai/text-embedding-3-small"
OVERLAY = """\
waypost: catalog-overlay/v1
name: ours
source: our contract
as_of: 2026-06-01
targets:
  azure/vectors: {like: openai/text-embedding-3-small, endpoint: azure, price: {input: 0.03}}
discounts: {openai: 50 %}
prices: {google/gemini-embedding-001: {input: 0.1}}
"""
TEXT = """\
waypost: catalog/v1
name: t
sources: {s: {text: S, as_of: 2026-01-01}}
by_default: {about: s, limits: s, prices: s}
endpoints:
  a: {provider: a, dialect: openai.chat, base_url: "https://a.example", path: /chat}
targets:
  a/x: {prices: [{input: 1, output: 2}]}
"""


def test_no_target_is_one_and_none_is_found_as_one() -> None:
    """S1.10: what a policy may choose has no embedding model in it, by id, by name or by alias."""
    catalog = load_catalog()
    ids = {one.id for one in catalog.embeddings}
    assert {SMALL, "google/gemini-embedding-001"} <= ids
    assert not ids & catalog.index.keys()
    assert not any(name in catalog.names for one in catalog.embeddings for name in (one.id, one.model))
    assert catalog.resolve("text-embedding-3-small") is None


@pytest.mark.parametrize(
    ("name", "endpoint", "found"),
    [
        ("text-embedding-3-small", "openai", True),
        (SMALL, "openai", True),
        ("text-embedding-3-small", "groq", False),
        ("text-embedding-3-small", None, False),
        ("text-embedding-4", "openai", False),
    ],
)
def test_a_name_means_one_at_its_endpoint(name: str, endpoint: str | None, found: bool) -> None:
    """Nowhere else, for nobody knows what it costs there."""
    meant = load_catalog().embedding(name, endpoint)
    assert (meant is not None) is found
    assert meant is None or meant.id == SMALL


def test_every_price_has_its_source_and_goes_stale() -> None:
    """S2.12: they are looked after like those of targets."""
    catalog = load_catalog()
    assert all(one.price is not None and one.price.source == "genai-prices" for one in catalog.embeddings)
    assert {one.id for one in catalog.embeddings} <= {found.target for found in findings(catalog, "2028-01-01")}


def test_a_document_keeps_them_and_an_old_one_has_none() -> None:
    """Through the stored form they come back; a catalog without any has the document that it always had."""
    catalog = load_catalog()
    back = catalog_from_document(catalog.document)
    assert (back.embeddings, back.fingerprint) == (catalog.embeddings, catalog.fingerprint)
    assert "embeddings" not in read_catalog(TEXT, "t.yaml").document


def test_a_cache_keeps_them(tmp_path: Path) -> None:
    """The second start reads rows and has the same."""
    first, second = (load_catalog(cache=tmp_path) for _ in range(2))
    assert first.embeddings == second.embeddings != ()


def test_an_overlay_prices_them(tmp_path: Path) -> None:
    """Discounts, prices and deployments of one's own; who is like one is one, and no candidate."""
    path = tmp_path / "ours.yaml"
    path.write_text(OVERLAY)
    catalog = load_catalog(path)
    prices = {one.id: one.price.input for one in catalog.embeddings if one.price is not None}
    assert (prices[SMALL], prices["google/gemini-embedding-001"], prices["azure/vectors"]) == (
        *(10_000_000, 100_000_000, 30_000_000),
    )
    assert "azure/vectors" not in catalog.index
    assert catalog.embedding("vectors", "azure") is not None
    changed = [str(one) for one in changes(load_catalog(), catalog) if "embedding" in str(one) or "vectors" in str(one)]
    assert "~ openai/text-embedding-3-small: price.input: 0.02 USD/MTok -> 0.01 USD/MTok" in changed
    assert "+ target azure/vectors" in changed


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a/x: {prices: [{input: 1}]}", "'a/x' is a target already; keep it in one of the two tables"),
        ("a/v: {capabilities: c}", "unknown key 'capabilities'"),
        ("a/v: {endpoint: b}", "unknown endpoint 'b'"),
        ("v: {}", "target 'v' is not provider/model"),
    ],
)
def test_faults_are_named(row: str, message: str) -> None:
    """Where, what and the remedy."""
    with pytest.raises(CatalogError) as raised:
        read_catalog(f"{TEXT}embeddings:\n  {row}\n", "t.yaml")
    assert "t.yaml:10:" in str(raised.value)
    assert message in str(raised.value)
