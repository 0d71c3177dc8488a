"""Disk full, not writable, queue full: the call is unharmed, the loss is counted and said once."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from process_site import CALL, Ended, Site
from waypost.adapters.stores.journal import verify
from waypost.runtime.home import Home

HEAD = """\
import json, resource, signal, openai, waypost
from pathlib import Path
from waypost.runtime.instrument import engine
waypost.auto_instrument()
client = openai.OpenAI(max_retries=0)
def ask():
    return client.chat.completions.create(model="auto", messages=[{"role": "user", "content": "Hi"}])
def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
"""
TELL = """
waypost.flush()
print(json.dumps({"texts": texts, "dropped": dict(engine().dropped())}))
"""


def told(ended: Ended) -> dict[str, Any]:
    assert ended.code == 0, ended.err
    found: dict[str, Any] = json.loads(ended.lines[-1])
    return found


def test_a_home_that_cannot_be_written_is_said_once(site: Site) -> None:
    """Receipts rest in a temporary directory of the process, where they can still be read; calls are as ever."""
    blocked = site.write("file", "") / "home"
    ended = site.run(
        HEAD + "texts = [ask().choices[0].message.content for _ in range(3)]\n"
        "import os, sys\nprint(waypost.receipt(ask()).status, engine().home.path, flush=True)\n"
        "child = os.fork()\nif not child: sys.exit()\nos.waitpid(child, 0)\n"
        "print(len(os.listdir(engine().home.journal)))\n" + TELL,
        WAYPOST_HOME=str(blocked),
    )
    assert told(ended)["texts"] == ["Hello."] * 3
    assert ended.said("not writable (NotADirectoryError)") == 1
    assert ended.said("set WAYPOST_HOME to a directory that can be written") == 1
    assert len(ended.err.splitlines()) == 1
    status, _, elsewhere = ended.lines[0].partition(" ")
    assert status == "ok"
    assert ended.lines[1] == "1"
    assert not Path(elsewhere).exists()


def test_a_full_disk_loses_receipts_and_no_call(site: Site) -> None:
    """Nothing can be written from the second call on: three answers, three losses counted, one line about them."""
    ended = site.run(
        HEAD
        + """
ask(); waypost.flush()
limit(1)
texts = [ask().choices[0].message.content for _ in range(3)]
"""
        + TELL
    )
    found = told(ended)
    assert found["texts"] == ["Hello."] * 3
    assert found["dropped"]["journal"] == 6
    assert ended.said("journal: File too large; receipts are being lost; free the disk, or set WAYPOST_HOME") == 1
    assert len(ended.err.splitlines()) == len({line.partition(":")[0] for line in ended.err.splitlines()})
    assert [receipt["status"] for receipt in site.receipts()] == ["ok"]


def test_a_disk_that_has_room_again_keeps_receipts_again(site: Site) -> None:
    """What a half-written line left is cut off: the journal before, and what comes after, are whole."""
    ended = site.run(
        HEAD
        + """
ask()
size = engine().recorder.journal.path.stat().st_size
limit(size + 100)
texts = [ask().choices[0].message.content for _ in range(2)]
limit(resource.RLIM_INFINITY)
texts.append(ask().choices[0].message.content)
import os
print(json.dumps({"texts": texts, "dropped": dict(engine().dropped())}), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    )
    assert ended.code == -9, ended.err
    assert json.loads(ended.out)["dropped"]["journal"] == 4
    (journal,) = (site.home / "journal").glob("*.jsonl")
    assert verify(journal) == []
    assert [receipt["status"] for receipt in site.receipts()] == ["ok", "ok"]


def test_a_disk_full_for_the_store_alone_loses_nothing(site: Site) -> None:
    """Folding fails and is said once; the journal has everything, and the next process folds it."""
    ended = site.run(
        HEAD
        + """
ask(); waypost.flush()
store = engine().home.store
store.rename(store.with_suffix(".away"))
for name in ("-wal", "-shm"):
    Path(str(store) + name).unlink(missing_ok=True)
engine().lookup.store().close()
store.mkdir()
texts = []
for _ in range(3):
    texts.append(ask().choices[0].message.content)
    engine().worker.drain(5)
    import time; time.sleep(1.1)
store.rmdir()
"""
        + TELL
    )
    found = told(ended)
    assert found["texts"] == ["Hello."] * 3
    assert found["dropped"]["store"] >= 1
    assert ended.said("store: ") == 1
    assert len(ended.err.splitlines()) == 1
    assert [receipt["status"] for receipt in site.receipts()] == ["ok"] * 4


def test_a_full_queue_is_counted_and_said_once(site: Site) -> None:
    """The worker refuses everything: answers and receipts are whole, spans are there, and one line says so."""
    configure = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
engine().worker.capacity = 0
texts = [ask().choices[0].message.content for _ in range(3)]
print(sorted(span.name for span in exporter.get_finished_spans()))
"""
    ended = site.run(HEAD + configure + TELL)
    found = told(ended)
    assert found["texts"] == ["Hello."] * 3
    assert found["dropped"]["jobs"] >= 3
    assert ended.lines[0] == str(sorted(["chat gpt-4o-mini", "route site"] * 3))
    assert ended.said("jobs: the queue is full; spans go without candidates, and audit rows are missing") == 1
    assert len(ended.err.splitlines()) == 1
    assert [receipt["status"] for receipt in site.receipts()] == ["ok"] * 3


def test_losses_are_a_metric(site: Site) -> None:
    """`waypost.dropped` has what was lost, by what it was."""
    ended = site.run(
        HEAD
        + """
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider([reader]))
ask()
limit(1)
ask()
engine().worker.drain(5)
for metric in (m for s in reader.get_metrics_data().resource_metrics[0].scope_metrics for m in s.metrics):
    if metric.name == "waypost.dropped":
        print({dict(p.attributes)["waypost.dropped.what"]: p.value for p in metric.data.data_points}["journal"])
"""
    )
    assert ended.lines == ["2"], ended.err


@pytest.mark.parametrize("jsonl", ["file/rows.jsonl", "."])
def test_an_audit_file_that_cannot_be_written_harms_nothing(site: Site, jsonl: str) -> None:
    """WAYPOST_JSONL where no file can be: said, and the receipts are all there."""
    site.write("file", "")
    ended = site.run(CALL, WAYPOST_JSONL=jsonl)
    assert (ended.code, ended.out) == (0, "Hello.\n")
    assert len(ended.err.splitlines()) == 1, ended.err
    assert [receipt["status"] for receipt in site.receipts()] == ["ok"]


def test_rows_that_are_lost_are_counted(site: Site) -> None:
    """Of the audit file too: a file that cannot be written loses its rows, each of them counted."""
    ended = site.run(
        HEAD + "texts = [ask().choices[0].message.content for _ in range(3)]\n" + TELL,
        WAYPOST_JSONL=str(site.write("file", "") / "rows.jsonl"),
    )
    assert told(ended)["dropped"] == {"jobs": 0, "rows": 3}


def test_a_store_that_another_process_holds_is_not_waited_for(site: Site) -> None:
    """`flush` keeps to its time, and does not say that all is stored."""
    ended = site.run(
        HEAD
        + """
import sqlite3, time
ask(); first = waypost.flush()
other = sqlite3.connect(engine().home.store, isolation_level=None)
other.execute("BEGIN IMMEDIATE")
ask()
begun = time.monotonic()
held = waypost.flush(0.5)
took = time.monotonic() - begun
other.execute("COMMIT")
print(first, held, took < 3, waypost.flush(20), waypost.flush(5), flush=True)
"""
    )
    assert ended.lines == ["True False True True True"]


def test_a_home_on_a_full_disk_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty file can still be made there, and nothing else."""
    real = tempfile.mkstemp

    def full(*args: Any, **kwargs: Any) -> tuple[int, str]:
        if Path(kwargs.get("dir") or "/") != tmp_path / "home":
            return real(*args, **kwargs)
        fd, name = real(*args, **kwargs)
        os.close(fd)
        return os.open("/dev/full", os.O_WRONLY), name

    monkeypatch.setattr(tempfile, "mkstemp", full)
    home = Home(tmp_path / "home")
    assert (home.persistent, home.path.parent) == (False, Path(tempfile.gettempdir()))
    assert [path.name for path in (tmp_path / "home").iterdir()] == [".gitignore"]
