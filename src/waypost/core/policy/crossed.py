"""Comparisons of a field with a multiple of another one that are never true together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from waypost.core.model.money import MICRO
from waypost.core.policy.tree import Compare, FieldTimes, Op

MAX_COMPARED = 50
"""So many comparisons of one pair of fields are looked at."""
POSITIVE = frozenset(("context_window", "max_output"))
"""Facts that no catalog can have as 0."""
_TURNED: dict[Op, Op] = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
_Side = tuple[Op, int]


def crossed(asked: Iterable[tuple[Compare, Op]]) -> Iterator[tuple[int, int]]:
    """The positions, the later one first, of two of ``asked`` that exclude each other whatever both fields are.

    Each is a comparison with the operator that must hold, which differs from its own where its negation is asked for.
    Values are never negative, and where both fields are 0, unless one cannot be, every bound is met that is not strict.
    """
    seen: dict[tuple[str, str], list[tuple[int, _Side]]] = {}
    for position, (compare, op) in enumerate(asked):
        value = compare.value
        if not isinstance(value, FieldTimes) or op not in _TURNED:
            continue
        pair, side = (compare.field, value.field), (op, value.factor)
        if value.factor == MICRO and value.field < compare.field:
            pair, side = (value.field, compare.field), (_TURNED[op], MICRO)
        apart = not POSITIVE.isdisjoint(pair)
        others = seen.setdefault(pair, [])
        for other, theirs in others[:MAX_COMPARED]:
            if _excludes(side, theirs, apart) or _excludes(theirs, side, apart):
                yield position, other
        others.append((position, side))


def _excludes(one: _Side, other: _Side, apart: bool) -> bool:
    """Whether ``one`` bounds the field below, or fixes it, where ``other`` does not let it be.

    ``apart`` says that the two fields are never both 0.
    """
    (op, factor), (theirs, their_factor) = one, other
    if op == "==" and theirs == "!=":
        return factor == their_factor
    below, above = op in (">", ">=", "=="), theirs in ("<", "<=", "==")
    strict = op == ">" or theirs == "<"
    return below and above and (factor >= their_factor if strict else apart and factor > their_factor)
