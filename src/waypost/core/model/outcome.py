"""What really happened: usage, cost with its basis, failures, attempts and the settlement."""

from __future__ import annotations

from typing import Literal

from waypost.core.model.frozen import dataclass
from waypost.core.model.target import TargetId

FailureKind = Literal[
    "rate_limited",
    "overloaded",
    "timeout",
    "connection",
    "server_error",
    "auth",
    "not_found",
    "context_length",
    "content_filter",
    "bad_request",
    "stream_error",
    "malformed",
    "internal",
]
"""The closed vocabulary of the policy's fallback table."""

CostBasis = Literal["computed", "estimated", "reported", "local", "unpriced"]
Outcome = Literal["ok", "error", "cancelled", "abandoned", "rejected"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as OpenTelemetry counts them: ``input`` includes cache reads and writes, ``output`` includes reasoning.

    ``cache_write`` counts all writes, ``cache_write_1h`` those of them that are kept for an hour. ``reasoning`` is
    ``None`` where the provider does not say. ``estimated`` marks counts of ours.
    """

    input: int
    output: int
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    reasoning: int | None = None
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class CostLine:
    """One line of a bill: ``tokens`` of ``kind`` at ``price`` nano-USD per million, rounded half to even once."""

    kind: Literal["input", "cached_input", "cache_write", "cache_write_1h", "output"]
    tokens: int
    price: int
    nano_usd: int


@dataclass(frozen=True, slots=True)
class Cost:
    """``nano_usd`` is ``None`` exactly when ``basis`` is ``unpriced``."""

    nano_usd: int | None
    basis: CostBasis
    lines: tuple[CostLine, ...] = ()
    price_as_of: str | None = None


UNPRICED = Cost(None, "unpriced")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed. Provider error bodies are reduced to ``status`` and ``type``; no text of theirs.

    ``retry_after_ns`` is what the provider asked for. ``committed`` says that content had reached the caller.
    """

    kind: FailureKind
    status: int | None = None
    type: str | None = None
    retry_after_ns: int | None = None
    committed: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call to one target. ``number`` counts from 1; a hop is a second or later one."""

    number: int
    target: TargetId | None
    provider: str
    model: str
    dialect: str
    reason: Literal["primary", "fallback", "retry", "passthrough"]
    started_ns: int
    ended_ns: int
    failure: Failure | None = None
    usage: Usage | None = None
    cost: Cost = UNPRICED
    response_id: str | None = None
    response_model: str | None = None
    finish_reasons: tuple[str, ...] = ()
    first_chunk_ns: int | None = None
    request_id: str | None = None
    left_out: tuple[str, ...] = ()
    """What the answer said that the caller's dialect cannot say, by the names of `waypost.core.model.needs`."""
    untold: tuple[str, ...] = ()
    """Hints of the request that this target was not told, by the same names."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the same usage would have cost elsewhere. ``label`` is ``requested`` or ``policy``."""

    label: Literal["requested", "policy"]
    target: TargetId
    cost: Cost


@dataclass(frozen=True, slots=True)
class Settlement:
    """The end of a receipt: ``cost`` sums all attempts that were billed."""

    outcome: Outcome
    usage: Usage | None
    cost: Cost
    baselines: tuple[Baseline, ...]
    started_ns: int
    ended_ns: int
    attempts: tuple[Attempt, ...]
    charged_nano_usd: int | None = None
    """What budgets were charged where there is no cost to charge: an estimate."""
