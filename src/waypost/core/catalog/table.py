"""The catalog as a table: targets sorted by id, their endpoints, aliases, and one fingerprint over all facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from waypost.core.model.target import Endpoint, Target, TargetId


@dataclass(frozen=True, slots=True)
class Catalog:
    """All targets. ``targets`` is sorted by id, so a candidate's index is its position; ``index`` is the inverse.

    ``aliases`` maps other names to target ids. ``document`` is the canonical form that is fingerprinted and stored.
    """

    name: str
    targets: tuple[Target, ...]
    endpoints: Mapping[str, Endpoint]
    aliases: Mapping[str, TargetId]
    index: Mapping[TargetId, int]
    document: Mapping[str, object]
    fingerprint: str

    def __len__(self) -> int:
        return len(self.targets)

    def get(self, target: TargetId) -> Target | None:
        """The target of that id, or ``None``."""
        position = self.index.get(target)
        return None if position is None else self.targets[position]
