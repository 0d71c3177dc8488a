"""Reading positioned YAML nodes as typed values, all errors of a file in one pass.

A `Reader` never raises for what a user wrote: it notes the error with its place and goes on with ``None``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias, TypeVar

from waypost.core.model.decision import Source
from waypost.core.policy.lexer import Variables
from waypost.core.policy.tree import Unit
from waypost.core.policy.units import EXPECTED, UNITS, to_base, unit_meant
from waypost.errors import ConfigError
from waypost.runtime import yaml

T = TypeVar("T")
Used: TypeAlias = tuple[tuple[str, str | tuple[str, ...]], ...]
"""Variables with their values."""
MAX_ERRORS = 200
"""So many errors of one file are told at once."""
MAX_LITERAL = 60
"""No number with its unit is longer."""
MAX_PUT_IN = 1_000_000
"""Characters that variables may become in one file, so that a short file stays a small policy."""
VARIABLE = re.compile(r"\$\{([^}${]*)\}")
_NEGATIVE = re.compile(r"\s*-\s*[0-9.]")
_BREAKS = re.compile(r"[ \t]*[\t\n][ \t\n]*")
_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(\S+)?\Z")


class Reader:
    """Notes errors of one class. ``variables`` stand for ``${name}`` in any text."""

    def __init__(self, error: type[ConfigError], variables: Variables | None = None) -> None:
        self.error = error
        self.variables: Variables = variables or {}
        self.errors: list[ConfigError] = []
        self._put_in = 0

    def wrong(self, at: Source, what: str, remedy: str) -> None:
        """Note one error; the last that is noted says so, and all of them are raised."""
        self.errors.append(self.error(what, where=str(at), remedy=remedy))
        self._bound(at)

    def note(self, found: ConfigError) -> None:
        """Note an error that somebody raised, with its others."""
        self.errors.extend((found, *found.others))
        found.others = ()
        self._bound(Source("", 0, 0))

    def finish(self) -> None:
        """Raise what was noted, the first with the others behind it, in the order of their places."""
        if not self.errors:
            return
        first, *rest = sorted(self.errors, key=_order)
        first.others = tuple(rest)
        raise first

    def _bound(self, at: Source) -> None:
        """Raise what was noted where that is more than anybody reads."""
        if len(self.errors) < MAX_ERRORS:
            return
        found = sorted(self.errors, key=_order)
        where = str(at) if at.line else found[-1].where
        last = self.error(f"{MAX_ERRORS} errors or more", where=where, remedy="mend the others first")
        found[0].others = (*found[1:], last)
        raise found[0]

    def put_in(self, text: str, at: Source) -> Used:
        """The variables that ``text`` uses, with their values. Raises where all that is put in is beyond the bound."""
        if "$" not in text:
            return ()
        used: dict[str, str | tuple[str, ...]] = {}
        for match in VARIABLE.finditer(text):
            value = self.variables.get(match[1])
            if value is not None:
                used[match[1]] = value
                self._put_in += len(value) if isinstance(value, str) else sum(map(len, value)) + len(value)
        if self._put_in > MAX_PUT_IN:
            what = f"variables stand for more than {MAX_PUT_IN:,} characters in all"
            self.errors.append(self.error(what, where=str(at), remedy="write shorter variables, or fewer lines"))
            self.finish()
        return tuple(used.items())

    # Shapes

    def mapping(self, node: yaml.Node | None, what: str, known: Iterable[str] | None = None) -> yaml.Mapping | None:
        """A mapping, its keys among ``known`` where that is given."""
        if node is None or is_null(node):
            return None
        if not isinstance(node, yaml.Mapping):
            self.wrong(node.at, f"{what} is {spoken(node)}, not a mapping", "write `key: value` lines")
            return None
        names = None if known is None else frozenset(known)
        for key, _ in node.entries:
            if names is not None and key.raw not in names:
                self.wrong(key.at, f"unknown key {key.raw!r} in {what}", yaml.suggest(key.raw, names))
        return node

    def sequence(self, node: yaml.Node | None, what: str) -> tuple[yaml.Node, ...]:
        """The items of a list; empty where it is absent."""
        if node is None or is_null(node):
            return ()
        if not isinstance(node, yaml.Sequence):
            self.wrong(node.at, f"{what} is {spoken(node)}, not a list", "write a list: [a, b]")
            return ()
        return node.items

    def text(self, node: yaml.Node | None, what: str) -> str | None:
        """A scalar as text, variables put in."""
        if node is None or is_null(node):
            return None
        if not isinstance(node, yaml.Scalar):
            self.wrong(node.at, f"{what} is {spoken(node)}, not a text", "write one word or a quoted text")
            return None
        if "$" not in node.raw:
            return node.raw
        self.put_in(node.raw, node.at)
        return VARIABLE.sub(lambda match: self._variable(match[1], node.at), node.raw)

    def prose(self, node: yaml.Node | None, what: str) -> str | None:
        """Text for people on one line: breaks and tabs are folded to blanks."""
        text = self.text(node, what)
        return text if text is None or text.isprintable() else " ".join(_BREAKS.split(text)).strip()

    def texts(self, node: yaml.Node | None, what: str) -> Iterator[tuple[str, Source]]:
        """Each text of a list, with its place."""
        for item in self.sequence(node, what):
            text = self.text(item, f"an item of {what}")
            if text is not None:
                yield text, item.at

    def choice(self, node: yaml.Node | None, what: str, known: Iterable[str]) -> str | None:
        """One of ``known`` words."""
        text = self.text(node, what)
        names = tuple(known)
        if text is None or text in names:
            return text
        assert node is not None
        self.wrong(node.at, f"{what} {text!r} is unknown", yaml.suggest(text, names))
        return None

    def integer(self, node: yaml.Node | None, what: str, low: int, high: int) -> int | None:
        """A whole number within ``low..high``."""
        text = self.text(node, what)
        if text is None:
            return None
        assert node is not None
        if text.isascii() and text.isdigit() and len(text) < 20 and low <= int(text) <= high:
            return int(text)
        negative = ", and must not be negative" if _NEGATIVE.match(text) else ""
        self.wrong(node.at, f"{what} is {text[:40]}{negative}", f"write a whole number from {low} to {high}")
        return None

    def quantity(self, node: yaml.Node | None, what: str, unit: Unit) -> int | None:
        """A number with its unit as an integer in the base unit."""
        text = self.text(node, what)
        if text is None:
            return None
        assert node is not None
        return self.number(text, node.at, what, unit)

    def number(self, text: str, at: Source, what: str, unit: Unit) -> int | None:
        """The literal ``text``, which stands at ``at``."""
        found = self.literal(text, at, what, EXPECTED[unit])
        if found is None:
            return None
        try:
            return to_base(*found, unit)
        except ValueError as exc:
            reason = "a fraction is too fine" if "finer" in str(exc) else str(exc)
            self.wrong(at, f"{what} is {text}: {reason}", EXPECTED[unit])
        return None

    def literal(self, text: str, at: Source, what: str, remedy: str) -> tuple[str, str | None] | None:
        """The digits and the unit of ``text``, which stands at ``at``; whether they fit is not asked."""
        if len(text) > MAX_LITERAL:
            self.wrong(at, f"{what} is {text[:20]!r} and {len(text) - 20:,} characters more, not a number", remedy)
            return None
        match = _NUMBER.match(text.strip())
        if match is None and _NEGATIVE.match(text):
            self.wrong(at, f"{what} is {text}, and must not be negative", remedy)
        elif match is None:
            self.wrong(at, f"{what} is {text!r}, not a number", remedy)
        elif match[2] is not None and match[2] not in UNITS:
            self.wrong(at, f"unknown unit {match[2]!r} in {what}", unit_meant(match[2]))
        else:
            return match[1], match[2]
        return None

    def guarded(self, read: Callable[[], T]) -> T | None:
        """What ``read`` returns, or ``None`` with its error noted."""
        try:
            return read()
        except self.error as exc:
            self.note(exc)
            return None

    def _variable(self, name: str, at: Source) -> str:
        value = self.variables.get(name)
        if value is None:
            self.wrong(at, f"unknown variable {name!r}", yaml.suggest(name, self.variables))
            return ""
        if isinstance(value, str):
            return value
        self.wrong(at, f"variable {name!r} is a list", "use it after `in` or `not in` only")
        return ""


def is_null(node: yaml.Node) -> bool:
    """Whether nothing was written; an absent key and an empty one mean the same."""
    return isinstance(node, yaml.Scalar) and node.value is None


def spoken(node: yaml.Node) -> str:
    """What a node is, in a message."""
    match node:
        case yaml.Mapping():
            return "a mapping"
        case yaml.Sequence():
            return "a list"
        case yaml.Scalar():
            return repr(node.raw)


def _order(error: ConfigError) -> tuple[str, int, int]:
    file, _, rest = error.where.rpartition(":")
    file, _, line = file.rpartition(":")
    return (file, int(line), int(rest)) if line.isdigit() and rest.isdigit() else (error.where, 0, 0)
