"""A snapshot turned into masks, once for as long as the world stays the same."""

from __future__ import annotations

from typing import Any

from waypost.core.model.question import EMPTY_SNAPSHOT, Snapshot
from waypost.core.policy.bits import mask_of
from waypost.core.policy.columns import Columns


class World:
    """What a plan reads of a snapshot, with the memos that hold only in it.

    ``breaker`` is the mask of broken targets and of those at disabled endpoints; ``measured`` is (index, p95 in ns).
    """

    __slots__ = ("breaker", "broken", "disabled", "latency", "lines", "measured", "steps", "views")

    def __init__(self, snapshot: Snapshot, columns: Columns) -> None:
        self.broken = snapshot.broken
        self.disabled = snapshot.disabled
        self.latency = snapshot.latency_p95_ns
        index = columns.catalog.index
        breaker = mask_of((index[target] for target in self.broken if target in index), columns.size)
        for endpoint in self.disabled:
            breaker |= columns.endpoints.get(endpoint, 0)
        self.breaker = breaker
        known = {index[target]: value for target, value in self.latency if target in index}
        self.measured = tuple(sorted(known.items()))
        self.lines: dict[tuple[int, Any], int] = {}
        self.steps: dict[Any, tuple[tuple[tuple[str, int], ...], int]] = {}
        self.views: dict[Any, Any] = {}

    @classmethod
    def empty(cls, columns: Columns) -> World:
        """A world of which nothing is known."""
        return cls(EMPTY_SNAPSHOT, columns)

    def same(self, snapshot: Snapshot) -> bool:
        """Whether ``snapshot`` says nothing else; its epoch and its time are not looked at."""
        return (
            self.disabled == snapshot.disabled
            and self.broken == snapshot.broken
            and self.latency == snapshot.latency_p95_ns
        )
