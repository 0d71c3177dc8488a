"""A snapshot turned into masks, once for as long as the world stays the same."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from waypost.core.model.question import EMPTY_SNAPSHOT, Snapshot
from waypost.core.policy.bits import mask_of
from waypost.core.policy.columns import Columns

facts_of = attrgetter("broken", "disabled", "latency_p95_ns")
"""What of a snapshot makes a world; its epoch and its time do not."""
state_of = attrgetter("broken", "disabled", "latency_p95_ns", "used", "limited", "refused")
"""The same with what it says of the caller."""


class World:
    """What a plan reads of a snapshot, with the memos that hold only in it.

    ``breaker`` is the mask of broken targets and of those at disabled endpoints; ``measured`` is (index, p95 in ns).
    """

    __slots__ = ("breaker", "facts", "lines", "measured", "steps", "views")

    def __init__(self, snapshot: Snapshot, columns: Columns) -> None:
        self.facts = facts_of(snapshot)
        index = columns.catalog.index
        breaker = mask_of((index[target] for target in snapshot.broken if target in index), columns.size)
        for endpoint in snapshot.disabled:
            breaker |= columns.endpoints.get(endpoint, 0)
        self.breaker = breaker
        known = {index[target]: value for target, value in snapshot.latency_p95_ns if target in index}
        self.measured = tuple(sorted(known.items()))
        self.lines: dict[tuple[int, Any], int] = {}
        self.steps: dict[Any, tuple[tuple[tuple[str, int], ...], int]] = {}
        self.views: dict[Any, Any] = {}

    @classmethod
    def empty(cls, columns: Columns) -> World:
        """A world of which nothing is known."""
        return cls(EMPTY_SNAPSHOT, columns)
