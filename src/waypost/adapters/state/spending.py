"""Budgets, limits and affinity as one call asks for them: what is shown, taken, given back and counted. No clock, no
lock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from waypost.adapters.state.affinity import Affinities
from waypost.adapters.state.ledger import Lease, Ledger, Name, Refusal
from waypost.adapters.state.limits import Limits
from waypost.core.model.ask import (
    Account,
    Ask,
    Bill,
    Demand,
    Keep,
    Level,
    Meter,
    Period,
    Place,
    Sight,
    Standing,
    period_end,
    period_key,
)
from waypost.core.model.money import MICRO, NANO
from waypost.core.model.question import Snapshot
from waypost.core.model.target import TargetId

_PERCENT = MICRO // 100
_MINUTE_NS = 60 * NANO


class Spending:
    """The ``most`` values of each scope that were used last; ``offset_ns(at_ns)`` is what the periods' clock is ahead
    of UTC."""

    __slots__ = ("_affinities", "_ledger", "_limits", "_offset_ns", "_periods")

    def __init__(self, name: str, most: int, offset_ns: Callable[[int], int]) -> None:
        self._ledger = Ledger(name, most)
        self._limits = Limits(most)
        self._affinities = Affinities(most)
        self._offset_ns = offset_ns
        self._periods: dict[Period, tuple[int, str, int]] = {}

    def shown(self, ask: Ask, plain: Snapshot, half_open: tuple[TargetId, ...], now_ns: int) -> Sight:
        """``plain`` with what ``ask`` reads beside it, and in how many nanoseconds who is stopped has room again."""
        warm = None if ask.warm is None else self._affinities.warm(ask.warm, now_ns)
        used: list[tuple[str, int]] = []
        standings: list[Standing] = []
        for account in ask.accounts:
            spent = self.used(account, now_ns)
            ppm = _ppm(spent, account.limit)
            if account.thresholds and ppm >= account.thresholds[0][0]:
                used.append((account.key, ppm))
            if account.ceiling is not None:
                resets_ns = self._period(account.period, now_ns)[2]
                standings.append(Standing(account, spent, resets_ns, ppm >= _hard(account)))
        ends = [item.resets_ns - now_ns for item in standings if item.reached]
        limited, frees_ns = self._limited(ask, ends, now_ns)
        seen = replace(plain, used=tuple(used), limited=limited, warm=warm)
        return Sight(seen, half_open, frees_ns, tuple(standings))

    def reserve(self, demand: Demand, ttl_ns: int, now_ns: int) -> Lease | Refusal:
        ask = demand.ask or _NOBODY
        names = [self._name(account, now_ns) for account in ask.accounts]
        buckets = tuple((meter, _value(meter, demand.place)) for meter in ask.meters)
        amounts = [demand.nano_usd if account.ceiling is None else demand.most_nano_usd for account in ask.accounts]
        refusal = self._refusal(ask, demand.most_nano_usd, names, buckets, now_ns=now_ns)
        if refusal is not None:
            return refusal
        lease = self._ledger.lease(dict(zip(names, amounts, strict=True)), demand.nano_usd, now_ns + ttl_ns)
        for meter, value in buckets:
            self._limits.add(meter, value, _units(meter, ask.tokens), now_ns)
        lease.tokens = ask.tokens
        lease.buckets = tuple(bucket for bucket in buckets if bucket[0].of == "tokens")
        return lease

    def settle(self, lease_id: str, bill: Bill, now_ns: int) -> Lease | None:
        """Put what ``bill`` says in place of a reservation; ``None`` where it is not known here, or ended before."""
        ended = self._ledger.end(lease_id)
        if ended is not None:
            self._ledger.spend(ended.scopes, bill.nano_usd)
            for meter, value in ended.buckets:
                self._limits.add(meter, value, bill.tokens - ended.tokens, now_ns)
        return ended

    def count(self, ask: Ask, bill: Bill, now_ns: int) -> None:
        """Count a call that reserved nothing."""
        self._ledger.spend([self._name(account, now_ns) for account in ask.accounts], bill.nano_usd)
        for meter in ask.meters:
            if meter.scope == "call" or bill.place is not None:
                value = meter.value if bill.place is None else _value(meter, bill.place)
                self._limits.add(meter, value, _units(meter, bill.tokens), now_ns)

    def keep(self, keep: Keep) -> None:
        self._affinities.keep(keep)

    def used(self, account: Account, now_ns: int) -> int:
        """Nano-USD spent and reserved in the period of ``now_ns``."""
        return self._ledger.used(self._name(account, now_ns), now_ns)

    def levels(self, ask: Ask, now_ns: int) -> tuple[Level, ...]:
        """How far the budgets of ``ask`` are used, and the thresholds that nobody had reached before."""
        out = []
        for account in ask.accounts:
            name = self._name(account, now_ns)
            used = self._ledger.used(name, now_ns)
            ppm = _ppm(used, account.limit)
            before = self._ledger.reach(name, ppm)
            reached = tuple(item for item in account.thresholds if before < item[0] <= ppm)
            out.append(Level(account, name[2], used, reached))
        return tuple(out)

    def _name(self, account: Account, now_ns: int) -> tuple[str, str, str]:
        return account.key, account.value, self._period(account.period, now_ns)[1]

    def _period(self, period: Period, now_ns: int) -> tuple[int, str, int]:
        """Its minute, its name and its end; made once a minute: the clocks of all zones differ by whole minutes."""
        minute = now_ns // _MINUTE_NS
        known = self._periods.get(period)
        if known is None or known[0] != minute:
            name = period_key(period, now_ns, self._offset_ns(now_ns))
            known = self._periods[period] = (minute, name, period_end(period, now_ns, self._offset_ns))
        return known

    def _limited(self, ask: Ask, ends: Sequence[int], now_ns: int) -> tuple[tuple[tuple[str, str], ...], int | None]:
        """The limits without room, and in how long the last of those that stop everybody, else the first, has some;
        ``ends`` are in how long budgets have that stop everybody."""
        found: dict[tuple[str, str], None] = {}
        everybody: list[int | None] = [*ends]
        some: list[int] = []
        for meter in ask.meters:
            units = _units(meter, ask.tokens)
            if meter.scope == "call":
                wait = self._limits.frees_ns(meter, meter.value, units, now_ns)
                if wait != 0:
                    found[(meter.rule, "")] = None
                    everybody.append(wait)
                continue
            for value, wait in self._limits.full(meter, units, now_ns):
                found[(meter.rule, value)] = None
                some += [] if wait is None else [wait]
        if everybody:
            return tuple(sorted(found)), None if None in everybody else max(filter(None, everybody))
        return tuple(sorted(found)), min(some, default=None)

    def _refusal(
        self,
        ask: Ask,
        most_nano_usd: int,
        names: Sequence[Name],
        buckets: Sequence[tuple[Meter, str]],
        *,
        now_ns: int,
    ) -> Refusal | None:
        for meter, value in buckets:
            wait = self._limits.frees_ns(meter, value, _units(meter, ask.tokens), now_ns)
            if wait != 0:
                return Refusal(meter.rule, retry_ns=wait, value="" if meter.scope == "call" else value)
        for account, name in zip(ask.accounts, names, strict=True):
            used = self._ledger.used(name, now_ns)
            if account.ceiling is not None and used + most_nano_usd > account.ceiling:
                fits = most_nano_usd <= account.ceiling  # else no period has room for it
                retry_ns = self._period(account.period, now_ns)[2] - now_ns if fits else None
                return Refusal(account.rule, used, account.ceiling, retry_ns)
        return None


_NOBODY = Ask("")


def _ppm(used: int, limit: int) -> int:
    """Used of a limit in whole percents, as ppm; of a limit of 0 nothing may be spent."""
    return used * 100 // limit * _PERCENT if limit > 0 else MICRO


def _hard(account: Account) -> int:
    return min((ppm for ppm, action in account.thresholds if action == "fail"), default=MICRO)


def _units(meter: Meter, tokens: int) -> int:
    return 1 if meter.of == "requests" else tokens


def _value(meter: Meter, place: Place) -> str:
    return meter.value if meter.scope == "call" else place.value(meter.scope)
