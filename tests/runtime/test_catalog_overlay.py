"""Overlays: prices, discounts, weights and deployments of one's own on a catalog (S5.10, S5.02, S1.40)."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.core.catalog.overlay import Overlay, lay
from waypost.core.catalog.table import Catalog, build_catalog
from waypost.core.model.target import Endpoint, Price, Provenance, Target
from waypost.errors import CatalogError, SettingsError
from waypost.runtime import bundle
from waypost.runtime.catalogs import catalog_from_document, load_catalog
from waypost.runtime.settings import Settings, read

BASE = """\
waypost: catalog/v1
name: base
sources:
  list: {text: price list, as_of: 2026-05-01}
by_default: {prices: list, limits: list, data: list}
endpoints:
  openai: {provider: openai, dialect: openai.chat, base_url: "https://api.openai.example/v1", path: /chat}
  azure: {provider: azure, dialect: openai.chat, base_url: "https://azure.example/v1", path: /chat}
targets:
  openai/big:
    limits: {context_window: 1000, max_output: 100}
    data: {region: us, retention: 30d}
    prices:
      - {since: 2026-03-01, input: 2.50, output: 10, cached_input: 1.25, above: [{tokens: 200, input: 5, output: 15}]}
      - {since: 2025-01-01, input: 4, output: 12}
  openai/small: {prices: [{input: 0.15, output: 0.60}], weight: 4}
  azure/big: {prices: [{input: 3, output: 11}]}
"""
HEAD = "waypost: catalog-overlay/v1\nname: acme\nsource: Framework agreement 7\nas_of: 2026-06-01\n"
NANO = 10**9
MINE = Provenance("acme", "2026-06-01", "overlay")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "base.yaml"
    path.write_text(BASE)
    return path


def over(base: Path, body: str, head: str = HEAD) -> Catalog:
    path = base.with_name("overlay.yaml")
    path.write_text(head + body)
    return load_catalog([base, path])


def got(catalog: Catalog, id: str) -> Target:
    found = catalog.get(id)
    assert found is not None
    return found


def rates(price: Price | None) -> tuple[str, int | None, int | None, int | None]:
    assert price is not None
    return price.since, price.input, price.output, price.cached_input


def test_a_discount_is_taken_of_every_rate(base: Path) -> None:
    """Of the provider as in ids, tiers too, exactly; the list's own prices stay behind it."""
    found = over(base, "discounts: {openai: 15 %}\n")
    first, *older = got(found, "openai/big").prices
    assert rates(first) == ("2026-06-01", 2_125_000_000, 8_500_000_000, 1_062_500_000)
    assert [(tokens, tier.input, tier.output) for tokens, tier in first.above] == [(200, 4_250_000_000, 12_750_000_000)]
    assert (first.basis, first.source, first.as_of) == ("overlay", "acme", "2026-06-01")
    assert [rates(price)[:2] for price in older] == [("2026-03-01", 2_500_000_000), ("2025-01-01", 4_000_000_000)]
    assert older[0].basis == "source"
    assert got(found, "azure/big") == got(load_catalog(base), "azure/big")
    assert found.sources["acme"] == Provenance("Framework agreement 7", "2026-06-01", "overlay")


def test_a_discount_follows_what_the_list_says_later(base: Path) -> None:
    """A contract that is older than the newest list price holds for both."""
    found = over(base, "since: 2026-02-01\ndiscounts: {openai: 50%}\n")
    assert [rates(price)[:2] for price in got(found, "openai/big").prices] == [
        ("2026-03-01", 1_250_000_000),
        ("2026-02-01", 2_000_000_000),
        ("2025-01-01", 4_000_000_000),
    ]


def test_a_rounded_discount_is_never_below_the_charge() -> None:
    """A rate that does not divide is rounded up, to a nano-USD."""
    target = Target("a/m", "a", "m", "a", prices=(Price("2026-01-01", 10, 7),))
    catalog = build_catalog("c", [target], [Endpoint("a", "a", "openai.chat", "https://a.example", "/")])
    found = lay(Overlay("o", Provenance("t", "2026-01-01", "overlay"), "2026-01-01", discounts={"a": 333_333}), catalog)
    assert rates(got(found, "a/m").price) == ("2026-01-01", 7, 5, None)


def test_a_price_of_a_target(base: Path) -> None:
    """What it does not give stays as it is charged: with the discount; what is paid stands above a newer list price."""
    found = over(base, "discounts: {openai: 10 %}\nprices:\n  openai/big: {input: 2, since: 2026-02-01}\n")
    first, *older = got(found, "openai/big").prices
    assert rates(first) == ("2026-02-01", 2 * NANO, 9 * NANO, 1_125_000_000)
    assert first.above[0][1].input == 4_500_000_000
    assert [price.since for price in older] == ["2025-01-01"]
    assert first.basis == "overlay"


def test_the_same_model_elsewhere(base: Path) -> None:
    """A deployment has the model's facts, its own weight, and neither the other place's data nor its price."""
    body = """\
endpoints:
  eu: {provider: azure, dialect: openai.chat, base_url: "https://eu.example/v1", path: /chat, key_env: [EU_KEY]}
targets:
  openai/big@spare: {like: openai/big, weight: 3}
  azure/big@eu: {like: openai/big, endpoint: eu, region: eu, price: {input: 2, output: 8}, labels: {desk: a}}
weights: {openai/big: 0, openai/small: 2}
discounts: {openai: 20 %}
"""
    found = over(base, body)
    spare, eu = got(found, "openai/big@spare"), got(found, "azure/big@eu")
    assert (spare.endpoint, spare.weight, spare.context_window, spare.region) == ("openai", 3, 1000, "us")
    assert rates(spare.price)[:2] == ("2026-06-01", 2 * NANO)
    assert (eu.endpoint, eu.weight, eu.context_window, eu.region, eu.retention) == ("eu", 1, 1000, "eu", None)
    assert (eu.model, eu.deployment, dict(eu.labels)) == ("big", "eu", {"desk": "a"})
    assert [rates(price) for price in eu.prices] == [("2026-06-01", 2 * NANO, 8 * NANO, None)]
    assert (eu.provenance["region"], "retention" in eu.provenance) == (MINE, False)
    assert spare.provenance["weight"] == MINE
    assert (got(found, "openai/big").weight, got(found, "openai/small").weight) == (0, 2)
    assert found.resolve("big", "openai") == got(found, "openai/big")
    assert found.endpoints["eu"].key_env == ("EU_KEY",)


def test_a_catalog_may_have_weights_itself(base: Path) -> None:
    """One is what nobody says."""
    catalog = load_catalog(base)
    assert (got(catalog, "openai/small").weight, got(catalog, "openai/big").weight) == (4, 1)


def test_the_merged_catalog_has_a_fingerprint_of_its_own(base: Path) -> None:
    """It is rebuilt from its document, and what changes no fact changes no fingerprint."""
    one = over(base, "discounts: {openai: 15 %}\n")
    assert one.name == "base+acme"
    assert len({one.fingerprint, load_catalog(base).fingerprint, over(base, "weights: {}\n").fingerprint}) == 3
    assert over(base, "# a comment\ndiscounts: {'openai': 15.0 %}\n").fingerprint == one.fingerprint
    again = catalog_from_document(one.document)
    assert (again.fingerprint, again.targets, again.sources) == (one.fingerprint, one.targets, one.sources)


def test_overlays_lie_on_each_other(base: Path) -> None:
    """In their order; the second sees what the first brought."""
    first = base.with_name("first.yaml")
    first.write_text(HEAD + "targets: {openai/big@a: {like: openai/big}}\n")
    second = base.with_name("second.yaml")
    second.write_text(HEAD.replace("acme", "more") + "weights: {openai/big@a: 9}\n")
    found = load_catalog(f"{base}{os.pathsep}{first}{os.pathsep}{second}")
    assert (got(found, "openai/big@a").weight, found.name) == (9, "base+acme+more")
    with pytest.raises(CatalogError, match=r"second.yaml:5:\d+: unknown target 'openai/big@a'"):
        load_catalog([base, second, first])


def test_an_overlay_alone_lies_on_the_packaged_catalog(tmp_path: Path) -> None:
    """Also through a cache, from which it comes the same."""
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD.replace("2026-06-01", "2026-11-10") + "discounts: {openai: 15 %}\n")
    plain, found = load_catalog(), load_catalog(path)
    listed, paid = got(plain, "openai/gpt-4o").price, got(found, "openai/gpt-4o").price
    assert listed is not None
    assert paid is not None
    assert listed.input is not None
    assert paid.input == listed.input * 85 // 100
    assert load_catalog(path, cache=tmp_path / "c") == load_catalog(path, cache=tmp_path / "c") == found


def test_the_example_of_the_docs_lies_on_the_packaged_catalog(tmp_path: Path) -> None:
    """docs/calls.md shows what works."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "calls.md").read_text()
    path = tmp_path / "ours.yaml"
    path.write_text(page.partition("```yaml\n")[2].partition("```")[0])
    found = load_catalog(path)
    assert got(found, "openai/gpt-4o@eu").weight == 3
    assert rates(got(found, "anthropic/claude-opus-4-5").price)[:3] == ("2026-06-01", 4 * NANO, 20 * NANO)


def test_two_catalogs_are_no_catalog(base: Path) -> None:
    """Only overlays lie on one."""
    with pytest.raises(CatalogError, match=r"base.yaml: a second catalog; give one"):
        load_catalog([base, base])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("discounts: {opnai: 15 %}\n", "5:13: unknown provider 'opnai'; did you mean 'openai'?"),
        (
            "discounts: {openai: 15}\n",
            "5:21: `openai` is '15', not a percentage; write a number of 0..100 and %, as in 15 %",
        ),
        ("discounts: {openai: 101 %}\n", "5:21: `openai` is '101 %', not a percentage"),
        ("discounts: {openai: -1 %}\n", "5:21: `openai` is '-1 %', not a percentage"),
        ("discounts: {openai: 0.00001 %}\n", "5:21: `openai` is '0.00001 %', not a percentage"),
        ("prices: {openai/bigg: {input: 1}}\n", "5:10: unknown target 'openai/bigg'; did you mean 'openai/big'?"),
        ("prices: {openai/big: {inptu: 1}}\n", "5:23: unknown key 'inptu'; did you mean 'input'?"),
        ("prices: {openai/big: {input: -1}}\n", "`input` is '-1', not a price"),
        ("prices: {openai/big: {}}\n", "5:22: a price without any rate"),
        ("prices: {openai/big: {input: 1, since: 2099-01-01}}\n", "`since` 2099-01-01 lies in the future"),
        ("weights: {openai/big: 1.5}\n", "`openai/big` is '1.5', not a whole number"),
        ("weights: {openai/big: -1}\n", "`openai/big` is '-1', not a whole number"),
        ("targets: {openai/big: {like: openai/small}}\n", "target 'openai/big' is in the catalog already"),
        ("targets: {openai/x: {endpoint: openai}}\n", "target 'openai/x' has no `like`; add `like:`"),
        ("targets: {openai/x: {like: openai/bog}}\n", "unknown target 'openai/bog'; did you mean 'openai/big'?"),
        (
            "targets: {openai/x: {like: openai/big, endpoint: azuer}}\n",
            "unknown endpoint 'azuer'; did you mean 'azure'?",
        ),
        ("targets: {big: {like: openai/big}}\n", "target 'big' is not provider/model"),
        (
            "endpoints: {azure: {provider: a, dialect: openai.chat, base_url: https://x, path: /}}\n",
            "endpoint 'azure' is in the catalog already",
        ),
        ("discount: {openai: 15 %}\n", "5:1: unknown key 'discount'; did you mean 'discounts'?"),
    ],
)
def test_faults_have_places(base: Path, body: str, said: str) -> None:
    """File, line and column, and the nearest name."""
    with pytest.raises(CatalogError) as caught:
        over(base, body)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{base.with_name('overlay.yaml')}:5:")


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("waypost: catalog-overlay/v2\nname: x\nsource: t\nas_of: 2026-01-01\n", "`waypost` is 'catalog-overlay/v2'"),
        ("waypost: catalog-overlay/v1\n", "the overlay has no `name`; add `name:`"),
        (HEAD.replace("acme", "list"), "`name` is 'list'; the catalog has a source of that name"),
        (HEAD.replace("2026-06-01", "2099-06-01"), "`as_of` 2099-06-01 lies in the future"),
        (HEAD.replace("2026-06-01", "June"), "`as_of` is 'June', not a date"),
    ],
)
def test_faults_of_the_head(base: Path, head: str, said: str) -> None:
    """Every fault of a file comes at once."""
    with pytest.raises(CatalogError) as caught:
        over(base, "weights: {nobody: 1}\n", head)
    assert said in str(caught.value)
    assert "unknown target 'nobody'" in str(caught.value)


def test_the_environment_and_the_argument_take_several(base: Path, tmp_path: Path) -> None:
    """`WAYPOST_CATALOG=a.yaml:overlay.yaml`, or a list; the bundle knows all files."""
    path = tmp_path / "o.yaml"
    path.write_text(HEAD + "discounts: {openai: 15 %}\n")
    policy = tmp_path / "p.yaml"
    policy.write_text("waypost: policy/v1\nname: p\nmode: route\n")
    env = {"WAYPOST_CATALOG": f"{base}{os.pathsep}{path}", "WAYPOST_HOME": str(tmp_path / "home")}
    for settings in (read(env, policy=policy), read({}, policy=policy, catalog=[str(base), path])):
        found = bundle.load(settings)
        assert found.routes.catalog.name == "base+acme"
        assert found.files == (str(base), str(path), str(policy))
    loaded = load_catalog(base)
    settings = Settings(tmp_path, (policy,), [loaded, path])
    assert bundle.load(settings).routes.catalog.name == "base+acme"
    with pytest.raises(SettingsError, match="catalog is int; give a path, a loaded catalog, or a list"):
        bundle.load(replace(settings, catalog=[5]))


@given(st.integers(0, 10**15), st.integers(0, 1_000_000))
def test_discounts_are_exact(rate: int, ppm: int) -> None:
    """The smallest price that is not below the part that is left."""
    target = Target("a/m", "a", "m", "a", prices=(Price("2026-01-01", rate, None),))
    catalog = build_catalog("c", [target], [Endpoint("a", "a", "openai.chat", "https://a.example", "/")])
    found = lay(Overlay("o", MINE, "2026-01-01", discounts={"a": ppm}), catalog)
    (price,) = got(found, "a/m").prices
    assert price.input is not None
    left = rate * (1_000_000 - ppm)
    assert price.input * 1_000_000 >= left > (price.input - 1) * 1_000_000
