"""What a call asks of the mutable world, and what it takes from it: frozen, and free of any clock.

`Ask` is made once per call from the policy and the question; the state reads everything that it has to know of a
policy here. Money is nano-USD, times are nanoseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from waypost.core.model.frozen import dataclass
from waypost.core.model.question import EMPTY_SNAPSHOT, Snapshot
from waypost.core.model.target import TargetId

Period: TypeAlias = Literal["day", "week", "month"]
Scope: TypeAlias = Literal["call", "target", "endpoint", "provider"]

_DAY_NS = 86_400_000_000_000


@dataclass(frozen=True, slots=True)
class Account:
    """One budget for the value that this call has of its scope. ``ceiling`` is what no reservation may pass."""

    key: str
    """`waypost.core.policy.tree.Budget.key`"""
    rule: str
    value: str
    limit: int
    period: Period
    thresholds: tuple[tuple[int, str], ...]
    ceiling: int | None


@dataclass(frozen=True, slots=True)
class Meter:
    """One limit: ``amount`` ``of`` requests or tokens per ``per_ns``.

    ``value`` is this call's value of the scope ``call``; the other scopes count for each candidate's own.
    """

    key: str
    """`waypost.core.policy.tree.Limit.key`"""
    rule: str
    scope: Scope
    value: str
    of: Literal["requests", "tokens"]
    amount: int
    per_ns: int


@dataclass(frozen=True, slots=True)
class Ask:
    """What a policy reads of the world for one call, beside breakers and latencies.

    ``tokens`` is what the call is expected to use, prompt and answer. ``warm`` is the key of its affinity.
    """

    policy: str
    accounts: tuple[Account, ...] = ()
    meters: tuple[Meter, ...] = ()
    tokens: int = 0
    warm: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a budget with a ceiling stands for one call: spent and reserved, and when its period ends (epoch).
    ``reached`` is that its share is at the ceiling, in whole percents as the decision sees it."""

    account: Account
    used: int
    resets_ns: int
    reached: bool


@dataclass(frozen=True, slots=True)
class Sight:
    """What a look finds: the snapshot that decides, and what only the flow has to know.

    ``half_open`` are targets whose breaker lets one call through, which has to claim the place. ``frees_ns`` is in how
    many nanoseconds what is limited or spent has room again, where that is known.
    """

    snapshot: Snapshot
    half_open: tuple[TargetId, ...] = ()
    frees_ns: int | None = None
    standings: tuple[Standing, ...] = ()


NOTHING_SEEN = Sight(EMPTY_SNAPSHOT)


@dataclass(frozen=True, slots=True)
class Place:
    """Who is sent to."""

    target: TargetId
    endpoint: str
    provider: str

    def value(self, scope: Scope) -> str:
        match scope:
            case "target":
                return self.target
            case "endpoint":
                return self.endpoint
            case "provider":
                return self.provider
            case "call":
                raise ValueError(scope)


@dataclass(frozen=True, slots=True)
class Demand:
    """What one send wants: ``nano_usd`` in every account, but ``most_nano_usd`` in those with a ceiling; one request
    and ``ask.tokens`` in every meter; with ``probe`` the one place that a half-open breaker has."""

    ask: Ask | None
    place: Place
    nano_usd: int
    most_nano_usd: int
    probe: bool = False


@dataclass(frozen=True, slots=True)
class Keep:
    """What affinity remembers: ``target`` answered a prompt of ``tokens`` for ``key``; until ``until_ns``."""

    key: str
    target: TargetId
    tokens: int
    until_ns: int


@dataclass(frozen=True, slots=True)
class Bill:
    """What a call came to. ``place`` is who was sent to last, ``None`` where nobody was or it is in no catalog.

    Without a lease it is counted where ``ask`` says; with one where the lease was made.
    """

    ask: Ask | None
    nano_usd: int
    tokens: int
    place: Place | None = None
    keep: Keep | None = None


NOTHING = Bill(None, 0, 0)


@dataclass(frozen=True, slots=True)
class Level:
    """How far one budget is used after a call. ``reached`` are the thresholds that this call was the first to reach."""

    account: Account
    period: str
    used: int
    reached: tuple[tuple[int, str], ...] = ()


def period_key(period: Period, at_ns: int, offset_ns: int = 0) -> str:
    """The day, the week (by its Monday) or the month that ``at_ns`` falls into: ``2026-11-21``, ``2026-11``.

    ``offset_ns`` is what the zone's clock is ahead of UTC at that time.
    """
    days = (at_ns + offset_ns) // _DAY_NS
    if period == "week":
        days -= (days + 3) % 7  # 1970-01-01 was a Thursday
    year, month, day = _civil(days)
    return f"{year:04d}-{month:02d}" if period == "month" else f"{year:04d}-{month:02d}-{day:02d}"


def period_end(period: Period, at_ns: int, offset_ns: Callable[[int], int] = lambda _: 0) -> int:
    """When the day, the week or the month that ``at_ns`` falls into ends, in epoch nanoseconds.

    ``offset_ns(at_ns)`` is what the zone's clock is ahead of UTC; it may change before the end.
    """
    days = (at_ns + offset_ns(at_ns)) // _DAY_NS
    if period == "week":
        days += 7 - (days + 3) % 7
    elif period == "month":
        later = days - _civil(days)[2] + 32  # some day of the next month
        days = later - _civil(later)[2] + 1
    else:
        days += 1
    local = days * _DAY_NS
    return local - offset_ns(local - offset_ns(at_ns))


def minute_of(at_ns: int) -> str:
    """``2026-11-22T00:00Z``."""
    days, rest = divmod(at_ns, _DAY_NS)
    year, month, day = _civil(days)
    hour, minute = divmod(rest // 60_000_000_000, 60)
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}Z"


def _civil(days: int) -> tuple[int, int, int]:
    """Year, month and day of the Gregorian calendar, so many days after 1970-01-01.

    Years are taken to begin in March, so that the leap day is the last of its year.
    """
    days += 719_468  # from 0000-03-01
    era, of_era = divmod(days, 146_097)
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return era * 400 + year + (month <= 2), month, day
