"""Locks that are free while the process forks: whoever forks waits for them, for a moment.

A child has its parent's memory as it stood, and only one of its threads. What another thread had half done stays so
there for ever: a module that was being imported, or SQLite's own note of who holds which lock of a file.
"""

from __future__ import annotations

import os
import threading
import time
import weakref

PATIENCE_S = 1.0
"""How long a fork waits for all of them together. Who holds one for longer waits for a disk, or for another process."""


class Quiet:
    """A re-entrant lock for ``with``. In a child nobody holds it but the thread that forked, if that did."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _all.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class _Forking(threading.local):
    """What this thread holds because it is about to fork."""

    def __init__(self) -> None:
        self.held: list[Quiet] = []


_all: weakref.WeakSet[Quiet] = weakref.WeakSet()
_forking = _Forking()


def _before() -> None:
    until = time.monotonic() + PATIENCE_S
    for quiet in list(_all):
        if quiet._lock.acquire(timeout=max(until - time.monotonic(), 0.0)):
            _forking.held.append(quiet)


def _in_parent() -> None:
    while _forking.held:
        _forking.held.pop()._lock.release()


def _in_child() -> None:
    held = set(map(id, _forking.held))
    for quiet in list(_all):
        if id(quiet) not in held:  # its holder is not here to let go of it
            quiet._lock = threading.RLock()
    _in_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
