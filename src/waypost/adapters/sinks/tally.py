"""Sums of ours that reach an instrument when the SDK collects, because an add to it costs 70,000 instructions.

Each sum remembers the context of an add to it, so that what is collected leads to a trace.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeAlias

from opentelemetry.context import Context

Key: TypeAlias = "tuple[tuple[str, str], ...]"

OTHER = "other"
LIMIT = 200
NOWHERE = Context()


Entry: TypeAlias = "tuple[tuple[Hashable, ...], int, Context]"
"""What something belongs to, an amount, and the context in which it happened."""


class Ledger:
    """How often something happened and its sum, by any key, since they were last taken; nothing is made of keys here.

    A forked child begins with none; its parent reports those.
    """

    def __init__(self) -> None:
        self._reset()
        _all.add(self)

    def _reset(self) -> None:
        # Re-entrant, because without a worker a finaliser may add in the middle of an add.
        self._lock = threading.RLock()
        self._cells: dict[tuple[Any, ...], tuple[int, int, Context]] = {}

    def __len__(self) -> int:
        return len(self._cells)

    def add(self, entries: Iterable[Entry]) -> None:
        """Add each entry's amount under its key, and one to the count."""
        with self._lock:
            cells = self._cells
            for key, amount, context in entries:
                cell = cells.get(key)
                cells[key] = (1, amount, context) if cell is None else (cell[0] + 1, cell[1] + amount, context)

    def take(self) -> dict[tuple[Any, ...], tuple[int, int, Context]]:
        """Give away all counts and sums, each with the context of its latest add."""
        with self._lock:
            cells, self._cells = self._cells, {}
        return cells


class Tally:
    """Sums by attributes since they were last taken. A forked child begins with none; its parent reports those."""

    def __init__(self) -> None:
        self._reset()
        _all.add(self)

    def _reset(self) -> None:
        # Re-entrant, because without a worker a finaliser may add in the middle of an add.
        self._lock = threading.RLock()
        self._cells: dict[Key, tuple[int, Context]] = {}

    def add(self, amount: int, key: Key, context: Context = NOWHERE) -> None:
        """Add ``amount`` under the attributes of ``key``."""
        with self._lock:
            cell = self._cells.get(key)
            self._cells[key] = (amount if cell is None else cell[0] + amount, context)

    def take(self, give: Callable[[int, dict[str, str], Context], object]) -> None:
        """Give away all sums, each with its attributes and the context of its latest add."""
        with self._lock:
            cells, self._cells = self._cells, {}
        for key, (total, context) in cells.items():
            give(total, dict(key), context)


class Levels:
    """The highest value of each series since it was last taken; one that nobody noted since stands as it was."""

    def __init__(self) -> None:
        self._reset()
        _all.add(self)

    def _reset(self) -> None:
        self._lock = threading.RLock()
        self._cells: dict[Key, tuple[float, bool]] = {}

    def note(self, key: Key, value: float) -> None:
        with self._lock:
            before, taken = self._cells.get(key, (value, True))
            self._cells[key] = (value if taken else max(before, value), False)

    def take(self) -> list[tuple[Key, float]]:
        """Every series with its value."""
        with self._lock:
            found = [(key, value) for key, (value, _) in self._cells.items()]
            self._cells = {key: (value, True) for key, value in found}
        return found


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


_all: weakref.WeakSet[Ledger | Tally | Levels] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for sums in _all:
        sums._reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
