"""What the sinks and the journal are told, in the order in which it happens.

    Started → (Decided → Attempting → Attempted)* → Settled

`Attempting` comes before its send and is what the journal writes first; `Settled` comes once, at the end, from
whichever thread closes the call. Events refer to each other, so that a sink needs no memory of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from waypost.core.model.decision import Decision, Proof
from waypost.core.model.frozen import dataclass
from waypost.core.model.outcome import Attempt, Settlement
from waypost.core.model.question import Mode, Question, Snapshot


@dataclass(frozen=True, slots=True)
class Started:
    """A call has been bound. ``receipt`` is the receipt's id, ``wp_`` and 32 hex digits; the seed is their 16 bytes.

    ``operation`` is OpenTelemetry's ``gen_ai.operation.name``. ``catalog`` and ``policy_fingerprint`` resolve in the
    object store.
    """

    receipt: str
    at_ns: int
    sdk: str
    operation: str
    dialect: str
    streaming: bool
    requested: str
    provider: str
    policy: str
    policy_fingerprint: str
    catalog: str
    mode: Mode
    request_id: str | None = None
    """The caller's own id of this call, from `waypost.context(request_id=...)` or the header ``X-Request-Id``."""
    content: str | None = None
    """A keyed digest of what was asked, where the policy's ``privacy`` keeps one; equal requests have equal ones."""
    drawn: bool = False
    """A rollout's share decided between route and advise: the advised calls are the control group of the routed."""
    drawn_ppm: int | None = None
    """How likely the mode was then: the share for who was routed, the rest for who was held back. ``None`` where no
    share decided, and on receipts from before this was kept."""


@dataclass(frozen=True, slots=True)
class Decided:
    """One evaluation. ``advised`` says that the call runs unchanged beside it. ``prove`` derives the rows on demand."""

    started: Started
    at_ns: int
    hop: int
    question: Question
    snapshot: Snapshot
    decision: Decision
    duration_ns: int
    advised: bool
    prove: Callable[[], Proof]
    target_of: Callable[[int], str]
    """Candidate index to target id."""
    prove_only: Callable[[tuple[int, ...]], Proof] | None = None
    """`prove` for the candidates of these indices only, in that order; for whoever shows a few of many."""
    estimates: Callable[[tuple[int, ...]], Sequence[int | None]] | None = None
    """The estimated cost in nano-USD of the candidates of these indices, without proving anything about them."""


@dataclass(frozen=True, slots=True)
class Attempting:
    """About to send. ``attempt`` has no end, usage or cost yet; ``decided`` is ``None`` in observe mode."""

    started: Started
    question: Question | None
    decided: Decided | None
    attempt: Attempt
    host: str
    port: int | None = None
    reported: bool = False
    """Whether the caller's SDK reports this inference by a span of its own."""


@dataclass(frozen=True, slots=True)
class Attempted:
    """An attempt has ended."""

    attempting: Attempting
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Settled:
    """The call has ended. ``attempts`` holds every `Attempted` of it, ``decided`` the last decision."""

    started: Started
    question: Question | None
    decided: Decided | None
    attempts: tuple[Attempted, ...]
    settlement: Settlement


@dataclass(frozen=True, slots=True)
class InternalError:
    """Something of ours broke; the caller was not harmed. ``layer`` names the room, ``error`` the exception's class."""

    layer: str
    error: str
    receipt: str | None = None


Event: TypeAlias = Started | Decided | Attempting | Attempted | Settled | InternalError
