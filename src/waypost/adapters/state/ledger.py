"""What was spent and what is reserved, by scope. No clock, no lock; amounts are nano-USD."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from heapq import heappop, heappush

from waypost.core.model.frozen import dataclass


@dataclass(slots=True)
class Lease:
    """A reservation of ``nano_usd`` in every one of ``scopes`` until ``expires_ns``."""

    id: str
    nano_usd: int
    expires_ns: int
    scopes: tuple[str, ...] = ()


@dataclass(slots=True)
class Refusal:
    """The first scope that had no room: ``used`` of ``limit``, reservations included."""

    scope: str
    used: int
    limit: int


class Ledger:
    """Spending of the ``most`` scope keys that were used last, and the reservations on top of it.

    A lease ends by being settled or by expiring. One that is settled after it expired still has its cost counted,
    and one that is settled twice has it counted once.
    """

    __slots__ = ("_count", "_ending", "_expired", "_leases", "_most", "_name", "_reserved", "_spent")

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        self._count = 0
        self._spent: OrderedDict[str, int] = OrderedDict()
        self._reserved: dict[str, int] = {}
        self._leases: dict[str, Lease] = {}
        self._ending: list[tuple[int, str]] = []
        self._expired: OrderedDict[str, Lease] = OrderedDict()

    def reserve(self, scopes: Sequence[tuple[str, int]], nano_usd: int, ttl_ns: int, now_ns: int) -> Lease | Refusal:
        """Reserve in every ``(scope, limit)``, or in none."""
        self._expire(now_ns)
        for scope, limit in scopes:
            used = self._used(scope)
            if used + nano_usd > limit:
                return Refusal(scope, used, limit)
        self._count += 1
        names = tuple(dict.fromkeys(scope for scope, _ in scopes))
        lease = Lease(f"{self._name}-{self._count}", nano_usd, now_ns + ttl_ns, names)
        if names:
            self._leases[lease.id] = lease
            heappush(self._ending, (lease.expires_ns, lease.id))
            for name in names:
                self._reserved[name] = self._reserved.get(name, 0) + nano_usd
        return lease

    def settle(self, lease_id: str, nano_usd: int) -> None:
        """Put the real cost in place of a reservation that was made here."""
        lease = self._leases.pop(lease_id, None)
        if lease is not None:
            self._release(lease)
        else:
            lease = self._expired.pop(lease_id, None)
        if lease is None:
            return
        for name in lease.scopes:
            self._spent[name] = self._spent.pop(name, 0) + nano_usd
        while len(self._spent) > self._most:
            self._spent.popitem(last=False)

    def used(self, scope: str, now_ns: int) -> int:
        """Spent and reserved in ``scope``."""
        self._expire(now_ns)
        return self._used(scope)

    def _used(self, scope: str) -> int:
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
        for name in lease.scopes:
            left = self._reserved.pop(name, 0) - lease.nano_usd
            if left:
                self._reserved[name] = left
