"""The latency of one target: a percentile of a window of recent answers. No clock, no lock."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque

from waypost.core.model.money import grid

_STEPS = 10
"""How often, per window, the shown value may change."""


class Latencies:
    """The p95 of the last ``window`` values, on the geometric grid; nothing before ``least`` of them.

    The shown value follows only every tenth of a window, so that snapshots, and with them memoised decisions, last.
    """

    __slots__ = ("_every", "_least", "_order", "_recent", "_since", "shown_ns")

    def __init__(self, window: int, least: int) -> None:
        self._recent: deque[int] = deque(maxlen=max(window, 1))
        self._order: list[int] = []
        self._least = least
        self._every = max(window // _STEPS, 1)
        self._since = 0
        self.shown_ns: int | None = None

    def add(self, ns: int) -> bool:
        """Take one value in; whether the shown one changed."""
        value = grid(max(ns, 0))
        if len(self._recent) == self._recent.maxlen:
            del self._order[bisect_left(self._order, self._recent[0])]
        self._recent.append(value)
        insort(self._order, value)
        self._since += 1
        due = self.shown_ns is None or self._since >= self._every
        if len(self._order) < self._least or not due:
            return False
        self._since = 0
        before, self.shown_ns = self.shown_ns, self._order[-(-95 * len(self._order) // 100) - 1]
        return before != self.shown_ns
