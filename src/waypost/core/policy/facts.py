"""One candidate's facts, one at a time and in words: what a proof observes, beside what the grid made of it."""

from __future__ import annotations

from typing import Any, assert_never

from waypost.core.model.frozen import dataclass
from waypost.core.model.money import MICRO, div_half_even
from waypost.core.model.question import Question, Snapshot
from waypost.core.model.target import Target
from waypost.core.policy.columns import estimated_cost, estimated_latency, number_of
from waypost.core.policy.fields import lookup
from waypost.core.policy.plan import Plan
from waypost.core.policy.render import render_value
from waypost.core.policy.request import TOKENS_IN, TOKENS_OUT, Truth, ordered, tester
from waypost.core.policy.tree import And, Compare, FieldTimes, Items, Not, Number, Or, Predicate, Unit
from waypost.core.policy.units import decimal, shown

UNKNOWN = "unknown"
_TOKENS = {"tokens.input": (1, 0), "tokens.output": (0, 1), "tokens.total": (1, 1)}


@dataclass(frozen=True, slots=True)
class Seen:
    """One comparison for one candidate: both sides as integers or words where known, and as people read them.

    ``exact`` is the text of the side that is on the grid, before the grid, where that differs.
    """

    truth: Truth
    observed: str
    limit: str
    exact: str | None
    margin_ppm: int | None


class Facts:
    """The facts behind one decision."""

    def __init__(self, plan: Plan, question: Question, snapshot: Snapshot) -> None:
        self.plan = plan
        self.question = question
        self.snapshot = snapshot
        self.values = plan.reader.read(question)
        self.grid = (self.values[TOKENS_IN], self.values[TOKENS_OUT])
        self.exact = (question.features.tokens_input, question.features.tokens_output)
        self.measured = dict(snapshot.latency_p95_ns)

    def value(self, field: str, target: Target, tokens: tuple[int, int]) -> Any:
        """The value of ``field`` with estimates for ``tokens`` (in, out); ``None`` is unknown."""
        if field in _TOKENS:
            counted_in, counted_out = _TOKENS[field]
            return tokens[0] * counted_in + tokens[1] * counted_out
        if field == "estimated.cost":
            return estimated_cost(target.price, *tokens)
        if field == "estimated.latency":
            return estimated_latency(target, tokens[1])
        if field == "latency.p95" and target.id in self.measured:
            return self.measured[target.id]
        found = lookup(field)
        if found is None:
            raise KeyError(field)
        if found.source == "request":
            return self.plan.reader.value(field)(self.values)
        if found.kind == "set":
            return target.capabilities
        return number_of(target, field) if found.unit is not None else self.text(field, target)

    def text(self, field: str, target: Target) -> str | None:
        """A text fact of the catalog."""
        if field == "dialect":
            endpoint = self.plan.catalog.endpoints.get(target.endpoint)
            return None if endpoint is None else endpoint.dialect
        if field.startswith("labels."):
            return target.labels.get(field[7:])
        value: str | None = target.id if field == "target" else getattr(target, field)
        return value

    def see(self, compare: Compare, target: Target) -> Seen:
        """``compare`` for ``target``."""
        left = self.value(compare.field, target, self.grid)
        kind = lookup(compare.field)
        unit = None if kind is None else kind.unit
        if unit is None:
            truth = None if left is None else tester(compare)(left)
            return Seen(truth, _words(left), render_value(compare.value), None, None)
        return self._see_number(compare, target, left, unit)

    def _see_number(self, compare: Compare, target: Target, left: int | None, unit: Unit) -> Seen:
        observed = UNKNOWN if left is None else shown(left, unit)
        exact = self._before_grid(compare.field, target, left, unit)
        value = compare.value
        if isinstance(value, Items):
            limit = ", ".join(shown(item.value, unit) for item in value.items if isinstance(item, Number))
            return Seen(None if left is None else tester(compare)(left), observed, f"[{limit}]", exact, None)
        if isinstance(value, FieldTimes):
            right = self.value(value.field, target, self.grid)
            exact = exact or self._limit_before_grid(value, target, right, unit)
            scaled = None if right is None else right * value.factor
            limit = UNKNOWN if scaled is None else _product(scaled, unit)
            limit = f"{limit} ({render_value(value)})"
        else:
            scaled = int(value.value) * MICRO
            limit = shown(int(value.value), unit)
        if left is None or scaled is None:
            return Seen(None, observed, limit, exact, None)
        margin = abs(left * MICRO - scaled) * MICRO // scaled if scaled else None
        return Seen(ordered(compare.op, left * MICRO, scaled), observed, limit, exact, margin)

    def _before_grid(self, field: str, target: Target, left: int | None, unit: Unit) -> str | None:
        exact = self.value(field, target, self.exact)
        return None if exact is None or exact == left else shown(exact, unit)

    def _limit_before_grid(self, value: FieldTimes, target: Target, right: int | None, unit: Unit) -> str | None:
        exact = self.value(value.field, target, self.exact)
        return None if exact is None or exact == right else _product(exact * value.factor, unit)


def holds(predicate: Predicate, facts: Facts, target: Target) -> Truth:
    """The predicate's truth for one candidate."""
    match predicate:
        case Compare():
            return facts.see(predicate, target).truth
        case Not():
            inner = holds(predicate.term, facts, target)
            return None if inner is None else not inner
        case And() | Or():
            decisive = isinstance(predicate, Or)
            found = [holds(term, facts, target) for term in predicate.terms]
            if decisive in found:
                return decisive
            return None if None in found else not decisive
        case _:
            assert_never(predicate)


def leaves(predicate: Predicate, facts: Facts, target: Target, *, kept: bool, want: bool = True) -> list[Leaf]:
    """The comparisons that made a predicate what it is for a candidate, each with the truth that was wanted of it.

    With ``kept`` those that are as wanted, otherwise those that are not; where one of several suffices and holds,
    the others are not at fault.
    """
    match predicate:
        case Compare():
            seen = facts.see(predicate, target)
            return [Leaf(predicate, want, seen)] if (seen.truth is want) is kept else []
        case Not():
            return leaves(predicate.term, facts, target, kept=kept, want=not want)
        case And() | Or():
            if not kept and holds(predicate, facts, target) is want:
                return []
            terms = predicate.terms
            if kept and isinstance(predicate, Or) is want:
                terms = tuple(term for term in terms if holds(term, facts, target) is want)
            return [leaf for term in terms for leaf in leaves(term, facts, target, kept=kept, want=want)]
        case _:
            assert_never(predicate)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One comparison, the truth that the filter wants of it, and what was seen."""

    compare: Compare
    want: bool
    seen: Seen


def _words(value: Any) -> str:
    if value is None:
        return UNKNOWN
    return f"[{', '.join(value)}]" if isinstance(value, tuple) else str(value)


def _product(scaled: int, unit: Unit) -> str:
    """``scaled`` millionths of the base unit, exact where that is whole, rounded otherwise; counts keep decimals."""
    if unit == "count" and scaled % MICRO:
        return decimal(scaled, MICRO)
    return shown(div_half_even(scaled, MICRO), unit)
