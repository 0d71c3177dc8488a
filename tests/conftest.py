"""For every test: what hangs says where, one way to hang that is not ours is mended, and what was imported is not
looked through for garbage again and again."""

from __future__ import annotations

import faulthandler
import gc
import sys
import threading
from importlib.util import find_spec
from typing import Any

import pytest

EXIT_S = 60.0
"""How long the process may take to end when all tests are over."""


def pytest_configure() -> None:
    """httpcore's pool waits for itself where the garbage collector closes a forgotten stream inside of its lock.

    That befalls the bare SDKs as well, and breaks a run of many streams now and then. httpcore2 has this lock instead.
    """
    if find_spec("httpcore") is None:
        return
    from httpcore import _synchronization

    def reentrant(lock: Any) -> None:
        lock._lock = threading.RLock()

    _synchronization.ThreadLock.__init__ = reentrant  # type: ignore[method-assign]


def pytest_collection_finish() -> None:
    """Three SDKs and all tests are some million objects that stay; to look through them costs a quarter of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """A thread that never ends would keep the process for ever, and nobody would learn which."""
    faulthandler.dump_traceback_later(EXIT_S, exit=True, file=sys.__stderr__ or sys.stderr)
