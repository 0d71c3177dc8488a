"""Epoch nanoseconds to text in UTC, by arithmetic: the core has no clock and no time zones."""

from __future__ import annotations

_DAY_S = 86_400
_NS = 1_000_000_000


def utc(at_ns: int) -> str:
    """``2026-11-21 11:04:12.034 UTC``."""
    seconds, rest = divmod(at_ns, _NS)
    days, second = divmod(seconds, _DAY_S)
    year, month, day = civil(days)
    hour, second = divmod(second, 3600)
    minute, second = divmod(second, 60)
    return f"{year:04d}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}:{second:02d}.{rest // 1_000_000:03d} UTC"


def civil(days: int) -> tuple[int, int, int]:
    """Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar.

    Years are counted from March, so that the leap day is the last of its year.
    """
    days += 719_468
    era, day_of_era = divmod(days, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year_of_era + 400 * era + (month <= 2), month, day_of_year - (153 * shifted + 2) // 5 + 1


def took(ns: int) -> str:
    """A duration for people: ``412 ms``, ``3.2 s``, ``87 us``."""
    if ns < 1_000_000:
        return f"{ns // 1000} us"
    if ns < 10 * _NS // 10:
        return f"{ns // 1_000_000} ms"
    return f"{ns // _NS}.{ns % _NS // (_NS // 10)} s"
