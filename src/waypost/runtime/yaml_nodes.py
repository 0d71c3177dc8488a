"""What a YAML file is read into: nodes that know their place. Decimals stay text with `Scalar.kind` ``float``, because
money never passes through a float. Positions count from 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from waypost.core.model.decision import Source
from waypost.core.model.frozen import dataclass

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
