"""Calls' narrowings against the catalog in force, each worked out once."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TypeAlias

from waypost.core.catalog.table import Catalog
from waypost.core.model.question import Context, Narrow
from waypost.core.routing.narrow import nameless, together
from waypost.runtime.context import Claims

log = logging.getLogger("waypost")
MOST = 512
"""So many are remembered; who makes more of them than that in turn pays for each."""
_Layers: TypeAlias = "tuple[Narrow, ...]"


class Narrowings:
    """Nested narrowings as one, and a remark, once, on names that nothing has."""

    def __init__(self) -> None:
        self._said: set[str] = set()
        self._catalog: Catalog | None = None
        self._known: dict[_Layers, Narrow] = {}

    def context(self, claims: Claims, catalog: Catalog) -> Context:
        """The context of ``claims`` with one narrowing that says what all of theirs say."""
        narrow = claims.context.narrow
        if narrow is None:
            return claims.context
        if catalog is not self._catalog or len(self._known) > MOST:
            self._catalog, self._known = catalog, {}
        layers = (*claims.outer, narrow)
        found = self._known.get(layers)
        if found is None:
            found = self._known[layers] = together(layers, catalog)
            self._remark(layers, catalog)
        return claims.context if found == narrow else replace(claims.context, narrow=found)

    def _remark(self, layers: _Layers, catalog: Catalog) -> None:
        strange = sorted({entry for layer in layers for entry in nameless(layer, catalog)} - self._said)
        if strange and len(self._said) < MOST:
            self._said.update(strange)
            log.warning(
                "a call names %s, which the catalog does not have: in models or only it lets nobody answer; "
                "`waypost catalog show` lists what there is. Said once.",
                ", ".join(map(repr, strange)),
            )
