"""What to do after a failed attempt: the policy's table, Retry-After within reason, nothing after first content."""

from __future__ import annotations

from typing import Protocol, TypeAlias

from waypost.core.model.frozen import dataclass
from waypost.core.model.money import NANO
from waypost.core.model.outcome import Attempt, Failure
from waypost.core.policy.tree import Policy, Reaction

PATIENCE_NS = 10 * NANO
"""A provider that asks for a longer pause than this is left for the next candidate."""

DEFAULTS: tuple[Reaction, ...] = (
    Reaction("rate_limited", "next_candidate"),
    Reaction("overloaded", "next_candidate"),
    Reaction("timeout", "next_candidate"),
    Reaction("connection", "next_candidate"),
    Reaction("server_error", "next_candidate"),
    Reaction("auth", "next_candidate", disable_provider_ns=300 * NANO),
    Reaction("not_found", "next_candidate"),
    Reaction("context_length", "abort"),
    Reaction("content_filter", "abort"),
    Reaction("bad_request", "abort"),
    Reaction("stream_error", "next_candidate"),
    Reaction("malformed", "next_candidate"),
    Reaction("internal", "abort"),
)
"""The reaction to each kind of failure where the policy does not say otherwise."""


@dataclass(frozen=True, slots=True)
class Retry:
    """The same target again, after a pause."""

    after_ns: int


@dataclass(frozen=True, slots=True)
class Next:
    """The next candidate; the failed one's provider is left alone for ``disable_provider_ns``, 0 for not at all."""

    disable_provider_ns: int = 0


@dataclass(frozen=True, slots=True)
class Abort:
    """The failure is the caller's. The failed one's provider is left alone as with `Next`."""

    disable_provider_ns: int = 0


Action: TypeAlias = Retry | Next | Abort


class HasPolicy(Protocol):
    """A plan, as far as this page reads it."""

    @property
    def policy(self) -> Policy: ...


def act(plan: HasPolicy, failure: Failure, past: tuple[Attempt, ...]) -> Action:
    """The reaction to ``failure``. ``past`` holds all attempts of this call, the one that just failed as the last."""
    fallback = plan.policy.fallback
    if failure.committed:
        return Abort()
    reaction = next((item for item in fallback.reactions if item.kind == failure.kind), None)
    if reaction is None:
        return Abort()
    disable = reaction.disable_provider_ns
    if len(past) >= fallback.max_attempts:
        return Abort(disable)
    pause = _pause(reaction, failure)
    spent = past[-1].ended_ns - past[0].started_ns if past else 0
    in_time = fallback.deadline_ns is None or spent + pause < fallback.deadline_ns
    if _repeats(past) < reaction.retry_same and pause <= max(PATIENCE_NS, reaction.backoff_ns) and in_time:
        return Retry(pause)
    if reaction.then == "abort" or (fallback.deadline_ns is not None and spent >= fallback.deadline_ns):
        return Abort(disable)
    return Next(disable)


def _pause(reaction: Reaction, failure: Failure) -> int:
    return max(reaction.backoff_ns, failure.retry_after_ns or 0)


def _repeats(past: tuple[Attempt, ...]) -> int:
    """How often the last target has been tried again in a row."""
    count = -1
    for attempt in reversed(past):
        if attempt.target != past[-1].target:
            break
        count += 1
    return max(count, 0)
