"""The canonical text of a predicate: `waypost.core.policy.language` reads it back to the same tree."""

from __future__ import annotations

import re
from typing import assert_never

from waypost.core.model.money import MICRO
from waypost.core.policy.fields import lookup
from waypost.core.policy.lexer import KEYWORDS
from waypost.core.policy.tree import And, Compare, FieldTimes, Items, Not, Number, Or, Predicate, Value, Word
from waypost.core.policy.units import decimal, literal

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./:@+-]*\Z")


def render(predicate: Predicate) -> str:
    """One line with single spaces, canonical literals, and parentheses only where they are needed."""
    match predicate:
        case Compare():
            return f"{predicate.field} {predicate.op} {render_value(predicate.value)}"
        case And():
            return " and ".join(_grouped(term, Or) for term in predicate.terms)
        case Or():
            return " or ".join(render(term) for term in predicate.terms)
        case Not():
            return f"not {_grouped(predicate.term, (And, Or))}"
        case _:
            assert_never(predicate)


def render_value(value: Value) -> str:
    """The canonical text of a value."""
    match value:
        case Number():
            return literal(value.value, value.unit)
        case Word():
            return _word(value.value)
        case Items():
            return f"[{', '.join(render_value(item) for item in value.items)}]"
        case FieldTimes():
            return value.field if value.factor == MICRO else f"{value.field} * {decimal(value.factor, MICRO)}"
        case _:
            assert_never(value)


def _grouped(predicate: Predicate, loose: type[Or] | tuple[type[And], type[Or]]) -> str:
    text = render(predicate)
    return f"({text})" if isinstance(predicate, loose) else text


def _word(text: str) -> str:
    if _PLAIN.match(text) and text not in KEYWORDS and not ("." in text and lookup(text) is not None):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
