"""The store's connection: opened on first use, brought to this version's tables, safe for threads and forks."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from waypost.adapters.stores.quiet import Quiet
from waypost.adapters.stores.tables import MIGRATIONS
from waypost.errors import WaypostError

BUSY_S = 10.0
KEPT_STATEMENTS = 0
"""A statement that is kept for the next time holds what it was given last: of many rows, all of them."""
MOST_VALUES = 32_000
"""How many values one statement takes at most; SQLite's own limit may be lower."""

_abandoned: list[sqlite3.Connection] = []
"""Connections inherited by a fork; using or closing them there would harm the parent's."""


def insert(db: sqlite3.Connection, into: str, rows: Iterable[Sequence[Any]], otherwise: str = "") -> None:
    """Add ``rows``, all of one length, by as few statements as there can be: each of them, as each row of
    ``executemany``, gives the interpreter away, and a thread that is busy gives it back only after 5 ms.

    ``into`` is the statement before its values, ``otherwise`` what stands behind them.
    """
    waiting = list(rows)
    if not waiting:
        return
    width = len(waiting[0])
    many = max(min(db.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER), MOST_VALUES) // width, 1)
    row = f"({', '.join('?' * width)})"
    for start in range(0, len(waiting), many):
        some = waiting[start : start + many]
        values = ", ".join([row] * len(some))
        db.execute(f"{into} VALUES {values} {otherwise}", [value for each in some for value in each])


class StoreError(WaypostError):
    """The store cannot be opened, read or written; ``where`` is its file."""


class Database:
    """One SQLite file, made on first use. Safe for threads, forks and many processes.

    ``tables`` are its migrations. A ``private`` one is its owner's alone, and overwrites what is deleted in it.
    """

    def __init__(
        self, path: Path, *, readonly: bool, tables: Sequence[str] = MIGRATIONS, private: bool = False
    ) -> None:
        self.path = path
        self.readonly = readonly
        self._tables = tables
        self._private = private
        self.lock = Quiet()
        self._pid = os.getpid()
        self._db: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def query(self, query: str, values: Sequence[Any]) -> list[Any]:
        """All rows. Raises StoreError."""
        with self.lock, self._errors():
            return self._open().execute(query, [_sound(value) for value in values]).fetchall()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is done inside, or nothing. Raises StoreError."""
        with self.lock, self._errors():
            db = self._open()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def renew_if_removed(self) -> bool:
        """Let go of a file that somebody deleted, moved or put another one in the place of; whether that was so.

        SQLite would write into the old one for as long as it is open, and nobody would ever read that.
        """
        with self.lock:
            if self._db is None or self._file is None or self._pid != os.getpid() or self._db.in_transaction:
                return False
            if _identity(self.path) == self._file:
                return False
            self.close()
            return True

    def close(self) -> None:
        with self.lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    def __del__(self) -> None:
        if getattr(self, "_db", None) is not None and self._pid == os.getpid():
            with contextlib.suppress(Exception):
                self._db.close()  # type: ignore[union-attr]  # nobody else holds it any more

    def _open(self) -> sqlite3.Connection:
        if self._pid != os.getpid():
            if self._db is not None:
                _abandoned.append(self._db)
            self._pid, self._db = os.getpid(), None
        if self._db is None:
            self._db = self._read() if self.readonly else self._connect()
            self._file = _identity(self.path)
        return self._db

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._private:  # what SQLite lays beside the file gets the file's permissions
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        db = sqlite3.connect(
            self.path,
            timeout=BUSY_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=KEPT_STATEMENTS,
        )
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            if self._private:
                db.execute("PRAGMA secure_delete = ON")
            _migrate(db, self.path, self._tables)
        except BaseException:
            db.close()
            raise
        return db

    def _read(self) -> sqlite3.Connection:
        """A connection that writes nothing, not even beside the file where the directory is read-only."""
        path = self.path
        if not path.exists():
            return _memory(self._tables)
        for mode in ("mode=ro", "mode=ro&immutable=1"):
            uri = f"{path.absolute().as_uri()}?{mode}"
            db = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
            try:
                db.execute("SELECT count(*) FROM sqlite_master")
            except sqlite3.OperationalError:
                db.close()
            else:
                return db
        raise StoreError("cannot be read", where=str(path), remedy="check its permissions")

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(str(error), where=str(self.path), remedy=_remedy(error)) from error
        except PermissionError as error:
            raise StoreError("not permitted", where=str(error.filename), remedy="set WAYPOST_HOME") from error


def _sound(value: Any) -> Any:
    """Half of a letter, which a word of a command line may have, is in no text of ours."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells the file at ``path`` from any other; ``None`` where there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _memory(tables: Sequence[str]) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _migrate(db, Path(":memory:"), tables)
    return db


def _migrate(db: sqlite3.Connection, path: Path, tables: Sequence[str]) -> None:
    """Bring the tables to this version; two processes that do it at the same time do it once."""
    if _version(db, path, tables) == len(tables):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        for number in range(_version(db, path, tables), len(tables)):
            for statement in tables[number].split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {number + 1}")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _version(db: sqlite3.Connection, path: Path, tables: Sequence[str]) -> int:
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > len(tables):
        raise StoreError(
            f"written by a newer Waypost (version {version}, this one knows {len(tables)})",
            where=str(path),
            remedy="upgrade waypost, or set WAYPOST_HOME to another directory",
        )
    return version


def _remedy(error: sqlite3.Error) -> str:
    match getattr(error, "sqlite_errorname", ""):
        case "SQLITE_BUSY" | "SQLITE_LOCKED":
            return "another process holds it; try again"
        case "SQLITE_NOTADB" | "SQLITE_CORRUPT":
            return "move the file away; journals that are still there are folded into a new one"
        case "SQLITE_FULL":
            return "free the disk"
        case _:
            return "set WAYPOST_HOME to a directory that can be written"
