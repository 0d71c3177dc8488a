"""The embedded store: what journals hold can be listed, found and verified, once each, whoever folds them."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from receipt_cases import ATTEMPTING, ATTEMPTING_2, COST, RECEIPT, SECOND, SETTLED, T0, USAGE, single, started
from waypost.adapters.stores.journal import Journal
from waypost.adapters.stores.sqlite import SqliteStore, StoreError
from waypost.adapters.stores.tables import MIGRATIONS, Summary
from waypost.core.model.events import InternalError
from waypost.core.model.outcome import Baseline, Cost
from waypost.core.model.receipt_fold import fold
from waypost.core.model.receipt_lines import attempt_line, attempt_record, fault_line, settled_line, settled_record

FORKS = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "receipts.sqlite")
    yield store
    store.close()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal")
    yield journal
    journal.close()


def write_one(journal: Journal, number: int, **changes: object) -> str:
    """A settled call; its times are ``number`` seconds after `T0`."""
    call = started(f"wp_{number:032x}", T0 + number * SECOND, **changes)
    attempting, settled = single(call, response_id=f"resp-{number}")
    journal.append(attempt_line(attempting, str))
    journal.append(settled_line(settled, str))
    return call.receipt


def test_a_call_is_folded_into_one_receipt(tmp_path: Path, store: SqliteStore, journal: Journal) -> None:
    """S2.01: the store gives back what the records say, and where they stand in the journal."""
    journal.append(attempt_line(ATTEMPTING, str))
    assert store.fold(tmp_path / "journal") == 1
    opened = store.get(RECEIPT)
    assert opened is not None
    assert (opened.status, store.open_receipts()[0].id) == ("open", RECEIPT)
    journal.append(attempt_line(ATTEMPTING_2, str))
    journal.append(settled_line(SETTLED, str))
    assert store.fold(tmp_path / "journal") == 2
    receipt = store.get(RECEIPT)
    assert journal.path is not None
    name = journal.path.name.partition(".")[0]
    events = [attempt_record(ATTEMPTING, str), attempt_record(ATTEMPTING_2, str), settled_record(SETTLED, str)]
    assert receipt == fold([{**record, "seq": seq, "journal": name} for seq, record in enumerate(events)])
    assert store.open_receipts() == []


@pytest.mark.parametrize("how", ["deleted", "moved", "replaced"])
def test_a_store_that_was_removed_is_made_anew(tmp_path: Path, store: SqliteStore, journal: Journal, how: str) -> None:
    """SQLite would go on writing into the file that nobody finds; what the journals still hold is taken in again."""
    folder = tmp_path / "journal"
    write_one(journal, 1)
    assert store.fold(folder) == 2
    assert store.fold(folder) == 0
    file = tmp_path / "receipts.sqlite"
    for path in [file, *tmp_path.glob("receipts.sqlite-*")]:
        path.rename(path.with_name(f"old-{path.name}")) if how == "moved" else path.unlink()
    if how == "replaced":
        other = SqliteStore(file)
        assert other.fold(folder) == 2
        other.close()
    assert store.fold(folder) == (0 if how == "replaced" else 2)
    write_one(journal, 2)
    assert store.fold(folder) == 2
    reader = SqliteStore(file, readonly=True)
    assert (store.count(), reader.count(), store.verify()) == (2, 2, [])
    reader.close()


def test_a_summary_says_what_is_searched_for(tmp_path: Path, store: SqliteStore, journal: Journal) -> None:
    """S2.15: cost, baselines, cause and who asked stand in columns of their own."""
    asked = Baseline("requested", "openai/auto", Cost(7, "computed"))
    baselines = (*SETTLED.settlement.baselines, asked)
    settled = replace(SETTLED, settlement=replace(SETTLED.settlement, baselines=baselines))
    for line in (
        attempt_line(ATTEMPTING, str, "0af7"),
        attempt_line(ATTEMPTING_2, str, "0af7"),
        settled_line(settled, str, "0af7"),
    ):
        journal.append(line)
    journal.append({"kind": "feedback", "receipt": RECEIPT, "score": 8})
    store.fold(tmp_path / "journal")
    assert store.summaries() == [
        Summary(
            id=RECEIPT,
            started_ns=T0,
            settled_ns=T0 + SECOND,
            outcome="ok",
            mode="route",
            sdk="openai",
            dialect="openai.chat",
            policy="default",
            policy_fingerprint="f" * 64,
            catalog="c" * 64,
            requested="auto",
            selected="openai/gpt-4o",
            cause="fallback",
            provider="openai",
            model="gpt-4o",
            hops=2,
            cost_nano_usd=COST.nano_usd,
            cost_basis="computed",
            requested_nano_usd=7,
            baseline_nano_usd=9_390_000,
            tokens_input=USAGE.input,
            tokens_output=USAGE.output,
            department="rd",
            workflow="triage",
            request_id="rq-1",
            response_id="chatcmpl-123",
            trace_id="0af7",
            score=8,
            target="openai/gpt-4o",
        )
    ]


def test_a_receipt_is_found_by_any_of_its_ids(tmp_path: Path, store: SqliteStore, journal: Journal) -> None:
    """S2.15: support pulls one request by its id: the caller's, the provider's or ours; of several the newest."""
    first = write_one(journal, 1, request_id="shared")
    second = write_one(journal, 2, request_id="shared")
    store.fold(tmp_path / "journal")
    found = {
        name: receipt and receipt.id for name in (first, "resp-1", "resp-2", "shared") if (receipt := store.get(name))
    }
    assert found == {first: first, "resp-1": first, "resp-2": second, "shared": second}
    assert store.get("wp_unknown") is None
    assert store.matching("wp_0000") == [first, second]
    assert store.matching(second) == [second]
    assert store.matching("wp_f") == []


def test_lists_are_newest_first_and_filtered(tmp_path: Path, store: SqliteStore, journal: Journal) -> None:
    """S2.15: by policy, by model asked for or answering, by time, by being open."""
    ids = [write_one(journal, number, policy="even" if number % 2 == 0 else "odd") for number in range(6)]
    unsettled = started("wp_" + "e" * 32, T0 + 60 * SECOND)
    journal.append(attempt_line(single(unsettled)[0], str))
    store.fold(tmp_path / "journal")
    listed = [row.id for row in store.summaries()]
    assert listed == [unsettled.receipt, *reversed(ids)]
    assert [row.id for row in store.summaries(limit=2)] == listed[:2]
    assert [row.id for row in store.summaries(where={"policy": "even"})] == [ids[4], ids[2], ids[0]]
    assert [row.id for row in store.summaries(since_ns=T0 + 5 * SECOND)] == [unsettled.receipt, ids[5]]
    assert [row.id for row in store.open_receipts()] == [unsettled.receipt]
    for model in ("auto", "claude", "anthropic/claude"):
        assert len(store.summaries(where={"model": model})) == 7
    assert store.summaries(where={"model": "gpt-4o"}) == []
    assert store.count() == 7
    with pytest.raises(ValueError, match="no column"):
        store.summaries(where={"id; DROP TABLE receipts": "x"})


def test_folding_twice_changes_nothing(tmp_path: Path, store: SqliteStore, journal: Journal) -> None:
    """Folding is idempotent, and another store object goes on where the first one stopped."""
    write_one(journal, 1)
    other = SqliteStore(tmp_path / "receipts.sqlite")
    assert [store.fold(tmp_path / "journal"), store.fold(tmp_path / "journal"), other.fold(tmp_path / "journal")] == [
        2,
        0,
        0,
    ]
    write_one(journal, 2)
    assert [other.fold(tmp_path / "journal"), store.fold(tmp_path / "journal")] == [2, 0]
    assert (store.count(), store.verify()) == (2, [])
    other.close()


def test_a_journal_of_the_living_stays_and_one_of_the_dead_goes(tmp_path: Path, store: SqliteStore) -> None:
    """DESIGN §7: another process folds those of the dead; what is in the store is removed from the directory."""
    journal = Journal(tmp_path / "journal", max_bytes=2_000)
    for number in range(6):
        write_one(journal, number)
    parts = sorted((tmp_path / "journal").iterdir())
    assert len(parts) > 2
    store.fold(tmp_path / "journal")
    store.fold(tmp_path / "journal")
    assert sorted((tmp_path / "journal").iterdir()) == parts[-1:]
    write_one(journal, 6)
    journal.close()
    store.fold(tmp_path / "journal")
    store.fold(tmp_path / "journal")
    assert list((tmp_path / "journal").iterdir()) == []
    assert (store.count(), store.verify()) == (7, [])


def test_a_torn_end_of_a_dead_journal_is_left_out(tmp_path: Path, store: SqliteStore) -> None:
    """S6.06: whole lines before it are all there."""
    directory = tmp_path / "journal"
    directory.mkdir()
    journal = Journal(directory)
    write_one(journal, 1)
    journal.close()
    (path,) = directory.iterdir()
    path.rename(directory / "0-1-dead.0001.jsonl")
    with open(directory / "0-1-dead.0001.jsonl", "ab") as file:
        file.write(b'{"v":1,"seq":2,"prev":"')
    assert store.fold(directory) == 2
    assert (store.count(), list(directory.iterdir())) == (1, [])


def test_kill_9_between_decision_and_answer_leaves_an_open_receipt(tmp_path: Path, store: SqliteStore) -> None:
    """S6.06, S2.21: the receipt is there, open, with its decision; the dead process's journal is folded and gone."""
    program = f"""
        import os, signal, sys
        sys.path.insert(0, {str(Path(__file__).parents[2])!r})
        from receipt_cases import ATTEMPTING
        from waypost.adapters.stores.journal import Journal
        from waypost.core.model.receipt_lines import attempt_line
        Journal({str(tmp_path / "journal")!r}).append(attempt_line(ATTEMPTING, str))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False)
    assert done.returncode == -signal.SIGKILL
    store.fold(tmp_path / "journal")
    assert [row.id for row in store.open_receipts()] == [RECEIPT]
    receipt = store.get(RECEIPT)
    assert receipt is not None
    assert (receipt.status, receipt.hops[0].decision) == ("open", ATTEMPTING.decided and ATTEMPTING.decided.decision)
    assert list((tmp_path / "journal").iterdir()) == []


CALLS, PROCESSES = 60, 4


def work(home: Path, worker: int) -> None:
    """Writes calls and folds everybody's journals meanwhile."""
    journal = Journal(home / "journal", max_bytes=20_000)
    store = SqliteStore(home / "receipts.sqlite")
    for number in range(CALLS):
        write_one(journal, worker * 1000 + number)
        if number % 7 == worker:
            store.fold(home / "journal")
            store.count()
    journal.close()
    store.close()
    os._exit(0)


@FORKS
def test_processes_that_write_and_fold_at_once_lose_nothing(tmp_path: Path, store: SqliteStore) -> None:
    """S6.11: four processes, all writing and all folding all journals: every call once, every chain whole."""
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=work, args=(tmp_path, worker)) for worker in range(PROCESSES)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * PROCESSES
    for _ in range(2):
        store.fold(tmp_path / "journal")
    expected = {f"wp_{worker * 1000 + number:032x}" for worker in range(PROCESSES) for number in range(CALLS)}
    rows = store.summaries(limit=10_000)
    assert {row.id for row in rows} == expected
    assert {row.outcome for row in rows} == {"ok"}
    assert store.verify() == []
    assert list((tmp_path / "journal").iterdir()) == []


def test_threads_may_share_a_store(tmp_path: Path, store: SqliteStore, journal: Journal) -> None:
    """The worker folds while the application reads."""
    failures: list[Exception] = []

    def use() -> None:
        try:
            for _ in range(20):
                write_one(journal, uuid.uuid4().int >> 100)
                store.fold(tmp_path / "journal")
                store.summaries(limit=3)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failures, store.count()) == ([], 80)


@FORKS
def test_a_fork_gets_a_connection_of_its_own(tmp_path: Path, store: SqliteStore, journal: Journal) -> None:
    """A child reads and folds without touching the parent's connection."""
    write_one(journal, 1)
    store.fold(tmp_path / "journal")
    forked = os.fork()
    if forked == 0:
        signal.alarm(20)
        write_one(journal, 2)
        store.fold(tmp_path / "journal")
        os._exit(0 if store.count() == 2 else 1)
    assert os.waitpid(forked, 0)[1] == 0
    store.fold(tmp_path / "journal")
    assert (store.count(), store.verify()) == (2, [])


def tampered(tmp_path: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(tmp_path / "receipts.sqlite") as db:
        db.execute(statement, values)
    db.close()


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE records SET line = CAST(replace(line, 'triage', 'public') AS BLOB)", "checksum differs"),
        ("DELETE FROM records WHERE place % 4 = 1", "seq is 2, not 1"),
        ("DELETE FROM records WHERE place = (SELECT max(place) FROM records)", "ends elsewhere"),
        ("DELETE FROM journals", "does not fit"),
        ("UPDATE journals SET head = 'x'", "ends elsewhere"),
        ("UPDATE anchors SET head = 'x' WHERE n = 1", "does not fit"),
        ("DELETE FROM anchors WHERE n = 1", "does not fit"),
    ],
)
def test_whatever_is_changed_is_found(
    tmp_path: Path, store: SqliteStore, journal: Journal, statement: str, problem: str
) -> None:
    """S6.11: lines, their order, their end, whole journals and the anchors themselves."""
    for number in range(3):
        write_one(journal, number)
        store.fold(tmp_path / "journal")
    assert store.verify() == []
    tampered(tmp_path, statement)
    assert [finding for finding in store.verify() if problem in finding.problem] != []


def test_damaged_lines_are_kept_for_verify_and_harm_no_reader(tmp_path: Path, store: SqliteStore) -> None:
    """A line that is not as it was written makes no receipt, and the others are read all the same."""
    directory = tmp_path / "journal"
    journal = Journal(directory)
    write_one(journal, 1)
    journal.close()
    (path,) = directory.iterdir()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0].replace(b"triage", b"public"), b"nonsense\n", lines[1]]))
    store.fold(directory)
    assert [row.id for row in store.summaries()] == []
    assert store.get(f"wp_{1:032x}") is None
    assert len(store.verify()) >= 2


def test_faults_are_counted_across_processes(tmp_path: Path, store: SqliteStore, journal: Journal) -> None:
    """What of ours broke in a process can be seen from another, and makes no receipt."""
    for error in ("KeyError", "KeyError", "TypeError"):
        journal.append(fault_line(InternalError("features", error)))
    store.fold(tmp_path / "journal")
    assert store.faults() == [("features", "KeyError", 2), ("features", "TypeError", 1)]
    assert (store.count(), store.verify()) == (0, [])


def test_records_that_do_not_fit_keep_nobody_from_reading(tmp_path: Path, store: SqliteStore, journal: Journal) -> None:
    """A server that claims 10**30 tokens, or a record of a newer writer, leaves all other receipts readable."""
    attempting, settled = single(started())
    huge = replace(settled, settlement=replace(settled.settlement, usage=replace(USAGE, input=10**30)))
    journal.append(attempt_line(attempting, str))
    journal.append(settled_line(huge, str))
    journal.append({"kind": "settled", "receipt": f"wp_{1:032x}", "settlement": 7})
    write_one(journal, 2)
    store.fold(tmp_path / "journal")
    assert [(row.id, row.tokens_input) for row in store.summaries()] == [(f"wp_{2:032x}", 230), (RECEIPT, None)]
    receipt = store.get(RECEIPT)
    assert receipt is not None
    assert receipt.settlement == huge.settlement


def test_half_a_letter_keeps_nobody_from_reading(tmp_path: Path, store: SqliteStore, journal: Journal) -> None:
    """A server writes anything into an id; a surrogate alone is in no text, and must not lock the store."""
    attempting, settled = single(started(request_id="req-\ud800"), response_id="resp-\ud800")
    journal.append(attempt_line(attempting, str))
    journal.append(settled_line(settled, str))
    write_one(journal, 2, requested="gpt\udfff")
    store.fold(tmp_path / "journal")
    assert [row.requested for row in store.summaries()] == ["gpt?", "auto"]
    assert store.get(RECEIPT) is not None


def test_what_another_process_has_derived_is_not_derived_again(
    tmp_path: Path, store: SqliteStore, journal: Journal
) -> None:
    """Two readers that find the same new lines at the same time count them once."""
    journal.append(fault_line(InternalError("features", "KeyError")))
    store.fold(tmp_path / "journal")
    other = SqliteStore(tmp_path / "receipts.sqlite")
    assert [other._derive_some(1, 0), store._derive_some(1, 0)] == [1, 1]
    assert store.faults() == [("features", "KeyError", 1)]
    other.close()


def test_a_feedback_without_a_call_is_no_receipt(tmp_path: Path, store: SqliteStore, journal: Journal) -> None:
    """A rating of something that we never saw is kept and not listed."""
    journal.append({"kind": "feedback", "receipt": "wp_x", "score": 1})
    store.fold(tmp_path / "journal")
    assert (store.get("wp_x"), store.summaries()) == (None, [])


def test_no_journals_and_no_store_are_an_empty_list(tmp_path: Path, store: SqliteStore) -> None:
    """A fresh home is not an error."""
    assert (store.fold(tmp_path / "journal"), store.summaries(), store.get("wp_x")) == (0, [], None)


def test_an_older_store_is_migrated(tmp_path: Path) -> None:
    """S2.22: a store of the first version is brought up to this one, its receipts with it."""
    db = sqlite3.connect(tmp_path / "receipts.sqlite", isolation_level=None)
    db.executescript(MIGRATIONS[0])
    db.execute("PRAGMA user_version = 1")
    db.execute("INSERT INTO receipts (id, started_ns) VALUES ('wp_old', 1)")
    db.close()
    store = SqliteStore(tmp_path / "receipts.sqlite")
    assert ([row.id for row in store.summaries()], store.faults()) == (["wp_old"], [])
    store.close()


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """S2.22: said with what to do, instead of misread."""
    db = sqlite3.connect(tmp_path / "receipts.sqlite")
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    with pytest.raises(StoreError, match=r"receipts\.sqlite: written by a newer Waypost .*; upgrade waypost"):
        SqliteStore(tmp_path / "receipts.sqlite").summaries()


def test_a_file_that_is_no_database_is_said(tmp_path: Path, journal: Journal) -> None:
    """The error names the file and the remedy; the journal keeps what could not be folded."""
    (tmp_path / "receipts.sqlite").write_text("not a database" * 100)
    write_one(journal, 1)
    store = SqliteStore(tmp_path / "receipts.sqlite")
    with pytest.raises(StoreError, match="move the file away"):
        store.fold(tmp_path / "journal")
    (tmp_path / "receipts.sqlite").unlink()
    assert (store.fold(tmp_path / "journal"), store.count()) == (2, 1)
    store.close()


def test_a_locked_store_is_said(tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process that does not let go is an error after a while, and nothing is lost."""
    monkeypatch.setattr("waypost.adapters.stores.database.BUSY_S", 0.05)
    store = SqliteStore(tmp_path / "receipts.sqlite")
    write_one(journal, 1)
    assert store.count() == 0
    other = sqlite3.connect(tmp_path / "receipts.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another process holds it"):
        store.fold(tmp_path / "journal")
    other.execute("ROLLBACK")
    other.close()
    assert store.fold(tmp_path / "journal") == 2
    store.close()


def test_reading_only_writes_nothing(tmp_path: Path, store: SqliteStore, journal: Journal) -> None:
    """A store on a read-only disk can be read; one that is not there is empty."""
    write_one(journal, 1)
    store.fold(tmp_path / "journal")
    assert store.count() == 1
    store.close()
    before = sorted((path.name, path.stat().st_mtime_ns) for path in tmp_path.glob("receipts.sqlite"))
    reader = SqliteStore(tmp_path / "receipts.sqlite", readonly=True)
    assert [row.id for row in reader.summaries()] == [f"wp_{1:032x}"]
    reader.close()
    assert sorted((path.name, path.stat().st_mtime_ns) for path in tmp_path.glob("receipts.sqlite")) == before
    absent = SqliteStore(tmp_path / "absent.sqlite", readonly=True)
    assert (absent.summaries(), (tmp_path / "absent.sqlite").exists()) == ([], False)
    absent.close()


def test_lines_in_the_store_are_the_journals_own(tmp_path: Path, store: SqliteStore, journal: Journal) -> None:
    """S2.16: what is kept is byte for byte what was written, so that a receipt can be verified months later."""
    write_one(journal, 1)
    assert journal.path is not None
    raw = journal.path.read_bytes()
    store.fold(tmp_path / "journal")
    with sqlite3.connect(tmp_path / "receipts.sqlite") as db:
        kept = b"".join(row[0] for row in db.execute("SELECT line FROM records ORDER BY place"))
    db.close()
    assert kept == raw
    assert [json.loads(line)["seq"] for line in kept.splitlines()] == [0, 1]


def test_many_lines_are_few_statements(tmp_path: Path, store: SqliteStore, journal: Journal) -> None:
    """Each step of a statement gives the interpreter away, and a busy thread gives it back after 5 ms: a row each would
    keep the worker for minutes, while its queue overflows."""
    for number in range(1000):
        write_one(journal, number)
    store.fold(tmp_path / "other")  # opens it
    seen: list[str] = []
    store._database._open().set_trace_callback(seen.append)
    assert store.fold(tmp_path / "journal") == 2000
    folding = len(seen)
    assert store.count() == 1000
    assert (folding < 20, len(seen) - folding < 20) == (True, True)
    assert len(store.records(f"wp_{999:032x}")) == 2
    assert store.verify() == []


def test_folding_keeps_nothing_of_what_it_has_folded(tmp_path: Path, store: SqliteStore, journal: Journal) -> None:
    """A statement that is kept for another time keeps what it was given: 60 folds would hold 60 MB."""

    def resident_mb() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    padding = "x" * 10_000
    before = 0.0
    for number in range(70):
        for _ in range(100 + number):
            journal.append({"kind": "note", "padding": padding})
        assert store.fold(tmp_path / "journal") == 100 + number
        if number == 9:
            before = resident_mb()
    assert resident_mb() - before < 20


@pytest.mark.parametrize(
    "record",
    [
        {"kind": "fault"},
        {"kind": "fault", "layer": ["x"], "error": {}},
        {"kind": "settled", "receipt": ["x"]},
        {"kind": "settled", "receipt": {"x": 1}, "trace_id": [1]},
        {"kind": "attempt", "receipt": "wp_x", "trace_id": [1], "call": 5, "question": [], "decision": 1},
        {"kind": "feedback", "receipt": "wp_x", "score": {}},
        {"kind": "feedback", "receipt": "wp_\ud800", "score": 10**30},
        {"receipt": "wp_x"},
    ],
)
def test_records_of_another_shape_keep_nobody_from_reading(
    tmp_path: Path, store: SqliteStore, journal: Journal, record: dict[str, object]
) -> None:
    """A newer writer's, or anybody's: what they say that fits is taken, and the others are listed."""
    journal.append(record)
    call = write_one(journal, 1)
    store.fold(tmp_path / "journal")
    assert [summary.id for summary in store.summaries()] == [call]
    assert store.get(call) is not None
    store.faults()


def test_a_line_of_nothing_but_brackets_keeps_nobody_from_reading(
    tmp_path: Path, store: SqliteStore, journal: Journal
) -> None:
    """Damaged so that a parser gives up before it has found that out."""
    call = write_one(journal, 1)
    assert journal.path is not None
    with open(journal.path, "ab") as file:
        file.write(b"[" * 200_000 + b"\n")
    store.fold(tmp_path / "journal")
    assert [summary.id for summary in store.summaries()] == [call]
    assert [finding.problem for finding in store.verify()][:1] == ["not JSON"]
