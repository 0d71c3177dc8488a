"""The lexical form of whole predicates as one regular expression, for editors; the reader checks what they mean.

Every comparison is held to its field: the operators that fit it, the words that it can have, numbers with a unit of its
own, fields of the same unit. What a regular expression cannot count, whether parentheses close, it does not look at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from waypost.core.model.decision import Source
from waypost.core.model.money import MICRO
from waypost.core.policy.fields import FIELDS, Field, operators
from waypost.core.policy.lexer import KEYWORDS, MAX_LENGTH
from waypost.core.policy.render import render_value
from waypost.core.policy.tree import Number, Unit, Word
from waypost.core.policy.units import UNITS, literal
from waypost.runtime.feature_names import known_words

MOST = 12_000
"""Characters of one pattern; an editor compiles it for each file."""
_MORE = "[A-Za-z0-9_./:@+-]"
_END = f"(?!{_MORE})"
_QUOTED = r'"(?:[^"\\]|\\.)*"|' + r"'(?:[^'\\]|\\.)*'"
_VARIABLE = r"\$\{[^}]*\}"
_DIGITS = r"[0-9]+(?:\.[0-9]+)?"
_STOP = r"(?=[\s),\]]|$)"
_NO_KEYWORD = f"(?!(?:{'|'.join(sorted(KEYWORDS))}){_END})"
_ANY_WORD = f"{_NO_KEYWORD}[A-Za-z_]{_MORE}*{_END}"
_BARE_WORD = re.compile(rf"[A-Za-z_]{_MORE}*\Z")
_NOWHERE = Source("", 0, 0)
_BARE: tuple[Unit, ...] = ("count", "micro")
"""Units of numbers that need none."""


def pattern(fields: Sequence[Field]) -> str:
    """Of a predicate over ``fields``, joined in any way."""
    comparison = _either(_comparison(group, fields) for group in _alike(fields))
    before = rf"(?:[\s(]|not{_END})*"
    return rf"^(?:(?:^|(?!^)(?:and|or){_END}){before}(?:{comparison})[\s)]*)+$"


def predicate(fields: Sequence[Field]) -> dict[str, object]:
    """The schema of such a text, with an example of each field for who completes one."""
    return {"type": "string", "maxLength": MAX_LENGTH, "pattern": pattern(fields)}


def examples(fields: Iterable[Field]) -> list[str]:
    """A comparison of each field."""
    return [_example(field) for field in fields]


def names(fields: Iterable[Field]) -> str:
    """Any of them, the longest first."""
    found = sorted((field.name for field in fields), key=lambda name: (-len(name), name))
    return _either(_escaped(name).replace("<name>", "[A-Za-z0-9_][A-Za-z0-9_.-]*") for name in found)


def _alike(fields: Sequence[Field]) -> Iterable[list[Field]]:
    """Fields whose comparisons look the same."""
    groups: dict[object, list[Field]] = {}
    for field in fields:
        groups.setdefault((field.kind, known_words(field.name)), []).append(field)
    return groups.values()


def _comparison(group: list[Field], fields: Sequence[Field]) -> str:
    field = group[0]
    rest = _of_number(field.unit, fields) if field.unit is not None else _of_words(field)
    return rf"(?:{names(group)}){_END}\s*(?:{rest})"


def _of_words(field: Field) -> str:
    ops, value = operators(field), f"(?:{_word(field)}|{_QUOTED}|{_VARIABLE})"
    if "has" in ops:
        return rf"has{_END}\s*{value}"
    globbed = rf"matches{_END}\s*(?:{_QUOTED}|{_VARIABLE}|[^\s()\[\],\x22'$]+)"
    return _either((rf"[=!]=\s*{value}", _listed(value), globbed))


def _of_number(unit: Unit, fields: Sequence[Field]) -> str:
    number = f"(?:{_number(unit)}|{_VARIABLE})"
    same = names(field for field in fields if field.unit == unit)
    other = rf"(?:{same}){_END}(?:\s*\*\s*(?:{_number('micro')}|{_VARIABLE}))?"
    return _either((rf"(?:[=!]=|[<>]=?)\s*(?:{_number(unit)}|{_VARIABLE}|{other})", _listed(number)))


def _number(unit: Unit) -> str:
    units = _either(_escaped(name) for name, (measure, _) in UNITS.items() if measure in (unit, _SHARES.get(unit)))
    found = rf"\s*(?:{units})"
    return f"{_DIGITS}(?:{found}){'?' if unit in _BARE else ''}{_STOP}"


_SHARES: dict[Unit, str] = {"micro": "share"}


def _listed(value: str) -> str:
    return rf"(?:not\s+)?in{_END}\s*(?:{_VARIABLE}|\[\s*(?:{value}\s*(?:,\s*(?!\])|(?=\])))+\])"


def _word(field: Field) -> str:
    """A bare word that it can have."""
    known = known_words(field.name)
    if not known:
        return _ANY_WORD
    words = (_escaped(word) + (f"{_MORE}+" if word.endswith(".") else "") for word in known if _BARE_WORD.match(word))
    return f"(?:{_either(words)}){_END}"


def _either(parts: Iterable[str]) -> str:
    return "|".join(parts)


def _escaped(text: str) -> str:
    """As editors read it, too, which take no needless backslash."""
    return re.sub(r"[.*+?^${}()|\[\]\\]", r"\\\g<0>", text)


_USUAL: dict[Unit, int] = {
    "usd": 50_000_000, "usd_per_mtok": 5 * 10**9, "ns": 2 * 10**9, "micro": MICRO // 2, "count": 8_000,
}  # fmt: skip
_FEW = {"turns": 10, "messages": 20}
_WORDS = {
    "target": "openai/gpt-4o-mini", "provider": "openai", "model": "gpt-4o-mini", "family": "gpt", "tier": "fast_cheap",
    "endpoint": "openai", "region": "eu", "retention": "none", "labels.<name>": "core", "requested.model": "gpt-4o",
    "intent": "chat", "origin.provider": "openai", "origin.sdk": "openai", "department": "support", "user": "ann",
    "workflow": "triage", "step": "draft", "session": "s-1", "budget_tier": "gold", "context.<name>": "core",
}  # fmt: skip


def _example(field: Field) -> str:
    name = field.name.replace("<name>", "team")
    if field.unit is not None:
        usual = _FEW.get(field.name, _USUAL[field.unit])
        value = Number(usual, field.unit, literal(usual, field.unit), _NOWHERE)
        more = field.source == "request" or field.name in ("quality", "context_window", "max_output")
        return f"{name} {'>=' if more else '<='} {render_value(value)}"
    first = next((word.rstrip(".") for word in known_words(field.name)), "") or _WORDS[field.name]
    return f"{name} {'has' if field.kind == 'set' else '=='} {render_value(Word(first, _NOWHERE))}"


ALL = list(FIELDS.values())
REQUEST = [field for field in ALL if field.source == "request"]
