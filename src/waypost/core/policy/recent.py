"""What is made of a catalog once, and then used for every policy that is read or checked against that very object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from waypost.core.catalog.table import Catalog

T = TypeVar("T")
_KEPT = 4


class Recent(Generic[T]):
    """``make(catalog)`` for the catalogs that were asked for last, by identity."""

    def __init__(self, make: Callable[[Catalog], T]) -> None:
        self._make = make
        self._kept: tuple[tuple[Catalog, T], ...] = ()

    def of(self, catalog: Catalog) -> T:
        """What is made of ``catalog``; the same object as long as it is kept."""
        for known, made in self._kept:
            if known is catalog:
                return made
        made = self._make(catalog)
        self._kept = ((catalog, made), *self._kept[: _KEPT - 1])
        return made
