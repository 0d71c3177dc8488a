"""Ends of streams that could not be settled on the spot.

Whoever reports an end may be the garbage collector, which runs wherever something is allocated: inside of the state,
too, whose lock its own thread then holds. To settle there would be to wait for oneself. So the end is put down here,
and the worker settles it, or the next call does, or whoever asks for a receipt.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from waypost.runtime.worker import Worker


class PutOff:
    """``settle`` gets what `add` was given, once. False while nothing waits; safe for threads, forks and finalisers."""

    def __init__(self, settle: Callable[..., None], worker: Worker) -> None:
        self._settle = settle
        self._worker = worker
        self._waiting: deque[tuple[int, tuple[Any, ...]]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, *ended: Any) -> None:
        """Have it settled soon. Where the worker has ended it waits for a call or a question that may never come."""
        self._waiting.append((os.getpid(), ended))
        self._worker.defer(self.settle)

    def settle(self) -> None:
        """Settle all that wait, of this process: what a fork copied is its parent's."""
        with suppress(IndexError):  # another thread may take the last of them
            while self._waiting:
                pid, ended = self._waiting.popleft()
                if pid == os.getpid():
                    self._settle(*ended)
