"""The question and the snapshot: everything that a decision may look at, frozen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from waypost.core.model.frozen import dataclass, field
from waypost.core.model.needs import Need
from waypost.core.model.target import Dialect, TargetId

Mode = Literal["off", "observe", "advise", "route"]
Preference = Literal["quality", "cost", "latency"]
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


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The mutable world as read at decision time: only what the plan reads, sparse and quantised.

    ``broken`` are targets, ``disabled`` endpoints whose breaker is open, sorted. ``latency_p95_ns`` holds measured
    values, which stand above the catalog's priors. ``epoch`` changes when any of it does, and keys the memo.
    """

    epoch: int = 0
    at_ns: int = 0
    broken: tuple[TargetId, ...] = ()
    disabled: tuple[str, ...] = ()
    latency_p95_ns: tuple[tuple[TargetId, int], ...] = ()


EMPTY_SNAPSHOT = Snapshot()
