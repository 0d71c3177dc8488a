"""The key of a home: made once, whole, and by whichever process comes first."""

from __future__ import annotations

import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from waypost.runtime.digests import keyed
from waypost.runtime.home import Home


def test_a_digest_is_fixed() -> None:
    """What stands on receipts of years: 32 bytes of keyed BLAKE2b over texts behind their lengths."""
    assert keyed(("a", "bc"), b"k" * 32, size=32) == "b7d20f4915d8838557de70fd97e5647e2c7cb2bb56fe994451309a420e13abf0"
    assert keyed(("ab", "c"), b"k" * 32) != keyed(("a", "bc"), b"k" * 32)


def test_one_key_for_all_who_come_at_once(tmp_path: Path) -> None:
    """Twenty makers of one home have one pseudonym for one person, and nothing is left over."""
    with ThreadPoolExecutor(20) as pool:
        said = list(pool.map(lambda _: Home(tmp_path).pseudonym()("ana"), range(20)))
    assert len(set(said)) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [".gitignore", "pseudonym.key"]
    assert stat.S_IMODE((tmp_path / "pseudonym.key").stat().st_mode) == 0o600


def test_a_home_of_another_process_says_the_same(tmp_path: Path) -> None:
    """Pseudonyms and digests are the home's, not the process's."""
    one, two = Home(tmp_path), Home(tmp_path)
    assert one.pseudonym()("ana") == two.pseudonym()("ana")
    assert one.digest()(("x",)) == two.digest()(("x",)) != Home(tmp_path / "other").digest()(("x",))


def test_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that knows no links still gets its key."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    assert Home(tmp_path).pseudonym()("ana") == Home(tmp_path).pseudonym()("ana")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".gitignore", "pseudonym.key"]
