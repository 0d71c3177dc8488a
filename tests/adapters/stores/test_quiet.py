"""Locks that nobody holds while the process forks: what is half done in a thread stays so in a child for ever."""

from __future__ import annotations

import os
import threading
import time

import pytest

from waypost.adapters.stores import quiet
from waypost.adapters.stores.quiet import Quiet

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


def forked(work: object) -> int:
    """The exit code of a child that returns what ``work`` does."""
    child = os.fork()
    if not child:
        code = 99
        try:
            code = int(work())  # type: ignore[operator]
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_fork_waits_for_who_holds_it() -> None:
    """The child has what the other thread has finished, and not what it was doing."""
    lock, began, steps = Quiet(), threading.Event(), list[str]()

    def other() -> None:
        with lock:
            steps.append("begun")
            began.set()
            time.sleep(0.2)
            steps.append("done")

    thread = threading.Thread(target=other)
    thread.start()
    began.wait()
    assert forked(lambda: len(steps)) == 2
    thread.join()
    with lock:
        pass


def test_a_fork_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who holds it for long waits for a disk or another process; the child gets a lock that is free."""
    monkeypatch.setattr(quiet, "PATIENCE_S", 0.1)
    lock, began, go = Quiet(), threading.Event(), threading.Event()

    def other() -> None:
        with lock:
            began.set()
            go.wait(30)

    thread = threading.Thread(target=other)
    thread.start()
    began.wait()
    begun = time.monotonic()
    assert forked(lambda: lock._lock.acquire(timeout=1)) == 1
    assert time.monotonic() - begun < 5
    go.set()
    thread.join()


def test_who_forks_may_hold_it() -> None:
    """In a child it is still held by the one thread that is left, and let go of by it."""
    lock = Quiet()
    with lock:
        child = os.fork()
    if not child:
        os._exit(0 if lock._lock.acquire(blocking=False) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
