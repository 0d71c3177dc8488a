"""A circuit breaker for one target, and the failures that are a provider's own. No clock, no lock."""

from __future__ import annotations

from waypost.core.model.outcome import Attempt, FailureKind

TRIPPING: frozenset[FailureKind] = frozenset(
    {"rate_limited", "overloaded", "timeout", "connection", "server_error", "stream_error", "malformed"}
)
"""Failures that say something about the target. Others are about the request, the key or us, and count for nothing."""


class Breaker:
    """Closed until ``failures`` consecutive failures; then open for ``cooldown_ns``; then half open.

    Half open lets one call through, which claims its place before it is sent: a success closes it, a failure opens it
    for twice as long as before, up to ``longest_ns``; what says nothing about the target leaves the place to the next.
    A pause that the provider asked for is kept, within the same bound.
    """

    __slots__ = (
        *("_cooldown_ns", "_failures", "_longest_ns", "_opened_ns", "_probe", "_row", "_times"),
        *("open_until_ns", "probing_until_ns"),
    )

    def __init__(self, failures: int, cooldown_ns: int, longest_ns: int) -> None:
        self._failures = failures
        self._cooldown_ns = cooldown_ns
        self._longest_ns = longest_ns
        self._row = 0
        self._times = 0
        self._opened_ns = 0
        self._probe: str | None = None
        self.open_until_ns = 0
        self.probing_until_ns = 0

    def shut_until_ns(self, now_ns: int) -> int:
        """Until when it lets nobody through: it is open, or somebody is trying; 0 where it does."""
        until = max(self.open_until_ns, self.probing_until_ns)
        return until if now_ns < until else 0

    def half_open(self, now_ns: int) -> bool:
        """Whether who comes next is to claim the one place."""
        return self._times > 0 and not self.shut_until_ns(now_ns)

    def claim(self, probe: str, until_ns: int) -> None:
        """The one place is taken, until it is given back or ``until_ns``."""
        self._probe, self.probing_until_ns = probe, until_ns

    def unclaim(self, probe: str) -> None:
        """Give the place back, unless somebody else has it by now."""
        if self._probe == probe:
            self._probe, self.probing_until_ns = None, 0

    def learn(self, attempt: Attempt) -> None:
        """Count one attempt. What began before the breaker last opened is old news, good or bad."""
        if self._times and attempt.started_ns < self._opened_ns:
            return
        failure = attempt.failure
        if failure is None:
            self._row = self._times = self._opened_ns = self.open_until_ns = self.probing_until_ns = 0
            self._probe = None
        elif failure.kind in TRIPPING:
            self._row += 1
            if self._times or self._row >= self._failures:
                pause = max(self._cooldown_ns << min(self._times, 16), failure.retry_after_ns or 0)
                self._times += 1
                self._opened_ns = attempt.ended_ns
                self.open_until_ns = attempt.ended_ns + min(pause, self._longest_ns)
                self._probe, self.probing_until_ns = None, 0
