"""A policy as a typed tree. Every node carries its place in the file; nothing here evaluates anything.

Numbers are integers in base units: nano-USD, nano-USD per million tokens, nanoseconds, micro-units (ratios, scores
and percentages), plain counts. The tests' oracle reads these records too, and shares no other code with us.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from waypost.core.model.decision import Source
from waypost.core.model.frozen import dataclass, field
from waypost.core.model.outcome import FailureKind
from waypost.core.model.question import Mode
from waypost.core.model.target import TargetId

Unit = Literal["usd", "usd_per_mtok", "ns", "micro", "count"]
Op = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in", "has", "matches"]


@dataclass(frozen=True, slots=True)
class Number:
    value: int
    unit: Unit
    text: str
    at: Source


@dataclass(frozen=True, slots=True)
class Word:
    """A string or a bare word; booleans are the words ``true`` and ``false``."""

    value: str
    at: Source


@dataclass(frozen=True, slots=True)
class Items:
    items: tuple[Number | Word, ...]
    at: Source


@dataclass(frozen=True, slots=True)
class FieldTimes:
    """Another field times a factor in micro-units (1_000_000 where none is written)."""

    field: str
    factor: int
    at: Source


Value: TypeAlias = Number | Word | Items | FieldTimes


@dataclass(frozen=True, slots=True)
class Compare:
    """``field op value``, the only predicate that looks at facts."""

    field: str
    op: Op
    value: Value
    at: Source
    text: str


@dataclass(frozen=True, slots=True)
class And:
    terms: tuple[Predicate, ...]
    at: Source


@dataclass(frozen=True, slots=True)
class Or:
    terms: tuple[Predicate, ...]
    at: Source


@dataclass(frozen=True, slots=True)
class Not:
    term: Predicate
    at: Source


Predicate: TypeAlias = Compare | And | Or | Not


@dataclass(frozen=True, slots=True)
class Filter:
    """A hard line. ``name`` is what a rejection calls it: the predicate's own text."""

    name: str
    predicate: Predicate
    when: Predicate | None
    because: str | None
    at: Source


@dataclass(frozen=True, slots=True)
class Rule:
    """First match wins; ``use`` is the shortlist after tiers are resolved, ``None`` where only filters are added."""

    name: str
    when: Predicate | None
    use: tuple[TargetId, ...] | None
    filters: tuple[Filter, ...]
    because: str | None
    at: Source


@dataclass(frozen=True, slots=True)
class Rank:
    """A named strategy (``cheapest``, ``fastest``, ``best``) or ``weighted`` with weights in micro-units."""

    strategy: str
    weights: tuple[tuple[str, int], ...]
    at: Source


@dataclass(frozen=True, slots=True)
class Scale:
    """The fixed range of one ranked field, in its base unit, ``low < high``."""

    field: str
    low: int
    high: int
    at: Source


@dataclass(frozen=True, slots=True)
class ModeSpec:
    """``share_ppm`` of calls run in ``mode``, the rest is advised; ``by`` keeps one user (session, ...) on one side."""

    mode: Mode
    share_ppm: int
    by: str | None
    at: Source


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a kind of failure causes: up to ``retry_same`` repeats with ``backoff_ns``, then ``then``."""

    kind: FailureKind
    then: Literal["next_candidate", "abort"]
    retry_same: int = 0
    backoff_ns: int = 0
    disable_provider_ns: int = 0


@dataclass(frozen=True, slots=True)
class Fallback:
    max_attempts: int
    deadline_ns: int | None
    reactions: tuple[Reaction, ...]
    at: Source


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy after ``extends``, variables and defaults.

    ``document`` is the canonical, position-free form that is fingerprinted and stored; ``default`` maps a provider
    (or ``*``) to a target.
    """

    name: str
    description: str
    mode: ModeSpec
    baseline: TargetId | None
    match: Predicate | None
    tiers: tuple[tuple[str, tuple[TargetId, ...]], ...]
    rules: tuple[Rule, ...]
    filters: tuple[Filter, ...]
    rank: Rank
    scales: tuple[Scale, ...]
    fallback: Fallback
    on_no_candidates: Literal["error", "default"]
    on_internal_error: Literal["open", "closed"]
    default: Mapping[str, TargetId]
    cross_origin: Literal["auto", "never"]
    leave: tuple[str, ...]
    document: Mapping[str, object]
    fingerprint: str
    at: Source
    sources: tuple[str, ...] = field(default=())
    """The files that this policy was made of, the child first."""
    positions: Mapping[str, str] = field(default_factory=dict)
    """``file:line:column:length`` by path into ``document``; an object of its own, outside the fingerprint."""
