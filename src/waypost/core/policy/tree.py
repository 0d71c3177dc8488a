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
    enveloped: bool = False
    """A line of an envelope, round which no default goes."""


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
    """A named strategy (``cheapest``, ``fastest``, ``best``) or ``weighted`` with weights in micro-units.

    ``listed`` and ``advisor`` put some in front, in an order that comes from elsewhere; ``behind`` is the strategy for
    all others, and the weights are its.
    """

    strategy: str
    weights: tuple[tuple[str, int], ...]
    at: Source
    behind: str = ""
    """Empty where the strategy stands alone."""
    advisor: str | None = None
    """Who is asked, for ``advisor``."""
    within_ns: int = 0
    """How long an advisor is waited for."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The fixed range of one ranked field, in its base unit, ``low < high``."""

    field: str
    low: int
    high: int
    at: Source


@dataclass(frozen=True, slots=True)
class Select:
    """How one of the ranked survivors is taken; docs/decision.md, *Select*.

    ``weighted`` has ``weights`` by target, or none of them for the catalog's own among the deployments of the best;
    ``explore`` and ``canary`` have ``share_ppm``; ``canary`` its ``target``. ``by`` keeps one user (session, ...) on
    one side.
    """

    kind: Literal["best", "weighted", "explore", "canary"]
    at: Source
    weights: tuple[tuple[TargetId, int], ...] = ()
    share_ppm: int = 0
    target: TargetId | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Affinity:
    """Stay with the target that answered last, for ``for_ns``; ``by`` is ``conversation``, ``session``, ..."""

    by: str
    for_ns: int
    at: Source


BudgetAction: TypeAlias = str
"""``warn``, ``downgrade``, ``fail``, or the name of a tier."""
ACTIONS: tuple[BudgetAction, ...] = ("warn", "downgrade", "fail")
"""What a budget does at a threshold where it does not name a tier."""
LADDER = ("local", "fast_cheap", "balanced", "powerful")
"""The catalog's tiers, the lowest first."""


@dataclass(frozen=True, slots=True)
class Budget:
    """``limit_nano_usd`` per ``period`` for each value of ``scope``; thresholds are ``(ppm, action)``, ascending.

    ``scope`` is a key of the context (``user``, ``department``, ``context.<name>``, ...), ``policy`` or ``all``.
    """

    scope: str
    limit_nano_usd: int
    period: Literal["day", "week", "month"]
    thresholds: tuple[tuple[int, BudgetAction], ...]
    at: Source

    @property
    def key(self) -> str:
        """Its name within the policy, and in a snapshot: ``user/day``."""
        return f"{self.scope}/{self.period}"

    @property
    def rule(self) -> str:
        return f"budget.{self.scope}"

    @property
    def ceiling(self) -> bool:
        """Whether one of its thresholds stops everybody, so that nothing may be spent past it."""
        return any(action == "fail" for _, action in self.thresholds)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``amount`` ``of`` requests or tokens per ``per_ns`` for each value of ``scope``.

    Beside the scopes of a budget there are ``target``, ``endpoint`` and ``provider``, which reject only their own.
    """

    scope: str
    of: Literal["requests", "tokens"]
    amount: int
    per_ns: int
    at: Source

    @property
    def key(self) -> str:
        """Its name within the policy: ``user/requests``."""
        return f"{self.scope}/{self.of}"

    @property
    def rule(self) -> str:
        return f"limit.{self.scope}"


Claim = Literal["models", "only", "ignore", "max_price", "fallbacks", "preference", "strategy", "mode", "policy"]
"""What a call may say for itself."""


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
    select: Select | None = None
    """``None`` is best."""
    affinity: Affinity | None = None
    budgets: tuple[Budget, ...] = ()
    limits: tuple[Limit, ...] = ()
    content: Literal["none", "hash", "redacted", "full"] = "none"
    """What of prompts and answers may be kept (``privacy``)."""
    content_for_ns: int | None = None
    """How long what is kept is kept; ``None`` is as long as usual."""
    envelope: bool = False
    """An administrator's policy: its lines hold in every other one (`wrap`)."""
    grants: tuple[Claim, ...] | None = None
    """Claims of a call that this policy follows; ``None`` is all."""
    aliases: tuple[tuple[str, str], ...] = ()
    """Requested model to intent, by model."""
    sources: tuple[str, ...] = field(default=())
    """The files that this policy was made of, the child first."""
    positions: Mapping[str, str] = field(default_factory=dict)
    """``file:line:column:length`` by path into ``document``; an object of its own, outside the fingerprint."""
