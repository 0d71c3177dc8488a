"""The journal: one JSON line a record, appended before anything else happens, so that it survives ``kill -9``.

A line is ``{"v":1,"seq":7,"prev":"…",…the record…,"crc":"…"}``. ``prev`` is the hash of the line before, so that
lines form a chain that nobody can edit unseen; ``crc`` is the line's own checksum. A process owns its files
``<boot>-<pid>-<random>.<part>.jsonl`` by a lock: where the lock is free, the owner is dead. ``seq`` and the chain run
on through the parts. POSIX only (``flock``).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import secrets
import threading
import weakref
import zlib
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from waypost.core.model.frozen import dataclass

VERSION = 1
SUFFIX = ".jsonl"
MAX_BYTES = 16_000_000

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False).encode
_journals: weakref.WeakSet[Journal] = weakref.WeakSet()


class Journal:
    """Appends records to files of this process in ``directory``, which is made when the first record comes.

    Safe for threads, for forks (a child writes files of its own) and for finalisers that append while another append
    is under way in the same thread. ``fsync`` adds safety against power loss at the cost of a disk's latency.
    """

    _lock: threading.RLock
    _pending: deque[str]
    _name: str
    _prev: str
    _part: int
    _seq: int
    _size: int

    def __init__(self, directory: str | os.PathLike[str], *, fsync: bool = False, max_bytes: int = MAX_BYTES) -> None:
        self.directory = Path(directory)
        self._fsync = fsync
        self._max_bytes = max_bytes
        self._fd = -1
        self._disown()
        _journals.add(self)

    def append(self, record: Mapping[str, Any] | str) -> int:
        """Write ``record`` and return its ``seq``, which counts from 0 through all files of this process.

        Text is taken as it is: one JSON object in ASCII, without line breaks, such as `attempt_line` makes.

        Raises:
            OSError: the record could not be written (disk full, read-only, no locks); the next append starts afresh.
            TypeError: the record is not JSON.
        """
        body = record if isinstance(record, str) else _encode(record)
        with self._lock:
            if self._pid != os.getpid():
                self._disown()
            seq = self._seq + len(self._pending)
            self._pending.append(body)
            if not self._writing:
                self._drain()
            return seq

    @property
    def name(self) -> str:
        """The journal's name, which all its files begin with; another after a fork."""
        return self._name

    @property
    def path(self) -> Path | None:
        """The file that is written to, ``None`` before the first record."""
        return None if self._fd < 0 else self.directory / file_name(self._name, self._part)

    def close(self) -> None:
        """Give up the file, so that its lock is free; a later append opens another."""
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1

    def renew_if_removed(self) -> bool:
        """Begin a new journal where somebody deleted or moved the file under us; whether that was so.

        What the old one held went with it, so the new one has a name and a chain of its own.
        """
        with self._lock:
            path = self.path
            if path is None or self._writing or self._pid != os.getpid() or _is_at(self._fd, path):
                return False
            self.close()
            self._begin()
            return True

    def _drain(self) -> None:
        """Write all that waits. A finaliser that appends meanwhile only adds to it: two lines never share a place."""
        self._writing = True
        try:
            while self._pending:
                self._write(self._pending.popleft())
        finally:
            self._writing = False

    def _write(self, body: str) -> None:
        if self._fd < 0 or self._size >= self._max_bytes:
            self._open()
        head = f'{{"v":{VERSION},"seq":{self._seq},"prev":"{self._prev}",{body[1:-1]}'.encode("ascii")
        line = head + b',"crc":"%08x"}\n' % zlib.crc32(head)
        written = os.write(self._fd, line)
        if written != len(line):
            self._undo()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        if self._fsync:
            os.fsync(self._fd)
        self._size += written
        self._seq += 1
        self._prev = line_hash(line)

    def _undo(self) -> None:
        """Cut a half-written line off again; a file that cannot be cut is left behind."""
        try:
            os.ftruncate(self._fd, self._size)
        except OSError:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> None:
        """The next part. It gets its name only when it is locked, so that nobody finds it ownerless."""
        self.close()
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.directory / file_name(self._name, self._part + 1)
        unborn = path.with_suffix(".new")
        fd = os.open(unborn, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unborn.rename(path)
        except OSError:
            os.close(fd)
            unborn.unlink(missing_ok=True)
            raise
        self._part += 1
        self._fd, self._size = fd, 0

    def _disown(self) -> None:
        """Begin a new chain under a new name. After a fork the parent keeps its file: only our copy is closed."""
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                os.close(self._fd)
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._fd = -1
        self._pending = deque()
        self._writing = False
        self._begin()

    def _begin(self) -> None:
        """A new name and the beginning of its chain."""
        self._name = f"{_boot()}-{self._pid}-{secrets.token_hex(4)}"
        self._part = self._seq = self._size = 0
        self._prev = genesis(self._name)


def _is_at(fd: int, path: Path) -> bool:
    """Whether ``path`` still leads to the open file."""
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path))
    except FileNotFoundError:
        return False


def _after_fork() -> None:
    for journal in list(_journals):
        journal._disown()


os.register_at_fork(after_in_child=_after_fork)


@dataclass(frozen=True, slots=True)
class Line:
    """One whole line of a journal, with its newline; ``end`` is the offset after it.

    ``problem`` says what is wrong with the line by itself; ``record`` is ``None`` where it is not even JSON.
    """

    raw: bytes
    end: int
    record: Mapping[str, Any] | None
    problem: str | None = None

    @staticmethod
    def of(raw: bytes, end: int) -> Line:
        """The line of these bytes, checked by itself."""
        head, mark, crc = raw.rstrip().rpartition(b',"crc":"')
        try:
            record = json.loads(raw)
        except (ValueError, RecursionError):
            return Line(raw, end, None, "not JSON")
        if not isinstance(record, dict):
            return Line(raw, end, None, "not a record")
        if not mark or crc != b'%08x"}' % zlib.crc32(head):
            return Line(raw, end, record, "changed: its checksum differs")
        return Line(raw, end, record)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written. ``line`` counts from 1."""

    journal: str
    line: int
    problem: str

    def __str__(self) -> str:
        return f"{self.journal}:{self.line}: {self.problem}"


def read_journal(path: str | os.PathLike[str]) -> Iterator[Mapping[str, Any]]:
    """The records of one file, in order. A torn last line and lines that are not JSON are left out."""
    return (line.record for line in read_lines(path) if line.record is not None)


def read_lines(path: str | os.PathLike[str]) -> Iterator[Line]:
    """The whole lines of one file; a last one without its newline is still being written, or torn."""
    offset = 0
    while chunk := raw_lines(path, offset):
        for raw in chunk:
            offset += len(raw)
            yield Line.of(raw, offset)


def raw_lines(path: str | os.PathLike[str], offset: int = 0, size: int = 4_000_000) -> list[bytes]:
    """The whole lines in about ``size`` bytes from ``offset`` on, with their newlines; empty at the end."""
    with open(path, "rb") as file:
        file.seek(offset)
        data = file.read(size)
        while data and b"\n" not in data and (more := file.read(size)):
            data += more
    return [line + b"\n" for line in data.split(b"\n")[:-1]]


def verify(path: str | os.PathLike[str]) -> list[Finding]:
    """What is wrong with one file: changed or missing lines, a broken chain, a torn end. Empty when all is well.

    The first line of a later part is taken on trust; the store, which holds all parts, checks it too.
    """
    path = Path(path)
    name, part = owner_of(path.name)
    findings: list[Finding] = []
    prev: str | None = genesis(name) if part == 1 else None
    seq: int | None = 0 if part == 1 else None
    end = number = 0
    for number, line in enumerate(read_lines(path), 1):
        findings += [Finding(path.name, number, problem) for problem in check_line(line, seq, prev)]
        prev, end = line_hash(line.raw), line.end
        found = line.record.get("seq") if line.record is not None else None
        seq = found + 1 if isinstance(found, int) else None
    if path.stat().st_size > end:
        findings.append(Finding(path.name, number + 1, "torn: the file ends within a line"))
    return findings


def check_line(line: Line, seq: int | None, prev: str | None) -> list[str]:
    """The problems of ``line``, which should carry ``seq`` and ``prev``; ``None`` is taken on trust."""
    if line.record is None:
        return [line.problem or "not JSON"]
    problems = [] if line.problem is None else [line.problem]
    if seq is not None and line.record.get("seq") != seq:
        problems.append(f"seq is {line.record.get('seq')}, not {seq}")
    if prev is not None and line.record.get("prev") != prev:
        problems.append("the line before is not the one that was written")
    return problems


def genesis(name: str) -> str:
    """``prev`` of a journal's first line: bound to its name."""
    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest()


def line_hash(line: bytes) -> str:
    """What the next line carries as ``prev``: 16 bytes of blake2b, in hex."""
    return hashlib.blake2b(line, digest_size=16).hexdigest()


def file_name(name: str, part: int) -> str:
    return f"{name}.{part:04d}{SUFFIX}"


def owner_of(file: str) -> tuple[str, int]:
    """Journal and part of a file's name; a name that is not ours is a journal of one part."""
    name, _, part = file.removesuffix(SUFFIX).rpartition(".")
    return (name, int(part)) if name and part.isdecimal() else (file.removesuffix(SUFFIX), 1)


def _boot() -> str:
    """Eight digits that change with every boot, so that a pid of another boot is never taken for ours."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    except OSError:
        return "00000000"
