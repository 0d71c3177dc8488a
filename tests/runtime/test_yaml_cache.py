"""Parsed policy files from one start to the next: the same nodes, the same errors, no parser, no trust in damage."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost._version import __version__
from waypost.core.model.decision import Source
from waypost.errors import PolicyError
from waypost.runtime import yaml, yaml_cache
from waypost.runtime.documents import load_policy

TEXT = 'a: !replace [1, 1.50, "x", ~, true, {b: é}]\nc:\n  d: 123456789012345678901234567890\n'
BROKEN = "waypost: policy/v1\nname: p\nrules:\n  - {name: r, use: [no/such], whne: stream}\nrank: chaepest\n"


def _never(*_: object) -> Any:
    raise AssertionError("it was parsed again")


def test_the_cache_gives_the_same_nodes_without_parsing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values, kinds, tags and places come back as they were, under the name by which the file goes now."""
    cache = tmp_path / "deep" / "cache"
    assert yaml_cache.parse(TEXT, "a.yaml", PolicyError, cache) == yaml.parse(TEXT, "a.yaml", PolicyError)
    assert [one.name.endswith(f"-1-{__version__}.json") for one in cache.iterdir()] == [True]
    expected = yaml.parse(TEXT, "b.yaml", PolicyError)
    monkeypatch.setattr(yaml, "parse", _never)
    assert yaml_cache.parse(TEXT, "b.yaml", PolicyError, cache) == expected


_LEAVES = st.builds(
    yaml.Scalar, st.none() | st.booleans() | st.integers() | st.text(), st.text(), st.text(),
    st.builds(Source, st.just("f"), st.integers(1), st.integers(1), st.integers(1)), st.none() | st.text(),
)  # fmt: skip
_PLACE = st.builds(Source, st.just("f"), st.integers(1), st.integers(1), st.integers(1))
_NODES = st.recursive(
    _LEAVES,
    lambda inner: (
        st.builds(yaml.Sequence, st.lists(inner).map(tuple), _PLACE)
        | st.builds(yaml.Mapping, st.lists(st.tuples(_LEAVES, inner)).map(tuple), _PLACE)
    ),
    max_leaves=8,
)


@given(node=_NODES)
def test_any_nodes_come_back(tmp_path_factory: pytest.TempPathFactory, node: yaml.Node) -> None:
    """Whatever is written is read as it was, also what no file says yet."""
    stored = tmp_path_factory.getbasetemp() / "nodes.json"
    yaml_cache._to_cache(stored, "digest", node)
    assert yaml_cache._from_cache(stored, "digest", "f") == node


def test_errors_are_the_same_with_a_warm_cache(tmp_path: Path) -> None:
    """S2.04: every fault of a file keeps its text and its place when the file does not have to be parsed."""
    file, said = tmp_path / "p.yaml", []
    file.write_text(BROKEN)
    for cache in (None, tmp_path / "cache", tmp_path / "cache"):
        with pytest.raises(PolicyError) as caught:
            load_policy(file, catalog=None, cache=cache)
        said.append([str(one) for one in (caught.value, *caught.value.others)])
    assert len(list((tmp_path / "cache").iterdir())) == 1
    assert said[0] == said[1] == said[2]
    assert len(said[0]) >= 2


def test_what_cannot_be_parsed_is_not_kept(tmp_path: Path) -> None:
    """A syntax error is found again each time, and leaves nothing behind."""
    for _ in range(2):
        with pytest.raises(PolicyError):
            yaml_cache.parse("a: [", "a.yaml", PolicyError, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: b"",
        lambda raw: raw[:-1],
        lambda raw: raw.replace(b"1.50", b"9.50"),
        lambda raw: b"0" * 64 + raw[64:],
        lambda raw: _sealed(raw, b"[1]"),
        lambda raw: _sealed(raw, b"\xff"),
        lambda raw: _sealed(raw, b"[" * 100_000),
    ],
    ids=["empty", "cut", "bent", "another text's", "other nodes", "no text", "too deep"],
)
def test_a_damaged_cache_is_not_believed(tmp_path: Path, damage: Any) -> None:
    """Both hashes and the form are checked; the file is parsed again and the cache mended."""
    expected = yaml_cache.parse(TEXT, "a.yaml", PolicyError, tmp_path)
    (stored,) = tmp_path.iterdir()
    good = stored.read_bytes()
    stored.write_bytes(damage(good))
    assert yaml_cache.parse(TEXT, "a.yaml", PolicyError, tmp_path) == expected
    assert stored.read_bytes() == good


def _sealed(raw: bytes, body: bytes) -> bytes:
    return raw[:64] + b" " + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def test_another_version_has_a_cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another version of Waypost understood is never taken over."""
    yaml_cache.parse(TEXT, "a.yaml", PolicyError, tmp_path)
    monkeypatch.setattr(yaml_cache, "CACHE", "1-another")
    monkeypatch.setattr(yaml, "parse", _never)
    with pytest.raises(AssertionError, match="parsed again"):
        yaml_cache.parse(TEXT, "a.yaml", PolicyError, tmp_path)


def test_a_cache_that_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    """A file stands where the directory should be: everything is parsed, nothing is said."""
    blocked = tmp_path / "cache"
    blocked.write_text("")
    assert yaml_cache.parse("a: b", "a.yaml", PolicyError, blocked) == yaml.parse("a: b", "a.yaml", PolicyError)


def test_a_second_start_imports_neither_a_parser_nor_the_store(tmp_path: Path) -> None:
    """What it is for: switching on in a home that was used before, and a receipt's store only when it is asked for."""
    script = (
        "import sys; before = set(sys.modules); import waypost; waypost.auto_instrument();"  # coverage has SQLite, too
        "new = set(sys.modules) - before;"
        "print(sorted({'yaml', 'sqlite3', 'difflib', 'waypost.runtime.catalog_reader'} & new));"
        "print(waypost.receipt('wp_unknown'), 'sqlite3' in sys.modules)"
    )
    environ = {**os.environ, "WAYPOST_HOME": str(tmp_path)}
    environ.pop("WAYPOST_POLICY", None)
    said = [
        subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert "yaml" in said[0]
    assert said[1] == "[]\nNone True\n"
