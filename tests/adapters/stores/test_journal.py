"""The journal: one line a record, chained, owned by a process, unharmed by threads, forks, full disks and kill -9."""

from __future__ import annotations

import errno
import fcntl
import gc
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from waypost.adapters.stores import journal as module
from waypost.adapters.stores.journal import Finding, Journal, genesis, line_hash, owner_of, read_journal, verify

FORKS = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


def record(number: int) -> dict[str, object]:
    return {"kind": "attempt", "receipt": f"wp_{number:032x}", "number": number}


def files(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.jsonl"))


def records(directory: Path) -> list[dict[str, object]]:
    return [dict(line) for path in files(directory) for line in read_journal(path)]


def is_owned(path: Path) -> bool:
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        return False


def test_a_line_is_a_record_with_its_place_its_predecessor_and_its_checksum(tmp_path: Path) -> None:
    """S6.11: each line names the hash of the one before; the first names its journal."""
    journal = Journal(tmp_path / "home" / "journal")
    assert [journal.append(record(number)) for number in range(3)] == [0, 1, 2]
    journal.close()
    (path,) = files(tmp_path / "home" / "journal")
    raw = path.read_bytes().splitlines(keepends=True)
    read = list(read_journal(path))
    assert [dict(line) | {"crc": "", "prev": ""} for line in read] == [
        {"v": 1, "seq": number, **record(number), "crc": "", "prev": ""} for number in range(3)
    ]
    name, part = owner_of(path.name)
    assert (part, [line["prev"] for line in read]) == (1, [genesis(name), line_hash(raw[0]), line_hash(raw[1])])
    assert name.split("-")[-2] == str(os.getpid())
    assert verify(path) == []


def test_a_record_may_be_json_text(tmp_path: Path) -> None:
    """What the runtime formats itself is taken as it is."""
    journal = Journal(tmp_path)
    journal.append('{"kind":"settled","receipt":"wp_1"}')
    journal.close()
    assert [line["kind"] for line in records(tmp_path)] == ["settled"]
    assert verify(files(tmp_path)[0]) == []


def test_nothing_is_made_before_the_first_record(tmp_path: Path) -> None:
    """Importing or constructing leaves no trace on the disk."""
    journal = Journal(tmp_path / "journal")
    assert (journal.path, (tmp_path / "journal").exists()) == (None, False)


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    """Receipts are nobody else's business."""
    journal = Journal(tmp_path / "journal")
    journal.append(record(1))
    assert journal.path is not None
    assert (journal.path.stat().st_mode & 0o777, journal.path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    journal.close()


def test_the_lock_is_free_once_the_owner_is_done(tmp_path: Path) -> None:
    """DESIGN §9: lock free means owner dead."""
    journal = Journal(tmp_path)
    journal.append(record(1))
    assert is_owned(files(tmp_path)[0])
    journal.close()
    assert not is_owned(files(tmp_path)[0])


def test_threads_share_one_chain(tmp_path: Path) -> None:
    """S6.11: eight threads lose nothing and break no link."""
    journal = Journal(tmp_path)

    def write(worker: int) -> None:
        for number in range(200):
            journal.append(record(worker * 1000 + number))

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    assert verify(files(tmp_path)[0]) == []
    numbers = [line["number"] for line in records(tmp_path)]
    assert sorted(numbers) == sorted(worker * 1000 + number for worker in range(8) for number in range(200))


def test_rotation_continues_seq_and_chain(tmp_path: Path) -> None:
    """A journal is cut into parts by size; the parts are one chain."""
    journal = Journal(tmp_path, max_bytes=500)
    assert [journal.append(record(number)) for number in range(12)] == list(range(12))
    journal.close()
    parts = files(tmp_path)
    assert len(parts) == 3
    assert [owner_of(path.name)[1] for path in parts] == [1, 2, 3]
    assert len({owner_of(path.name)[0] for path in parts}) == 1
    assert [line["seq"] for line in records(tmp_path)] == list(range(12))
    last_of_first = parts[0].read_bytes().splitlines(keepends=True)[-1]
    assert next(iter(read_journal(parts[1])))["prev"] == line_hash(last_of_first)
    assert [verify(path) for path in parts] == [[], [], []]


def in_child(journal: Journal) -> None:
    journal.append({"kind": "child", "receipt": "wp_c"})
    os._exit(0)


@FORKS
def test_a_forked_child_writes_a_file_of_its_own(tmp_path: Path) -> None:
    """S6.11: fork is harmless: two files, two chains, and the parent keeps its lock and its place."""
    journal = Journal(tmp_path)
    journal.append(record(0))
    child = multiprocessing.get_context("fork").Process(target=in_child, args=(journal,))
    child.start()
    child.join()
    journal.append(record(1))
    assert child.exitcode == 0
    mine, theirs = sorted(files(tmp_path), key=lambda path: f"-{os.getpid()}-" not in path.name)
    assert [line["kind"] for line in read_journal(mine)] == ["attempt", "attempt"]
    assert [line["kind"] for line in read_journal(theirs)] == ["child"]
    assert (is_owned(mine), is_owned(theirs)) == (True, False)
    assert [verify(mine), verify(theirs)] == [[], []]
    journal.close()


@FORKS
def test_a_fork_while_another_thread_appends_does_not_hang(tmp_path: Path) -> None:
    """The child's lock is its own, whoever held the parent's at that moment."""
    journal = Journal(tmp_path)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with journal._lock:
            held.set()
            done.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    forked = os.fork()
    if forked == 0:
        signal.alarm(5)
        in_child(journal)
    done.set()
    holder.join()
    assert os.waitpid(forked, 0)[1] == 0
    journal.append(record(1))
    journal.close()
    assert len(records(tmp_path)) == 2


def test_kill_9_loses_no_record_that_was_appended(tmp_path: Path) -> None:
    """S6.06, S2.21: a record is in the file when `append` returns, whatever happens to the process next."""
    program = f"""
        import os, signal
        from waypost.adapters.stores.journal import Journal
        journal = Journal({str(tmp_path)!r})
        for number in range(5):
            journal.append({{"kind": "attempt", "receipt": "wp_1", "number": number}})
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [line["number"] for line in records(tmp_path)] == [0, 1, 2, 3, 4]
    assert not is_owned(files(tmp_path)[0])
    assert verify(files(tmp_path)[0]) == []


class Late:
    """Appends when it is collected, as the finaliser of an abandoned stream does."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.cycle = self

    def __del__(self) -> None:
        self.journal.append({"kind": "late", "receipt": "wp_1"})


def test_a_finaliser_may_append_while_an_append_is_under_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A collection in the middle of a write must neither deadlock nor break the chain."""
    journal = Journal(tmp_path)
    write = os.write

    def collecting(fd: int, data: bytes) -> int:
        written = write(fd, data)
        if b'"kind":"attempt"' in data:
            Late(journal)
            gc.collect()
        return written

    monkeypatch.setattr(module.os, "write", collecting)
    for number in range(3):
        journal.append(record(number))
    monkeypatch.undo()
    journal.close()
    assert verify(files(tmp_path)[0]) == []
    assert [line["kind"] for line in records(tmp_path)] == ["attempt", "late"] * 3


def test_a_full_disk_is_an_error_and_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller is told; the half-written line is cut off; the next record fits where it would have been."""
    journal = Journal(tmp_path)
    journal.append(record(0))
    write = os.write
    monkeypatch.setattr(module.os, "write", lambda fd, data: write(fd, data[:20]))
    with pytest.raises(OSError, match="No space left") as caught:
        journal.append(record(1))
    assert caught.value.errno == errno.ENOSPC
    monkeypatch.undo()
    assert journal.append(record(2)) == 1
    journal.close()
    assert [line["number"] for line in records(tmp_path)] == [0, 2]
    assert verify(files(tmp_path)[0]) == []


def test_a_file_that_cannot_be_cut_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The chain goes on in the next part; the torn end of the first is said."""
    journal = Journal(tmp_path)
    journal.append(record(0))
    write = os.write

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "I/O error")

    monkeypatch.setattr(module.os, "write", lambda fd, data: write(fd, data[:20]))
    monkeypatch.setattr(module.os, "ftruncate", refuse)
    with pytest.raises(OSError, match="No space left"):
        journal.append(record(1))
    monkeypatch.undo()
    journal.append(record(2))
    journal.close()
    first, second = files(tmp_path)
    assert [line["number"] for line in records(tmp_path)] == [0, 2]
    assert verify(first) == [Finding(first.name, 2, "torn: the file ends within a line")]
    assert verify(second) == []


def test_a_directory_that_is_a_file_is_an_error_until_it_is_mended(tmp_path: Path) -> None:
    """Each append tries afresh, so that the journal recovers by itself."""
    (tmp_path / "journal").write_text("in the way")
    journal = Journal(tmp_path / "journal")
    for _ in range(2):
        with pytest.raises(OSError, match="journal"):
            journal.append(record(1))
    (tmp_path / "journal").unlink()
    assert journal.append(record(1)) == 0
    journal.close()
    assert verify(files(tmp_path / "journal")[0]) == []


def test_fsync_by_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Power loss is guarded against only where that was asked for."""
    synced: list[int] = []
    monkeypatch.setattr(module.os, "fsync", synced.append)
    for fsync in (False, True):
        journal = Journal(tmp_path, fsync=fsync)
        journal.append(record(1))
        journal.close()
    assert len(synced) == 1


def written(tmp_path: Path) -> Path:
    journal = Journal(tmp_path)
    for number in range(4):
        journal.append(record(number))
    journal.close()
    return files(tmp_path)[0]


def test_a_torn_last_line_is_passed_over_and_found(tmp_path: Path) -> None:
    """S6.06: what a power cut leaves is read up to the last whole line."""
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:-10])
    assert [line["number"] for line in read_journal(path)] == [0, 1, 2]
    assert verify(path) == [Finding(path.name, 4, "torn: the file ends within a line")]


def test_an_edited_line_is_found_twice(tmp_path: Path) -> None:
    """S6.11: its own checksum differs, and the next line's predecessor is another."""
    path = written(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"number":1', b'"number":7'))
    assert [str(finding) for finding in verify(path)] == [
        f"{path.name}:2: changed: its checksum differs",
        f"{path.name}:3: the line before is not the one that was written",
    ]


def test_an_edit_with_a_mended_checksum_is_found_by_the_chain(tmp_path: Path) -> None:
    """S6.11: a checksum can be computed by anyone; the chain cannot be mended without rewriting all that follows."""
    path = written(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    head = lines[1].rpartition(b',"crc"')[0].replace(b'"number":1', b'"number":7')
    lines[1] = head + b',"crc":"%08x"}\n' % module.zlib.crc32(head)
    path.write_bytes(b"".join(lines))
    assert verify(path) == [Finding(path.name, 3, "the line before is not the one that was written")]


def test_removed_and_doubled_and_foreign_lines_are_found(tmp_path: Path) -> None:
    """S6.11: whatever is cut out or put in breaks the order or the chain."""
    path = written(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], *lines[2:]]))
    assert [finding.problem for finding in verify(path)] == [
        "seq is 2, not 1",
        "the line before is not the one that was written",
    ]
    path.write_bytes(b"".join([lines[0], b"nonsense\n", b"[1]\n", *lines[1:]]))
    problems = [(finding.line, finding.problem) for finding in verify(path)]
    assert problems[:2] == [(2, "not JSON"), (3, "not a record")]
    assert [line["number"] for line in read_journal(path)] == [0, 1, 2, 3]


def test_a_journal_under_another_name_is_found(tmp_path: Path) -> None:
    """S6.11: the first line is bound to its journal's name."""
    path = written(tmp_path)
    other = path.rename(path.with_name("0-1-other.0001.jsonl"))
    assert verify(other) == [Finding(other.name, 1, "the line before is not the one that was written")]


def test_lines_longer_than_a_chunk_are_read_whole(tmp_path: Path) -> None:
    """Reading in chunks does not cut a long line."""
    journal = Journal(tmp_path)
    for size in (10, 5_000, 10):
        journal.append({"kind": "x", "receipt": "wp_1", "text": "a" * size})
    journal.close()
    path = files(tmp_path)[0]
    offset, sizes = 0, []
    while chunk := module.raw_lines(path, offset, 300):
        offset += sum(map(len, chunk))
        sizes += [len(json.loads(line)["text"]) for line in chunk]
    assert sizes == [10, 5_000, 10]
