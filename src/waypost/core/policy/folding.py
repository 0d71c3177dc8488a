"""What the catalog and the constants alone decide of a predicate, whatever is called and whatever the world does.

A predicate over candidates is held between two bounds: for whom it *must* be true or false, and for whom it *may* be.
A comparison of catalog facts is its own bound; one that needs the call or the world may be anything for whoever has
the facts that it reads.
"""

from __future__ import annotations

from typing import assert_never

from waypost.core.catalog.table import Catalog
from waypost.core.policy.bits import mask_of
from waypost.core.policy.columns import Columns, Masks, columns_of
from waypost.core.policy.needs_call import beyond_catalog, fields_of
from waypost.core.policy.static_masks import static
from waypost.core.policy.tree import And, Compare, Not, Or, Predicate


def constant(predicate: Predicate, catalog: Catalog) -> bool | None:
    """``True`` where it is true for every target of ``catalog`` at every call, ``False`` where it is never true for
    any (false or unknown), ``None`` where that depends."""
    columns = columns_of(catalog)
    if must(predicate, columns)[0] == columns.full:
        return True
    return None if may(predicate, columns)[0] else False


def fold(predicate: Predicate, catalog: Catalog) -> Predicate | bool:
    """``predicate`` without the terms that ``catalog`` and constants alone decide, or what they make of all of it.

    For every target and every call it has the same truth as before, unknown among them: only terms that are true of
    all targets, or false of all, are taken out.
    """
    return _folded(predicate, columns_of(catalog))


def _folded(predicate: Predicate, columns: Columns) -> Predicate | bool:
    true, false = must(predicate, columns)
    if columns.full in (true, false):
        return true == columns.full
    match predicate:
        case Compare():
            return predicate
        case Not():
            term = _folded(predicate.term, columns)
            return not term if isinstance(term, bool) else Not(term, predicate.at)
        case And() | Or():
            terms = [_folded(term, columns) for term in predicate.terms]
            left = tuple(term for term in terms if not isinstance(term, bool))
            return left[0] if len(left) == 1 else type(predicate)(left, predicate.at)
        case _:
            assert_never(predicate)


def must(predicate: Predicate, columns: Columns) -> Masks:
    """For whom it is true at every call, and for whom it is false at every call."""
    return _bound(predicate, columns, certain=True)


def may(predicate: Predicate, columns: Columns) -> Masks:
    """For whom some call could make it true, and for whom some call could make it false."""
    return _bound(predicate, columns, certain=False)


def _bound(predicate: Predicate, columns: Columns, *, certain: bool) -> Masks:
    match predicate:
        case Compare():
            if not beyond_catalog(predicate):
                return static(predicate, columns)
            known = 0 if certain else _known(predicate, columns)
            return known, known
        case Not():
            return _bound(predicate.term, columns, certain=certain)[::-1]
        case And() | Or():
            bounds = [_bound(term, columns, certain=certain) for term in predicate.terms]
            every, some = (0, 1) if isinstance(predicate, And) else (1, 0)
            out = [columns.full, 0] if isinstance(predicate, And) else [0, columns.full]
            for bound in bounds:
                out[every] &= bound[every]
                out[some] |= bound[some]
            return out[0], out[1]
        case _:
            assert_never(predicate)


def _known(compare: Compare, columns: Columns) -> int:
    """The candidates that have the facts of the catalog which ``compare`` cannot do without."""
    known = columns.full
    targets = columns.catalog.targets
    for name in fields_of(compare):
        if name == "estimated.cost":
            known &= mask_of((n for n, price in enumerate(columns.prices) if price is not None), columns.size)
        elif name == "estimated.latency":
            known &= mask_of((n for n, target in enumerate(targets) if target.latency is not None), columns.size)
    return known
