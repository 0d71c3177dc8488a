"""What a test of a policy is made of: a question in a world, and what is expected of its decision. Records only."""

from __future__ import annotations

from collections.abc import Mapping

from waypost.core.model.decision import Source
from waypost.core.model.frozen import dataclass, field
from waypost.core.model.question import EMPTY_SNAPSHOT, Mode, Question, Snapshot
from waypost.core.model.target import TargetId
from waypost.core.policy.plan import Plan

NO_RULE = "none"
"""What ``expect.rule`` says where no rule is to match."""


@dataclass(frozen=True, slots=True)
class Expect:
    """What a case is to show; ``None`` and empty say nothing.

    ``selected`` has the ids of which one must be selected; ``rejected`` names, by target, a rule that it must fail;
    ``never`` are targets that may not even stand by. ``survivors`` is their number or their ids, sorted. ``withheld``
    are the claims that the policy does not follow. ``places`` has the place of each expectation by its key.
    """

    selected: tuple[TargetId, ...] = ()
    rule: str | None = None
    cause: str | None = None
    tier: str | None = None
    mode: Mode | None = None
    applies: bool | None = None
    rejected: tuple[tuple[TargetId, str], ...] = ()
    never: tuple[TargetId, ...] = ()
    survivors: int | tuple[TargetId, ...] | None = None
    error: str | None = None
    withheld: tuple[str, ...] | None = None
    places: Mapping[str, Source] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """One question in one world, and what is expected of its decision."""

    name: str
    question: Question
    expect: Expect
    at: Source
    snapshot: Snapshot = EMPTY_SNAPSHOT
    seed: bytes = bytes(16)
    tried: tuple[TargetId, ...] = ()


@dataclass(frozen=True, slots=True)
class Suite:
    """The cases of one file and the policy that they are about, compiled against the catalog of the file.

    ``elsewhere`` are files that the policy extends and that have tests of their own: their lines are not counted.
    """

    file: str
    plan: Plan
    cases: tuple[Case, ...]
    elsewhere: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Finding:
    """One expectation that did not hold. ``why`` says what stood against it, a line each."""

    key: str
    expected: str
    happened: str
    why: tuple[str, ...]
    at: Source
