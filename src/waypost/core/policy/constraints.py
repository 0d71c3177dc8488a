"""Whether comparisons that must all be true leave the fields that they speak of any value at all.

Sound and incomplete: a conflict that is found is one; alternatives are tried one by one against what surrounds them,
and not in combination, so that the work stays linear. Facts of a catalog take no part.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from waypost.core.model.frozen import dataclass
from waypost.core.model.money import MICRO
from waypost.core.policy.crossed import crossed
from waypost.core.policy.fields import lookup
from waypost.core.policy.request import glob
from waypost.core.policy.tree import And, Compare, FieldTimes, Items, Not, Number, Op, Or, Predicate, Word

MAX_BLAMED = 50
"""So many comparisons of one field are tried without each other."""
_NEGATED: dict[Op, Op] = {
    "==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "in": "not in", "not in": "in",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two comparisons that are never true together; ``second`` is ``None`` where the first is never true alone.

    ``negated`` says of each whether it is its negation that is asked for. ``more`` are further ones without which the
    two could be true, each with whether it is negated.
    """

    first: Compare
    second: Compare | None
    negated: tuple[bool, bool] = (False, False)
    more: tuple[tuple[Compare, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class _Literal:
    compare: Compare
    wanted: bool

    @property
    def op(self) -> Op | None:
        """The operator after negation, ``None`` for a negated ``has`` or ``matches``."""
        return self.compare.op if self.wanted else _NEGATED.get(self.compare.op)

    @property
    def values(self) -> tuple[int | str, ...]:
        value = self.compare.value
        match value:
            case Items():
                return tuple(item.value for item in value.items)
            case Number() | Word():
                return (value.value,)
            case FieldTimes():
                return ()
            case _:
                assert_never(value)


class _Field:
    """What the literals so far leave of one field: bounds, the only values that it can have, and the excluded ones."""

    def __init__(self, name: str) -> None:
        field = lookup(name)
        self.low: tuple[int, _Literal | None] = (0, None)
        self.high: tuple[int, _Literal | None] | None = (MICRO, None) if field and field.unit == "micro" else None
        closed = field is not None and field.kind == "text" and bool(field.values)
        self.only: dict[int | str, None] | None = dict.fromkeys(field.values) if field and closed else None
        self.why: _Literal | None = None
        self.excluded: dict[int | str, _Literal] = {}
        self.members: dict[tuple[int | str, bool], _Literal] = {}
        self.patterns: list[_Literal] = []

    def copy(self) -> _Field:
        new = _Field.__new__(_Field)
        new.low, new.high, new.why = self.low, self.high, self.why
        new.only = None if self.only is None else dict(self.only)
        new.excluded, new.members, new.patterns = dict(self.excluded), dict(self.members), list(self.patterns)
        return new

    def add(self, literal: _Literal) -> Conflict | None:
        """Take ``literal`` in; the conflict where nothing is left."""
        if isinstance(literal.compare.value, FieldTimes):
            return None
        match literal.op:
            case "==" | "in":
                return self._keep(literal)
            case "!=" | "not in":
                return self._exclude(literal)
            case "<" | "<=" | ">" | ">=":
                return self._limit(literal)
            case _ if literal.compare.op == "has":
                return self._member(literal)
            case _:
                return self._match(literal)

    def _keep(self, literal: _Literal) -> Conflict | None:
        before, why = self.only, self.why
        values = [value for value in literal.values if before is None or value in before]
        if not values:
            barred = (self.excluded[value] for value in literal.values if value in self.excluded)
            return _conflict(literal, next(barred, why))
        self.only, self.why = dict.fromkeys(values), literal
        blame: _Literal | None = None
        for value in values:
            found = self._objection(value)
            if found is not None:
                blame = found[0] or blame
                del self.only[value]
        return None if self.only else _conflict(literal, blame or why)

    def _objection(self, value: int | str) -> tuple[_Literal | None] | None:
        """Who says that the field cannot have ``value``; a tuple, because it may be the field's own range."""
        if value in self.excluded:
            return (self.excluded[value],)
        if isinstance(value, int):
            if value < self.low[0]:
                return (self.low[1],)
            if self.high is not None and value > self.high[0]:
                return (self.high[1],)
        for pattern in self.patterns:
            if not _fits(pattern, value):
                return (pattern,)
        return None

    def _exclude(self, literal: _Literal) -> Conflict | None:
        for value in literal.values:
            self.excluded.setdefault(value, literal)
            if self.only is not None:
                self.only.pop(value, None)
        if self.only is not None and not self.only:
            return _conflict(literal, self.why)
        if self.high is not None and self.low[0] == self.high[0] and self.low[0] in self.excluded:
            return _conflict(literal, self.high[1] or self.low[1])
        return None

    def _limit(self, literal: _Literal) -> Conflict | None:
        (limit,) = literal.values
        assert isinstance(limit, int)
        if literal.op in (">", ">="):
            least = limit + (literal.op == ">")
            if least > self.low[0] or self.low[1] is None:
                self.low = (max(least, self.low[0]), literal)
        else:
            most = limit - (literal.op == "<")
            if self.high is None or most < self.high[0]:
                self.high = (most, literal)
        if self.high is not None and self.low[0] > self.high[0]:
            return _conflict(literal, self.high[1] if literal is self.low[1] else self.low[1])
        if self.only is None:
            return None
        self.only = {value: None for value in self.only if self._objection(value) is None}
        return None if self.only else _conflict(literal, self.why)

    def _member(self, literal: _Literal) -> Conflict | None:
        (value,) = literal.values
        self.members.setdefault((value, literal.wanted), literal)
        other = self.members.get((value, not literal.wanted))
        return None if other is None else _conflict(literal, other)

    def _match(self, literal: _Literal) -> Conflict | None:
        self.patterns.append(literal)
        if self.only is None:
            return None
        self.only = {value: None for value in self.only if _fits(literal, value)}
        return None if self.only else _conflict(literal, self.why)


def _fits(pattern: _Literal, value: int | str) -> bool:
    return glob(str(pattern.values[0]))(str(value)) is pattern.wanted


def _conflict(literal: _Literal, other: _Literal | None) -> Conflict:
    if other is None:
        return Conflict(literal.compare, None, (not literal.wanted, False))
    return Conflict(literal.compare, other.compare, (not literal.wanted, not other.wanted))


def conflict(predicates: Iterable[Predicate]) -> Conflict | None:
    """The first conflict among ``predicates``, which are all asked to be true; ``None`` where none is found."""
    literals: list[_Literal] = []
    choices: list[list[tuple[Predicate, bool]]] = []
    for predicate in predicates:
        _spread(predicate, True, literals, choices)
    fields: dict[str, _Field] = {}
    for number, literal in enumerate(literals):
        found = fields.setdefault(literal.compare.field, _Field(literal.compare.field)).add(literal)
        if found is not None:
            return _whole(found, [one for one in literals[: number + 1] if one.compare.field == literal.compare.field])
    asked = [(literal.compare, literal.op or "has") for literal in literals]
    for first, second in crossed(asked):
        return _conflict(literals[first], literals[second])
    for branches in choices:
        found = _all_dead(branches, fields)
        if found is not None:
            return found
    return None


def _whole(found: Conflict, literals: list[_Literal]) -> Conflict:
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


def _dead(literals: list[_Literal]) -> bool:
    field = _Field(literals[0].compare.field)
    return any(field.add(literal) is not None for literal in literals)


def _all_dead(branches: list[tuple[Predicate, bool]], fields: dict[str, _Field]) -> Conflict | None:
    """The conflict of the first of ``branches`` where each of them has one with what is known of the fields."""
    first: Conflict | None = None
    for predicate, wanted in branches:
        literals: list[_Literal] = []
        _spread(predicate, wanted, literals, [])
        own: dict[str, _Field] = {}
        found: Conflict | None = None
        for literal in literals:
            name = literal.compare.field
            if name not in own:
                own[name] = fields[name].copy() if name in fields else _Field(name)
            found = own[name].add(literal)
            if found is not None:
                break
        if found is None:
            return None
        first = first or found
    return first


def _spread(
    predicate: Predicate, wanted: bool, literals: list[_Literal], choices: list[list[tuple[Predicate, bool]]]
) -> None:
    """Sort what must hold into comparisons, and lists of alternatives; negations are pushed down to comparisons."""
    match predicate:
        case Compare():
            literals.append(_Literal(predicate, wanted))
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
