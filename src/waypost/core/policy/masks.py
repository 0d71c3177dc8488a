"""Predicates that look at the question or the world, as functions to pairs of masks over the candidates.

A compiled predicate is a function of (what was read of the question, the world) to (true mask, false mask); in
neither, it is unknown. Negation swaps the two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, assert_never

from waypost.core.model.money import MICRO
from waypost.core.policy.bits import mask_of
from waypost.core.policy.columns import Columns, Masks
from waypost.core.policy.fields import Field
from waypost.core.policy.needs_call import beyond_catalog
from waypost.core.policy.rates import SWEPT, costs_for, latencies_for
from waypost.core.policy.request import TOKENS_IN, TOKENS_OUT, Reader, Values, tester, truth
from waypost.core.policy.static_masks import against, compared, field_of, pairs, static, tested
from waypost.core.policy.tree import And, Compare, FieldTimes, Not, Number, Op, Or, Predicate
from waypost.core.policy.world import World

__all__ = ["Evaluator", "evaluator", "static"]

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


def _compare(compare: Compare, columns: Columns, reader: Reader) -> Evaluator:
    """One comparison that needs the question or the world."""
    left = field_of(compare.field)
    right = field_of(compare.value.field) if isinstance(compare.value, FieldTimes) else None
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
        return lambda values, world: tested(column(values, world), test_one)
    factor, op = compare.value.factor if isinstance(compare.value, FieldTimes) else MICRO, compare.op
    if left.source == "target" and right.source == "request":
        return _limited(compare, columns, reader, factor)
    a, b = _column(left, columns, reader), _column(right, columns, reader)
    return lambda values, world: pairs(a(values, world), b(values, world), op, factor)


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
    prior = compared(compare, columns)
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
