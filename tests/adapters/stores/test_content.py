"""Contents and their keys: sealed, read, forgotten, expired; by several stores, and where something was changed."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from waypost.adapters.stores.content import ContentStore, Dropped, Found
from waypost.adapters.stores.database import StoreError
from waypost.adapters.stores.sealing import seal, unseal

ANA, BOB = "p_" + "a" * 32, "p_" + "b" * 32
ONE, TWO, THREE = ("wp_" + digit * 32 for digit in "123")
DAY = 86_400 * 10**9


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    return ContentStore(tmp_path / "content")


def put(store: ContentStore, receipt: str, subject: str, data: bytes = b"Zanzibar", *, at: int = 0) -> str:
    return store.put(receipt, subject, data, now_ns=at, expires_ns=at + DAY)


def key_of(store: ContentStore, subject: str) -> bytes:
    found: bytes = store._keys.query("SELECT key FROM keys WHERE subject = ?", (subject,))[0][0]
    return found


def everything(store: ContentStore) -> bytes:
    return b"".join(path.read_bytes() for path in store.directory.iterdir())


def test_what_was_sealed_is_read(store: ContentStore) -> None:
    """By the digest that the receipt has, and by another store too."""
    digest = put(store, ONE, ANA)
    assert store.get(ONE, 0, digest) == Found("kept", b"Zanzibar")
    assert ContentStore(store.directory).get(ONE, 0, digest) == Found("kept", b"Zanzibar")
    assert ContentStore(store.directory, readonly=True).get(ONE, 0) == Found("kept", b"Zanzibar")
    assert store.get(TWO, 0).state == "gone"
    assert b"Zanzibar" not in everything(store)


def test_files_that_were_removed_are_made_anew(store: ContentStore) -> None:
    """Else a running process would write where nobody reads, and nobody can forget."""
    put(store, ONE, ANA)
    old = key_of(store, ANA)
    for path in store.directory.iterdir():
        path.unlink()
    digest = put(store, TWO, ANA)
    other = ContentStore(store.directory)
    assert other.get(TWO, 0, digest) == Found("kept", b"Zanzibar")
    assert other.get(ONE, 0).state == "gone"
    assert key_of(other, ANA) != old
    assert other.forget(ANA).keys == 1
    assert store.get(TWO, 0).state == "erased"


def test_a_subject_has_one_key_and_each_content_a_nonce_of_its_own(store: ContentStore) -> None:
    """Equal words are sealed differently, so that nobody sees that they are equal."""
    digests = {put(store, receipt, ANA) for receipt in (ONE, TWO)}
    assert len(digests) == 2
    assert store._keys.query("SELECT count(*) FROM keys", ()) == [(1,)]
    assert len(key_of(store, ANA)) == 32


def test_forgetting_drops_the_key_from_every_byte(store: ContentStore) -> None:
    """S5.14: the file, its log and what was deleted in it; other people's stay."""
    put(store, ONE, ANA)
    put(store, TWO, BOB)
    key, other = key_of(store, ANA), key_of(store, BOB)
    assert key in everything(store)
    sealed = store._contents.query("SELECT sealed FROM contents WHERE receipt = ?", (ONE,))[0][0]
    assert store.forget(ANA) == Dropped(contents=1, keys=1)
    assert (key in everything(store), other in everything(store)) == (False, True)
    assert (store.get(ONE, 0).state, store.get(TWO, 0).state) == ("erased", "kept")
    assert store.forget(ANA) == Dropped()
    assert unseal(sealed, other, bound=f"{ONE} {ANA}") is None


def test_forgetting_one_call_of_a_person_removes_it_from_every_byte(store: ContentStore) -> None:
    """S5.14: the person's key stays for the other calls, so what was sealed must go from file and log, and it is said
    that copies can still be read."""
    put(store, ONE, ANA)
    put(store, TWO, ANA)
    sealed = store._contents.query("SELECT sealed FROM contents WHERE receipt = ?", (ONE,))[0][0]
    assert sealed in everything(store)
    assert store.forget_receipt(ONE) == Dropped(contents=1, keys=0)
    assert sealed not in everything(store)
    assert (store.get(ONE, 0).state, store.get(TWO, 0).state) == ("deleted", "kept")


def test_a_copy_without_its_key_cannot_be_read(store: ContentStore, tmp_path: Path) -> None:
    """A backup of the contents alone is erased with the key that is not in it."""
    put(store, ONE, ANA)
    store.close()
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "content.sqlite").write_bytes((store.directory / "content.sqlite").read_bytes())
    assert ContentStore(copy).get(ONE, 0).state == "erased"


def test_a_content_that_comes_after_is_under_a_new_key(store: ContentStore) -> None:
    """What was sealed before stays erased."""
    put(store, ONE, ANA)
    old = key_of(store, ANA)
    store.forget(ANA)
    put(store, TWO, ANA)
    assert key_of(store, ANA) != old
    assert (store.get(ONE, 0).state, store.get(TWO, 0).state) == ("erased", "kept")


def test_one_content_can_be_forgotten(store: ContentStore) -> None:
    """Somebody's by what is sealed, nobody's by its key."""
    put(store, ONE, ANA)
    put(store, TWO, ANA)
    put(store, THREE, THREE)
    assert store.forget_receipt(ONE) == Dropped(contents=1)
    assert store.forget_receipt(THREE) == Dropped(contents=1, keys=1)
    assert [store.get(receipt, 0).state for receipt in (ONE, TWO, THREE)] == ["deleted", "kept", "erased"]


def test_what_expired_goes_with_keys_of_single_receipts(store: ContentStore) -> None:
    """To the nanosecond; a person's key stays for what comes."""
    put(store, ONE, ANA)
    put(store, TWO, TWO)
    put(store, THREE, ANA, at=1)
    assert (store.get(ONE, DAY - 1).state, store.get(ONE, DAY).state) == ("kept", "expired")
    assert (store.count(DAY - 1)[0], store.count(DAY)[0]) == (3, 1)
    assert store.sweep(DAY) == 2
    assert store.sweep(DAY) == 0
    assert [store.get(receipt, 0).state for receipt in (ONE, TWO, THREE)] == ["gone", "gone", "kept"]
    assert store._keys.query("SELECT subject FROM keys", ()) == [(ANA,)]


def test_a_log_that_somebody_reads_is_said(store: ContentStore) -> None:
    """Another process in the middle of reading keeps the log: it is said, and clear the next time."""
    put(store, ONE, ANA)
    key = key_of(store, ANA)
    other = sqlite3.connect(store.directory / "keys.sqlite", isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT * FROM keys").fetchall()
    store._keys.query("PRAGMA busy_timeout = 50", ())
    assert store.forget(ANA).logged
    other.execute("COMMIT")
    other.close()
    assert store.forget(ANA) == Dropped()
    assert key not in everything(store)


def test_files_are_the_owners_whatever_the_mask(tmp_path: Path) -> None:
    """0600, and a directory that only its owner enters."""
    before = os.umask(0)
    try:
        store = ContentStore(tmp_path / "content")
        put(store, ONE, ANA)
        assert {path.stat().st_mode & 0o777 for path in store.directory.iterdir()} == {0o600}
        assert store.directory.stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)


def test_many_threads_and_stores_make_one_key(tmp_path: Path) -> None:
    """Who comes second takes the first one's."""
    stores = [ContentStore(tmp_path / "content") for _ in range(4)]
    faults: list[BaseException] = []

    def work(store: ContentStore, number: int) -> None:
        try:
            for at in range(5):
                put(store, f"wp_{number:016x}{at:016x}", ANA)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(store, number)) for number, store in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert stores[0].count(0)[0] == 20
    found = [stores[0].get(f"wp_{number:016x}{at:016x}", 0).state for number in range(4) for at in range(5)]
    assert found == ["kept"] * 20


def test_who_comes_second_takes_the_first_ones_key(store: ContentStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both looked before either made one."""
    put(store, ONE, ANA)
    other = ContentStore(store.directory)
    monkeypatch.setattr(other._keys, "query", lambda *_: [])
    put(other, TWO, ANA)
    assert [store.get(receipt, 0).state for receipt in (ONE, TWO)] == ["kept", "kept"]


def test_what_is_broken_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    """A file that is no database, and one that a newer version wrote."""
    directory = tmp_path / "content"
    directory.mkdir()
    (directory / "keys.sqlite").write_bytes(b"no database" * 1_000)
    with pytest.raises(StoreError, match=r"keys\.sqlite: file is not a database; "):
        put(ContentStore(directory), ONE, ANA)
    (directory / "keys.sqlite").unlink()
    with sqlite3.connect(directory / "keys.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="written by a newer Waypost"):
        put(ContentStore(directory), ONE, ANA)


def test_what_is_sealed_opens_only_as_it_was_sealed() -> None:
    """Another key, another receipt, another byte, or nothing at all."""
    key = bytes(32)
    sealed = seal(b"Zanzibar", key, bound="one")
    assert unseal(sealed, key, bound="one") == b"Zanzibar"
    assert unseal(sealed, bytes(31) + b"x", bound="one") is None
    assert unseal(sealed, key, bound="two") is None
    assert unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]), key, bound="one") is None
    for end in range(len(sealed)):
        assert unseal(sealed[:end], key, bound="one") is None
