"""Text to nodes: libyaml's composer, our own resolver, no duplicate keys, bounded anchors.

PyYAML's loaders read YAML 1.1, where `off` is False and the last duplicate key wins; so only its composer is used.
Scalars resolve by the 1.2 core schema; ``.nan`` and ``.inf`` are refused.
"""

from __future__ import annotations

import re

import yaml as pyyaml

from waypost.core.model.decision import Source
from waypost.errors import ConfigError
from waypost.runtime.yaml_faults import fault_of
from waypost.runtime.yaml_nodes import MAX_BYTES, Mapping, Node, Scalar, Sequence

MAX_NODES = 200_000
MAX_DEPTH = 64
_HARMLESS = 1_000
"""So many levels the composer's stack can bear in any thread."""
_TOO_MUCH = f"more than {MAX_NODES:,} values, {MAX_BYTES:,} characters or {MAX_DEPTH} levels after aliases"
_FLATTER = "write it flatter, and without nested anchors"

_INT = re.compile(r"[-+]?[0-9]+\Z")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?\Z")
_SPECIAL = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Signs that make a reader see another text than the parser."""
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


_YAML = "tag:yaml.org,2002:"
_PLAIN = ("str", "int", "float", "bool", "null", "seq", "map", "timestamp", "merge", "value")
_STANDARD = frozenset(("", "!", *(_YAML + name for name in _PLAIN)))
"""Tags that say no more than what is seen anyway, or that the parser sets by itself."""

MAX_TWICE = 100
"""So many duplicate keys of one text are told."""


def compose(text: str, file: str, error: type[ConfigError]) -> tuple[Node, tuple[ConfigError, ...]]:
    """As `waypost.runtime.yaml.parse`, without the bound on characters; keys that stand twice, and NaN, are returned,
    and not raised; the first of the keys holds."""
    if (turned := _TURNING.search(text)) is not None:
        line, column = text.count("\n", 0, turned.start()) + 1, turned.start() - text.rfind("\n", 0, turned.start())
        what = f"U+{ord(turned[0]):04X} changes the order in which the line is read"
        raise error(what, where=f"{file}:{line}:{column}", remedy="remove it; it cannot be seen")
    try:
        if _may_be_deep(text) and (deep := _too_deep(text)) is not None:
            raise error(_TOO_MUCH, where=f"{file}:{deep[0]}:{deep[1]}", remedy=_FLATTER)
        root = _composed(text)
    except (pyyaml.YAMLError, RecursionError, UnicodeEncodeError) as exc:
        fault = fault_of(text, exc)
        where = f"{file}:{fault.line}:{fault.column}"
        raise error(fault.what, where=where, remedy=fault.remedy) from None
    if root is None:
        raise error("the file is empty", where=f"{file}:1:1", remedy="write a document")
    reader = _Reader(file, error)
    return reader.node(root, 0), tuple(reader.twice)


def _may_be_deep(text: str) -> bool:
    """Whether the values might be nested deeper than the composer's stack is high. Each level begins with a bracket, or
    further to the right on its line than the one before."""
    brackets = text.count("[") + text.count("{")
    return brackets > _HARMLESS or any(len(line) > _HARMLESS for line in text.splitlines())


def _too_deep(text: str) -> tuple[int, int] | None:
    """Where the nesting goes beyond the bound, by the parser's events, which take no stack."""
    loader = getattr(pyyaml, "CSafeLoader", pyyaml.SafeLoader)(text)
    depth = 0
    try:
        while (event := loader.get_event()) is not None:
            if isinstance(event, pyyaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH + 1:
                    mark = event.start_mark
                    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
            elif isinstance(event, pyyaml.CollectionEndEvent):
                depth -= 1
        return None
    finally:
        loader.dispose()


def _composed(text: str) -> pyyaml.Node | None:
    loader = getattr(pyyaml, "CSafeLoader", pyyaml.SafeLoader)(text)
    try:
        node: pyyaml.Node | None = loader.get_single_node()
        return node
    finally:
        loader.dispose()


class _Reader:
    """Turns composed nodes into ours; counts them, so that aliases cannot explode."""

    def __init__(self, file: str, error: type[ConfigError]) -> None:
        self.file = file
        self.error = error
        self.count = 0
        self.chars = 0
        self.twice: list[ConfigError] = []

    def node(self, node: pyyaml.Node, depth: int) -> Node:
        self.count += 1
        at = self.at(node)
        if isinstance(node, pyyaml.ScalarNode):
            self.chars += len(node.value)
        if self.count > MAX_NODES or depth > MAX_DEPTH or self.chars > MAX_BYTES:
            raise self.error(_TOO_MUCH, where=str(at), remedy=_FLATTER)
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
            if (tag := self.tag(key_node)) is not None:
                raise self.error(f"unknown tag {tag[:80]!r}", where=str(at), remedy="a key has no tag")
            name = key_node.value
            if name in seen:
                if len(self.twice) < MAX_TWICE:
                    remedy = f"it stands in line {seen[name].line} already"
                    self.twice.append(self.error(f"duplicate key {name!r}", where=str(at), remedy=remedy))
                self.node(value_node, depth + 1)  # for what may be wrong inside
                continue
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
            if len(self.twice) < MAX_TWICE:
                self.twice.append(
                    self.error(f"{raw} is not a number here", where=str(at), remedy="write a finite number")
                )
            return Scalar(raw, raw, "str", at, tag)
        return Scalar(raw, raw, "float" if _FLOAT.match(raw) else "str", at, tag)

    def tag(self, node: pyyaml.Node) -> str | None:
        """An explicit local tag such as ``!replace``; resolved standard tags count as none, and others are refused."""
        tag: str = node.tag or ""
        if tag in _STANDARD:
            return None
        if not tag.startswith("!"):
            short = tag.replace(_YAML, "!!", 1)
            raise self.error(f"unknown tag {short[:80]!r}", where=str(self.at(node)), remedy="remove it")
        return tag

    def at(self, node: pyyaml.Node) -> Source:
        start, end = node.start_mark, node.end_mark
        length = end.column - start.column if end.line == start.line else 1
        return Source(self.file, start.line + 1, start.column + 1, max(length, 1))
