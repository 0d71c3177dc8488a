"""The request's side of a plan: which facts of a question it reads, and predicates over them in three values.

A question is read once into a flat tuple, which is also the key of every memo. Its first places are fixed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any, TypeAlias, assert_never

from waypost.core.model.advice import Picks
from waypost.core.model.money import MICRO, grid
from waypost.core.model.needs import Need
from waypost.core.model.question import Question
from waypost.core.policy.tree import And, Compare, FieldTimes, Items, Not, Op, Or, Predicate, Word

Values: TypeAlias = tuple[Any, ...]
Truth: TypeAlias = bool | None
"""Kleene's three values; ``None`` is unknown."""

TOKENS_IN, TOKENS_OUT, FLAGS, SEALED, ASKED = 0, 1, 2, 3, 4
DIALECT, ENDPOINT, HOST, GRANTED, PINNED, CREDENTIALS, PREFERENCE, MAX_OUTPUT, NARROW, STRATEGY = range(5, 15)
_FIXED = (
    "dialect",
    "origin.endpoint",
    "origin.host",
    "granted",
    "pinned",
    "credentials",
    "context.preference",
    "features.max_output",
    "context.narrow",
    "context.strategy",
)
_PATHS = {
    "task": "features.task",
    "complexity": "features.complexity",
    "language": "features.language",
    "data_class": "features.data_class",
    "intent": "intent",
    "requested.model": "requested",
    "origin.provider": "origin.provider",
    "origin.sdk": "origin.sdk",
    "department": "context.department",
    "user": "context.user",
    "workflow": "context.workflow",
    "step": "context.step",
    "session": "context.session",
    "budget_tier": "context.tier",
    "streaming": "streaming",
    "code": "features.has_code",
    "auto": "auto",
    "turns": "features.turns",
    "messages": "features.messages",
    "code_language": "features.code_languages",
    "signals": "features.signals",
}
_PLACES: dict[str, tuple[int, ...]] = {
    "tokens.input": (TOKENS_IN,),
    "tokens.output": (TOKENS_OUT,),
    "tokens.total": (TOKENS_IN, TOKENS_OUT),
    "needs": (FLAGS,),
    "origin.dialect": (DIALECT,),
    "preference": (PREFERENCE,),
    "tokens.max_output": (MAX_OUTPUT,),
}
on_grid = lru_cache(4_096)(grid)
_WORDS = {True: "true", False: "false"}


class Reader:
    """Reads what one plan needs of a question. ``places`` are the positions of a field in the tuple.

    ``advisor`` is the one whose advice the plan ranks by; what it says of a question stands last.
    """

    def __init__(self, fields: frozenset[str], advisor: str | None = None) -> None:
        self._advisor = advisor
        extra = sorted(field for field in fields if field in _PATHS)
        self._labels = tuple(sorted(field[8:] for field in fields if field.startswith("context.")))
        self._get = attrgetter(*_FIXED, *(_PATHS[field] for field in extra))
        first = ASKED + 1 + len(_FIXED)
        self._places = dict(_PLACES)
        self._places.update((field, (first + index,)) for index, field in enumerate(extra))
        first += len(extra)
        self._places.update((f"context.{name}", (first + index,)) for index, name in enumerate(self._labels))

    def places(self, field: str) -> tuple[int, ...]:
        """Where the facts behind ``field`` stand."""
        return self._places[field]

    def read(self, question: Question) -> Values:
        """The facts of ``question``, hashable."""
        features = question.features
        values = (
            on_grid(features.tokens_input),
            on_grid(features.tokens_output),
            required(question.needs) if question.needs else (),
            sealed_at(question.needs) if question.needs else None,
            asked_for(question) if question.needs else None,
            *self._get(question),
        )
        if self._labels:
            labels = question.context.labels
            values += tuple([labels.get(name) for name in self._labels])
        return values if self._advisor is None else (*values, picks_of(question, self._advisor))

    def value(self, field: str) -> Callable[[Values], Any]:
        """How to take the field's value out of what was read."""
        if field == "tokens.total":
            return lambda values: values[TOKENS_IN] + values[TOKENS_OUT]
        (place,) = self._places[field]
        if field in ("streaming", "code", "auto"):
            return lambda values: _WORDS[values[place]]
        return lambda values: values[place]


def picks_of(question: Question, advisor: str) -> Picks:
    """Whom ``advisor`` names for this question; nobody where it was not the one that was asked."""
    advice = question.advice
    return advice.picks if advice is not None and advice.advisor == advisor else ()


def taker(places: Iterable[int]) -> Callable[[Values], Any] | None:
    """A function that takes these places out of what was read; ``None`` for no places."""
    found = sorted(places)
    return itemgetter(*found) if found else None


def required(needs: tuple[Need, ...]) -> tuple[str, ...]:
    """The flags of required needs, once each, sorted."""
    return tuple(sorted({need.flag for need in needs if need.severity == "required"}))


def sealed_at(needs: tuple[Need, ...]) -> str | None:
    """The signing domain that the call's reasoning has to go back to; ``None`` where none has to."""
    for need in needs:
        if need.flag == "reasoning.signature" and need.severity == "required":
            return need.value
    return None


def asked_for(question: Question) -> str | None:
    """The name of the model that the caller wants to be answered by; ``None`` where it asks to be routed."""
    return None if question.auto else question.requested


def truth(predicate: Predicate, reader: Reader) -> Callable[[Values], Truth]:
    """A predicate over request fields as a function of what was read."""
    match predicate:
        case Compare():
            return _comparison(predicate, reader)
        case Not():
            inner = truth(predicate.term, reader)
            return lambda values: None if (found := inner(values)) is None else not found
        case And():
            return _joined([truth(term, reader) for term in predicate.terms], decisive=False)
        case Or():
            return _joined([truth(term, reader) for term in predicate.terms], decisive=True)
        case _:
            assert_never(predicate)


def _joined(terms: list[Callable[[Values], Truth]], *, decisive: bool) -> Callable[[Values], Truth]:
    def evaluate(values: Values) -> Truth:
        out: Truth = not decisive
        for term in terms:
            found = term(values)
            if found is decisive:
                return decisive
            if found is None:
                out = None
        return out

    return evaluate


def _comparison(compare: Compare, reader: Reader) -> Callable[[Values], Truth]:
    left = reader.value(compare.field)
    if isinstance(compare.value, FieldTimes):
        right, factor, op = reader.value(compare.value.field), compare.value.factor, compare.op

        def against(values: Values) -> Truth:
            a, b = left(values), right(values)
            return None if a is None or b is None else ordered(op, a * MICRO, b * factor)

        return against
    test = tester(compare)

    def evaluate(values: Values) -> Truth:
        found = left(values)
        return None if found is None else test(found)

    return evaluate


def tester(compare: Compare) -> Callable[[Any], bool]:
    """``field op constant`` as a test of a known value."""
    op, value = compare.op, compare.value
    if isinstance(value, Items):
        members = frozenset(item.value for item in value.items)
        return (lambda found: found in members) if op == "in" else (lambda found: found not in members)
    if isinstance(value, FieldTimes):
        raise TypeError(f"{compare.text} compares two fields")
    constant = value.value
    if op == "has":
        return lambda found: constant in found
    if op == "matches":
        return glob(str(constant))
    if isinstance(value, Word):
        return (lambda found: found == constant) if op == "==" else (lambda found: found != constant)
    number = int(constant)
    return lambda found: ordered(op, found, number)


def ordered(op: Op, a: int, b: int) -> bool:
    """``a op b`` for numbers."""
    match op:
        case "<":
            return a < b
        case "<=":
            return a <= b
        case ">":
            return a > b
        case ">=":
            return a >= b
        case "==":
            return a == b
        case _:
            return a != b


def glob(pattern: str) -> Callable[[str], bool]:
    """A glob of ``*`` and ``?`` over the whole text, in time bounded by the product of the two lengths."""
    parts = pattern.split("*")
    heads = [re.compile("".join("." if char == "?" else re.escape(char) for char in part), re.DOTALL) for part in parts]
    first, *middle = heads
    if not middle:
        return lambda text: first.fullmatch(text) is not None
    last, size = middle.pop(), len(parts[-1])

    def match(text: str) -> bool:
        found = first.match(text)
        if found is None:
            return False
        position = found.end()
        for part in middle:
            found = part.search(text, position)
            if found is None:
                return False
            position = found.end()
        return len(text) - size >= position and last.fullmatch(text, len(text) - size) is not None

    return match
