"""Whether a policy's hard rules look beyond the catalog; decides how it fails open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from waypost.core.policy.fields import lookup
from waypost.core.policy.tree import And, Compare, FieldTimes, Filter, Not, Or, Predicate, Rule


def needs_call_facts(rules: tuple[Rule, ...], filters: tuple[Filter, ...]) -> bool:
    """Whether some hard rule needs facts of the call or of the measured world.

    A rule with a ``when`` counts: which of its lines hold depends on the call.
    """
    if any(rule.when is not None for rule in rules):
        return True
    lines = (*filters, *(line for rule in rules for line in rule.filters))
    return any(line.when is not None or beyond_catalog(line.predicate) for line in lines)


def beyond_catalog(predicate: Predicate) -> bool:
    """Whether ``predicate`` reads anything that is not a fact of the catalog."""
    return any((field := lookup(name)) is None or field.source != "target" for name in fields_of(predicate))


def fields_of(predicate: Predicate) -> Iterator[str]:
    """The names of all fields that ``predicate`` reads, with repetitions."""
    match predicate:
        case Compare():
            yield predicate.field
            if isinstance(predicate.value, FieldTimes):
                yield predicate.value.field
        case Not():
            yield from fields_of(predicate.term)
        case And() | Or():
            for term in predicate.terms:
                yield from fields_of(term)
        case _:
            assert_never(predicate)
