"""What comparisons that must all be true leave of one field: bounds, values, members and patterns."""

from __future__ import annotations

from typing import assert_never

from waypost.core.model.frozen import dataclass
from waypost.core.model.money import MICRO
from waypost.core.policy.fields import lookup
from waypost.core.policy.request import glob
from waypost.core.policy.tree import Compare, FieldTimes, Items, Number, Op, Word

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
class Demand:
    """One comparison, and whether it or its negation is asked for."""

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


class Remaining:
    """What the demands so far leave of one field: bounds, the only values that it can have, and the excluded ones."""

    def __init__(self, name: str) -> None:
        field = lookup(name)
        self.low: tuple[int, Demand | None] = (0, None)
        self.high: tuple[int, Demand | None] | None = (MICRO, None) if field and field.unit == "micro" else None
        closed = field is not None and field.kind == "text" and bool(field.values)
        self.only: dict[int | str, None] | None = dict.fromkeys(field.values) if field and closed else None
        self.why: Demand | None = None
        self.excluded: dict[int | str, Demand] = {}
        self.members: dict[tuple[int | str, bool], Demand] = {}
        self.patterns: list[Demand] = []

    def copy(self) -> Remaining:
        new = Remaining.__new__(Remaining)
        new.low, new.high, new.why = self.low, self.high, self.why
        new.only = None if self.only is None else dict(self.only)
        new.excluded, new.members, new.patterns = dict(self.excluded), dict(self.members), list(self.patterns)
        return new

    def add(self, literal: Demand) -> Conflict | None:
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

    def _keep(self, literal: Demand) -> Conflict | None:
        before, why = self.only, self.why
        values = [value for value in literal.values if before is None or value in before]
        if not values:
            barred = (self.excluded[value] for value in literal.values if value in self.excluded)
            return conflict_of(literal, next(barred, why))
        self.only, self.why = dict.fromkeys(values), literal
        blame: Demand | None = None
        for value in values:
            found = self._objection(value)
            if found is not None:
                blame = found[0] or blame
                del self.only[value]
        return None if self.only else conflict_of(literal, blame or why)

    def _objection(self, value: int | str) -> tuple[Demand | None] | None:
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

    def _exclude(self, literal: Demand) -> Conflict | None:
        for value in literal.values:
            self.excluded.setdefault(value, literal)
            if self.only is not None:
                self.only.pop(value, None)
        if self.only is not None and not self.only:
            return conflict_of(literal, self.why)
        if self.high is not None and self.low[0] == self.high[0] and self.low[0] in self.excluded:
            return conflict_of(literal, self.high[1] or self.low[1])
        return None

    def _limit(self, literal: Demand) -> Conflict | None:
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
            return conflict_of(literal, self.high[1] if literal is self.low[1] else self.low[1])
        if self.only is None:
            return None
        self.only = {value: None for value in self.only if self._objection(value) is None}
        return None if self.only else conflict_of(literal, self.why)

    def _member(self, literal: Demand) -> Conflict | None:
        (value,) = literal.values
        self.members.setdefault((value, literal.wanted), literal)
        other = self.members.get((value, not literal.wanted))
        return None if other is None else conflict_of(literal, other)

    def _match(self, literal: Demand) -> Conflict | None:
        self.patterns.append(literal)
        if self.only is None:
            return None
        self.only = {value: None for value in self.only if _fits(literal, value)}
        return None if self.only else conflict_of(literal, self.why)


def _fits(pattern: Demand, value: int | str) -> bool:
    return glob(str(pattern.values[0]))(str(value)) is pattern.wanted


def conflict_of(literal: Demand, other: Demand | None) -> Conflict:
    if other is None:
        return Conflict(literal.compare, None, (not literal.wanted, False))
    return Conflict(literal.compare, other.compare, (not literal.wanted, not other.wanted))
