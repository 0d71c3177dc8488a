"""A policy and a catalog to a plan: predicates to masks, rules to functions, once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from waypost.core.catalog.table import Catalog
from waypost.core.model.target import Dialect
from waypost.core.policy.columns import columns_of
from waypost.core.policy.dues import unowed
from waypost.core.policy.fields import lookup
from waypost.core.policy.masks import evaluator
from waypost.core.policy.needs_call import beyond_catalog, fields_of, needs_call_facts
from waypost.core.policy.plan import Line, Plan
from waypost.core.policy.request import TOKENS_IN, TOKENS_OUT, Reader, taker, truth
from waypost.core.policy.static_masks import rejecting
from waypost.core.policy.tree import Filter, Policy, Predicate


def compile_policy(policy: Policy, catalog: Catalog, expresses: Mapping[Dialect, frozenset[str]]) -> Plan:
    """``policy`` ready to decide over ``catalog``.

    ``expresses`` has, by dialect, the need flags that its wire format can say; a dialect that is absent says none.
    """
    fields = frozenset(name for predicate in _predicates(policy) for name in fields_of(predicate))
    reader = Reader(fields, policy.rank.advisor)
    plan = Plan(
        policy,
        catalog,
        expresses,
        columns=columns_of(catalog),
        reader=reader,
        needs_call_facts=needs_call_facts(policy.rules, policy.filters),
    )
    numbers = iter(range(sum(1 for _ in _filters(policy))))
    plan.lines = tuple(_line(plan, line, next(numbers)) for line in policy.filters)
    plan.rule_lines = tuple(tuple(_line(plan, line, next(numbers)) for line in rule.filters) for rule in policy.rules)
    plan.whens = tuple(None if rule.when is None else truth(rule.when, reader) for rule in policy.rules)
    plan.match = None if policy.match is None else truth(policy.match, reader)
    plan.when_key = taker(_places(reader, [name for predicate in _whens(policy) for name in fields_of(predicate)]))
    for line in plan.lines:
        if line.fixed is not None and line.when is None:
            plan.fixed |= line.fixed
    _select(plan)
    plan.unowed = unowed(plan)
    return plan


def _select(plan: Plan) -> None:
    """How one of the survivors is taken; ``best`` is nothing to be done."""
    index, select = plan.catalog.index, plan.policy.select
    plan.select = None if select is None or select.kind == "best" else select
    plan.selects = plan.select is not None or plan.policy.affinity is not None
    listed = () if select is None else select.weights
    plan.weights = tuple(sorted((index[target], weight) for target, weight in listed if target in index and weight > 0))


def _line(plan: Plan, line: Filter, number: int) -> Line:
    beyond = beyond_catalog(line.predicate)
    fields = list(fields_of(line.predicate))
    places = _places(plan.reader, fields)
    return Line(
        number=number,
        filter=line,
        fixed=None if beyond else rejecting(line.predicate, plan.columns),
        places=places,
        key=taker(places),
        of_world="latency.p95" in fields,
        evaluate=evaluator(line.predicate, plan.columns, plan.reader) if beyond else None,
        when=None if line.when is None else truth(line.when, plan.reader),
    )


def _places(reader: Reader, fields: list[str]) -> frozenset[int]:
    """Where the facts that ``fields`` depend on stand in what was read of a question."""
    places: set[int] = set()
    for name in fields:
        if name == "estimated.cost":
            places |= {TOKENS_IN, TOKENS_OUT}
        elif name == "estimated.latency":
            places.add(TOKENS_OUT)
        elif (field := lookup(name)) is not None and field.source == "request":
            places.update(reader.places(name))
    return frozenset(places)


def _filters(policy: Policy) -> Iterator[Filter]:
    yield from policy.filters
    for rule in policy.rules:
        yield from rule.filters


def _whens(policy: Policy) -> Iterator[Predicate]:
    yield from (rule.when for rule in policy.rules if rule.when is not None)
    yield from (line.when for line in _filters(policy) if line.when is not None)


def _predicates(policy: Policy) -> Iterator[Predicate]:
    yield from _whens(policy)
    yield from (line.predicate for line in _filters(policy))
    if policy.match is not None:
        yield policy.match
