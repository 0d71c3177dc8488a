"""Processes that fork after they were instrumented, as gunicorn with a preloaded application does (S2.21, S6.10)."""

from __future__ import annotations

import json

from process_site import Site

HEAD = """\
import os, sys, threading, time
import openai, waypost
from waypost.runtime.instrument import engine

waypost.auto_instrument()
client = openai.OpenAI(max_retries=0)

def ask():
    return client.chat.completions.create(model="auto", messages=[{"role": "user", "content": "Hi"}])

def fork(work):
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    finally:
        sys.stdout.flush()
        os._exit(code)

def gather(children):
    print("codes", [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children], flush=True)
"""


STORED = """
first = waypost.receipt(ask()).id
waypost.flush()
lookup = engine().lookup
"""


def test_each_childs_receipts_are_kept(site: Site) -> None:
    """Three workers forked before any call, two calls each: six receipts, from three journals, all verified."""
    ended = site.run(HEAD + "gather([fork(lambda: (ask(), ask())) for _ in range(3)])\n")
    assert (ended.code, ended.out, ended.err) == (0, "codes [0, 0, 0]\n", "")
    receipts = site.receipts()
    assert [receipt["status"] for receipt in receipts] == ["ok"] * 6
    assert len({receipt["id"] for receipt in receipts}) == 6
    assert len({hop["journal"] for receipt in receipts for hop in receipt["hops"]}) == 3
    store = site.store()
    assert store.verify() == []
    store.close()


def test_parent_and_children_call_before_and_after(site: Site) -> None:
    """Journals, pools, seeds and the worker were all in use when the fork came; nobody disturbs anybody."""
    ended = site.run(
        HEAD + "ask(); waypost.flush()\nchildren = [fork(ask), fork(ask)]\nask()\ngather(children)\nask()\n"
    )
    assert (ended.code, ended.out, ended.err) == (0, "codes [0, 0]\n", "")
    receipts = site.receipts()
    assert [receipt["status"] for receipt in receipts] == ["ok"] * 5
    assert len({receipt["id"] for receipt in receipts}) == 5
    store = site.store()
    assert store.verify() == []
    store.close()


def test_a_child_reads_its_own_receipt(site: Site) -> None:
    """By id, from memory and, after a flush, from the store that parent and child share."""
    ended = site.run(
        HEAD
        + """
def work():
    answer = ask()
    found = waypost.receipt(answer)
    waypost.flush()
    print(found.status, engine().lookup.store().get(found.id).status, flush=True)
ask()
waypost.flush()
gather([fork(work)])
"""
    )
    assert (ended.lines, ended.err) == (["ok ok", "codes [0]"], "")


def test_a_fork_in_the_middle_of_a_fold_blocks_no_child(site: Site) -> None:
    """Another thread held every lock of the store when the fork came; the child folds, reads and flushes."""
    ended = site.run(
        HEAD
        + STORED
        + """
held, go = threading.Event(), threading.Event()
def hold():
    with lookup.store()._database.lock, engine().recorder.journal._lock:
        held.set()
        go.wait(30)
threading.Thread(target=hold).start()
held.wait()
def work():
    answer = ask()
    print(waypost.flush(5), waypost.receipt(answer).status, lookup.store().get(first).status, flush=True)
child = fork(work)
end = time.monotonic() + 20
while time.monotonic() < end and os.waitpid(child, os.WNOHANG) == (0, 0):
    time.sleep(0.05)
if time.monotonic() >= end:
    print("the child hangs", flush=True)
    os.kill(child, 9)
go.set()
"""
    )
    assert (ended.lines, ended.err) == (["True ok ok"], "")


def test_a_child_folds_although_its_parent_was_about_to(site: Site) -> None:
    """A fold that waited in the parent's queue when the fork came does not keep the child's from being asked for."""
    ended = site.run(
        HEAD
        + """
gate = threading.Event()
engine().worker.submit(gate.wait)
ask()
def work():
    receipt = waypost.receipt(ask()).id
    engine().worker.drain(5)
    time.sleep(1.5)
    engine().worker.drain(5)
    print(engine().lookup.store().get(receipt) is not None, flush=True)
child = fork(work)
gather([child])
gate.set()
"""
    )
    assert (ended.lines, ended.err) == (["True", "codes [0]"], "")


def test_children_deliver_spans_of_their_own(site: Site) -> None:
    """The application configures its SDK in each worker after the fork, as its guides say; each exports its spans."""
    configure = """
def configure():
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(ConsoleSpanExporter(formatter=lambda s: f"{s.name}\\n")))
    trace.set_tracer_provider(provider)
    return provider
def work():
    provider = configure()
    ask()
    provider.force_flush()
gather([fork(work)])
gather([fork(work)])
"""
    ended = site.run(HEAD + configure)
    assert ended.err == ""
    one = ["chat gpt-4o-mini", "route site"]
    assert sorted(ended.lines) == sorted([*one, *one, "codes [0]", "codes [0]"])


def test_children_of_a_process_pool_keep_their_receipts(site: Site) -> None:
    """multiprocessing's own way of forking and of ending children."""
    ended = site.run(
        HEAD
        + """
import json, multiprocessing
def one(_):
    return waypost.receipt(ask()).id
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(json.dumps(sorted(pool.map(one, range(4)))), flush=True)
"""
    )
    assert ended.err == ""
    assert json.loads(ended.out) == sorted(receipt["id"] for receipt in site.receipts())


def test_a_fork_in_the_middle_of_a_transaction_locks_no_child_out(site: Site) -> None:
    """SQLite notes by process who holds which lock of a file, and a child inherits the note: the fork waits until the
    transaction is over, so that the child can fold and read."""
    ended = site.run(
        HEAD
        + STORED
        + """
held = threading.Event()
def hold():
    with lookup.store()._database.transaction():
        held.set()
        time.sleep(0.3)
threading.Thread(target=hold).start()
held.wait()
def work():
    begun = time.monotonic()
    answer = ask()
    print(waypost.flush(5), waypost.receipt(answer).status, lookup.store().get(first).status, flush=True)
    print(dict(engine().dropped()), time.monotonic() - begun < 5, flush=True)
gather([fork(work)])
"""
    )
    assert (ended.lines, ended.err) == (["True ok ok", "{'jobs': 0} True", "codes [0]"], "")


def test_a_fork_while_the_store_is_imported_leaves_no_half_of_it(site: Site) -> None:
    """The worker imports it for its first fold, about when a server that loads first forks."""
    ended = site.run(
        HEAD
        + """
import importlib.abc
class Slow(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "waypost.adapters.stores.database":
            held.set()
            time.sleep(0.5)
sys.meta_path.insert(0, Slow())
held = threading.Event()
ask()
threading.Thread(target=engine().lookup.store).start()
held.wait()
def work():
    print(waypost.receipt(ask()).status, waypost.flush(5), dict(engine().dropped()), flush=True)
gather([fork(work)])
"""
    )
    assert (ended.lines, ended.err) == (["ok True {'jobs': 0}", "codes [0]"], "")
