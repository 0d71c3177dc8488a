"""The object store: what is put comes back under its sha256, or an error does."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from waypost.adapters.stores.objects import ObjectStore
from waypost.core.model.canonical import canonical, fingerprint


def test_an_object_is_found_by_its_fingerprint(tmp_path: Path) -> None:
    """S2.16: what a receipt's fingerprint names can be had months later."""
    store = ObjectStore(tmp_path / "objects")
    document = {"name": "base", "rules": [1, 2]}
    name = store.put(canonical(document))
    assert name == fingerprint(document)
    assert store.get(name) == canonical(document)
    assert (name in store, "0" * 64 in store, "../x" in store, 7 in store) == (True, False, False, False)


def test_putting_twice_writes_once(tmp_path: Path) -> None:
    """Objects never change, so an existing one is left alone."""
    store = ObjectStore(tmp_path)
    name = store.put(b"{}")
    before = (tmp_path / name[:2] / name[2:]).stat().st_mtime_ns
    assert store.put(b"{}") == name
    assert (tmp_path / name[:2] / name[2:]).stat().st_mtime_ns == before


def test_what_is_not_there_is_a_key_error(tmp_path: Path) -> None:
    """A missing object, and a name that is none, which must not become a path."""
    store = ObjectStore(tmp_path)
    for name in ("0" * 64, "../../etc/passwd", "", "ABC"):
        with pytest.raises(KeyError):
            store.get(name)


def test_a_changed_object_is_refused(tmp_path: Path) -> None:
    """S2.16: a receipt is never proved against something else than what was in force."""
    store = ObjectStore(tmp_path)
    name = store.put(b'{"quality":1}')
    (tmp_path / name[:2] / name[2:]).write_bytes(b'{"quality":2}')
    with pytest.raises(OSError, match="not what its name says"):
        store.get(name)


def test_threads_that_put_the_same_object_agree(tmp_path: Path) -> None:
    """A reader sees a whole object or none; nothing half-written stays behind."""
    store, content = ObjectStore(tmp_path), b"x" * 100_000
    names: list[str] = []
    threads = [threading.Thread(target=lambda: names.append(store.put(content))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(names) == {hashlib.sha256(content).hexdigest()}
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [names[0][2:]]
    assert store.get(names[0]) == content
