"""Counts of ours, read by an SDK when it collects: an add costs a dictionary entry where an instrument's costs 10 us.

Each count remembers the context of its latest add until it is read once, so that a collected value may lead to a trace.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterable
from typing import TypeAlias

from opentelemetry.context import Context
from opentelemetry.metrics import Observation

Key: TypeAlias = "tuple[tuple[str, str], ...]"

OTHER = "other"
LIMIT = 200


class Tally:
    """Sums by attributes, growing only. A forked child begins at zero: its parent reports what was before."""

    def __init__(self) -> None:
        self._reset()
        _all.add(self)

    def _reset(self) -> None:
        # Re-entrant, because without a worker a finaliser may add in the middle of an add.
        self._lock = threading.RLock()
        self._cells: dict[Key, tuple[int, Context | None]] = {}

    def add(self, amount: int, key: Key, context: Context | None = None) -> None:
        """Add ``amount`` under the attributes of ``key``."""
        with self._lock:
            cell = self._cells.get(key)
            self._cells[key] = (amount if cell is None else cell[0] + amount, context)

    def observe(self) -> Iterable[Observation]:
        """All sums, each with its context once."""
        with self._lock:
            cells = list(self._cells.items())
            self._cells = {key: (total, None) for key, (total, _) in cells}
        return [Observation(total, dict(key), context) for key, (total, context) in cells]


class Bounded:
    """Keeps what callers can choose from making metrics without bound: values beyond the first few are `other`."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._seen: dict[str, set[str]] = {}

    def __call__(self, name: str, value: str) -> str:
        """``value``, or `other` where attribute ``name`` has had too many."""
        seen = self._seen.setdefault(name, set())
        if value in seen:
            return value
        if len(seen) >= self._limit:
            return OTHER
        seen.add(value)
        return value


_all: weakref.WeakSet[Tally] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for tally in _all:
        tally._reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
