"""Typed reading of positioned YAML nodes: every fault is noted with its place, and reading goes on.

A reader that meets a fault returns ``None`` for the fact, as if it were absent; `Faults.raise_all` then refuses the
file as a whole, with the first fault in front and the rest in ``others``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import TypeVar

from waypost.core.model.decision import Source
from waypost.core.model.money import MICRO, NANO, decimal_to_int
from waypost.errors import CatalogError
from waypost.runtime import yaml
from waypost.runtime.settings import near

T = TypeVar("T")
MAX_INT = 2**53
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(ns|us|ms|s)\Z")
_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?%\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_NANOSECONDS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": NANO}


class Faults:
    """All faults of one file."""

    def __init__(self) -> None:
        self._found: list[tuple[Source, CatalogError]] = []

    def note(self, at: Source, what: str, remedy: str) -> None:
        self._found.append((at, CatalogError(what, where=str(at), remedy=remedy)))

    def raise_all(self) -> None:
        """Raises the first fault of the file, by place, with the others on it; nothing where there is none."""
        if not self._found:
            return
        ordered = [error for _, error in sorted(self._found, key=lambda found: (found[0].line, found[0].column))]
        first = ordered[0]
        first.others = tuple(ordered[1:])
        raise first


class Row:
    """One mapping of the file with its known keys; unknown ones are faults."""

    def __init__(self, faults: Faults, node: yaml.Mapping, known: Iterable[str] | None) -> None:
        self.faults = faults
        self.at = node.at
        self.nodes: dict[str, yaml.Node] = {}
        self.keys: dict[str, Source] = {}
        """Where each key stands."""
        self.misspelt: set[str] = set()
        """Known keys that are probably meant by unknown ones: that they are absent is no fault of its own."""
        for key, value in node.entries:
            name = str(key.value)
            if known is not None and name not in known:
                faults.note(key.at, f"unknown key {name!r}", yaml.suggest(name, known))
                self.misspelt.update(meant for meant in [near(name, known)] if meant is not None)
            else:
                self.nodes[name], self.keys[name] = value, key.at

    def where(self, key: str) -> Source:
        node = self.nodes.get(key)
        return self.at if node is None else node.at

    def need(self, key: str, what: str) -> None:
        """Notes that ``key`` is missing, unless a misspelt one has been noted in its place."""
        if key not in self.nodes and key not in self.misspelt:
            self.faults.note(self.at, f"{what} has no `{key}`", f"add `{key}:`")

    def child(self, key: str, known: Iterable[str] | None) -> Row | None:
        node = self.nodes.get(key)
        return None if node is None else row_of(self.faults, node, known, f"`{key}`")

    def items(self, key: str) -> tuple[yaml.Node, ...]:
        """The entries of a list."""
        node = self.nodes.get(key)
        if node is None:
            return ()
        if isinstance(node, yaml.Sequence):
            return node.items
        self.faults.note(node.at, f"`{key}` is not a list", "write [a, b]")
        return ()

    def words(self, key: str) -> tuple[tuple[str, Source], ...]:
        """The texts of a list with their places."""
        found = []
        for node in self.items(key):
            if isinstance(node, yaml.Scalar) and node.kind == "str" and node.raw:
                found.append((node.raw, node.at))
            else:
                self.faults.note(node.at, f"`{key}` holds something that is not text", "quote it")
        return tuple(found)

    def text(self, key: str) -> str | None:
        """A text that is not empty."""
        return self._read(key, "text", "write a word, or quote it", _text)

    def count(self, key: str) -> int | None:
        """A whole number of at least 1."""
        return self._read(key, "a whole number above 0", "write digits only, as in 128000", _count)

    def whole(self, key: str) -> int | None:
        """A whole number of at least 0."""
        return self._read(key, "a whole number", "write digits only, as in 3", _whole)

    def percent(self, key: str) -> int | None:
        """``15 %`` in parts per million."""
        return self._read(key, "a percentage", "write a number of 0..100 and %, as in 15 %", _percent)

    def price(self, key: str) -> int | None:
        """USD per million tokens as nano-USD per million tokens."""
        remedy = "write a decimal of USD per million tokens, at most nine places, as in 0.15"
        return self._read(key, "a price", remedy, lambda leaf: _decimal(leaf, NANO))

    def share(self, key: str) -> int | None:
        """A number of 0..1 as micro-units."""
        return self._read(key, "within 0..1", "write a decimal with at most six places, as in 0.5", _share)

    def duration(self, key: str) -> int | None:
        """``400 ms`` as nanoseconds."""
        return self._read(key, "a duration", "write a number and ns, us, ms or s, as in 400 ms", _duration)

    def day(self, key: str) -> str | None:
        """A date of the calendar, ``YYYY-MM-DD``."""
        return self._read(key, "a date", "write YYYY-MM-DD", lambda leaf: leaf.raw if is_date(leaf.raw) else None)

    def _read(self, key: str, what: str, remedy: str, read: Callable[[yaml.Scalar], T | None]) -> T | None:
        node = self.nodes.get(key)
        if node is None:
            return None
        value = read(node) if isinstance(node, yaml.Scalar) else None
        if value is None:
            shown = repr(node.raw) if isinstance(node, yaml.Scalar) else f"a {type(node).__name__.lower()}"
            self.faults.note(node.at, f"`{key}` is {shown}, not {what}", remedy)
        return value


def row_of(faults: Faults, node: yaml.Node, known: Iterable[str] | None, what: str) -> Row | None:
    """``node`` as a row, or a fault."""
    if isinstance(node, yaml.Mapping):
        return Row(faults, node, known)
    faults.note(node.at, f"{what} is not a mapping", "write key: value pairs")
    return None


def pick(faults: Faults, named: tuple[str, Source] | None, known: Mapping[str, T], what: str) -> T | None:
    """The entry of ``known`` that a word names, or a fault with the nearest name."""
    if named is None:
        return None
    word, at = named
    if word not in known:
        faults.note(at, f"unknown {what} {word!r}", yaml.suggest(word, known))
    return known.get(word)


@lru_cache(maxsize=1024)
def is_date(text: str) -> bool:
    """A real day of the calendar in the form YYYY-MM-DD."""
    if not _DATE.match(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _text(leaf: yaml.Scalar) -> str | None:
    return leaf.raw if leaf.kind == "str" and leaf.raw else None


def _count(leaf: yaml.Scalar) -> int | None:
    value = leaf.value if leaf.kind == "int" else None
    return value if isinstance(value, int) and 0 < value < MAX_INT else None


def _whole(leaf: yaml.Scalar) -> int | None:
    value = leaf.value if leaf.kind == "int" else None
    return value if isinstance(value, int) and 0 <= value < MAX_INT else None


def _percent(leaf: yaml.Scalar) -> int | None:
    found = _PERCENT.match(leaf.raw)
    if found is None:
        return None
    try:
        ppm = decimal_to_int(found[1], MICRO // 100)
    except ValueError:
        return None
    return ppm if ppm <= MICRO else None


def _decimal(leaf: yaml.Scalar, scale: int) -> int | None:
    if leaf.kind not in ("int", "float") or leaf.raw[0] in "+-":
        return None
    try:
        value = decimal_to_int(leaf.raw, scale)
    except ValueError:
        return None
    return value if value < MAX_INT else None


def _share(leaf: yaml.Scalar) -> int | None:
    value = _decimal(leaf, MICRO)
    return value if value is not None and value <= MICRO else None


def _duration(leaf: yaml.Scalar) -> int | None:
    found = _DURATION.match(leaf.raw)
    if found is None:
        return None
    try:
        return decimal_to_int(found[1], _NANOSECONDS[found[2]]) or None
    except ValueError:
        return None
