"""Predicates over candidates as pairs of masks, with what depends on the catalog alone computed once.

A compiled predicate is a function of (what was read of the question, the world) to (true mask, false mask); in
neither, it is unknown. Negation swaps the two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, assert_never

from waypost.core.model.money import MICRO
from waypost.core.policy.bits import mask_of
from waypost.core.policy.columns import Columns, Masks
from waypost.core.policy.fields import Field, lookup
from waypost.core.policy.needs_call import beyond_catalog
from waypost.core.policy.rates import SWEPT, costs_for, latencies_for
from waypost.core.policy.request import TOKENS_IN, TOKENS_OUT, Reader, Values, ordered, tester, truth
from waypost.core.policy.tree import And, Compare, FieldTimes, Items, Not, Number, Op, Or, Predicate, Word
from waypost.core.policy.world import World

Evaluator: TypeAlias = Callable[[Values, World], Masks]


def evaluator(predicate: Predicate, columns: Columns, reader: Reader) -> Evaluator:
    """``predicate`` compiled against ``columns``."""
    if not beyond_catalog(predicate):
        fixed = static(predicate, columns)
        return lambda _values, _world: fixed
    match predicate:
        case Compare():
            return _compare(predicate, columns, reader)
        case Not():
            inner = evaluator(predicate.term, columns, reader)
            return lambda values, world: inner(values, world)[::-1]
        case And():
            return _every([evaluator(term, columns, reader) for term in predicate.terms], columns.full)
        case Or():
            return _any([evaluator(term, columns, reader) for term in predicate.terms], columns.full)
        case _:
            assert_never(predicate)


def static(predicate: Predicate, columns: Columns) -> Masks:
    """The masks of a predicate that depends on the catalog alone."""
    match predicate:
        case Compare():
            return _static_compare(predicate, columns)
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


def _every(terms: list[Evaluator], full: int) -> Evaluator:
    def evaluate(values: Values, world: World) -> Masks:
        yes, no = full, 0
        for term in terms:
            a, b = term(values, world)
            yes, no = yes & a, no | b
        return yes, no

    return evaluate


def _any(terms: list[Evaluator], full: int) -> Evaluator:
    def evaluate(values: Values, world: World) -> Masks:
        yes, no = 0, full
        for term in terms:
            a, b = term(values, world)
            yes, no = yes | a, no & b
        return yes, no

    return evaluate


def _static_compare(compare: Compare, columns: Columns) -> Masks:
    """One comparison of catalog facts; remembered for every plan of the catalog."""
    key = _key(compare)
    found = columns.static.get(key)
    if found is not None:
        return found
    field = _field(compare.field)
    if field.kind == "set":
        yes = columns.capabilities.get(_word(compare), 0)
        masks = (yes, columns.full & ~yes)
    elif isinstance(compare.value, FieldTimes):
        masks = _pairs(
            columns.numbers(compare.field), columns.numbers(compare.value.field), compare.op, compare.value.factor
        )
    elif field.unit is not None and not isinstance(compare.value, Items):
        masks = against(columns, compare.field, compare.op, int(_constant(compare)) * MICRO)
    else:
        column: Sequence[Any] = columns.texts(compare.field) if field.unit is None else columns.numbers(compare.field)
        masks = _tested(column, tester(compare))
    return columns.keep(key, masks)


def against(columns: Columns, field: str, op: Op, scaled: int) -> Masks:
    """``field * 1_000_000 op scaled`` for every candidate, by the sorted column."""
    column = columns.sorted(field)
    yes = column.compare(op, scaled)
    return yes, column.known & ~yes


def _compare(compare: Compare, columns: Columns, reader: Reader) -> Evaluator:
    """One comparison that needs the question or the world."""
    left = _field(compare.field)
    right = _field(compare.value.field) if isinstance(compare.value, FieldTimes) else None
    sources = {left.source} | ({right.source} if right else set())
    if sources == {"request"}:
        test, full = truth(compare, reader), columns.full
        answers: dict[bool | None, Masks] = {True: (full, 0), False: (0, full), None: (0, 0)}
        return lambda values, _world: answers[test(values)]
    if left.name == "latency.p95" and right is None:
        return _measured(compare, columns)
    if right is None and left.source == "mixed" and compare.op in SWEPT and isinstance(compare.value, Number):
        return _swept(left.name, compare.op, compare.value.value, columns)
    if right is None:
        column, test_one = _column(left, columns, reader), tester(compare)
        return lambda values, world: _tested(column(values, world), test_one)
    factor, op = compare.value.factor if isinstance(compare.value, FieldTimes) else MICRO, compare.op
    if left.source == "target" and right.source == "request":
        return _limited(compare, columns, reader, factor)
    a, b = _column(left, columns, reader), _column(right, columns, reader)
    return lambda values, world: _pairs(a(values, world), b(values, world), op, factor)


def _limited(compare: Compare, columns: Columns, reader: Reader, factor: int) -> Evaluator:
    """A catalog fact against a fact of the request."""
    assert isinstance(compare.value, FieldTimes)
    limit, field, op = reader.value(compare.value.field), compare.field, compare.op

    def evaluate(values: Values, _world: World) -> Masks:
        found = limit(values)
        return (0, 0) if found is None else against(columns, field, op, found * factor)

    return evaluate


def _measured(compare: Compare, columns: Columns) -> Evaluator:
    """``latency.p95`` against a constant: the catalog's masks, mended where the world has measured."""
    prior = _static_compare(compare, columns)
    test = tester(compare)

    def evaluate(_values: Values, world: World) -> Masks:
        if not world.measured:
            return prior
        seen = mask_of((index for index, _ in world.measured), columns.size)
        good = mask_of((index for index, value in world.measured if test(value)), columns.size)
        return prior[0] & ~seen | good, prior[1] & ~seen | (seen & ~good)

    return evaluate


def _swept(field: str, op: Op, limit: int, columns: Columns) -> Evaluator:
    """An estimate against a constant: only candidates near the limit are evaluated one by one."""
    if field == "estimated.latency":
        return lambda values, _: columns.rates.by_latency().compare(op, limit, latencies_for(values[TOKENS_OUT]))

    def evaluate(values: Values, _world: World) -> Masks:
        sweep = columns.rates.by_cost(values[TOKENS_IN])
        return sweep.compare(op, limit, costs_for(values[TOKENS_IN], values[TOKENS_OUT]))

    return evaluate


def _column(field: Field, columns: Columns, reader: Reader) -> Callable[[Values, World], Sequence[int | None]]:
    """A numeric field as one value per candidate."""
    everyone = range(columns.size)
    if field.name == "estimated.cost":
        return lambda values, _world: columns.costs(everyone, values[TOKENS_IN], values[TOKENS_OUT])
    if field.name == "estimated.latency":
        return lambda values, _world: columns.latencies(everyone, values[TOKENS_OUT])
    if field.name == "latency.p95":
        return lambda _values, world: _mended(columns.numbers("latency.p95"), world)
    if field.source == "request":
        value = reader.value(field.name)
        return lambda values, _world: [value(values)] * columns.size
    fixed = columns.numbers(field.name)
    return lambda _values, _world: fixed


def _mended(prior: list[int | None], world: World) -> list[int | None]:
    out = list(prior)
    for index, value in world.measured:
        out[index] = value
    return out


def _tested(column: Sequence[Any], test: Callable[[Any], bool]) -> Masks:
    yes: list[int] = []
    no: list[int] = []
    for index, value in enumerate(column):
        if value is not None:
            (yes if test(value) else no).append(index)
    return mask_of(yes, len(column)), mask_of(no, len(column))


def _pairs(left: Sequence[int | None], right: Sequence[int | None], op: Op, factor: int) -> Masks:
    yes: list[int] = []
    no: list[int] = []
    for index, (a, b) in enumerate(zip(left, right, strict=True)):
        if a is not None and b is not None:
            (yes if ordered(op, a * MICRO, b * factor) else no).append(index)
    return mask_of(yes, len(left)), mask_of(no, len(left))


def _key(compare: Compare) -> tuple[str, ...]:
    value = compare.value
    match value:
        case FieldTimes():
            return (compare.field, compare.op, "field", value.field, str(value.factor))
        case Items():
            return (compare.field, compare.op, "items", *(str(item.value) for item in value.items))
        case _:
            return (compare.field, compare.op, "value", str(value.value))


def _field(name: str) -> Field:
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
