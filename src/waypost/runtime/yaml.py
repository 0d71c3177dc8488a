"""YAML 1.2 with positions: libyaml's composer, our own resolver, no duplicate keys, bounded anchors.

PyYAML's loaders read YAML 1.1, where `off` is False and the last duplicate key wins; so only its composer is used.
Scalars resolve by the 1.2 core schema; ``.nan`` and ``.inf`` are refused; decimals stay text with `Scalar.kind`
``float``, because money never passes through a float. Positions count from 1.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import yaml as pyyaml

from waypost.core.model.decision import Source
from waypost.core.model.frozen import dataclass
from waypost.errors import ConfigError
from waypost.runtime.yaml_faults import fault_of

MAX_NODES = 200_000
MAX_BYTES = 8_000_000
MAX_DEPTH = 64

_INT = re.compile(r"[-+]?[0-9]+\Z")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?\Z")
_SPECIAL = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


@dataclass(frozen=True, slots=True)
class Scalar:
    """A leaf. ``value`` is ``None``, a bool, an int or text; ``raw`` is what stands in the file."""

    value: None | bool | int | str
    raw: str
    kind: str
    at: Source
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Node, ...]
    at: Source
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """Entries in file order; each key is a text scalar and occurs once."""

    entries: tuple[tuple[Scalar, Node], ...]
    at: Source
    tag: str | None = None

    def get(self, key: str) -> Node | None:
        return next((node for name, node in self.entries if name.value == key), None)

    def keys(self) -> Iterator[Scalar]:
        return (name for name, _ in self.entries)


Node: TypeAlias = Scalar | Sequence | Mapping


def parse(text: str, file: str, error: type[ConfigError] = ConfigError) -> Node:
    """The one document of ``text`` as positioned nodes.

    Raises:
        ConfigError: (or the given subclass) not YAML 1.2, a duplicate key, a non-text key, an unknown tag, NaN or
            infinity, more than one document, or larger than the bounds; ``where`` is ``file:line:column``.
    """
    if len(text) > MAX_BYTES:
        what = f"{len(text):,} characters, more than {MAX_BYTES:,}"
        raise error(what, where=f"{file}:1:1", remedy="split the file")
    try:
        root = _composed(text)
    except (pyyaml.YAMLError, RecursionError, UnicodeEncodeError) as exc:
        fault = fault_of(text, exc)
        where = f"{file}:{fault.line}:{fault.column}"
        raise error(fault.what, where=where, remedy=fault.remedy) from None
    if root is None:
        raise error("the file is empty", where=f"{file}:1:1", remedy="write a document")
    return _Reader(file, error).node(root, 0)


def _composed(text: str) -> pyyaml.Node | None:
    loader = getattr(pyyaml, "CSafeLoader", pyyaml.SafeLoader)(text)
    try:
        node: pyyaml.Node | None = loader.get_single_node()
        return node
    finally:
        loader.dispose()


def suggest(name: str, known: Iterable[str]) -> str:
    """A remedy for an unknown name: the nearest known one, or the list of all."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return "known: " + ", ".join(names) if names else "none is known here"


class _Reader:
    """Turns composed nodes into ours; counts them, so that aliases cannot explode."""

    def __init__(self, file: str, error: type[ConfigError]) -> None:
        self.file = file
        self.error = error
        self.count = 0

    def node(self, node: pyyaml.Node, depth: int) -> Node:
        self.count += 1
        at = self.at(node)
        if self.count > MAX_NODES or depth > MAX_DEPTH:
            raise self.error(
                f"more than {MAX_NODES:,} values or {MAX_DEPTH} levels after aliases",
                where=str(at),
                remedy="write it without nested anchors",
            )
        tag = self.tag(node)
        if isinstance(node, pyyaml.ScalarNode):
            return self.scalar(node, at, tag)
        if isinstance(node, pyyaml.SequenceNode):
            return Sequence(tuple(self.node(item, depth + 1) for item in node.value), at, tag)
        return Mapping(self.entries(node, depth), at, tag)

    def entries(self, node: pyyaml.Node, depth: int) -> tuple[tuple[Scalar, Node], ...]:
        seen: dict[str, Source] = {}
        out = []
        for key_node, value_node in node.value:
            at = self.at(key_node)
            if not isinstance(key_node, pyyaml.ScalarNode):
                raise self.error("a key must be a word", where=str(at), remedy="quote it, or use a list")
            name = key_node.value
            if name in seen:
                raise self.error(
                    f"duplicate key {name!r}", where=str(at), remedy=f"it stands in line {seen[name].line} already"
                )
            seen[name] = at
            out.append((Scalar(name, name, "str", at), self.node(value_node, depth + 1)))
        return tuple(out)

    def scalar(self, node: pyyaml.ScalarNode, at: Source, tag: str | None) -> Scalar:
        raw: str = node.value
        if node.style:  # libyaml says "" for plain, the Python parser None
            return Scalar(raw, raw, "str", at, tag)
        if raw in _NULL:
            return Scalar(None, raw, "null", at, tag)
        if raw in _BOOL:
            return Scalar(_BOOL[raw], raw, "bool", at, tag)
        if _INT.match(raw) and len(raw) <= 40:
            return Scalar(int(raw), raw, "int", at, tag)
        if _SPECIAL.match(raw):
            raise self.error(f"{raw} is not a number here", where=str(at), remedy="write a finite number")
        return Scalar(raw, raw, "float" if _FLOAT.match(raw) else "str", at, tag)

    def tag(self, node: pyyaml.Node) -> str | None:
        """An explicit local tag such as ``!replace``; resolved standard tags count as none."""
        tag: str = node.tag or ""
        if tag.startswith("!") and tag != "!":
            return tag
        return None

    def at(self, node: pyyaml.Node) -> Source:
        start, end = node.start_mark, node.end_mark
        length = end.column - start.column if end.line == start.line else 1
        return Source(self.file, start.line + 1, start.column + 1, max(length, 1))
