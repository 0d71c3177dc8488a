"""A circuit breaker for one target, and the failures that are a provider's own. No clock, no lock."""

from __future__ import annotations

from waypost.core.model.outcome import Attempt, FailureKind

TRIPPING: frozenset[FailureKind] = frozenset(
    {"rate_limited", "overloaded", "timeout", "connection", "server_error", "stream_error", "malformed"}
)
"""Failures that say something about the target. Others are about the request, the key or us, and count for nothing."""


class Breaker:
    """Closed until ``failures`` consecutive failures; then open for ``cooldown_ns``; then half open.

    Half open lets calls through: a success closes it, the first failure opens it for twice as long as before, up to
    ``longest_ns``. A pause that the provider asked for is kept, within the same bound.
    """

    __slots__ = ("_cooldown_ns", "_failures", "_longest_ns", "_opened_ns", "_row", "_times", "open_until_ns")

    def __init__(self, failures: int, cooldown_ns: int, longest_ns: int) -> None:
        self._failures = failures
        self._cooldown_ns = cooldown_ns
        self._longest_ns = longest_ns
        self._row = 0
        self._times = 0
        self._opened_ns = 0
        self.open_until_ns = 0

    def is_open(self, now_ns: int) -> bool:
        return now_ns < self.open_until_ns

    def learn(self, attempt: Attempt) -> None:
        """Count one attempt. What began before the breaker last opened is old news, good or bad."""
        if self._times and attempt.started_ns < self._opened_ns:
            return
        failure = attempt.failure
        if failure is None:
            self._row = self._times = self._opened_ns = self.open_until_ns = 0
        elif failure.kind in TRIPPING:
            self._row += 1
            if self._times or self._row >= self._failures:
                pause = max(self._cooldown_ns << min(self._times, 16), failure.retry_after_ns or 0)
                self._times += 1
                self._opened_ns = attempt.ended_ns
                self.open_until_ns = attempt.ended_ns + min(pause, self._longest_ns)
