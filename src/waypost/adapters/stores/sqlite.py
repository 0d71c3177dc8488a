"""The embedded store: journals folded into SQLite, so that receipts can be listed, searched and verified.

Any process may fold any journal: how far it has been read stands in the same transaction as what was read, so that
nothing is lost or doubled. Folding copies the lines as they are and looks into none of them, because it runs beside
the application's calls; what is searched for is derived from them when somebody reads. Chains can be verified after a
journal is gone; journals of dead processes are removed once they are in.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from waypost.adapters.stores.database import Database, StoreError, insert
from waypost.adapters.stores.journal import SUFFIX, Finding, Line, check_line, genesis, line_hash, owner_of, raw_lines
from waypost.adapters.stores.tables import COLUMNS, COUNT_FAULT, MERGE, PLACES, Summary, about, faults, summarise
from waypost.core.model.receipt import Receipt
from waypost.core.model.receipt_fold import fold

__all__ = ["SqliteStore", "StoreError"]

BATCH = 2_000
CHUNK = 4_000_000
_MOST = (1 << 63) - 1
"""The greatest number that SQLite takes."""

_MODEL = "? IN (requested, selected, target, model, provider || '/' || model)"
"""Whether a receipt is of a model, by any of its names."""


class SqliteStore:
    """Receipts in one SQLite file, made on first use. Safe for threads, forks and many processes."""

    def __init__(self, path: str | os.PathLike[str], *, readonly: bool = False) -> None:
        self._database = Database(Path(path), readonly=readonly)
        self._query = self._database.query
        self._transaction = self._database.transaction
        self._seen: dict[str, int] = {}

    @property
    def path(self) -> Path:
        return self._database.path

    def fold(self, journals: str | os.PathLike[str]) -> int:
        """Take in all that is new in that directory, and return how many records that was. A store whose file was
        removed is made anew, of all that the journals still hold.

        Raises:
            StoreError: the store cannot be written; the journals stay as they are.
        """
        directory = Path(journals)
        with self._database.lock:
            if self._database.renew_if_removed():
                self._seen.clear()
            return sum(self._fold_file(directory, name) for name in _files(directory))

    def get(self, name: str) -> Receipt | None:
        """The receipt of that receipt id, request id or response id; of several the newest. Raises StoreError."""
        self._derive()
        query = (
            "SELECT id FROM receipts WHERE id = ?1 UNION ALL"
            " SELECT id FROM (SELECT id FROM receipts WHERE request_id = ?1 OR response_id = ?1"
            " ORDER BY started_ns DESC) LIMIT 1"
        )
        found = self._query(query, (name,))
        records = self.records(found[0][0]) if found else []
        return fold(records) if any("call" in record for record in records) else None

    def records(self, receipt: str) -> list[dict[str, Any]]:
        """The journal's records of one receipt in order, each with the name of its ``journal``."""
        self._derive()
        query = (
            "SELECT j.name, r.line FROM mentions m JOIN records r ON r.place = m.place"
            f" JOIN journals j ON j.id = m.place / {PLACES} WHERE m.receipt = ? ORDER BY m.place"
        )
        return [{**json.loads(line), "journal": name} for name, line in self._query(query, (receipt,))]

    def matching(self, prefix: str, limit: int = 10) -> list[str]:
        """Receipt ids that begin with ``prefix``, sorted."""
        self._derive()
        query = "SELECT id FROM receipts WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
        return [row[0] for row in self._query(query, (prefix, prefix + "\U0010ffff", limit))]

    def summaries(
        self,
        *,
        limit: int = 20,
        since_ns: int | None = None,
        only_open: bool = False,
        where: Mapping[str, str] | None = None,
    ) -> list[Summary]:
        """The newest receipts, newest first. ``where`` holds columns of `Summary` and the values they must equal.

        ``model`` in ``where`` is met by the model asked for, the one selected and the one that answered.
        """
        self._derive()
        terms, values = ["started_ns IS NOT NULL"], list[Any]()
        if since_ns is not None:
            terms.append("started_ns >= ?")
            values.append(since_ns)
        if only_open:
            terms.append("outcome IS NULL")
        for name, value in (where or {}).items():
            if name not in COLUMNS:
                raise ValueError(f"{name!r} is no column of a receipt")
            terms.append(_MODEL if name == "model" else f"{name} = ?")
            values.append(value)
        query = f"SELECT {', '.join(COLUMNS)} FROM receipts WHERE {' AND '.join(terms)}"
        found = self._query(f"{query} ORDER BY started_ns DESC, id LIMIT ?", (*values, min(limit, _MOST)))
        return [Summary(*row) for row in found]

    def open_receipts(self, limit: int = 1000) -> list[Summary]:
        """Calls that were sent and never settled: still under way, or their process died."""
        return self.summaries(limit=limit, only_open=True)

    def count(self) -> int:
        """How many receipts there are."""
        self._derive()
        return int(self._query("SELECT count(*) FROM receipts", ())[0][0])

    def faults(self) -> list[tuple[str, str, int]]:
        """What of ours broke in any process: layer, exception's class, how often."""
        self._derive()
        return [(row[0], row[1], row[2]) for row in self._query("SELECT * FROM faults ORDER BY layer, error", ())]

    def verify(self) -> list[Finding]:
        """Every line against its checksum, its predecessor and the anchors. Empty when nothing has been changed."""
        findings: list[Finding] = []
        hashes: dict[int, str] = {}
        for journal, name, seq, head in self._query("SELECT id, name, seq, head FROM journals ORDER BY id", ()):
            prev, expected = genesis(name), 0
            query = "SELECT line FROM records WHERE place >= ? AND place < ? ORDER BY place"
            for (raw,) in self._query(query, (journal * PLACES, (journal + 1) * PLACES)):
                line = Line.of(raw, 0)
                findings += [Finding(name, expected + 1, problem) for problem in check_line(line, expected, prev)]
                prev = hashes[journal * PLACES + expected] = line_hash(raw)
                expected += 1
            if (expected, prev) != (seq, head):
                findings.append(Finding(name, expected, f"the store has folded {seq} lines and ends elsewhere"))
        return [*findings, *self._verify_anchors(hashes)]

    def close(self) -> None:
        self._database.close()

    # Folding

    def _fold_file(self, directory: Path, file: str) -> int:
        path = directory / file
        try:
            grown = os.stat(path).st_size > self._seen.get(file, 0)
            total = self._take_all(path) if grown else 0
            if not (grown and f"-{os.getpid()}-" in file):
                total += self._reap(path)
        except FileNotFoundError:
            return 0
        return total

    def _take_all(self, path: Path) -> int:
        """Everything up to where the end is now; a busy process writes on, and is not waited for."""
        end, total = os.stat(path).st_size, 0
        while taken := self._take(path):
            total += taken
            if self._seen[path.name] >= end:
                break
        return total

    def _take(self, path: Path) -> int:
        """One batch of lines, from where the store says that reading stopped."""
        name, _ = owner_of(path.name)
        with self._transaction() as db:
            row = db.execute("SELECT offset FROM parts WHERE file = ?", (path.name,)).fetchone()
            offset = row[0] if row else 0
            lines = raw_lines(path, offset, CHUNK)
            if lines:
                self._keep(db, name, lines)
                offset += sum(map(len, lines))
                db.execute("INSERT OR REPLACE INTO parts VALUES (?, ?)", (path.name, offset))
        self._seen[path.name] = offset
        return len(lines)

    def _keep(self, db: sqlite3.Connection, name: str, lines: Sequence[bytes]) -> None:
        """The lines, the journal's head, and its anchor."""
        journal, seq = self._journal(db, name)
        place = journal * PLACES + seq
        insert(db, "INSERT INTO records", enumerate(lines, place))
        head, end = line_hash(lines[-1]), place + len(lines) - 1
        db.execute("UPDATE journals SET seq = ?, head = ? WHERE id = ?", (seq + len(lines), head, journal))
        last = db.execute("SELECT hash FROM anchors ORDER BY n DESC LIMIT 1").fetchone()
        anchor = _anchor(last[0] if last else "", end, head)
        db.execute("INSERT INTO anchors (place, head, hash) VALUES (?, ?, ?)", (end, head, anchor))

    def _journal(self, db: sqlite3.Connection, name: str) -> tuple[int, int]:
        """Id and next seq."""
        query = "SELECT id, seq FROM journals WHERE name = ?"
        row = db.execute(query, (name,)).fetchone()
        if row is None:
            db.execute("INSERT INTO journals (name, seq, head) VALUES (?, 0, ?)", (name, genesis(name)))
            row = db.execute(query, (name,)).fetchone()
        return int(row[0]), int(row[1])

    def _derive(self) -> None:
        """Bring summaries up to the records. Lines that are damaged are left to `verify`."""
        if self._database.readonly:
            return
        for journal, seq, done in self._query("SELECT id, seq, summarised FROM journals WHERE summarised < seq", ()):
            while done < seq:
                done = self._derive_some(journal, done)

    def _derive_some(self, journal: int, done: int) -> int:
        """One batch from ``done`` on, unless another process was faster; how far they are now."""
        with self._transaction() as db:
            (now,) = db.execute("SELECT summarised FROM journals WHERE id = ?", (journal,)).fetchone()
            if now > done:
                return int(now)
            query = "SELECT place, line FROM records WHERE place >= ? AND place < ? ORDER BY place LIMIT ?"
            rows = db.execute(query, (journal * PLACES + done, (journal + 1) * PLACES, BATCH)).fetchall()
            lines = [(place, Line.of(raw, 0)) for place, raw in rows]
            sound = [(place, line.record) for place, line in lines if line.problem is None and line.record is not None]
            mentions = [(receipt, place) for place, record in sound if (receipt := about(record)) is not None]
            insert(db, "INSERT OR IGNORE INTO mentions", mentions)
            insert(db, f"INSERT INTO receipts ({', '.join(COLUMNS)})", summarise(record for _, record in sound), MERGE)
            insert(db, "INSERT INTO faults", faults(record for _, record in sound), COUNT_FAULT)
            done = rows[-1][0] - journal * PLACES + 1
            db.execute("UPDATE journals SET summarised = ? WHERE id = ?", (done, journal))
            return done

    def _reap(self, path: Path) -> int:
        """Remove a journal that is wholly in and whose owner is dead; nobody can append once we hold its lock."""
        with open(path, "rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return 0
            total = self._take_all(path)
            path.unlink()
        with self._transaction() as db:
            db.execute("DELETE FROM parts WHERE file = ?", (path.name,))
        self._seen.pop(path.name, None)
        return total

    def _verify_anchors(self, hashes: Mapping[int, str]) -> Iterator[Finding]:
        last = ""
        for n, place, head, kept in self._query("SELECT n, place, head, hash FROM anchors ORDER BY n", ()):
            last = _anchor(last, place, head)
            if kept != last or hashes.get(place) != head:
                yield Finding("anchors", n, "does not fit the records or the anchor before")
                last = kept


def _files(directory: Path) -> list[str]:
    try:
        return sorted(file for file in os.listdir(directory) if file.endswith(SUFFIX))
    except FileNotFoundError:
        return []


def _anchor(last: str, place: int, head: str) -> str:
    return hashlib.blake2b(f"{last}:{place}:{head}".encode(), digest_size=16).hexdigest()
