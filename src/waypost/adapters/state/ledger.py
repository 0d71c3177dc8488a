"""What was spent and what is reserved, by scope. No clock, no lock; amounts are nano-USD."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping
from heapq import heappop, heappush
from typing import TypeAlias

from waypost.core.model.ask import Meter
from waypost.core.model.frozen import dataclass
from waypost.core.model.target import TargetId

Name: TypeAlias = Hashable


@dataclass(slots=True)
class Lease:
    """A reservation until ``expires_ns``: of ``held`` in each of ``scopes``, for a call that may come to ``nano_usd``.

    ``tokens`` were counted in each bucket of ``buckets``. ``probe`` is the target whose half-open breaker it holds.
    """

    id: str
    nano_usd: int
    expires_ns: int
    scopes: tuple[Name, ...] = ()
    held: tuple[int, ...] = ()
    tokens: int = 0
    buckets: tuple[tuple[Meter, str], ...] = ()
    probe: TargetId | None = None


@dataclass(slots=True)
class Refusal:
    """Why a reservation was not made: the first ``rule`` that had no room.

    ``used`` of ``limit``, reservations included, where a budget had none; ``value`` is whose limit it is, as in
    `waypost.core.model.question.Snapshot.limited`; ``retry_ns`` is in how many nanoseconds there is room again, where
    that is known.
    """

    rule: str
    used: int = 0
    limit: int = 0
    retry_ns: int | None = None
    value: str = ""


class Ledger:
    """Spending of the ``most`` scope keys that were used last, and the reservations on top of it.

    A lease ends by being settled or by expiring. One that is settled after it expired still has its cost counted,
    and one that is settled twice has it counted once.
    """

    __slots__ = ("_count", "_ending", "_expired", "_leases", "_most", "_name", "_reached", "_reserved", "_spent")

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        self._count = 0
        self._spent: OrderedDict[Name, int] = OrderedDict()
        self._reached: dict[Name, int] = {}
        self._reserved: dict[Name, int] = {}
        self._leases: dict[str, Lease] = {}
        self._ending: list[tuple[int, str]] = []
        self._expired: OrderedDict[str, Lease] = OrderedDict()

    def lease(self, held: Mapping[Name, int], nano_usd: int, expires_ns: int) -> Lease:
        """Reserve in every scope what ``held`` says, whether there is room or not."""
        self._count += 1
        lease = Lease(f"{self._name}-{self._count}", nano_usd, expires_ns, tuple(held), tuple(held.values()))
        self._leases[lease.id] = lease
        heappush(self._ending, (expires_ns, lease.id))
        for name, amount in held.items():
            self._reserved[name] = self._reserved.get(name, 0) + amount
        return lease

    def end(self, lease_id: str) -> Lease | None:
        """Give back what a lease holds; ``None`` where it was not made here, or has ended before."""
        lease = self._leases.pop(lease_id, None)
        if lease is None:
            return self._expired.pop(lease_id, None)
        self._release(lease)
        return lease

    def spend(self, scopes: Iterable[Name], nano_usd: int) -> None:
        for name in scopes:
            self._spent[name] = self._spent.pop(name, 0) + nano_usd
        while len(self._spent) > self._most:
            self._reached.pop(self._spent.popitem(last=False)[0], None)

    def used(self, scope: Name, now_ns: int) -> int:
        """Spent and reserved in ``scope``, which is used by being asked for."""
        self._expire(now_ns)
        if scope in self._spent:
            self._spent.move_to_end(scope)
        return self._used(scope)

    def reach(self, scope: Name, ppm: int) -> int:
        """Note how far ``scope`` has come; how far it had before."""
        before = self._reached.get(scope, 0)
        if ppm > before and scope in self._spent:
            self._reached[scope] = ppm
        return before

    def _used(self, scope: Name) -> int:
        return self._spent.get(scope, 0) + self._reserved.get(scope, 0)

    def _expire(self, now_ns: int) -> None:
        while self._ending and self._ending[0][0] <= now_ns:
            lease = self._leases.pop(heappop(self._ending)[1], None)
            if lease is not None:
                self._release(lease)
                self._expired[lease.id] = lease
        while len(self._expired) > self._most:
            self._expired.popitem(last=False)

    def _release(self, lease: Lease) -> None:
        for name, amount in zip(lease.scopes, lease.held, strict=True):
            left = self._reserved.pop(name, 0) - amount
            if left:
                self._reserved[name] = left
