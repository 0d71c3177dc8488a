"""One background thread per process for everything that may happen after the caller has its answer.

It knows nothing of what it runs. Submitting never blocks and is safe from a finaliser, because `queue.SimpleQueue` is
re-entrant; a full queue refuses and counts. An idle worker sleeps in the queue and is woken by nothing but a job.
"""

from __future__ import annotations

import atexit
import contextvars
import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Literal, TypeAlias

Job: TypeAlias = "tuple[Callable[..., object], tuple[Any, ...]]"

CAPACITY = 4096
LINGER_S = 0.05
"""How long a woken thread waits for more: every wake-up takes the interpreter from a caller who is about to go on."""
TURN = 256
"""After how many jobs in a row the others get theirs: what is due, and `Worker.on_work`."""
EXIT_TIMEOUT_S = 5.0
FROZEN_BETWEEN_CALLS = ("AWS_LAMBDA_FUNCTION_NAME", "FUNCTION_TARGET", "K_SERVICE")
"""Variables of platforms that stop all threads as soon as the answer is out."""


def frozen_between_calls(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a background thread may never run again after an answer (Lambda, Cloud Functions, Cloud Run)."""
    return any(environ.get(name) for name in FROZEN_BETWEEN_CALLS)


class _Deferring(threading.local):
    """Whether this thread is running what was deferred."""

    now = False


class Worker:
    """A bounded queue and the daemon thread that empties it, started by the first job.

    ``inline`` runs every job at once on the caller's thread; by default it is on where threads are frozen between
    calls. ``on_error`` is told of a job's exception, which goes no further, ``on_refusal`` of the first job that was
    refused before the end. Counters only grow, and start again at zero in a forked child, whose parent keeps the jobs
    that were waiting.
    """

    def __init__(
        self,
        *,
        capacity: int = CAPACITY,
        inline: bool | None = None,
        on_error: Callable[[BaseException], object] | None = None,
        on_refusal: Callable[[], object] | None = None,
    ) -> None:
        self.capacity = capacity
        self.inline = frozen_between_calls() if inline is None else inline
        self._on_error = on_error
        self._on_refusal = on_refusal
        self.on_work: Callable[[], object] | None = None
        """What is run, on the worker's thread, whenever jobs that were submitted have been run, or many of them."""
        self._reset()
        _all.add(self)
        self.run_first_at_exit()

    def _reset(self) -> None:
        self.dropped = 0
        self.failed = 0
        self._ending = False
        self._closed = False
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._hurry = threading.Event()
        self._due: dict[Callable[[], object], float] = {}
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._deferring = _Deferring()

    def submit(self, job: Callable[..., object], *args: Any) -> bool:
        """Have ``job(*args)`` run soon. ``False``: refused, because the queue is full or the worker is closed."""
        if self.inline:
            self._run_deferred()
            self._run(job, args)
            self._tell_of_work()
            return True
        if self._closed or self._jobs.qsize() >= self.capacity or (self._thread is None and not self._start()):
            return self._refuse()
        self._jobs.put((job, args))
        if self._jobs.qsize() > self.capacity // 4:
            self._hurry.set()
        return True

    def defer(self, job: Callable[..., object], *args: Any) -> bool:
        """Have ``job(*args)`` run by the thread, from where nothing may be run: a finaliser can come in the middle of
        anything, and this very thread may hold the lock that the job wants. Where every job runs at once, it runs
        before the next one. However many wait, none is refused but after the end."""
        if self._closed or not (self.inline or self._thread is not None or self._start()):
            return False
        self._jobs.put((job, args))
        return True

    def soon(self, job: Callable[[], object], within_s: float) -> bool:
        """Have ``job()`` run once within ``within_s`` seconds, or before the next drain ends.

        Asked for again before it has run, it still runs once. ``False``: refused, because the worker is closed.
        """
        if job in self._due:
            return True
        if self.inline:
            return self.submit(job)
        self._due[job] = time.monotonic() + within_s
        if self._closed or (self._thread is None and not self._start()):
            self._due.pop(job, None)
            return self._refuse()
        # A thread that sleeps without an end learns of it by a job that does nothing.
        self._jobs.put((_nothing, ()))
        return True

    def again(self, job: Callable[[], object], within_s: float) -> None:
        """From a job or `on_work`: have ``job()`` run once in ``within_s`` seconds, and no sooner. Where every job runs
        at once there is nobody who would."""
        if not self.inline and not self._ending:
            self._due[job] = time.monotonic() + within_s

    @property
    def closed(self) -> bool:
        """Whether the end has begun, so that nothing new is worth while."""
        return self._ending

    def waits(self, job: Callable[[], object]) -> bool:
        """Whether ``job()`` waits for its time."""
        return job in self._due

    def _refuse(self) -> Literal[False]:
        self.dropped += 1
        if self.dropped == 1 and self._on_refusal is not None and not self._closed:
            self._on_refusal()
        return False

    def drain(self, timeout_s: float) -> bool:
        """Wait until everything submitted before has run. ``False`` after ``timeout_s`` seconds.

        Called from a job, or where the thread is gone, it runs what is waiting itself.
        """
        thread = self._thread
        if thread is None or thread is threading.current_thread() or not thread.is_alive():
            return self._run_waiting(timeout_s)
        done = threading.Event()
        self._jobs.put((self._run_due, (True,)))
        self._jobs.put((done.set, ()))
        self._hurry.set()
        return done.wait(timeout_s)

    def close(self, timeout_s: float = EXIT_TIMEOUT_S) -> bool:
        """Run the waiting jobs and what they submit, refuse new ones and end the thread; further calls do nothing."""
        until = time.monotonic() + timeout_s
        self._ending = True
        if not self._closed:
            self.drain(timeout_s)
        self._closed = True
        done = self.drain(max(until - time.monotonic(), 0.0))
        self._jobs.put(None)
        self._hurry.set()
        atexit.unregister(self.close)
        return done

    def run_first_at_exit(self) -> None:
        """Move this worker before every exit handler registered so far.

        Handlers run last-registered first, and a span provider that shuts down before us would refuse our spans.
        """
        atexit.unregister(self.close)
        atexit.register(self.close)

    def __len__(self) -> int:
        """How many jobs are waiting."""
        return self._jobs.qsize()

    def _start(self) -> bool:
        # A finaliser may get here while this very thread holds the lock; it must not wait for itself.
        if not self._lock.acquire(blocking=False):
            return True
        try:
            if self._thread is None:
                thread = threading.Thread(target=self._loop, args=(self._jobs,), name="waypost", daemon=True)
                # Newer Pythons hand the starter's context variables on; nobody's span may be current here for ever.
                contextvars.Context().run(thread.start)
                self._thread = thread
        except RuntimeError:
            return False
        finally:
            self._lock.release()
        return True

    def _loop(self, jobs: SimpleQueue[Job | None]) -> None:
        left = 0
        while True:
            try:
                item = jobs.get(timeout=self._wait())
            except Empty:
                self._run_due()
                continue
            if left or not jobs.qsize():  # in the middle of a queue nobody lingers
                self._hurry.wait(LINGER_S)
            self._hurry.clear()
            left = TURN
            while item is not None:
                self._run(*item)
                left -= 1
                try:
                    if not left:
                        break
                    item = jobs.get_nowait()
                except Empty:
                    break
            else:
                return
            # A waiting worker must not keep the last call's objects alive.
            del item
            if self._due:
                self._run_due()
            self._tell_of_work()

    def _tell_of_work(self) -> None:
        if self.on_work is not None:
            self._run(self.on_work, ())

    def _wait(self) -> float | None:
        """Seconds until the next job is due; ``None`` for no end."""
        due = min(self._due.copy().values(), default=None)
        return None if due is None else max(due - time.monotonic(), 0.0)

    def _run_due(self, every: bool = False) -> None:
        """Run the jobs that are due, or all that wait for their time."""
        now = time.monotonic()
        for job, due in self._due.copy().items():
            if every or due <= now:
                self._due.pop(job, None)
                self._run(job, ())

    def _run_deferred(self) -> None:
        """Run what waits now, each once: what such a job submits is run by itself, and what it defers waits again."""
        if self._deferring.now:
            return
        self._deferring.now = True
        try:
            with suppress(Empty):
                for _ in range(self._jobs.qsize()):
                    item = self._jobs.get_nowait()
                    if item is not None:
                        self._run(*item)
        finally:
            self._deferring.now = False

    def _run_waiting(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            try:
                item = self._jobs.get_nowait()
            except Empty:
                self._run_due(every=True)
                return True
            if item is not None:
                self._run(*item)
        return self._jobs.empty()

    def _run(self, job: Callable[..., object], args: tuple[Any, ...]) -> None:
        try:
            job(*args)
        except BaseException as error:  # nothing that a job raises may end the thread or reach a caller
            self.failed += 1
            if self._on_error is not None:
                self._tell(error)

    def _tell(self, error: BaseException) -> None:
        try:
            assert self._on_error is not None
            self._on_error(error)
        except Exception:  # the error was counted, and whoever is told cannot make it worse
            self.failed += 1


def _nothing() -> None:
    return None


_all: weakref.WeakSet[Worker] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for worker in _all:
        # The thread stayed in the parent, and so do its jobs; the queue's lock may be held by nobody.
        worker._reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
