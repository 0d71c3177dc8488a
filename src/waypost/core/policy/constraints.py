"""Whether comparisons that must all be true leave the fields that they speak of any value at all.

Sound and incomplete: a conflict that is found is one; alternatives are tried one by one against what surrounds them,
and not in combination, so that the work stays linear. Facts of a catalog take no part.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from waypost.core.policy.crossed import crossed
from waypost.core.policy.remaining import Conflict, Demand, Remaining, conflict_of
from waypost.core.policy.tree import And, Compare, Not, Or, Predicate

__all__ = ["Conflict", "conflict"]

MAX_BLAMED = 50
"""So many comparisons of one field are tried without each other."""


def conflict(predicates: Iterable[Predicate]) -> Conflict | None:
    """The first conflict among ``predicates``, which are all asked to be true; ``None`` where none is found."""
    literals: list[Demand] = []
    choices: list[list[tuple[Predicate, bool]]] = []
    for predicate in predicates:
        _spread(predicate, True, literals, choices)
    fields: dict[str, Remaining] = {}
    for number, literal in enumerate(literals):
        found = fields.setdefault(literal.compare.field, Remaining(literal.compare.field)).add(literal)
        if found is not None:
            return _whole(found, [one for one in literals[: number + 1] if one.compare.field == literal.compare.field])
    asked = [(literal.compare, literal.op or "has") for literal in literals]
    for first, second in crossed(asked):
        return conflict_of(literals[first], literals[second])
    for branches in choices:
        found = _all_dead(branches, fields)
        if found is not None:
            return found
    return None


def _whole(found: Conflict, literals: list[Demand]) -> Conflict:
    """``found`` with all of ``literals`` that it takes, where they are more than two; the last one is its first."""
    *kept, last = literals
    for literal in kept[:MAX_BLAMED]:
        rest = [one for one in kept if one is not literal]
        if _dead([*rest, last]):
            kept = rest
    if len(kept) < 2:
        return found
    second, *more = sorted(kept, key=lambda one: one.compare is not found.second)
    negated = (not last.wanted, not second.wanted)
    return Conflict(last.compare, second.compare, negated, tuple((one.compare, not one.wanted) for one in more))


def _dead(literals: list[Demand]) -> bool:
    field = Remaining(literals[0].compare.field)
    return any(field.add(literal) is not None for literal in literals)


def _all_dead(branches: list[tuple[Predicate, bool]], fields: dict[str, Remaining]) -> Conflict | None:
    """The conflict of the first of ``branches`` where each of them has one with what is known of the fields."""
    first: Conflict | None = None
    for predicate, wanted in branches:
        literals: list[Demand] = []
        _spread(predicate, wanted, literals, [])
        own: dict[str, Remaining] = {}
        found: Conflict | None = None
        for literal in literals:
            name = literal.compare.field
            if name not in own:
                own[name] = fields[name].copy() if name in fields else Remaining(name)
            found = own[name].add(literal)
            if found is not None:
                break
        if found is None:
            return None
        first = first or found
    return first


def _spread(
    predicate: Predicate, wanted: bool, literals: list[Demand], choices: list[list[tuple[Predicate, bool]]]
) -> None:
    """Sort what must hold into comparisons, and lists of alternatives; negations are pushed down to comparisons."""
    match predicate:
        case Compare():
            literals.append(Demand(predicate, wanted))
        case Not():
            _spread(predicate.term, not wanted, literals, choices)
        case And() | Or():
            if isinstance(predicate, And) is wanted:
                for term in predicate.terms:
                    _spread(term, wanted, literals, choices)
            else:
                choices.append([(term, wanted) for term in predicate.terms])
        case _:
            assert_never(predicate)
