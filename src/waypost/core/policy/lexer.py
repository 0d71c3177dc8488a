"""Text of a predicate to tokens, in one pass; knows units and variables, no grammar and no fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

from waypost.core.model.decision import Source
from waypost.core.model.frozen import dataclass
from waypost.core.policy.fields import nearest
from waypost.core.policy.lookalikes import hint
from waypost.core.policy.units import SPELT, UNITS, unit_meant
from waypost.errors import PolicyError

Variables: TypeAlias = Mapping[str, str | tuple[str, ...]]
"""Constants of a policy: the text of a value, or of each value of a list."""

MAX_LENGTH = 8_000
MAX_DIGITS = 40
KEYWORDS = frozenset(("and", "or", "not", "in", "has", "matches"))

_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_./:@+-]*")
_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?)(?:\s*(%|/[A-Za-z]+|[A-Za-z_]+(?:/[A-Za-z]+)?))?")
_NEGATIVE = re.compile(r"-\s*[0-9]+(?:\.[0-9]+)?")
_SUM = re.compile(r"\$\s*([0-9]+(?:\.[0-9]+)?)")
_NAMED = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")
_FRACTION = re.compile(r"\.[0-9]+")
_REFERENCE = re.compile(r"(?:[<>]=?|[!=]=)\s*[A-Za-z_][A-Za-z0-9_.]*\s*\Z")
"""A comparison with a field, which ends here."""
_SYMBOL = re.compile(r"==|!=|<=|>=|[<>()\[\],*]")
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'")
_PATTERN = re.compile(r"[^\s()\[\],\"'$]+")
_VARIABLE = re.compile(r"\$\{([^}${]*)\}")
_FOREIGN = re.compile(r"(?=[^\s()\[\],]{0,20}[^\x00-\x7f\s])[^\s()\[\],]{1,40}")
_ESCAPE = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Token:
    """``word`` (bare), ``text`` (quoted or a pattern), ``number``, a ``symbol``, or the ``end``.

    ``start`` and ``stop`` are offsets into the predicate; a number has its ``unit`` beside its digits.
    """

    kind: Literal["word", "text", "number", "symbol", "end"]
    text: str
    start: int
    stop: int
    unit: str | None = None


def place(at: Source, text: str, start: int, stop: int) -> Source:
    """The place of ``text[start:stop]`` for a predicate that is the scalar at ``at``.

    Exact for plain and quoted scalars of one line; the scalar's own place where folding or escapes moved the text.
    """
    shift = at.length - len(text)
    if shift not in (0, 2):
        return at
    return Source(at.file, at.line, at.column + shift // 2 + start, max(stop - start, 1))


def tokens(text: str, at: Source, variables: Variables) -> list[Token]:
    """All tokens of ``text``, with an ``end`` behind them.

    Raises:
        PolicyError: an unknown character, unit or variable, an open quote, or a text beyond the bound.
    """
    if len(text) > MAX_LENGTH:
        raise PolicyError(f"a predicate of {len(text):,} characters", where=str(at), remedy="split it into lines")
    out: list[Token] = []
    position = 0
    while position < len(text):
        if space := _SPACE.match(text, position):
            position = space.end()
            continue
        new = _variable(text, position, at, variables) or [_token(text, position, at, _after_matches(out))]
        out.extend(new)
        position = new[-1].stop
    out.append(Token("end", "", len(text), len(text)))
    return out


def _after_matches(out: list[Token]) -> bool:
    return bool(out) and out[-1].kind == "word" and out[-1].text == "matches"


def _token(text: str, position: int, at: Source, pattern: bool) -> Token:
    if quoted := _QUOTED.match(text, position):
        body = quoted[1] if quoted[1] is not None else quoted[2]
        return Token("text", _ESCAPE.sub(r"\1", body), position, quoted.end())
    if pattern and (glob := _PATTERN.match(text, position)):
        return Token("text", glob[0], position, glob.end())
    if number := _NUMBER.match(text, position):
        return _number(number, text, at)
    if word := _WORD.match(text, position):
        return Token("word", word[0], position, word.end())
    if symbol := _SYMBOL.match(text, position):
        return Token("symbol", symbol[0], position, symbol.end())
    where = str(place(at, text, position, position + 1))
    if (looks := hint(text[position])) is not None:
        raise PolicyError(f"unexpected {text[position]!r}", where=where, remedy=looks)
    if text[position] in "\"'":
        raise PolicyError("the quote is not closed", where=where, remedy=f"close it with {text[position]}")
    if (sum_ := _SUM.match(text, position)) is not None:
        remedy = f"write the unit behind the number: {sum_[1]} USD, of a price {sum_[1]} USD/MTok"
        raise PolicyError("unexpected '$'", where=where, remedy=remedy)
    if _REFERENCE.search(text, 0, position) and text[position] in "+-/":
        remedy = "a field may be multiplied, `field * 1.2`, and nothing else"
        raise PolicyError(f"unexpected {text[position]!r}", where=where, remedy=remedy)
    if negative := _NEGATIVE.match(text, position):
        remedy = "write a number from 0, or quote it if text is meant"
        raise PolicyError(f"{negative[0]} must not be negative", where=where, remedy=remedy)
    raise PolicyError(f"unexpected {text[position]!r}", where=where, remedy=_meant(text, position))


def _meant(text: str, position: int) -> str:
    """What is written otherwise in a predicate than in many a programming language."""
    if text[position] == "=":
        after = text[position + 1 : position + 2]
        return f"write {after}= to compare" if after in ("<", ">") else "write == to compare"
    if name := _NAMED.match(text, position):
        return f"write ${{{name[1]}}} for a variable"
    if fraction := _FRACTION.match(text, position):
        return f"write 0{fraction[0]}"
    return "quote text that is not a plain word"


def _number(match: re.Match[str], text: str, at: Source) -> Token:
    unit, stop = match[2], match.end()
    if len(match[1]) > MAX_DIGITS:
        where = str(place(at, text, match.start(), match.end(1)))
        raise PolicyError(f"a number of {len(match[1]):,} digits", where=where, remedy=f"write at most {MAX_DIGITS}")
    if unit is not None and (more := _FOREIGN.match(text, stop)):  # letters that only look like those of a unit
        unit, stop = unit + more[0], more.end()
    if unit is None or unit in UNITS:
        return Token("number", match[1], match.start(), match.end(), unit)
    if unit in KEYWORDS and text[match.end(1)].isspace():
        return Token("number", match[1], match.start(), match.end(1))
    near = text[match.end(1)].isspace() or len(unit) < 4 or unit.lower() in SPELT
    remedy = unit_meant(unit) if near else "quote it if it is a word"
    raise PolicyError(f"unknown unit {unit!r}", where=str(place(at, text, match.start(2), stop)), remedy=remedy)


def _variable(text: str, position: int, at: Source, variables: Variables) -> list[Token] | None:
    """The tokens that ``${name}`` stands for; a variable is a value, never an operator or a field."""
    match = _VARIABLE.match(text, position)
    if match is None:
        return None
    name, stop = match[1], match.end()
    value = variables.get(name)
    if value is None:
        where = str(place(at, text, position, stop))
        raise PolicyError(f"unknown variable {name!r}", where=where, remedy=nearest(name, variables))
    if isinstance(value, str):
        return [_constant(value, position, stop)]
    out = [Token("symbol", "[", position, stop)]
    for index, item in enumerate(value):
        if index:
            out.append(Token("symbol", ",", position, stop))
        out.append(_constant(item, position, stop))
    return [*out, Token("symbol", "]", position, stop)]


def _constant(value: str, start: int, stop: int) -> Token:
    number = _NUMBER.fullmatch(value.strip())
    if number and (number[2] is None or number[2] in UNITS):
        return Token("number", number[1], start, stop, number[2])
    return Token("text", value, start, stop)
