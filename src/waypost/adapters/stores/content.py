"""Content beside receipts: sealed under a key of its subject, so that dropping the key erases every copy of it.

Keys and what is sealed under them are two files, so that a backup can leave the keys out. A key is read
anew for each content and never kept in memory, so that a process that runs on cannot write under a key that another one
has dropped.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Literal

from waypost.adapters.stores.database import Database, StoreError
from waypost.core.model.frozen import dataclass

KEYS = (
    """
    CREATE TABLE keys (id BLOB PRIMARY KEY, subject TEXT NOT NULL, key BLOB NOT NULL, expires_ns INTEGER) WITHOUT ROWID;
    CREATE UNIQUE INDEX keys_subject ON keys (subject);
    """,
)
CONTENTS = (
    """
    CREATE TABLE contents (
      receipt TEXT PRIMARY KEY, subject TEXT NOT NULL, key BLOB NOT NULL, made_ns INTEGER NOT NULL,
      expires_ns INTEGER NOT NULL, sealed BLOB NOT NULL
    );
    CREATE INDEX contents_subject ON contents (subject);
    CREATE INDEX contents_expires ON contents (expires_ns);
    """,
)
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Found:
    """``data`` where the state is ``kept``. ``erased``: its key was dropped; ``deleted``: it was removed here, and its
    key, which is its person's, is not; ``changed``: it is not what was sealed."""

    state: Literal["kept", "erased", "deleted", "expired", "gone", "changed"]
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Dropped:
    """What was forgotten: contents, and keys, which are there without contents where those have expired."""

    contents: int = 0
    keys: int = 0
    logged: bool = False
    """Another process is reading, so that the log beside keys or contents may hold what was dropped."""


class ContentStore:
    """Contents and keys in ``directory``, which is made when the first content comes. Processes may share it."""

    def __init__(self, directory: Path, *, readonly: bool = False) -> None:
        self.directory = directory
        self._keys = Database(directory / "keys.sqlite", readonly=readonly, tables=KEYS, private=True)
        self._contents = Database(directory / "content.sqlite", readonly=readonly, tables=CONTENTS, private=True)

    def put(self, receipt: str, subject: str, data: bytes, *, now_ns: int, expires_ns: int) -> str:
        """Seal ``data`` under the subject's key, which is made where it has none; sha256 of what was sealed. Where the
        files were removed they are made anew.

        Raises:
            StoreError: it cannot be written.
        """
        for database in (self._keys, self._contents):
            database.renew_if_removed()
        key_id, key = self._key(subject, expires_ns if subject == receipt else None)
        from waypost.adapters.stores.sealing import seal  # whoever keeps content has the library, who forgets need not

        sealed = seal(data, key, bound=f"{receipt} {subject}")
        with self._contents.transaction() as db:
            row = (receipt, subject, key_id, now_ns, expires_ns, sealed)
            db.execute("INSERT OR REPLACE INTO contents VALUES (?, ?, ?, ?, ?, ?)", row)
        return hashlib.sha256(sealed).hexdigest()

    def get(self, receipt: str, now_ns: int, digest: str | None = None) -> Found:
        """The content of that receipt, as it was sealed with ``digest``. Raises StoreError."""
        rows = self._contents.query(
            "SELECT subject, key, expires_ns, sealed FROM contents WHERE receipt = ?", (receipt,)
        )
        if not rows:
            return Found("gone")
        subject, key_id, expires_ns, sealed = rows[0]
        if expires_ns <= now_ns:
            return Found("expired")
        keys = self._keys.query("SELECT key FROM keys WHERE id = ?", (key_id,))
        if not keys:
            return Found("erased")
        if not sealed:
            return Found("deleted")
        if digest is not None and hashlib.sha256(sealed).hexdigest() != digest:
            return Found("changed")
        from waypost.adapters.stores.sealing import unseal

        data = unseal(sealed, keys[0][0], bound=f"{receipt} {subject}")
        return Found("changed") if data is None else Found("kept", data)

    def forget(self, subject: str) -> Dropped:
        """Drop the key of a subject, and what is sealed under it here. Raises StoreError."""
        with self._keys.transaction() as db:
            keys = db.execute("DELETE FROM keys WHERE subject = ?", (subject,)).rowcount
        with self._contents.transaction() as db:
            query = "UPDATE contents SET sealed = x'' WHERE subject = ? AND sealed != x''"
            contents = db.execute(query, (subject,)).rowcount
        return Dropped(contents, keys, logged=not self._cleared(self._keys) or not self._cleared(self._contents))

    def forget_receipt(self, receipt: str) -> Dropped:
        """Drop one content: its key where that is its own, else what is sealed. Raises StoreError."""
        own = self.forget(receipt)
        with self._contents.transaction() as db:
            query = "UPDATE contents SET sealed = x'' WHERE receipt = ? AND sealed != x''"
            more = db.execute(query, (receipt,)).rowcount
        return Dropped(own.contents + more, own.keys, own.logged or not self._cleared(self._contents))

    def sweep(self, now_ns: int) -> int:
        """Remove what has expired, with the keys of single receipts; how many contents. Raises StoreError."""
        if not self._contents.query("SELECT 1 FROM contents WHERE expires_ns <= ? LIMIT 1", (now_ns,)):
            return 0
        with self._contents.transaction() as db:
            gone = db.execute("DELETE FROM contents WHERE expires_ns <= ?", (now_ns,)).rowcount
        with self._keys.transaction() as db:
            keys = db.execute("DELETE FROM keys WHERE expires_ns <= ?", (now_ns,)).rowcount
        if keys:
            self._cleared(self._keys)
        return int(gone)

    def count(self, now_ns: int) -> tuple[int, int]:
        """How many contents can be read, and their bytes. Raises StoreError."""
        query = "SELECT count(*), coalesce(sum(length(sealed)), 0) FROM contents WHERE expires_ns > ? AND sealed != x''"
        found = self._contents.query(query, (now_ns,))[0]
        return int(found[0]), int(found[1])

    def close(self) -> None:
        self._keys.close()
        self._contents.close()

    def _key(self, subject: str, expires_ns: int | None) -> tuple[bytes, bytes]:
        """Id and key. Of two processes that make one at the same time both get the first."""
        query = "SELECT id, key FROM keys WHERE subject = ?"
        found = self._keys.query(query, (subject,))
        if not found:
            made = (os.urandom(16), subject, os.urandom(KEY_BYTES), expires_ns)
            with self._keys.transaction() as db:
                db.execute("INSERT OR IGNORE INTO keys VALUES (?, ?, ?, ?)", made)
                found = db.execute(query, (subject,)).fetchall()
        return found[0][0], found[0][1]

    def _cleared(self, database: Database) -> bool:
        """Whether nothing of what was deleted is left in the log beside it."""
        try:
            busy = database.query("PRAGMA wal_checkpoint(TRUNCATE)", ())[0][0]
        except StoreError:
            return False
        return not busy
