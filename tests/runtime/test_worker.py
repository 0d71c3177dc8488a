"""The worker: order, bounds, faults, forks, exits, and that it costs nothing while idle."""

from __future__ import annotations

import contextvars
import gc
import inspect
import os
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from waypost.runtime.worker import Worker, frozen_between_calls


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker(capacity=100, inline=False)
    yield made
    made.close(5.0)


def run(program: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A program in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environ},
    )


def test_jobs_run_in_order_on_one_other_thread(worker: Worker) -> None:
    """All on a daemon thread that is not the caller's, started by the first job."""
    before = threading.active_count()  # other tests' workers may still be asleep
    seen: list[tuple[int, str, bool]] = []

    def job(number: int) -> None:
        seen.append((number, threading.current_thread().name, threading.current_thread().daemon))

    for number in range(50):
        assert worker.submit(job, number) is True
    assert threading.active_count() == before + 1
    assert worker.drain(5.0) is True
    assert seen == [(number, "waypost", True) for number in range(50)]


def test_a_full_queue_refuses_at_once(worker: Worker) -> None:
    """Submitting never blocks: beyond the capacity it says no, and counts."""
    gate = threading.Event()
    worker.submit(gate.wait)
    while len(worker):
        time.sleep(0.001)
    accepted = [worker.submit(int) for _ in range(150)]
    gate.set()
    assert accepted == [True] * 100 + [False] * 50
    assert worker.dropped == 50
    assert worker.drain(5.0) is True
    assert worker.submit(int) is True


def test_faults_of_jobs_are_contained_and_counted(worker: Worker) -> None:
    """The thread survives whatever a job raises, and somebody is told."""
    told: list[BaseException] = []
    worker._on_error = told.append

    def fail(error: BaseException) -> None:
        raise error

    errors = [ValueError("x"), SystemExit(3), KeyboardInterrupt()]
    for error in errors:
        worker.submit(fail, error)
    ran: list[int] = []
    worker.submit(ran.append, 1)
    assert worker.drain(5.0) is True
    assert (worker.failed, told, ran) == (3, errors, [1])


def test_a_fault_of_whoever_is_told_is_contained_too() -> None:
    """Telling about an error cannot end the thread either."""

    def broken(error: BaseException) -> None:
        raise RuntimeError("telling failed")

    made = Worker(inline=False, on_error=broken)
    made.submit(lambda: 1 / 0)
    ran: list[int] = []
    made.submit(ran.append, 1)
    assert made.drain(5.0) is True
    assert (made.failed, ran) == (2, [1])
    made.close()


def test_drain_gives_up_in_time(worker: Worker) -> None:
    """A job that hangs makes drain false after its timeout, and not later."""
    gate = threading.Event()
    worker.submit(gate.wait)
    before = time.monotonic()
    assert worker.drain(0.05) is False
    assert time.monotonic() - before < 2.0
    gate.set()
    assert worker.drain(5.0) is True


def test_drain_without_jobs_starts_nothing(worker: Worker) -> None:
    """An idle worker has no thread and is drained."""
    assert worker.drain(0.0) is True
    assert worker._thread is None


def test_a_job_may_drain(worker: Worker) -> None:
    """A job that flushes a provider, which drains us, does the waiting jobs itself and does not wait for ever."""
    seen: list[object] = []
    gate = threading.Event()
    worker.submit(gate.wait)
    worker.submit(lambda: seen.append(worker.drain(5.0)))
    worker.submit(seen.append, "later")
    gate.set()
    assert worker.drain(5.0) is True
    assert seen == ["later", True]


def test_inline_runs_at_once() -> None:
    """No thread; faults are contained all the same."""
    made = Worker(inline=True)
    seen: list[str] = []
    assert made.submit(lambda: seen.append(threading.current_thread().name)) is True
    assert made.submit(lambda: 1 / 0) is True
    assert seen == [threading.current_thread().name]
    assert (made.failed, made._thread) == (1, None)
    made.close()


@pytest.mark.parametrize(
    ("environ", "frozen"),
    [
        ({}, False),
        ({"AWS_LAMBDA_FUNCTION_NAME": "f"}, True),
        ({"FUNCTION_TARGET": "f"}, True),
        ({"K_SERVICE": "s"}, True),
        ({"K_SERVICE": ""}, False),
    ],
)
def test_functions_as_a_service_run_inline(
    environ: dict[str, str], frozen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads that are frozen after the answer would deliver nothing."""
    for name in ("AWS_LAMBDA_FUNCTION_NAME", "FUNCTION_TARGET", "K_SERVICE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert frozen_between_calls() is frozen
    made = Worker()
    assert made.inline is frozen
    made.close()


def test_a_closed_worker_refuses_and_has_done_its_jobs(worker: Worker) -> None:
    """Close runs what waits, ends the thread, and may be called again."""
    ran: list[int] = []
    for number in range(10):
        worker.submit(ran.append, number)
    assert worker.close(5.0) is True
    assert ran == list(range(10))
    thread = worker._thread
    assert thread is not None
    thread.join(5.0)
    assert not thread.is_alive()
    assert worker.submit(int) is False
    assert worker.close(5.0) is True


def test_a_finished_job_is_forgotten(worker: Worker) -> None:
    """A waiting worker keeps no object of the last call alive."""

    class Response:
        pass

    response = Response()
    gone, ran = weakref.ref(response), threading.Event()
    worker.submit(lambda _: ran.set(), response)
    del response
    assert ran.wait(5.0)
    # Nothing else is submitted; the thread has only to come back to its waiting.
    deadline = time.monotonic() + 5.0
    while gone() is not None and time.monotonic() < deadline:
        time.sleep(0.001)
    assert gone() is None


def test_submitting_from_a_finaliser_cannot_deadlock() -> None:
    """A stream that is collected in the middle of another submit settles there, on the same thread."""
    worker = Worker(inline=False)
    ran: list[str] = []

    class Stream:
        def __del__(self) -> None:
            worker.submit(ran.append, "settled")

    for _ in range(200):
        cycle: list[Any] = [Stream()]
        cycle.append(cycle)
        del cycle
        worker.submit(ran.append, "call")
        worker.drain(5.0)
    gc.collect()
    worker.drain(5.0)
    assert ran.count("settled") == 200
    assert ran.count("call") == 200
    worker.close()


def test_the_starters_context_is_not_inherited(worker: Worker) -> None:
    """The first caller's context variables are not those of all later jobs."""
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="nobody's")
    seen: list[str] = []
    token = variable.set("the first caller's")
    worker.submit(lambda: seen.append(variable.get()))
    worker.drain(5.0)
    variable.reset(token)
    assert seen == ["nobody's"]


def test_many_threads_may_submit(worker: Worker) -> None:
    """Nothing is lost or run twice, and one thread does it all."""
    made = Worker(capacity=100_000, inline=False)
    seen: list[tuple[int, int]] = []

    def submit(thread: int) -> None:
        for number in range(500):
            made.submit(seen.append, (thread, number))

    threads = [threading.Thread(target=submit, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made.drain(10.0) is True
    assert sorted(seen) == [(thread, number) for thread in range(8) for number in range(500)]
    made.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_a_forked_child_has_a_worker_of_its_own() -> None:
    """The child starts its own thread; jobs that waited at the fork stay the parent's and run once."""
    result = run("""
        import os, threading, sys
        from waypost.runtime.worker import Worker
        worker = Worker(inline=False)
        gate = threading.Event()
        ran = []
        worker.submit(gate.wait)
        worker.submit(ran.append, "parent's")
        child = os.fork()
        if child == 0:
            worker.submit(ran.append, "child's")
            ok = worker.drain(10) and ran == ["child's"] and worker.dropped == 0
            os._exit(0 if ok else 1)
        _, status = os.waitpid(child, 0)
        gate.set()
        print(os.waitstatus_to_exitcode(status), worker.drain(10), ran)
    """)
    assert (result.stdout, result.stderr) == ('0 True ["parent\'s"]\n', "")


def test_jobs_are_run_at_exit() -> None:
    """A program that ends right after a call still delivers."""
    result = run("""
        import time
        from waypost.runtime.worker import Worker
        worker = Worker(inline=False)
        for number in range(5):
            worker.submit(lambda number=number: (time.sleep(0.01), print(number, flush=True)))
    """)
    assert (result.stdout.split(), result.stderr) == (["0", "1", "2", "3", "4"], "")


def test_exit_has_a_deadline() -> None:
    """A job that hangs does not hold the process for ever."""
    before = time.monotonic()
    result = run("""
        import threading
        from waypost.runtime import worker
        made = worker.Worker(inline=False)
        made.submit(threading.Event().wait)
        import atexit
        atexit.unregister(made.close)
        atexit.register(made.close, 0.2)
    """)
    assert (result.returncode, result.stderr) == (0, "")
    assert time.monotonic() - before < 20.0


def test_exit_order_follows_run_first_at_exit() -> None:
    """Handlers registered before the call run after our jobs are done."""
    result = run("""
        import atexit
        from waypost.runtime.worker import Worker
        worker = Worker(inline=False)
        atexit.register(print, "provider shut down", flush=True)
        worker.run_first_at_exit()
        worker.submit(lambda: print("span ended", flush=True))
    """)
    assert (result.stdout.splitlines(), result.stderr) == (["span ended", "provider shut down"], "")


@pytest.mark.skipif(not hasattr(time, "thread_time"), reason="no CPU time of threads")
def test_an_idle_worker_does_not_wake_up(worker: Worker) -> None:
    """No polling: the waiting thread uses no CPU time at all."""
    spent: list[float] = []
    worker.submit(lambda: spent.append(time.thread_time()))
    worker.drain(5.0)
    time.sleep(0.3)
    worker.submit(lambda: spent.append(time.thread_time()))
    worker.drain(5.0)
    assert spent[1] - spent[0] < 0.005


def test_a_thread_that_cannot_start_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Late at exit Python starts no threads; the caller is told no and does its part itself."""

    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    made = Worker(inline=False)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        assert made.submit(int) is False
    assert made.dropped == 1
    assert made.submit(int) is True
    made.close()


def test_a_job_that_is_wanted_soon_runs_once_for_all_who_asked() -> None:
    """Jobs that do the same for everybody are not run once per caller, and not before their time."""
    worker, ran = Worker(inline=False), list[str]()

    def job() -> None:
        ran.append("ran")

    assert all(worker.soon(job, 60.0) for _ in range(5))
    assert ran == []
    assert worker.drain(5.0)
    assert ran == ["ran"]
    assert worker.drain(5.0)
    assert ran == ["ran"]
    worker.close()


def test_a_job_that_is_due_runs_without_any_other() -> None:
    """An idle worker wakes for it."""
    worker, ran = Worker(inline=False), threading.Event()
    assert worker.soon(ran.set, 0.01)
    assert ran.wait(5.0)
    worker.close()


def test_what_is_wanted_soon_runs_before_the_worker_closes_and_not_after() -> None:
    """Closing loses nothing, and says so where it refuses."""
    worker, ran = Worker(inline=False), threading.Event()
    assert worker.soon(ran.set, 60.0)
    assert worker.close()
    assert ran.is_set()
    assert not worker.soon(ran.set, 60.0)
    assert worker.dropped == 1


def test_a_deferred_job_runs_on_the_thread(worker: Worker) -> None:
    """Never where it was given: a finaliser stands in the middle of something."""
    ran: list[str] = []
    assert worker.defer(lambda: ran.append(threading.current_thread().name))
    assert worker.drain(5.0)
    assert ran == ["waypost"]


def test_a_deferred_job_of_an_inline_worker_runs_before_the_next() -> None:
    ran: list[str] = []
    made = Worker(inline=True)
    assert made.defer(ran.append, "deferred")
    assert ran == []
    made.submit(ran.append, "next")
    assert ran == ["deferred", "next"]
    assert made.defer(ran.append, "waiting")
    assert made.drain(1.0)
    assert ran == ["deferred", "next", "waiting"]


@pytest.mark.parametrize("inline", [True, False])
def test_a_deferred_job_is_refused_after_the_end_alone(inline: bool) -> None:
    """However many wait: what they would settle is not lost."""
    ran: list[int] = []
    made = Worker(capacity=2, inline=inline)
    assert all(made.defer(ran.append, number) for number in range(100))
    assert made.close(5.0)
    assert ran == list(range(100))
    assert not made.defer(ran.append, 100)
    assert made.dropped == 0


@pytest.mark.parametrize("inline", [True, False])
def test_what_a_deferred_job_submits_is_run_at_the_end_too(inline: bool) -> None:
    """A stream that was put off has rows and spans of its own."""
    ran: list[str] = []
    made = Worker(inline=inline)
    assert made.defer(lambda: made.submit(ran.append, "its row"))
    assert made.close(5.0)
    assert (ran, made.dropped) == (["its row"], 0)


def test_many_deferred_jobs_do_not_run_inside_of_each_other() -> None:
    """Where every job runs at once, and each submits another."""
    depths: list[int] = []
    made = Worker(inline=True)

    def settle() -> None:
        depths.append(len(inspect.stack(0)))
        made.submit(str)

    assert all(made.defer(settle) for _ in range(2_000))
    made.submit(str)
    assert (len(depths), len(set(depths)), made.failed) == (2_000, 1, 0)


def test_a_deferred_job_that_defers_itself_ends_nothing() -> None:
    """As a measurement does in the middle of another: it waits for the next job, and not for itself."""
    ran: list[int] = []
    made = Worker(inline=True)

    def again() -> None:
        ran.append(len(ran))
        made.defer(again)

    made.defer(again)
    for _ in range(3):
        made.submit(str)
    assert ran == [0, 1, 2]


def test_a_queue_that_is_never_empty_keeps_nothing_from_its_time(worker: Worker) -> None:
    """Under load a job always waits: receipts must be folded in time, and changed files be looked at, all the same."""
    folded, looked = threading.Event(), threading.Event()
    worker.on_work = looked.set
    ended = threading.Event()

    def endless() -> None:
        if not ended.is_set():
            worker.submit(endless)
            worker.submit(int)

    worker.submit(endless)
    worker.soon(folded.set, 0.01)
    try:
        assert folded.wait(5.0)
        looked.clear()
        assert looked.wait(5.0)
    finally:
        ended.set()
