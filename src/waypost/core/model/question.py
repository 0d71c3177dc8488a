"""The question and the snapshot: everything that a decision may look at, frozen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from waypost.core.model.advice import Advice
from waypost.core.model.frozen import dataclass, field
from waypost.core.model.needs import Need
from waypost.core.model.target import Dialect, TargetId

Mode = Literal["off", "observe", "advise", "route"]
Preference = Literal["quality", "cost", "latency"]
Strategy = Literal["cheapest", "fastest", "best", "balanced"]
Task = Literal[
    "code_generation",
    "code_review",
    "debugging",
    "architecture_design",
    "documentation",
    "question_answer",
    "data_analysis",
    "math_reasoning",
    "summarization",
    "translation",
    "extraction",
    "creative_writing",
    "conversation",
]
Complexity = Literal["simple", "medium", "complex"]


@dataclass(frozen=True, slots=True)
class Features:
    """What a request needs, with no text in it.

    ``tokens_input`` is an estimate of the prompt; ``tokens_output`` of the answer; ``max_output`` is what the caller
    allowed, if anything. Languages are ISO 639-1 codes, the likeliest first. ``signals`` are names of keyword rules
    that fired, sorted, never the words themselves.
    """

    tokens_input: int
    tokens_output: int
    max_output: int | None = None
    messages: int = 0
    turns: int = 0
    language: str | None = None
    code_languages: tuple[str, ...] = ()
    has_code: bool = False
    task: Task = "conversation"
    complexity: Complexity = "simple"
    signals: tuple[str, ...] = ()
    data_class: str = "none"
    classified_by: str = "heuristic/1"


@dataclass(frozen=True, slots=True)
class Narrow:
    """What a call says of who may answer it: it can only take candidates away. Empty and ``None`` say nothing.

    ``models`` and ``only`` have targets, models, providers, or globs of them; ``ignore`` likewise. Prices are nano-USD
    per million tokens; one below 0 could not be read, and lets nobody in.
    """

    models: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    max_input_price: int | None = None
    max_output_price: int | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """A target that somebody forces for a while, and on whose word. ``until_ns`` is epoch nanoseconds."""

    id: str
    target: TargetId
    author: str
    reason: str
    until_ns: int
    scope: tuple[tuple[str, str], ...] = ()
    """Context keys and the values that they must have; none is everybody."""


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks and what for. A caller's claims only narrow what the policy grants.

    ``labels`` are user-defined facts, read as ``context.<name>``.
    """

    department: str | None = None
    user: str | None = None
    workflow: str | None = None
    step: str | None = None
    session: str | None = None
    tier: str | None = None
    policy: str | None = None
    preference: Preference | None = None
    mode: Mode | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    strategy: Strategy | None = None
    """A named rank; it stands above ``preference``."""
    narrow: Narrow | None = None
    fallbacks: tuple[str, ...] = ()
    """Who stands by first where the chosen one fails: targets, models, providers, aliases of the catalog or globs, in
    order. It lets nobody in."""


NO_CONTEXT = Context()
"""Of calls of which nothing is said: most are, and are told by this very object."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The caller's own endpoint and account. ``host`` has no port; ``endpoint`` is the name in the catalog, ``None``
    where unknown."""

    sdk: str
    client_class: str
    host: str
    provider: str
    endpoint: str | None


@dataclass(frozen=True, slots=True)
class Question:
    """Everything a decision may look at that comes from the call.

    ``requested`` is the model name as the caller wrote it; ``auto`` that it asks to be routed. ``granted`` says that
    the call may leave its origin (``model="auto"``, or mode route), ``pinned`` that it may not, whatever the policy
    says. ``credentials`` are the names of endpoints that a key or a client was found for, sorted.
    """

    dialect: Dialect
    requested: str
    auto: bool
    origin: Origin
    features: Features
    needs: tuple[Need, ...] = ()
    context: Context = field(default_factory=Context)
    streaming: bool = False
    granted: bool = False
    pinned: bool = False
    credentials: tuple[str, ...] = ()
    intent: str | None = None
    """What the policy's ``aliases`` say that the requested model stands for."""
    override: Override | None = None
    """The override in force for this call."""
    withheld: tuple[str, ...] = ()
    """Claims of the call that are not followed, sorted: by their name alone where the policy does not grant them, else
    with why: ``department: settled around the call``."""
    advice: Advice | None = None
    """What the advisor of the policy's rank said of this call; ``None`` where none was asked."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The mutable world as read at decision time: only what the plan reads, sparse and quantised.

    ``broken`` are targets, ``disabled`` endpoints whose breaker is open, sorted. ``latency_p95_ns`` holds measured
    values, which stand above the catalog's priors. ``epoch`` changes when any of these do.

    ``used`` is how far this call's budgets are used, ``(Budget.key, ppm of the limit)``, rounded down to whole percents
    and left out below the first threshold; ``limited`` are ``(Limit.rule, value)`` of limits that are reached, the
    value ``""`` for a scope of the call; ``refused`` are ``(Budget.rule, target)`` whose reservation found no room.
    ``warm`` is the target that affinity keeps, with the prompt tokens that it has probably cached.
    """

    epoch: int = 0
    at_ns: int = 0
    broken: tuple[TargetId, ...] = ()
    disabled: tuple[str, ...] = ()
    latency_p95_ns: tuple[tuple[TargetId, int], ...] = ()
    used: tuple[tuple[str, int], ...] = ()
    limited: tuple[tuple[str, str], ...] = ()
    refused: tuple[tuple[str, TargetId], ...] = ()
    warm: tuple[TargetId, int] | None = None


EMPTY_SNAPSHOT = Snapshot()
