"""What is made of something once, and then used by everybody who asks for it with that very object: of a catalog, say,
for every policy that is read or checked against it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")
_KEPT = 4


class Recent(Generic[K, T]):
    """``make(key)`` for the keys that were asked for last, by identity."""

    def __init__(self, make: Callable[[K], T]) -> None:
        self._make = make
        self._kept: tuple[tuple[K, T], ...] = ()

    def of(self, key: K) -> T:
        """What is made of ``key``; the same object as long as it is kept."""
        for known, made in self._kept:
            if known is key:
                return made
        made = self._make(key)
        self._kept = ((key, made), *self._kept[: _KEPT - 1])
        return made
