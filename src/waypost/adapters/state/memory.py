"""The mutable world in this process's memory: breakers, latencies, budgets. It knows no clock: times are told to it.

One short lock guards it and is never held across a call of anything outside. A forked child begins with nothing, so
that what its parent reserved and spent is not counted twice.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from weakref import WeakSet

from waypost.adapters.state.breaker import Breaker
from waypost.adapters.state.latency import Latencies
from waypost.adapters.state.ledger import Lease, Ledger, Refusal
from waypost.core.model.frozen import dataclass
from waypost.core.model.money import NANO
from waypost.core.model.outcome import Attempt
from waypost.core.model.question import Snapshot
from waypost.core.model.target import TargetId
from waypost.core.routing import ports

_NEVER = 1 << 63


@dataclass(frozen=True, slots=True)
class _View:
    """What `look` shows, good until ``until_ns``, when the next breaker may let calls through."""

    epoch: int = 0
    until_ns: int = 0
    broken: tuple[TargetId, ...] = ()
    disabled: tuple[str, ...] = ()
    latency: tuple[tuple[TargetId, int], ...] = ()


class MemoryState:
    """`waypost.core.routing.ports.State` in memory; every method returns its value at once, in both modes.

    A breaker opens after ``failures`` consecutive failures of one target that are the provider's own, for
    ``cooldown_ns``; then calls come through again, and the first failure opens it for twice as long, up to
    ``longest_ns``. Latency is the p95 of the last ``window`` answers of a target, shown from ``least`` answers on.
    Spending is kept for the ``scopes`` scope keys that were used last.
    """

    def __init__(
        self,
        *,
        failures: int = 5,
        cooldown_ns: int = 30 * NANO,
        longest_ns: int = 300 * NANO,
        window: int = 100,
        least: int = 20,
        scopes: int = 100_000,
    ) -> None:
        self._breaker = (failures, cooldown_ns, longest_ns)
        self._latency = (window, least)
        self._scopes = scopes
        self._shown = _View()
        self._empty()
        _INSTANCES.add(self)

    def _empty(self) -> None:
        self._lock = threading.Lock()
        self._breakers: dict[TargetId, Breaker] = {}
        self._latencies: dict[TargetId, Latencies] = {}
        self._disabled: dict[str, int] = {}
        self._ledger = Ledger(str(os.getpid()), self._scopes)
        self._stale = True

    def look(self, keys: Sequence[str], now_ns: int) -> Snapshot:
        """The world at ``now_ns``. ``keys`` name targets and endpoints to be told of; without any it is all of them.

        ``epoch`` is that of the whole world: it changes exactly when what is shown without keys does.
        """
        view = self._shown
        if self._stale or now_ns >= view.until_ns:
            with self._lock:
                view = self._renew(now_ns)
        if not keys:
            return Snapshot(view.epoch, now_ns, view.broken, view.disabled, view.latency)
        wanted = frozenset(keys)
        return Snapshot(
            view.epoch,
            now_ns,
            tuple(target for target in view.broken if target in wanted),
            tuple(endpoint for endpoint in view.disabled if endpoint in wanted),
            tuple(item for item in view.latency if item[0] in wanted),
        )

    def reserve(self, scopes: Sequence[tuple[str, int]], nano_usd: int, ttl_ns: int, now_ns: int) -> Lease | Refusal:
        """Reserve ``nano_usd`` for ``ttl_ns`` in every ``(scope, limit)``, or in none and say which had no room."""
        with self._lock:
            return self._ledger.reserve(scopes, nano_usd, ttl_ns, now_ns)

    def used(self, scope: str, now_ns: int) -> int:
        """Nano-USD spent and reserved in ``scope``."""
        with self._lock:
            return self._ledger.used(scope, now_ns)

    def settle(self, lease: ports.Lease | None, nano_usd: int, attempts: Sequence[Attempt]) -> None:
        """Replace the reservation by the real cost, and learn from the attempts.

        An attempt with neither a failure nor a usage was cancelled and teaches nothing.
        """
        with self._lock:
            if lease is not None:
                self._ledger.settle(lease.id, nano_usd)
            for attempt in attempts:
                if attempt.target is not None and (attempt.failure is not None or attempt.usage is not None):
                    self._learn(attempt.target, attempt)

    def disable(self, endpoint: str, until_ns: int) -> None:
        """Keep an endpoint out until ``until_ns``; an earlier order that lasts longer stands."""
        with self._lock:
            if until_ns > self._disabled.get(endpoint, 0):
                self._disabled[endpoint] = until_ns
                self._stale = True

    def _learn(self, target: TargetId, attempt: Attempt) -> None:
        breaker = self._breakers.get(target)
        if breaker is None:
            breaker = self._breakers[target] = Breaker(*self._breaker)
        before = breaker.open_until_ns
        breaker.learn(attempt)
        changed = breaker.open_until_ns != before
        if attempt.failure is None:
            latencies = self._latencies.get(target)
            if latencies is None:
                latencies = self._latencies[target] = Latencies(*self._latency)
            # What a person waits for: the first content of a stream, the whole of an answer.
            end = attempt.ended_ns if attempt.first_chunk_ns is None else attempt.first_chunk_ns
            changed |= latencies.add(end - attempt.started_ns)
        if changed:
            self._stale = True

    def _renew(self, now_ns: int) -> _View:
        self._stale = False
        disabled = self._disabled = {name: until for name, until in self._disabled.items() if until > now_ns}
        broken = {name: breaker.open_until_ns for name, breaker in self._breakers.items() if breaker.is_open(now_ns)}
        measured = ((name, latencies.shown_ns) for name, latencies in self._latencies.items())
        old = self._shown
        new = _View(
            old.epoch,
            min((*disabled.values(), *broken.values()), default=_NEVER),
            tuple(sorted(broken)),
            tuple(sorted(disabled)),
            tuple(sorted((name, ns) for name, ns in measured if ns is not None)),
        )
        if (new.broken, new.disabled, new.latency) != (old.broken, old.disabled, old.latency):
            new = replace(new, epoch=old.epoch + 1)
        self._shown = new
        return new


_INSTANCES: WeakSet[MemoryState] = WeakSet()


def _after_fork_in_child() -> None:
    for state in list(_INSTANCES):
        state._empty()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
