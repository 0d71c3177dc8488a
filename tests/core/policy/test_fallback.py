"""The fallback table: what a failure of each kind causes, by default and where the policy says otherwise."""

from __future__ import annotations

from typing import get_args

import pytest

from policy_samples import plan
from waypost.core.model.outcome import Attempt, Failure, FailureKind
from waypost.core.policy.fallback import DEFAULTS, PATIENCE_NS, Abort, Next, Retry, act

S = 10**9
PLAN = plan()


def attempts(*targets: str, seconds: int = 1) -> tuple[Attempt, ...]:
    """One attempt of ``seconds`` a target, one after the other."""
    return tuple(
        Attempt(
            number + 1, target, "p", "m", "openai.chat", "primary", number * seconds * S, (number + 1) * seconds * S
        )
        for number, target in enumerate(targets)
    )


TABLE: list[tuple[FailureKind, object]] = [
    ("rate_limited", Next()),
    ("overloaded", Next()),
    ("timeout", Next()),
    ("connection", Next()),
    ("server_error", Next()),
    ("auth", Next(disable_provider_ns=300 * S)),
    ("not_found", Next()),
    ("context_length", Abort()),
    ("content_filter", Abort()),
    ("bad_request", Abort()),
    ("stream_error", Next()),
    ("malformed", Next()),
    ("internal", Abort()),
]


@pytest.mark.parametrize(("kind", "expected"), TABLE, ids=[kind for kind, _ in TABLE])
def test_the_default_reaction(kind: FailureKind, expected: object) -> None:
    """S2.08: what fires a fallback, and what is the caller's own."""
    assert act(PLAN, Failure(kind), attempts("a")) == expected


def test_every_kind_has_a_default() -> None:
    """The table is total over the closed vocabulary."""
    assert {reaction.kind for reaction in DEFAULTS} == set(get_args(FailureKind))
    assert [kind for kind, _ in TABLE] == [reaction.kind for reaction in DEFAULTS]


@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_nothing_follows_the_first_content(kind: FailureKind) -> None:
    """Once content has reached the caller there is no fallback."""
    assert act(PLAN, Failure(kind, committed=True), attempts("a")) == Abort()


def test_the_number_of_attempts_is_bounded() -> None:
    """The third attempt of three is the last, retries included; a bad key still pauses its provider."""
    assert act(PLAN, Failure("timeout"), attempts("a", "b")) == Next()
    assert act(PLAN, Failure("timeout"), attempts("a", "b", "c")) == Abort()
    assert act(PLAN, Failure("timeout"), attempts("a", "a", "a")) == Abort()
    assert act(PLAN, Failure("auth"), attempts("a", "b", "c")) == Abort(disable_provider_ns=300 * S)


RETRYING = plan(
    "fallback: {max_attempts: 9, failures: {overloaded: {retry_same: 2, backoff: 200 ms},"
    " timeout: {retry_same: 1, then: abort}, auth: abort, bad_request: next_candidate}}\n"
)


def test_the_same_target_again_then_the_next() -> None:
    """Repeats are counted in a row, for the target that failed last."""
    overloaded = Failure("overloaded", 529)
    assert act(RETRYING, overloaded, attempts("a")) == Retry(200_000_000)
    assert act(RETRYING, overloaded, attempts("a", "a")) == Retry(200_000_000)
    assert act(RETRYING, overloaded, attempts("a", "a", "a")) == Next()
    assert act(RETRYING, overloaded, attempts("a", "a", "a", "b")) == Retry(200_000_000)
    assert act(RETRYING, Failure("timeout"), attempts("a")) == Retry(0)
    assert act(RETRYING, Failure("timeout"), attempts("a", "a")) == Abort()
    assert act(RETRYING, Failure("auth"), attempts("a")) == Abort()
    assert act(RETRYING, Failure("bad_request"), attempts("a")) == Next()


def test_retry_after_is_honoured_within_reason() -> None:
    """A short wish is granted; for a long one the next candidate is better than waiting."""
    assert act(RETRYING, Failure("overloaded", retry_after_ns=3 * S), attempts("a")) == Retry(3 * S)
    assert act(RETRYING, Failure("overloaded", retry_after_ns=10_000_000), attempts("a")) == Retry(200_000_000)
    assert act(RETRYING, Failure("overloaded", retry_after_ns=PATIENCE_NS), attempts("a")) == Retry(PATIENCE_NS)
    assert act(RETRYING, Failure("overloaded", retry_after_ns=PATIENCE_NS + 1), attempts("a")) == Next()


def test_the_deadline_bounds_pauses_and_hops() -> None:
    """No pause beyond the deadline, and no candidate after it."""
    timed = plan("fallback: {deadline: 5 s, max_attempts: 9, failures: {overloaded: {retry_same: 1, backoff: 2 s}}}\n")
    assert act(timed, Failure("overloaded"), attempts("a")) == Retry(2 * S)
    assert act(timed, Failure("overloaded"), attempts("a", seconds=3)) == Next()
    assert act(timed, Failure("overloaded"), attempts("a", seconds=5)) == Abort()
    assert act(timed, Failure("timeout"), attempts("a", "b", seconds=3)) == Abort()


def test_without_attempts_the_first_reaction_holds() -> None:
    """A failure before anything was sent has no past."""
    assert act(PLAN, Failure("connection"), ()) == Next()
    assert act(RETRYING, Failure("overloaded"), ()) == Retry(200_000_000)
