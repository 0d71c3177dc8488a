"""What a call says of who may answer it: four masks, remembered for every plan of a catalog under the call's own words.

A call can only take candidates away: each claim is one more way to fail.
"""

from __future__ import annotations

from collections.abc import Iterable

from waypost.core.model.money import MICRO
from waypost.core.model.question import Narrow
from waypost.core.policy.bits import joined, mask_of, remember
from waypost.core.policy.columns import MAX_MASKS, Columns
from waypost.core.policy.plan import Failing
from waypost.core.policy.request import glob


def narrowed(columns: Columns, narrow: Narrow) -> Failing:
    """``call.models``, ``call.only``, ``call.ignore`` and ``call.max_price``."""
    found = columns.narrows.get(narrow)
    if found is None:
        full = columns.full
        masks = (
            ("call.models", full & ~_any(columns, narrow.models) if narrow.models else 0),
            ("call.only", full & ~_any(columns, narrow.only) if narrow.only else 0),
            ("call.ignore", _any(columns, narrow.ignore)),
            (
                "call.max_price",
                _dearer(columns, "price.input", narrow.max_input_price)
                | _dearer(columns, "price.output", narrow.max_output_price),
            ),
        )
        found = remember(columns.narrows, narrow, joined(masks), MAX_MASKS)
    return found


def _any(columns: Columns, entries: Iterable[str]) -> int:
    mask = 0
    for entry in entries:
        mask |= naming(columns, entry)
    return mask


def naming(columns: Columns, entry: str) -> int:
    """The candidates that an entry of a list names: by id, with or without its deployment, model, provider, endpoint
    or a glob over the id."""
    found = columns.named.get(entry)
    if found is None:
        places = list(columns.names().get(entry, ()))
        if "*" in entry or "?" in entry:
            test = glob(entry)
            places += [place for place, target in enumerate(columns.catalog.targets) if test(target.id)]
        found = remember(columns.named, entry, mask_of(places, columns.size), MAX_MASKS)
    return found


def _dearer(columns: Columns, field: str, limit: int | None) -> int:
    """Those above the limit, and those whose price is unknown."""
    return 0 if limit is None else columns.full & ~columns.sorted(field).compare("<=", limit * MICRO)
