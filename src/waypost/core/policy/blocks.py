"""The best of many without ranking all: candidates in blocks, each with an ideal that nobody in it beats.

A block's ideal is as cheap, as fast and as good as the best in it is in each. Every rank grows with each of the three,
so a block whose ideal ranks behind those already found has nobody to add.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import prod

from waypost.core.policy.columns import Columns
from waypost.core.policy.rank.scale import lg
from waypost.core.policy.rates import Pair, costs_for, latencies_for
from waypost.core.policy.recent import Recent

SIZE = 32
_TYPICAL = (1_024, 512)


class Blocks:
    """The candidates of a catalog in blocks; also the columns of their ideals, by place of the block."""

    def __init__(self, columns: Columns) -> None:
        self.members = _tiled(columns)
        self._rates = columns.rates
        self._quality = [_least(max, columns.numbers("quality"), block) for block in self.members]
        self._latency = self._ideals(columns.rates.latency)
        self._prices: dict[int, Pair] = {}

    def costs(self, indices: Iterable[int], tokens_in: int, tokens_out: int) -> list[int | None]:
        """The cost of each ideal."""
        stretch = self._rates.stretch(tokens_in)
        found = self._prices.get(stretch)
        if found is None:
            found = self._prices[stretch] = self._ideals(self._rates.price(tokens_in))
        first, second = found
        return costs_for(tokens_in, tokens_out)([first[at] for at in indices], [second[at] for at in indices])

    def latencies(self, indices: Iterable[int], tokens_out: int) -> list[int | None]:
        """The latency of each ideal."""
        first, second = self._latency
        return latencies_for(tokens_out)([first[at] for at in indices], [second[at] for at in indices])

    def numbers(self, field: str) -> Sequence[int | None]:
        """The quality of each ideal."""
        assert field == "quality"
        return self._quality

    def _ideals(self, rates: Pair) -> Pair:
        """The least of either rate among those of a block that have them."""
        first, second = rates
        known = [[index for index in block if first[index] is not None] for block in self.members]
        return (
            [_least(min, first, block) for block in known],
            [min([second[index] for index in block], default=0) for block in known],
        )


def _least(end: Callable[[list[int]], int], column: Sequence[int | None], block: Sequence[int]) -> int | None:
    values = [value for index in block if (value := column[index]) is not None]
    return end(values) if values else None


def _tiled(columns: Columns) -> list[list[int]]:
    """Cut by cost, each cut by quality, each cut by latency, into blocks of about `SIZE`."""
    everyone = range(columns.size)
    cost = [-1 if value is None else lg(value) for value in columns.costs(everyone, *_TYPICAL)]
    latency = [-1 if value is None else lg(value) for value in columns.latencies(everyone, _TYPICAL[1])]
    quality = [-1 if value is None else value for value in columns.numbers("quality")]
    pieces = [1, 1, 1]
    turn = 0
    while prod(pieces) * SIZE < columns.size:
        pieces[turn % 3] += 1
        turn += 1
    blocks: list[list[int]] = [list(everyone)]
    for column, count in zip((cost, quality, latency), pieces, strict=True):
        blocks = [piece for block in blocks for piece in _cut(sorted(block, key=column.__getitem__), count)]
    return blocks


def _cut(order: list[int], pieces: int) -> list[list[int]]:
    step = -(-len(order) // pieces)
    return [order[at : at + step] for at in range(0, len(order), step)] if step else []


_BLOCKS = Recent(Blocks)


def blocks_of(columns: Columns) -> Blocks:
    """The candidates of ``columns`` in blocks, for a rank that is not to look at all of them."""
    return _BLOCKS.of(columns)
