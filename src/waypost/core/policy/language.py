"""Text of a predicate to the typed tree, checked against the vocabulary: parsed once, never evaluated as text.

    predicate  := all ("or" all)*
    all        := one ("and" one)*
    one        := "not" one | "(" predicate ")" | field op value
    value      := literal | "[" literal ("," literal)* "]" | field ["*" number]

Linear in the length of the text and bounded in depth. Nothing here knows targets or requests.
"""

from __future__ import annotations

from typing import Never, assert_never

from waypost.core.model.decision import Source
from waypost.core.model.money import MICRO
from waypost.core.policy.fields import FIELDS, Field, lookup, nearest, operators
from waypost.core.policy.lexer import KEYWORDS, Token, Variables, place, tokens
from waypost.core.policy.render import render_value
from waypost.core.policy.request import glob
from waypost.core.policy.tree import And, Compare, FieldTimes, Items, Not, Number, Op, Or, Predicate, Unit, Value, Word
from waypost.core.policy.units import EXPECTED, literal, to_base
from waypost.errors import PolicyError

MAX_DEPTH = 32
_SYMBOLS: dict[str, Op] = {"==": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_NOTHING: Variables = {}


def parse_predicate(text: str, at: Source, *, variables: Variables = _NOTHING, request_only: bool = False) -> Predicate:
    """The typed tree of ``text``, a scalar that stands at ``at``.

    ``variables`` are the policy's constants. ``request_only`` is for ``when`` and ``match``, which are evaluated
    before any target is looked at.

    Raises:
        PolicyError: not of the grammar, an unknown field, operator, unit or variable, or values of the wrong kind.
            ``where`` is the place inside the scalar; ``others`` has the further errors of the same text.
    """
    parser = _Parser(text, at, variables, request_only)
    tree = parser.whole()
    if parser.errors:
        first, *rest = parser.errors
        first.others = tuple(rest)
        raise first
    return tree


class _Parser:
    """Recursive descent. Syntax errors are raised, errors of meaning are collected."""

    def __init__(self, text: str, at: Source, variables: Variables, request_only: bool) -> None:
        self.text = text
        self.at = at
        self.request_only = request_only
        self.tokens = tokens(text, at, variables)
        self.position = 0
        self.depth = 0
        self.errors: list[PolicyError] = []

    # Tokens

    @property
    def token(self) -> Token:
        return self.tokens[self.position]

    def next(self) -> Token:
        token = self.tokens[self.position]
        if token.kind != "end":
            self.position += 1
        return token

    def accept(self, kind: str, *texts: str) -> bool:
        if self.token.kind == kind and self.token.text in texts:
            self.next()
            return True
        return False

    def place(self, start: int, stop: int) -> Source:
        return place(self.at, self.text, start, stop)

    def span(self, start: int) -> Source:
        """From ``start`` to the end of the last token taken."""
        return self.place(start, self.tokens[self.position - 1].stop)

    def fail(self, what: str, remedy: str, token: Token | None = None) -> Never:
        token = token or self.token
        raise PolicyError(what, where=str(self.place(token.start, token.stop)), remedy=remedy)

    def wrong(self, what: str, remedy: str, token: Token) -> None:
        self.errors.append(PolicyError(what, where=str(self.place(token.start, token.stop)), remedy=remedy))

    # Grammar

    def whole(self) -> Predicate:
        if len(self.tokens) == 1:
            self.fail("the predicate is empty", "write `field op value`")
        tree = self.either()
        if self.position != len(self.tokens) - 1:
            self.fail(f"unexpected {_spoken(self.token)}", self.joining())
        return tree

    def joining(self) -> str:
        """What to do about a token behind a whole predicate."""
        before, here, after = self.tokens[self.position - 1], self.token, self.tokens[self.position + 1 :][:1]
        if here.text == "*" and before.kind == "word":
            return f'write `matches "{before.text}*"` for a pattern'
        if here.text == "," and before.kind == "number" and after and after[0].kind == "number":
            return f"write {before.text}.{after[0].text}: decimals have a point"
        return "join two predicates by `and` or `or`"

    def either(self) -> Predicate:
        start = self.token.start
        terms = [self.every()]
        while self.accept("word", "or"):
            terms.append(self.every())
        flat = [inner for term in terms for inner in (term.terms if isinstance(term, Or) else (term,))]
        return flat[0] if len(flat) == 1 else Or(tuple(flat), self.span(start))

    def every(self) -> Predicate:
        start = self.token.start
        terms = [self.one()]
        while self.accept("word", "and"):
            terms.append(self.one())
        flat = [inner for term in terms for inner in (term.terms if isinstance(term, And) else (term,))]
        return flat[0] if len(flat) == 1 else And(tuple(flat), self.span(start))

    def one(self) -> Predicate:
        start = self.token.start
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"nested deeper than {MAX_DEPTH} levels", "write it as several lines")
        try:
            if self.accept("word", "not"):
                term = self.one()
                return Not(term, self.span(start))
            if self.accept("symbol", "("):
                tree = self.either()
                if not self.accept("symbol", ")"):
                    self.fail(f"expected `)`, found {_spoken(self.token)}", "close the parenthesis")
                return tree
            return self.comparison()
        finally:
            self.depth -= 1

    def comparison(self) -> Compare:
        name = self.token
        if name.kind != "word" or name.text in KEYWORDS:
            self.fail(f"expected a field, found {_spoken(name)}", "write `field op value`")
        self.next()
        field = self.field(name)
        op = self.operator(field, name)
        value = self.value(field, op)
        at = self.span(name.start)
        return Compare(name.text, op, value, at, f"{name.text} {op} {render_value(value)}")

    def field(self, name: Token) -> Field | None:
        field = lookup(name.text)
        if field is None:
            self.wrong(f"unknown field {name.text!r}", nearest(name.text, FIELDS), name)
        elif self.request_only and field.source != "request":
            remedy = "use fields of the request here, and put this line into `filter`"
            self.wrong(f"{name.text} depends on the target", remedy, name)
        return field

    def operator(self, field: Field | None, name: Token) -> Op:
        token = self.next()
        op: Op | None = None
        if token.kind == "symbol":
            op = _SYMBOLS.get(token.text)
        elif token.kind == "word":
            op = {"in": "in", "has": "has", "matches": "matches"}.get(token.text)  # type: ignore[assignment]
            if token.text == "not" and self.accept("word", "in"):
                op = "not in"
        if op is None:
            known = "known: ==, !=, <, <=, >, >=, in, not in, has, matches"
            if token.kind == "end" and field is None:
                known += "; of several values write `field in [a, b]`"
            self.fail(f"expected an operator after {name.text}, found {_spoken(token)}", known, token)
        if field is not None and op not in operators(field):
            kind = {"text": "text", "set": "a set"}.get(field.kind, "a number")
            known = "known: " + ", ".join(operators(field))
            self.wrong(f"`{op}` does not fit {name.text}, which is {kind}", known, token)
            return op
        return op

    # Values

    def value(self, field: Field | None, op: Op) -> Value:
        start = self.token
        if op in ("in", "not in"):
            if not self.accept("symbol", "["):
                self.fail(f"`{op}` needs a list, found {_spoken(start)}", "write it in brackets: [a, b]")
            return self.items(field, start)
        if start.kind == "symbol" and start.text == "[":
            self.fail(f"`{op}` does not take a list", "write `in [...]`")
        if field is not None and field.unit is not None and start.kind == "word" and start.text not in KEYWORDS:
            return self.other_field(field, field.unit)
        return self.literal(field, pattern=op == "matches")

    def items(self, field: Field | None, start: Token) -> Items:
        if self.token.kind == "symbol" and self.token.text == "]":
            self.fail("the list is empty, so that nothing is in it", "name at least one value")
        items = [self.literal(field)]
        while self.accept("symbol", ","):
            items.append(self.literal(field))
        if not self.accept("symbol", "]"):
            self.fail(f"expected `,` or `]`, found {_spoken(self.token)}", "close the list")
        return Items(tuple(items), self.span(start.start))

    def literal(self, field: Field | None, *, pattern: bool = False) -> Number | Word:
        token = self.token
        if token.kind == "number":
            self.next()
            return self.number(token, field)
        if token.kind not in ("word", "text") or (token.kind == "word" and token.text in KEYWORDS):
            quoted = "write one behind the operator" if token.kind == "end" else "quote text that is not a plain word"
            self.fail(f"expected a value, found {_spoken(token)}", quoted)
        self.next()
        if field is not None:
            self.check_word(token, field, pattern)
        return Word(token.text, self.place(token.start, token.stop))

    def check_word(self, token: Token, field: Field, pattern: bool) -> None:
        if field.unit is not None:
            self.wrong(f"{field.name} is a number, {token.text!r} is text", EXPECTED[field.unit], token)
        elif pattern and field.values and any(map(glob(token.text), field.values)):
            return
        elif not field.can_be(token.text):
            family = f"write what follows the dot: {token.text}<name>" if token.text in field.values else None
            remedy = family or nearest(token.text, field.values)
            self.wrong(f"{field.name} is never {token.text!r}", remedy, token)
        elif token.kind == "word" and "." in token.text and lookup(token.text) is not None:
            remedy = "quote it if the word itself is meant"
            self.wrong(f"{token.text} is a field; text is not compared with a field by this version", remedy, token)

    def number(self, token: Token, field: Field | None) -> Number | Word:
        at = self.place(token.start, token.stop)
        if field is None:
            return Word(token.text, at)
        unit = field.unit
        if unit is None:
            written = self.text[token.start : token.stop]
            quoted = f'quote it: "{written}"'
            self.wrong(
                f"{field.name} is {'text' if field.kind == 'text' else 'a set of words'}, {written} is a number",
                quoted if not field.values or written in field.values else nearest(written, field.values),
                token,
            )
            return Word(written, at)
        value = self.base(token, field.name, unit)
        return Number(value, unit, literal(value, unit), at)

    def base(self, token: Token, name: str, unit: Unit) -> int:
        try:
            return to_base(token.text, token.unit, unit)
        except ValueError as exc:
            written = f"{token.text} {token.unit}" if token.unit else token.text
            reason = "a fraction is too fine" if "finer" in str(exc) else str(exc)
            self.wrong(f"{written} does not fit {name}: {reason}", EXPECTED[unit], token)
            return 0

    def other_field(self, field: Field, unit: Unit) -> FieldTimes:
        token = self.next()
        other = lookup(token.text)
        factor = MICRO
        if self.accept("symbol", "*"):
            number = self.token
            if number.kind != "number":
                self.fail(f"expected a number after `*`, found {_spoken(number)}", "write `field * 1.2`")
            factor = self.base(self.next(), "a factor", "micro")
        at = self.span(token.start)
        if other is None:
            self.wrong(f"unknown field {token.text!r}", nearest(token.text, FIELDS), token)
        elif other.unit != unit:
            self.wrong(f"{field.name} is not measured as {token.text} is", EXPECTED[unit], token)
        elif self.request_only and other.source != "request":
            self.wrong(f"{token.text} depends on the target", "use fields of the request here", token)
        return FieldTimes(token.text, factor, at)


def _spoken(token: Token) -> str:
    match token.kind:
        case "end":
            return "the end"
        case "text":
            return f"the text {token.text!r}"
        case "number" | "word" | "symbol":
            return f"`{token.text}`"
        case _:
            assert_never(token.kind)
