"""What a strategy is asked: to score these candidates for this grid cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeAlias

from waypost.core.model.frozen import dataclass
from waypost.core.policy.tree import Rank, Scale

Lead: TypeAlias = tuple[tuple[int, int], ...]
"""Indices with their scores, best first, that stand before all others."""
NOT_NAMED = -1
"""The score of those others."""


class Facts(Protocol):
    """Columns of what is ranked: those of a catalog, or of ideals."""

    def costs(self, indices: Iterable[int], tokens_in: int, tokens_out: int, /) -> list[int | None]: ...
    def latencies(self, indices: Iterable[int], tokens_out: int, /) -> list[int | None]: ...
    def numbers(self, field: str, /) -> Sequence[int | None]: ...


@dataclass(frozen=True, slots=True)
class Ask:
    """``cell`` is (tokens in, tokens out) on the grid; ``scales`` are the policy's."""

    columns: Facts
    rank: Rank
    scales: Sequence[Scale]
    indices: Sequence[int]
    cell: tuple[int, int]

    def values(self, field: str) -> list[int | None]:
        """The raw values of cost, latency or quality, ``None`` where unknown."""
        if field == "cost":
            return self.columns.costs(self.indices, *self.cell)
        if field == "latency":
            return self.columns.latencies(self.indices, self.cell[1])
        quality = self.columns.numbers("quality")
        return [quality[index] for index in self.indices]
