"""Sets of candidates as integers: bit ``i`` stands for the target at position ``i`` of the catalog."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

from waypost.core.model.money import MICRO
from waypost.core.policy.tree import Op

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_STEP = 64


def mask_of(indices: Iterable[int], size: int) -> int:
    """The mask with the bits of ``indices``, all below ``size``."""
    octets = bytearray((size + 7) >> 3)
    for index in indices:
        octets[index >> 3] |= 1 << (index & 7)
    return int.from_bytes(octets, "little")


def bits(mask: int) -> Iterator[int]:
    """The positions of the bits of ``mask``, ascending, in time linear in its length."""
    for base, octet in enumerate(mask.to_bytes((mask.bit_length() + 7) >> 3, "little")):
        while octet:
            low = octet & -octet
            yield (base << 3) + low.bit_length() - 1
            octet ^= low


def joined(entries: Iterable[tuple[str, int]]) -> tuple[tuple[tuple[str, int], ...], int]:
    """Named masks, each name once at the place of its first, without the empty ones; and all of them or-ed."""
    masks: dict[str, int] = {}
    dead = 0
    for name, mask in entries:
        masks[name] = masks.get(name, 0) | mask
        dead |= mask
    return tuple([entry for entry in masks.items() if entry[1]]), dead


def remember(memo: dict[K, V], key: K, value: V, limit: int) -> V:
    """Put ``value`` into a memo that holds at most about ``limit`` entries, the oldest going first.

    Safe without a lock: threads that race compute the same value, and an eviction that loses a race is left out.
    """
    if len(memo) >= limit:
        try:
            memo.pop(next(iter(memo)), None)
        except (RuntimeError, StopIteration):
            memo.clear()
    memo[key] = value
    return value


class Sorted:
    """One numeric column, sorted once, so that a comparison with any number is a prefix of it.

    Prefix masks are kept at every 64th place; the rest is set bit by bit.
    """

    __slots__ = ("_masks", "_order", "_values", "known")

    def __init__(self, column: Sequence[int | None]) -> None:
        pairs = sorted((value, index) for index, value in enumerate(column) if value is not None)
        self._values = [value for value, _ in pairs]
        self._order = [index for _, index in pairs]
        self._masks = [0]
        for start in range(0, len(pairs) - len(pairs) % _STEP, _STEP):
            self._masks.append(self._masks[-1] | mask_of(self._order[start : start + _STEP], len(column)))
        self.known = self._prefix(len(pairs))

    def compare(self, op: Op, scaled: int) -> int:
        """The candidates whose value is known and for which ``value * 1_000_000 op scaled`` holds."""
        below = bisect_left(self._values, -(-scaled // MICRO))
        upto = max(bisect_right(self._values, scaled // MICRO), below)
        match op:
            case "<":
                return self._prefix(below)
            case "<=":
                return self._prefix(upto)
            case ">":
                return self.known & ~self._prefix(upto)
            case ">=":
                return self.known & ~self._prefix(below)
            case "==":
                return self._prefix(upto) & ~self._prefix(below)
            case _:
                return self.known & ~(self._prefix(upto) & ~self._prefix(below))

    def _prefix(self, count: int) -> int:
        mask = self._masks[count // _STEP]
        for index in self._order[count - count % _STEP : count]:
            mask |= 1 << index
        return mask
