"""Predicates that depend on the catalog alone, as pairs of masks: computed once for every plan of the catalog."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, assert_never

from waypost.core.model.money import MICRO
from waypost.core.policy.bits import mask_of, remember
from waypost.core.policy.columns import MAX_MASKS, Columns, Masks
from waypost.core.policy.fields import Field, lookup
from waypost.core.policy.request import ordered, tester
from waypost.core.policy.tree import And, Compare, FieldTimes, Items, Not, Op, Or, Predicate, Word


def rejecting(predicate: Predicate, columns: Columns) -> int:
    """The candidates for whom a predicate on the catalog alone is not true: one mask for every plan of the catalog."""
    key = _tree(predicate)
    found = columns.rejecting.get(key)
    if found is None:
        found = remember(columns.rejecting, key, columns.full & ~static(predicate, columns)[0], MAX_MASKS)
    return found


def static(predicate: Predicate, columns: Columns) -> Masks:
    """The masks of a predicate that depends on the catalog alone."""
    match predicate:
        case Compare():
            return compared(predicate, columns)
        case Not():
            return static(predicate.term, columns)[::-1]
        case And():
            yes, no = columns.full, 0
            for term in predicate.terms:
                a, b = static(term, columns)
                yes, no = yes & a, no | b
            return yes, no
        case Or():
            yes, no = 0, columns.full
            for term in predicate.terms:
                a, b = static(term, columns)
                yes, no = yes | a, no & b
            return yes, no
        case _:
            assert_never(predicate)


def compared(compare: Compare, columns: Columns) -> Masks:
    """One comparison of catalog facts; remembered for every plan of the catalog."""
    key = _key(compare)
    found = columns.static.get(key)
    if found is not None:
        return found
    field = field_of(compare.field)
    if field.kind == "set":
        yes = columns.capabilities.get(_word(compare), 0)
        masks = (yes, columns.full & ~yes)
    elif isinstance(compare.value, FieldTimes):
        masks = pairs(
            columns.numbers(compare.field), columns.numbers(compare.value.field), compare.op, compare.value.factor
        )
    elif field.unit is not None and not isinstance(compare.value, Items):
        masks = against(columns, compare.field, compare.op, int(_constant(compare)) * MICRO)
    else:
        column: Sequence[Any] = columns.texts(compare.field) if field.unit is None else columns.numbers(compare.field)
        masks = tested(column, tester(compare))
    return columns.keep(key, masks)


def against(columns: Columns, field: str, op: Op, scaled: int) -> Masks:
    """``field * 1_000_000 op scaled`` for every candidate, by the sorted column."""
    column = columns.sorted(field)
    yes = column.compare(op, scaled)
    return yes, column.known & ~yes


def tested(column: Sequence[Any], test: Callable[[Any], bool]) -> Masks:
    """For which known values the test holds, and for which it does not."""
    yes: list[int] = []
    no: list[int] = []
    for index, value in enumerate(column):
        if value is not None:
            (yes if test(value) else no).append(index)
    return mask_of(yes, len(column)), mask_of(no, len(column))


def pairs(left: Sequence[int | None], right: Sequence[int | None], op: Op, factor: int) -> Masks:
    """Two columns against each other, ``left op right * factor``, the factor in micro-units."""
    yes: list[int] = []
    no: list[int] = []
    for index, (a, b) in enumerate(zip(left, right, strict=True)):
        if a is not None and b is not None:
            (yes if ordered(op, a * MICRO, b * factor) else no).append(index)
    return mask_of(yes, len(left)), mask_of(no, len(left))


def _tree(predicate: Predicate) -> tuple[Any, ...]:
    """What makes two predicates the same, wherever they stand."""
    match predicate:
        case Compare():
            return _key(predicate)
        case Not():
            return "not", _tree(predicate.term)
        case And():
            return "and", *map(_tree, predicate.terms)
        case Or():
            return "or", *map(_tree, predicate.terms)
        case _:
            assert_never(predicate)


def _key(compare: Compare) -> tuple[str, ...]:
    value = compare.value
    match value:
        case FieldTimes():
            return (compare.field, compare.op, "field", value.field, str(value.factor))
        case Items():
            return (compare.field, compare.op, "items", *(str(item.value) for item in value.items))
        case _:
            return (compare.field, compare.op, "value", str(value.value))


def field_of(name: str) -> Field:
    """The field of that name, which a parsed predicate has."""
    field = lookup(name)
    if field is None:
        raise KeyError(name)
    return field


def _word(compare: Compare) -> str:
    assert isinstance(compare.value, Word)
    return compare.value.value


def _constant(compare: Compare) -> int | str:
    assert not isinstance(compare.value, FieldTimes | Items)
    return compare.value.value
