"""Streams that broke off before their ends, until somebody settles them.

Whoever reports such an end may be the garbage collector, which runs wherever something is allocated: with the lock of
the state held below it, or one of somebody's metrics. To settle there would be to wait for the own thread. So the
stream is put down here, and the worker settles it, or the next call does, or whoever asks for a receipt.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from waypost.runtime.worker import Worker


class CutStreams:
    """``settle`` gets what `add` was given, once. False while nothing waits; safe for threads, forks and finalisers."""

    def __init__(self, settle: Callable[..., None], worker: Worker) -> None:
        self._settle = settle
        self._worker = worker
        self._waiting: deque[tuple[int, tuple[Any, ...]]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, *ended: Any) -> None:
        """Have it settled soon; at once where nobody would come any more."""
        self._waiting.append((os.getpid(), ended))
        if not self._worker.defer(self.settle):
            self.settle()

    def settle(self) -> None:
        """Settle all that wait, of this process: what a fork copied is its parent's."""
        with suppress(IndexError):  # another thread may take the last of them
            while self._waiting:
                pid, ended = self._waiting.popleft()
                if pid == os.getpid():
                    self._settle(*ended)
