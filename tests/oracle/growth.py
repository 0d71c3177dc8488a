"""Random predicates whose literals sit on, just below and just above values that really occur."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from random import Random
from typing import Literal

from oracle.facts import REQUEST, TARGET, View, fact
from oracle.kleene import truth
from waypost.core.model.decision import Source
from waypost.core.policy.tree import (
    And,
    Compare,
    FieldTimes,
    Items,
    Not,
    Number,
    Op,
    Or,
    Predicate,
    Unit,
    Value,
    Word,
)

Scope = Literal["request", "any"]

NUMBERS: dict[str, Unit] = {
    "quality": "micro",
    "price.input": "usd_per_mtok",
    "price.output": "usd_per_mtok",
    "price.cached_input": "usd_per_mtok",
    "price.cache_write": "usd_per_mtok",
    "context_window": "count",
    "max_output": "count",
    "latency.first_token": "ns",
    "estimated.cost": "usd",
    "estimated.latency": "ns",
    "latency.p95": "ns",
    "tokens.input": "count",
    "tokens.output": "count",
    "tokens.total": "count",
    "tokens.max_output": "count",
    "turns": "count",
    "messages": "count",
}
SETS = ("capabilities", "code_language", "needs", "signals")
FREE = {"request": ("context.team", "context.x"), "any": ("context.team", "context.x", "labels.team", "labels.x")}
VARYING = ("estimated.cost", "estimated.latency", "latency.p95")
"""Facts of a target that one question sees otherwise than the next."""

FIELDS: dict[Scope, tuple[str, ...]] = {
    "request": (*REQUEST, *FREE["request"]),
    "any": (*TARGET, *TARGET, *REQUEST, *FREE["any"] * 3, *NUMBERS, *NUMBERS, *VARYING * 8),
}
"""A filter looks at targets more often than at the request, and most often at what varies."""

ORDERS: tuple[Op, ...] = ("<", "<=", ">", ">=")
NUMBER_OPS: tuple[Op, ...] = ("==", "!=", "in", "not in", *ORDERS * 4)
TEXT_OPS: tuple[Op, ...] = ("==", "!=", "in", "not in", "matches")
FACTORS = (1_000_000, 1_000_000, 1_200_000, 500_000, 333_333, 2_000_000, 0)


class Grower:
    """Grows predicates over ``views``: request views (no target) for ``when``, target views for filters."""

    def __init__(self, rng: Random, request: Sequence[View], targets: Sequence[View]) -> None:
        self.rng = rng
        self.views: dict[Scope, Sequence[View]] = {"request": request, "any": targets or request}
        self.lines: Iterator[int] = count(1)

    def at(self) -> Source:
        """A place that nothing else has."""
        return Source("case.yaml", next(self.lines), 3)

    def predicate(self, scope: Scope, depth: int = 2) -> Predicate:
        """Any tree of at most ``depth`` connectives."""
        roll = self.rng.random()
        if depth == 0 or roll < 0.6:
            return self.compare(scope)
        if roll < 0.7:
            return Not(self.predicate(scope, depth - 1), self.at())
        terms = tuple(self.predicate(scope, depth - 1) for _ in range(self.rng.randint(1, 3)))
        return And(terms, self.at()) if roll < 0.85 else Or(terms, self.at())

    def likely(self, scope: Scope, share: float) -> Predicate:
        """A tree that, mostly, is true for at least ``share`` of the views, so that somebody survives."""
        views = self.views[scope]
        best, best_hits = self.predicate(scope), -1
        for _ in range(self.rng.choice((1, 6, 6, 6))):
            predicate = self.predicate(scope)
            hits = sum(truth(predicate, view) is True for view in views)
            if hits > best_hits:
                best, best_hits = predicate, hits
            if hits >= share * len(views):
                break
        return best

    def compare(self, scope: Scope) -> Compare:
        """One comparison that the loader would accept."""
        name = self.rng.choice(self.known_fields(scope))
        value: Value
        op: Op
        if name in NUMBERS:
            op = self.rng.choice(NUMBER_OPS)
            value = self.number_value(scope, name, op)
        elif name in SETS:
            op, value = "has", Word(self.seen_word(scope, name), self.at())
        else:
            op = self.rng.choice(TEXT_OPS)
            value = self.text_value(scope, name, op)
        return Compare(name, op, value, self.at(), f"{name} {op} {shown(value)}")

    def known_fields(self, scope: Scope) -> tuple[str, ...]:
        """Without targets (an empty catalog) there is nothing but the request to compare."""
        return FIELDS["request"] if self.views[scope][0].target is None else FIELDS[scope]

    def number_value(self, scope: Scope, name: str, op: Op) -> Value:
        if op in ("in", "not in"):
            numbers = tuple(self.near(scope, name) for _ in range(self.rng.randint(0, 3)))
            return Items(numbers, self.at())
        others = [f for f in self.known_fields(scope) if f != name and NUMBERS.get(f) == NUMBERS[name]]
        if others and self.rng.random() < 0.35:
            other = self.rng.choice(others)
            return FieldTimes(other, self.factor(scope, name, other), self.at())
        return self.near(scope, name)

    def factor(self, scope: Scope, name: str, other: str) -> int:
        """Now and then the very factor at which both sides are equal for one candidate."""
        view = self.rng.choice(self.views[scope])
        left, right = fact(name, view), fact(other, view)
        if isinstance(left, int) and isinstance(right, int) and right > 0 and self.rng.random() < 0.4:
            return left * 1_000_000 // right
        return self.rng.choice(FACTORS)

    def near(self, scope: Scope, name: str) -> Number:
        """A literal on a value that occurs, or one beside it."""
        value = fact(name, self.rng.choice(self.views[scope]))
        base = value if isinstance(value, int) else self.rng.choice((0, 1, 1000, 500_000))
        base = max(0, base + self.rng.choice((0, 0, 0, 0, -1, 1)))
        return Number(base, NUMBERS[name], str(base), self.at())

    def seen_word(self, scope: Scope, name: str) -> str:
        """A word that occurs in the field, or one that nobody has."""
        value = fact(name, self.rng.choice(self.views[scope]))
        words = sorted(value) if isinstance(value, frozenset) else [value] if isinstance(value, str) else []
        return self.rng.choice(words) if words and self.rng.random() < 0.85 else "nobody"

    def text_value(self, scope: Scope, name: str, op: Op) -> Value:
        if op in ("in", "not in"):
            words = tuple(Word(self.seen_word(scope, name), self.at()) for _ in range(self.rng.randint(0, 3)))
            return Items(words, self.at())
        word = self.seen_word(scope, name)
        return Word(self.pattern(word) if op == "matches" else word, self.at())

    def pattern(self, word: str) -> str:
        """A glob made of a word, sometimes with characters that a careless translation takes for its own."""
        cut = self.rng.randint(0, len(word))
        end = self.rng.randint(cut, len(word))
        middle = self.rng.choice(("*", "?", "**", "", "[a-z]", ".", ".*", "*?"))
        return self.rng.choice((word[:cut] + middle + word[end:], word[:cut] + "*", "*" + word[cut:], word, "*"))


def shown(value: Value) -> str:
    """The value as it could stand in the file."""
    if isinstance(value, FieldTimes):
        return value.field if value.factor == 1_000_000 else f"{value.field} * {value.factor}e-6"
    if isinstance(value, Items):
        return "[" + ", ".join(str(item.value) for item in value.items) + "]"
    return f"{value.value} {value.unit}" if isinstance(value, Number) else value.value


def written(predicate: Predicate) -> str:
    """The predicate's own text."""
    if isinstance(predicate, Compare):
        return predicate.text
    if isinstance(predicate, Not):
        return f"not ({written(predicate.term)})"
    joint = " and " if isinstance(predicate, And) else " or "
    return "(" + joint.join(written(term) for term in predicate.terms) + ")"
