"""Predicates of a policy file: read, their words checked, and shared between the policies that inherit them."""

from __future__ import annotations

from functools import lru_cache

from waypost.core.model.decision import Source
from waypost.core.policy.fields import FIELDS, lookup, nearest
from waypost.core.policy.language import parse_predicate
from waypost.core.policy.tree import And, Op, Predicate
from waypost.core.policy.words import Words
from waypost.errors import PolicyError
from waypost.runtime import yaml
from waypost.runtime.nodes import Reader, Used, is_null, spoken
from waypost.runtime.policy_words import note_doubts


class Predicates:
    """Reads the predicates of one document, whose words are among ``words``."""

    def __init__(self, reader: Reader, words: Words) -> None:
        self.reader = reader
        self.words = words

    def match(self, node: yaml.Node | None) -> Predicate | None:
        """A predicate, or a mapping of fields to a value or a list of values."""
        if isinstance(node, yaml.Mapping):
            if not node.entries:
                self.reader.wrong(node.at, "`match` is empty", "leave it out to match every call, or name a field")
            terms = [self.match_term(key, value) for key, value in sorted(node.entries, key=lambda entry: entry[0].raw)]
            found = tuple(term for term in terms if term is not None)
            return And(found, node.at) if len(found) > 1 else next(iter(found), None)
        return self.predicate(node, "match", request_only=True)

    def match_term(self, key: yaml.Scalar, node: yaml.Node) -> Predicate | None:
        if isinstance(node, yaml.Sequence):
            values = [text for text, _ in self.reader.texts(node, f"match.{key.raw}")]
            op: Op = "in"
        else:
            text = self.reader.text(node, f"match.{key.raw}")
            values, op = [] if text is None else [text], "=="
        if lookup(key.raw) is None:
            self.reader.wrong(key.at, f"unknown field {key.raw!r}", nearest(key.raw, FIELDS))
            return None
        if not values:
            self.reader.wrong(node.at, f"match.{key.raw} has no value", "write a word or a list of words")
            return None
        tree = self.reader.guarded(lambda: _matching(key, op, values))
        return note_doubts(self.reader, self.words, tree)

    def predicate(self, node: yaml.Node | None, what: str, *, request_only: bool = False) -> Predicate | None:
        if node is None or is_null(node):
            return None
        if not isinstance(node, yaml.Scalar):
            self.reader.wrong(node.at, f"{what} is {spoken(node)}, not a predicate", "write `field op value`")
            return None
        used = self.reader.put_in(node.raw, node.at)
        tree = self.reader.guarded(lambda: self.parsed(node, used, request_only))
        return note_doubts(self.reader, self.words, tree)

    def parsed(self, node: yaml.Scalar, used: Used, request_only: bool) -> Predicate:
        try:
            return _parsed(node.raw, node.at, used, request_only)
        except PolicyError:  # once more, with the names of all variables for the remedy
            return parse_predicate(node.raw, node.at, variables=self.reader.variables, request_only=request_only)


@lru_cache(maxsize=4_096)
def _parsed(text: str, at: Source, variables: Used, request_only: bool) -> Predicate:
    """Policies that extend the same base share its lines: each is read once, and is one object in all of them."""
    return parse_predicate(text, at, variables=dict(variables), request_only=request_only)


def _matching(key: yaml.Scalar, op: Op, values: list[str]) -> Predicate:
    """A line of a ``match`` mapping as a predicate; the places are those of its key."""
    field = lookup(key.raw)
    value, variables = "${value}", {"value": tuple(values) if op == "in" else values[0]}
    if field is None or field.unit is None:  # a department may be called 42
        quoted = [_quoted(value) for value in values]
        value = f"[{', '.join(quoted)}]" if op == "in" else quoted[0]
    at = Source(key.at.file, key.at.line, key.at.column, 1)
    return parse_predicate(f"{key.raw} {op} {value}", at, variables=variables, request_only=True)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
