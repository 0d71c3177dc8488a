"""What calls say of targets and policies against those in force: each worked out, and remarked on, once."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from waypost.core.catalog.table import Catalog
from waypost.core.model.question import Context, Narrow
from waypost.core.policy.plan import Plan
from waypost.core.routing.narrow import named, nameless, together, unmeant
from waypost.runtime.context import Claims
from waypost.runtime.settings import near

log = logging.getLogger("waypost")
MOST = 512
"""So many are remembered; who makes more of them than that in turn pays for each."""
_Layers: TypeAlias = "tuple[Narrow, ...]"


class Narrowings:
    """Nested narrowings as one, and a remark, once, on names that nothing has."""

    def __init__(self) -> None:
        self._said: set[str] = set()
        self._policies: set[str] = set()
        self._catalog: Catalog | None = None
        self._known: dict[_Layers, Narrow] = {}
        self._meant_by: Catalog | None = None
        self._meant: set[tuple[str, ...]] = set()

    def context(self, claims: Claims, catalog: Catalog) -> Context:
        """The context of ``claims`` with one narrowing that says what all of theirs say."""
        self._fallbacks(claims.context.fallbacks, catalog)
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

    def policy(self, name: str, plans: Sequence[Plan]) -> None:
        """Remark, once, on the name of a policy that is not in force: the call is decided as if it named none."""
        if name in self._policies or any(plan.policy.name == name for plan in plans) or len(self._policies) >= MOST:
            return
        self._policies.add(name)
        known = sorted(plan.policy.name for plan in plans)
        meant = near(name, known)
        log.warning(
            "a call names the policy %r, which is not in force%s: it is decided as if it named none; in force: %s. "
            "Said once.",
            name,
            f" (did you mean {meant!r}?)" if meant is not None else "",
            ", ".join(known),
        )

    def _fallbacks(self, entries: tuple[str, ...], catalog: Catalog) -> None:
        """Remark, once, on fallbacks that nothing has."""
        if not entries or (catalog is self._meant_by and entries in self._meant):
            return
        if catalog is not self._meant_by or len(self._meant) > MOST:
            self._meant_by, self._meant = catalog, set()
        self._meant.add(entries)
        self._say(set(unmeant(entries, catalog)), "fallbacks it is passed over", catalog)

    def _remark(self, layers: _Layers, catalog: Catalog) -> None:
        strange = {entry for layer in layers for entry in nameless(layer, catalog)}
        self._say(strange, "models or only it lets nobody answer", catalog)

    def _say(self, names: set[str], consequence: str, catalog: Catalog) -> None:
        strange = sorted(names - self._said)
        if strange and len(self._said) < MOST:
            self._said.update(strange)
            log.warning(
                "a call names %s, which the catalog does not have: in %s; "
                "`waypost catalog show` lists what there is. Said once.",
                ", ".join(hinted(strange, catalog)),
                consequence,
            )


def hinted(entries: Sequence[str], catalog: Catalog) -> Iterator[str]:
    """Each with what was probably meant: a glob that lacks its provider, or the nearest name."""
    known = {name for item in catalog.targets for name in (item.id, item.model, item.provider, item.endpoint)}
    for entry in entries:
        if "*" in entry or "?" in entry:
            whole = sorted({id.partition("/")[0] for id in named((f"*/{entry}",), catalog)})
            hint = f"globs are over ids: {whole[0]}/{entry}" if whole and "/" not in entry else "globs are over ids"
        else:
            meant = near(entry, known)
            hint = f"did you mean {meant!r}?" if meant is not None else ""
        yield f"{entry!r} ({hint})" if hint else repr(entry)
