"""The mutable world in this process's memory: breakers, latencies, budgets, limits, affinity. It knows no clock: times
are told to it.

One short lock guards it and is never held across a call of anything outside. A forked child begins with nothing, so
that what its parent reserved and spent is not counted twice.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from weakref import WeakSet

from waypost.adapters.state.breaker import Breaker
from waypost.adapters.state.latency import Latencies
from waypost.adapters.state.ledger import Lease, Refusal
from waypost.adapters.state.spending import Spending
from waypost.core.model.ask import NOTHING, Account, Ask, Bill, Demand, Level, Sight
from waypost.core.model.frozen import dataclass, factory
from waypost.core.model.money import NANO
from waypost.core.model.outcome import Attempt
from waypost.core.model.question import Snapshot
from waypost.core.model.target import TargetId
from waypost.core.routing import ports

_NEVER = 1 << 63

_new_snapshot, _new_sight = factory(Snapshot), factory(Sight)


@dataclass(frozen=True, slots=True)
class _View:
    """What `look` shows everybody, good until ``until_ns``, when the next breaker changes by itself."""

    epoch: int = 0
    until_ns: int = 0
    broken: tuple[TargetId, ...] = ()
    disabled: tuple[str, ...] = ()
    latency: tuple[tuple[TargetId, int], ...] = ()
    half_open: tuple[TargetId, ...] = ()


class MemoryState:
    """`waypost.core.routing.ports.State` in memory; every method returns its value at once, in both modes.

    A breaker opens after ``failures`` consecutive failures of one target that are the provider's own, for
    ``cooldown_ns``; then one call comes through, and its failure opens it for twice as long, up to ``longest_ns``; a
    probe that never settles keeps its place for ``probe_ns``. Latency is the p95 of the last ``window`` answers of a
    target, shown from ``least`` answers on. Of budgets, of each limit and of affinity the ``scopes`` values that were
    used last are kept. ``offset_ns(at_ns)`` is what the clock that budgets' periods follow is ahead of UTC.
    """

    def __init__(
        self,
        *,
        failures: int = 5,
        cooldown_ns: int = 30 * NANO,
        longest_ns: int = 300 * NANO,
        probe_ns: int = 60 * NANO,
        window: int = 100,
        least: int = 20,
        scopes: int = 100_000,
        offset_ns: Callable[[int], int] = lambda _: 0,
    ) -> None:
        self._breaker = (failures, cooldown_ns, longest_ns)
        self._latency = (window, least)
        self._probe_ns = probe_ns
        self._scopes = scopes
        self._offset_ns = offset_ns
        self._shown = _View()
        self._empty()
        _INSTANCES.add(self)

    def _empty(self) -> None:
        self._lock = threading.RLock()
        self._breakers: dict[TargetId, Breaker] = {}
        self._latencies: dict[TargetId, Latencies] = {}
        self._disabled: dict[str, int] = {}
        self._spending = Spending(str(os.getpid()), self._scopes, self._offset_ns)
        self._stale = True

    def look(self, ask: Ask | None, now_ns: int, _mode: ports.Mode = "sync") -> Sight:
        """The world at ``now_ns``: breakers and latencies of all targets, and what ``ask`` names beside them.

        ``epoch`` is that of breakers and latencies alone: it changes exactly when what is shown of them does.
        """
        view = self._shown
        if self._stale or now_ns >= view.until_ns:
            with self._lock:
                view = self._renew(now_ns)
        plain = _new_snapshot(view.epoch, now_ns, view.broken, view.disabled, view.latency)
        if ask is None:
            return _new_sight(plain, view.half_open)
        with self._lock:
            return self._spending.shown(ask, plain, view.half_open, now_ns)

    def reserve(self, demand: Demand, ttl_ns: int, now_ns: int, _mode: ports.Mode = "sync") -> Lease | Refusal:
        """Take everything that ``demand`` wants for ``ttl_ns``, or nothing and say what had no room."""
        probe = demand.place.target if demand.probe else None
        with self._lock:
            breaker = None if probe is None else self._breakers.get(probe)
            if breaker is not None and breaker.shut_until_ns(now_ns):
                return Refusal("breaker", retry_ns=breaker.shut_until_ns(now_ns) - now_ns)
            lease = self._spending.reserve(demand, ttl_ns, now_ns)
            if isinstance(lease, Lease) and breaker is not None and breaker.half_open(now_ns):
                lease.probe = probe
                breaker.claim(lease.id, now_ns + min(self._probe_ns, ttl_ns))
                self._stale = True
            return lease

    def release(self, lease: ports.Lease, attempts: Sequence[Attempt], now_ns: int, _mode: ports.Mode = "sync") -> None:
        """Give a reservation back: its call was not billed. Requests that were counted stay so, because it was sent."""
        with self._lock:
            self._learn_all(attempts)
            self._unclaim(self._spending.settle(lease.id, NOTHING, now_ns))

    def used(self, account: Account, now_ns: int) -> int:
        """Nano-USD spent and reserved in the period of ``now_ns``."""
        with self._lock:
            return self._spending.used(account, now_ns)

    def settle(
        self,
        lease: ports.Lease | None,
        bill: Bill,
        attempts: Sequence[Attempt],
        now_ns: int,
        _mode: ports.Mode = "sync",
    ) -> tuple[Level, ...]:
        """Replace the reservation by the real cost and tokens, and learn from the attempts.

        Without a lease the bill is counted where it says, requests included. An attempt with neither a failure nor a
        usage was cancelled and teaches nothing.
        """
        with self._lock:
            self._learn_all(attempts)
            if lease is not None:
                self._unclaim(self._spending.settle(lease.id, bill, now_ns))
            elif bill.ask is not None:
                self._spending.count(bill.ask, bill, now_ns)
            if bill.keep is not None:
                self._spending.keep(bill.keep)
            return () if bill.ask is None else self._spending.levels(bill.ask, now_ns)

    def disable(self, endpoint: str, until_ns: int, _mode: ports.Mode = "sync") -> None:
        """Keep an endpoint out until ``until_ns``; an earlier order that lasts longer stands."""
        with self._lock:
            if until_ns > self._disabled.get(endpoint, 0):
                self._disabled[endpoint] = until_ns
                self._stale = True

    def busy(self) -> bool:
        """Whether this very thread is in here. A finaliser comes in the middle of anything."""
        return self._lock._is_owned()  # type: ignore[attr-defined, no-any-return]  # as `threading.Condition` asks

    # --- breakers and latencies

    def _unclaim(self, ended: Lease | None) -> None:
        breaker = None if ended is None or ended.probe is None else self._breakers.get(ended.probe)
        if ended is not None and breaker is not None:
            breaker.unclaim(ended.id)
            self._stale = True

    def _learn_all(self, attempts: Sequence[Attempt]) -> None:
        for attempt in attempts:
            if attempt.target is not None and (attempt.failure is not None or attempt.usage is not None):
                self._learn(attempt.target, attempt)

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
        shut = ((name, breaker.shut_until_ns(now_ns)) for name, breaker in self._breakers.items())
        broken = {name: until for name, until in shut if until}
        measured = ((name, latencies.shown_ns) for name, latencies in self._latencies.items())
        old = self._shown
        new = _View(
            old.epoch,
            min((*disabled.values(), *broken.values()), default=_NEVER),
            tuple(sorted(broken)),
            tuple(sorted(disabled)),
            tuple(sorted((name, ns) for name, ns in measured if ns is not None)),
            tuple(sorted(name for name, breaker in self._breakers.items() if breaker.half_open(now_ns))),
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
