"""What the oracle is asked, and one rule that candidates can fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from oracle.facts import View
from waypost.core.catalog.table import Catalog
from waypost.core.model.question import Question, Snapshot
from waypost.core.model.target import Target
from waypost.core.policy.tree import Policy

Expresses = Mapping[str, frozenset[str]]
Fails = Callable[[Target], bool]


@dataclass(frozen=True)
class World:
    """What stays the same over many questions."""

    policy: Policy
    catalog: Catalog
    expresses: Expresses


@dataclass(frozen=True)
class Asked:
    """The arguments of one decision."""

    world: World
    question: Question
    snapshot: Snapshot
    seed: bytes = b""
    tried: tuple[str, ...] = ()

    @property
    def view(self) -> View:
        return View(self.world.catalog, self.question, self.snapshot)

    def at(self, target: Target) -> View:
        return View(self.world.catalog, self.question, self.snapshot, target)


@dataclass(frozen=True)
class Entry:
    """A name and whom it fails."""

    name: str
    fails: Fails


def provider_of(target_id: str) -> str:
    """As in the id: what stands before the first slash."""
    return target_id.partition("/")[0]


def without_deployment(target_id: str) -> str:
    """``provider/model``."""
    return target_id.partition("@")[0]
