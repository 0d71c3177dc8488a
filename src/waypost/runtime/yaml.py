"""YAML 1.2 as positioned nodes. Decimals stay text with `Scalar.kind` ``float``, because money never passes through
a float. Positions count from 1. The parser is imported by the first text that has to be parsed; a file that was read
before comes from `waypost.runtime.yaml_cache`, and then it never is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from waypost.core.model.decision import Source
from waypost.core.model.frozen import dataclass
from waypost.core.policy.fields import nearest as suggest
from waypost.errors import ConfigError

__all__ = ["MAX_BYTES", "Mapping", "Node", "Scalar", "Sequence", "parse", "parse_all", "suggest"]

MAX_BYTES = 8_000_000


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
    node, twice = parse_all(text, file, error)
    if twice:
        twice[0].others = twice[1:]
        raise twice[0]
    return node


def parse_all(text: str, file: str, error: type[ConfigError] = ConfigError) -> tuple[Node, tuple[ConfigError, ...]]:
    """As `parse`, with duplicate keys and numbers without an end as errors beside a document in which the first of each
    key holds, so that the rest can be checked in the same pass."""
    if len(text) > MAX_BYTES:
        what = f"{len(text):,} characters, more than {MAX_BYTES:,}"
        raise error(what, where=f"{file}:1:1", remedy="split the file")
    from waypost.runtime.yaml_composer import compose  # PyYAML is a fifth of what a start costs

    return compose(text, file, error)
