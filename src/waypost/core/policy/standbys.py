"""Who stands by first, as the call itself says: its ``fallbacks`` reorder the survivors behind the chosen one.

On a hop, where the chosen one has failed, they come before all others. Nobody is let in who did not survive.
"""

from __future__ import annotations

from collections.abc import Sequence

from waypost.core.policy.bits import mask_of
from waypost.core.policy.columns import Columns
from waypost.core.policy.narrowing import naming
from waypost.core.policy.ordering import Ranking, best_among
from waypost.core.policy.plan import Plan, View


def lined_up(plan: Plan, view: View, ranked: Ranking, fallbacks: Sequence[str], *, hop: bool) -> Ranking:
    """``ranked`` with those that ``fallbacks`` name before the others, entry by entry, each entry's as they are ranked;
    but for a ``hop`` behind the first."""
    rows = list(zip(*ranked, strict=True))
    first, others = ([], rows) if hop else (rows[:1], rows[1:])
    left = view.survivors & ~mask_of((index for index, _ in first), plan.columns.size)
    named: list[tuple[int, int]] = []
    for entry in fallbacks:
        meant = meaning(plan.columns, entry) & left
        if meant and len(named) < plan.standby:
            named += zip(*best_among(plan, view.base, meant), strict=True)
            left &= ~meant
    known = {index for index, _ in named}
    rows = [*first, *named, *(row for row in others if row[0] not in known)][: plan.standby]
    return tuple([index for index, _ in rows]), tuple([score for _, score in rows])


def preferred(columns: Columns, indices: Sequence[int], fallbacks: Sequence[str]) -> list[int]:
    """``indices`` with those that ``fallbacks`` name before the others, entry by entry; else they stay in order."""
    left, named = list(indices), list[int]()
    for entry in fallbacks:
        mask = meaning(columns, entry)
        named += [index for index in left if mask >> index & 1]
        left = [index for index in left if not mask >> index & 1]
    return named + left


def meaning(columns: Columns, entry: str) -> int:
    """The candidates that a fallback stands for: as an entry of ``only`` does, or as an alias of the catalog."""
    index = columns.catalog.index
    aliased = (index[target] for target in columns.catalog.names.get(entry, ()))
    return naming(columns, entry) | mask_of(aliased, columns.size)
