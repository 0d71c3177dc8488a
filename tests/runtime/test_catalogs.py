"""Loading a catalog: where it is found, what changes its fingerprint, the cache, the way back from the store."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
from pathlib import Path

import pytest

from waypost._version import __version__
from waypost.core.catalog import packed
from waypost.core.catalog.pricing import price_usage
from waypost.core.model.canonical import canonical
from waypost.core.model.outcome import Usage
from waypost.core.model.target import Latency, Price, Provenance
from waypost.errors import CatalogError
from waypost.runtime import catalog_cache, catalogs
from waypost.runtime.catalogs import catalog_from_document, load_catalog, packaged_catalog, read_catalog

SMALL = """\
waypost: catalog/v1
name: small
sources:
  list: {text: "Price list", as_of: 2026-02-01}
  guess: {text: "Our guess", as_of: 2026-02-02, basis: prior}
by_default: {prices: list, about: guess}
endpoints:
  v: {provider: vendor, dialect: openai.chat, base_url: "https://v.example/v1", path: /chat/completions,
      auth: {header: Authorization, prefix: "Bearer ", extra: {x-v: "1"}}, key_env: [V_KEY], base_url_env: V_URL,
      max_tokens_field: max_tokens, drops: [user],
      also: {openai.responses: /r, anthropic.messages: /m}, data: {region: eu, retention: 30d, source: list}}
capabilities:
  base: {flags: [stream, tools, n], source: list}
  more: {extends: base, flags: [stop], without: [n], source: guess}
targets:
  v/m:
    about: {family: f, tier: balanced, status: active}
    limits: {context_window: 1000, max_output: 100, source: list}
    capabilities: more
    prices:
      - {since: 2026-01-15, input: 0.15, output: .6, cached_input: 0.075,
         above: [{tokens: 500, input: 1, output: 2.5}]}
      - {since: 2025-01-15, input: 0.000000001, output: 7.}
    priors: {quality: 0.5, first_token: 1.5 s, per_token: 20 us, p95: 3 s, source: guess}
    snapshots: [m-2026]
    labels: {team: search}
  v/m@x:
    endpoint: v
    data: {retention: none, source: guess}
aliases: {nick: v/m}
"""


def test_every_key_of_the_format_is_read() -> None:
    """S2.12: facts, exact integers, and the source that each group names."""
    table = read_catalog(SMALL, "small.yaml")
    target, bare = table.targets
    listed, guess = Provenance("list", "2026-02-01"), Provenance("guess", "2026-02-02", "prior")
    assert (target.id, target.provider, target.model, target.endpoint, target.deployment) == (
        "v/m",
        "v",
        "m",
        "v",
        None,
    )
    assert (target.family, target.tier, target.labels) == ("f", "balanced", {"status": "active", "team": "search"})
    assert (target.context_window, target.max_output, target.quality) == (1_000, 100, 500_000)
    assert target.capabilities == ("stop", "stream", "tools")
    assert target.latency == Latency(1_500_000_000, 20_000, 3_000_000_000)
    assert (target.region, target.retention) == ("eu", "30d")
    above = ((500, Price(since="", input=1_000_000_000, output=2_500_000_000)),)
    assert target.prices == (
        Price("2026-01-15", 150_000_000, 600_000_000, 75_000_000, above=above, source="list", as_of="2026-02-01"),
        Price("2025-01-15", 1, 7_000_000_000, source="list", as_of="2026-02-01"),
    )
    assert target.provenance == {
        "capabilities": guess,
        "context_window": listed,
        "family": guess,
        "labels.status": guess,
        "latency": guess,
        "max_output": listed,
        "quality": guess,
        "region": listed,
        "retention": listed,
        "tier": guess,
    }
    assert (bare.id, bare.deployment, bare.region, bare.retention) == ("v/m@x", "x", None, "none")
    assert (bare.price, bare.capabilities, bare.latency) == (None, (), None)
    assert table.aliases == {"nick": "v/m", "v/m-2026": "v/m"}
    assert table.sources["guess"] == Provenance("Our guess", "2026-02-02", "prior")
    endpoint = table.endpoints["v"]
    assert endpoint.auth is not None
    assert (endpoint.auth.header, endpoint.auth.prefix, endpoint.auth.extra) == (
        "Authorization",
        "Bearer ",
        (("x-v", "1"),),
    )
    assert (endpoint.key_env, endpoint.base_url_env, endpoint.drops) == (("V_KEY",), "V_URL", ("user",))
    assert endpoint.max_tokens_field == "max_tokens"
    assert endpoint.also == (("anthropic.messages", "/m"), ("openai.responses", "/r"))


def test_an_alias_prices_like_its_target() -> None:
    """What the provider says it served is looked up by its snapshot's name."""
    found = read_catalog(SMALL, "small.yaml").resolve("m-2026", "v")
    assert price_usage(found, Usage(input=501, output=0)).nano_usd == 501_000


def test_comments_order_and_layout_do_not_change_the_fingerprint() -> None:
    """S6.01: the fingerprint is of the facts; the file's name is none of them."""
    blocks = re.split(r"(?m)^(?=\w)", SMALL)
    assert len(blocks) == 9
    reordered = "# another file\n" + "".join([blocks[1], *reversed(blocks[2:])]) + "# end\n"
    first, second = read_catalog(SMALL, "a.yaml"), read_catalog(reordered, "b.yaml")
    assert first.fingerprint == second.fingerprint
    assert first == second
    spelled = SMALL.replace("0.15,", "0.150,").replace("1.5 s", "1500 ms").replace("quality: 0.5", "quality: 0.500")
    assert read_catalog(spelled, "a.yaml").fingerprint == first.fingerprint


@pytest.mark.parametrize(
    ("old", "new"),
    [("0.15", "0.16"), ("tier: balanced", "tier: powerful"), ("Price list", "Another list"), ("[user]", "[store]")],
)
def test_a_fact_changes_the_fingerprint(old: str, new: str) -> None:
    """A semantic change always does."""
    assert read_catalog(SMALL.replace(old, new, 1), "a").fingerprint != read_catalog(SMALL, "a").fingerprint


@pytest.mark.parametrize("text", [SMALL, packaged_catalog().read_text()], ids=["small", "packaged"])
def test_the_stored_document_is_the_catalog(text: str) -> None:
    """S6.01: what the object store keeps under the fingerprint rebuilds the same catalog, fingerprint included."""
    table = read_catalog(text, "c.yaml")
    back = catalog_from_document(json.loads(canonical(table.document)))
    assert back == table
    assert back.fingerprint == table.fingerprint
    assert back.resolve("gpt-4o-2024-08-06") == table.resolve("gpt-4o-2024-08-06")


def test_a_foreign_document_is_refused() -> None:
    """A damaged store says what is wrong."""
    with pytest.raises(CatalogError, match="document: not a catalog/v1 document: KeyError 'waypost'; load the"):
        catalog_from_document({})
    with pytest.raises(CatalogError, match="document: not a catalog/v1 document: ValueError 'catalog/v9' is not"):
        catalog_from_document({"waypost": "catalog/v9"})


def test_the_packaged_catalog_is_the_default() -> None:
    """Without a path the catalog that comes with Waypost is loaded."""
    assert load_catalog().name == "packaged"
    assert load_catalog() == load_catalog(packaged_catalog())


def test_the_packaged_catalog_is_found_in_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a wheel the policies lie inside the package, in a checkout beside src."""
    package = tmp_path / "site-packages" / "waypost"
    monkeypatch.setattr(catalogs, "__file__", str(package / "runtime" / "catalogs.py"))
    assert packaged_catalog() == tmp_path / "policies" / "catalog.yaml"
    (package / "policies").mkdir(parents=True)
    (package / "policies" / "catalog.yaml").write_text(SMALL)
    assert load_catalog().name == "small"


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    """The path and the remedy, no traceback of ours."""
    with pytest.raises(CatalogError) as caught:
        load_catalog(tmp_path / "no.yaml")
    where = tmp_path / "no.yaml"
    assert str(caught.value) == f"{where}: cannot be read (No such file or directory); give the path of a catalog file"
    where.write_bytes(b"name: \xff")
    with pytest.raises(CatalogError, match=r"no\.yaml: not UTF-8; give the path"):
        load_catalog(str(where))


def test_the_cache_gives_the_same_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second load parses no YAML and yields an equal catalog."""
    file, cache = tmp_path / "c.yaml", tmp_path / "deep" / "cache"
    file.write_text(SMALL)
    first = load_catalog(file, cache=cache)
    assert [one.name.endswith(f"-2-{__version__}.json") for one in cache.iterdir()] == [True]
    monkeypatch.setattr(catalogs, "read_catalog", pytest.fail)
    assert load_catalog(file, cache=cache) == first


def test_the_document_of_a_cached_catalog_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    """It has the bytes that the fingerprint names, and goes through a pickle unread."""
    file = tmp_path / "c.yaml"
    file.write_text(SMALL)
    first = load_catalog(file, cache=tmp_path)
    again = load_catalog(file, cache=tmp_path)
    kept = again.document
    assert isinstance(kept, catalog_cache.Stored)
    assert kept._read is None
    assert canonical(pickle.loads(pickle.dumps(kept))) == canonical(first.document) == kept.content
    assert (kept == first.document, first.document == kept, len(kept)) == (True, True, len(first.document))


def test_a_cache_of_other_fields_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows have their facts by place, so that they mean nothing where a record has another field."""
    file = tmp_path / "c.yaml"
    file.write_text(SMALL)
    first = load_catalog(file, cache=tmp_path / "cache")
    (stored,) = (tmp_path / "cache").iterdir()
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert catalog_cache.read(stored, digest) == first
    monkeypatch.setattr(packed, "FIELDS", [*packed.FIELDS[:2], packed.FIELDS[2][::-1]])
    assert catalog_cache.read(stored, digest) is None
    assert load_catalog(file, cache=tmp_path / "cache") == first


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    """The cache is keyed by the content."""
    file = tmp_path / "c.yaml"
    file.write_text(SMALL)
    first = load_catalog(file, cache=tmp_path)
    file.write_text(SMALL.replace("0.15", "0.16"))
    assert load_catalog(file, cache=tmp_path).fingerprint != first.fingerprint


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: b"",
        lambda raw: raw[:-1],
        lambda raw: raw.replace(b"150000000", b"150000001"),
        lambda raw: b"0" + raw[1:],
        lambda raw: raw.replace(b"\n", b" "),
    ],
    ids=["empty", "cut", "price", "source hash", "one line"],
)
def test_a_damaged_cache_is_not_believed(tmp_path: Path, damage) -> None:
    """A price in the cache cannot be bent unseen: both hashes are checked, and the file is parsed again."""
    file = tmp_path / "c.yaml"
    file.write_text(SMALL)
    first = load_catalog(file, cache=tmp_path / "cache")
    (stored,) = (tmp_path / "cache").iterdir()
    whole = stored.read_bytes()
    broken = damage(whole)
    assert broken != whole
    stored.write_bytes(broken)
    assert load_catalog(file, cache=tmp_path / "cache") == first
    assert stored.read_bytes() == whole


def test_a_cache_that_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    """The directory may be read-only, or no directory at all."""
    file, blocked = tmp_path / "c.yaml", tmp_path / "blocked"
    file.write_text(SMALL)
    blocked.write_text("a file")
    assert load_catalog(file, cache=blocked).name == "small"
