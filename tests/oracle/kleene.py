"""Predicates in three values: ``True``, ``False`` and ``None`` for unknown."""

from __future__ import annotations

from oracle.facts import Fact, View, fact
from waypost.core.policy.tree import And, Compare, FieldTimes, Items, Not, Number, Or, Predicate, Value, Word

Truth = bool | None


def truth(predicate: Predicate, view: View) -> Truth:
    """The value of ``predicate`` where ``view`` is what the world looks like."""
    if isinstance(predicate, Not):
        inner = truth(predicate.term, view)
        return None if inner is None else not inner
    if isinstance(predicate, And):
        values = [truth(term, view) for term in predicate.terms]
        if False in values:
            return False
        return None if None in values else True
    if isinstance(predicate, Or):
        values = [truth(term, view) for term in predicate.terms]
        if True in values:
            return True
        return None if None in values else False
    return compare(predicate, view)


def compare(predicate: Compare, view: View) -> Truth:
    """One comparison; unknown on either side is unknown."""
    left = fact(predicate.field, view)
    right = limit(predicate.value, view)
    if left is None or right is None:
        return None
    if isinstance(predicate.value, FieldTimes):
        if not isinstance(left, int) or not isinstance(right, int):
            raise TypeError(predicate.text)
        left, right = left * 1_000_000, right * predicate.value.factor
    return _holds(left, predicate.op, right)


def limit(value: Value, view: View) -> Fact | list[int | str]:
    """The right side: what is written there, or what the other field is worth before its factor."""
    if isinstance(value, FieldTimes):
        return fact(value.field, view)
    if isinstance(value, Items):
        return [item.value for item in value.items]
    assert isinstance(value, Number | Word)
    return value.value


def glob(pattern: str, text: str) -> bool:
    """``*`` is any run of characters, ``?`` is any one, the rest is itself; the whole text must match."""
    if pattern == "":
        return text == ""
    if pattern[0] == "*":
        return any(glob(pattern[1:], text[cut:]) for cut in range(len(text) + 1))
    return text != "" and pattern[0] in ("?", text[0]) and glob(pattern[1:], text[1:])


def _holds(left: Fact, op: str, right: Fact | list[int | str]) -> bool:
    match op:
        case "==":
            return left == right
        case "!=":
            return left != right
        case "in" | "not in":
            assert isinstance(right, list)
            return (left in right) == (op == "in")
        case "has":
            assert isinstance(left, frozenset)
            return right in left
        case "matches":
            assert isinstance(left, str)
            assert isinstance(right, str)
            return glob(right, left)
    assert isinstance(left, int)
    assert isinstance(right, int)
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[op]
