"""Units of the policy language: how a literal becomes an integer in base units, and how an integer is shown.

Base units are those of `waypost.core.policy.tree`. Nothing here knows fields or predicates.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, assert_never

from waypost.core.model.money import MICRO, NANO, decimal_to_int
from waypost.core.policy.fields import nearest
from waypost.core.policy.tree import Unit

Measure: TypeAlias = Literal["usd", "usd_per_mtok", "ns", "share", "count", "usd_per_period", "rate"]
"""What a written unit measures. ``share`` is a percentage; the last two belong to budgets and limits."""

UNITS: dict[str, tuple[Measure, int]] = {
    "USD": ("usd", NANO),
    "USD/MTok": ("usd_per_mtok", NANO),
    "USD/day": ("usd_per_period", NANO),
    "USD/week": ("usd_per_period", NANO),
    "USD/month": ("usd_per_period", NANO),
    "/min": ("rate", 1),
    "/s": ("rate", 1),
    "k/min": ("rate", 1_000),
    "k/s": ("rate", 1_000),
    "M/min": ("rate", 1_000_000),
    "M/s": ("rate", 1_000_000),
    "ms": ("ns", 1_000_000),
    "s": ("ns", NANO),
    "min": ("ns", 60 * NANO),
    "h": ("ns", 3_600 * NANO),
    "d": ("ns", 86_400 * NANO),
    "%": ("share", MICRO // 100),
    "k": ("count", 1_000),
    "M": ("count", 1_000_000),
}
"""Every unit that a literal may carry, with its measure and its scale."""

SPELT: dict[str, str] = {
    **dict.fromkeys(("msec", "msecs", "millis", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("percent", "pct"), "%"),
    **dict.fromkeys(("dollar", "dollars"), "USD"),
    **dict.fromkeys(("/minute", "/minutes"), "/min"),
    **dict.fromkeys(("/sec", "/second", "/seconds"), "/s"),
    **dict.fromkeys(("thousand", "kilo"), "k"),
    **dict.fromkeys(("million", "mio"), "M"),
}
"""How else people write a unit, in small letters."""

_MEASURES: dict[Measure, str] = {
    "usd": "a sum",
    "usd_per_mtok": "a price per million tokens",
    "usd_per_period": "a sum for a period",
    "rate": "a rate",
    "ns": "a duration",
    "share": "a share",
    "count": "a count",
}

EXPECTED: dict[Unit, str] = {
    "usd": "write a sum such as 0.05 USD",
    "usd_per_mtok": "write a price such as 5 USD/MTok",
    "ns": "write a duration such as 200 ms, 2 s or 5 min",
    "micro": "write a ratio such as 0.5 or 50%",
    "count": "write a whole number such as 3, 200k or 1M",
}
"""The remedy for a literal of the wrong unit."""


def unit_meant(unit: str) -> str:
    """The remedy for a ``unit`` that is not known: the one that is meant, or the list of all."""
    known = SPELT.get(unit.lower())
    return nearest(unit, UNITS) if known is None else f"did you mean {known!r}?"


def to_base(digits: str, unit: str | None, want: Unit) -> int:
    """The literal ``digits unit`` as an integer in the base unit ``want``.

    Raises:
        ValueError: the unit measures something else, or the literal is finer than the base unit; the message says so.
    """
    if unit is None:
        if want == "count":
            return decimal_to_int(digits, 1)
        if want == "micro":
            return decimal_to_int(digits, MICRO)
        raise ValueError("it has no unit")
    measure, scale = UNITS[unit]
    if ("micro" if measure == "share" else measure) != want:
        raise ValueError(_other(unit, measure, want))
    return decimal_to_int(digits, scale)


def to_amount(digits: str, unit: str | None, measure: Measure) -> int:
    """The literal ``digits unit`` of a budget or limit: nano-USD of a period, or a whole count of a period.

    Raises:
        ValueError: the unit measures something else, or the literal is finer than the base unit; the message says so.
    """
    if unit is None:
        raise ValueError("it has no unit")
    found, scale = UNITS[unit]
    if found != measure:
        raise ValueError(_other(unit, found, measure))
    return decimal_to_int(digits, scale)


def _other(unit: str, found: Measure, want: Measure | Unit) -> str:
    """``USD is the unit of a sum, not of a price per million tokens``."""
    return f"{unit} is the unit of {_MEASURES[found]}, not of {_MEASURES['share' if want == 'micro' else want]}"


def decimal(value: int, scale: int) -> str:
    """``value / scale`` as an exact decimal without trailing zeros; ``scale`` is a power of ten."""
    sign, value = ("-", -value) if value < 0 else ("", value)
    whole, fraction = divmod(value, scale)
    if not fraction:
        return f"{sign}{whole}"
    width = len(str(scale)) - 1
    return f"{sign}{whole}.{fraction:0{width}d}".rstrip("0")


def literal(value: int, unit: Unit) -> str:
    """The canonical literal, which `to_base` reads back to the same integer: ``5 USD/MTok``, ``200 ms``, ``0.5``."""
    match unit:
        case "usd":
            return f"{decimal(value, NANO)} USD"
        case "usd_per_mtok":
            return f"{decimal(value, NANO)} USD/MTok"
        case "ns":
            return _duration(value)
        case "micro":
            return decimal(value, MICRO)
        case "count":
            return str(value)
        case _:
            assert_never(unit)


def shown(value: int, unit: Unit) -> str:
    """The value as people read it in a proof, exact: ``$5/MTok``, ``$0.0001635``, ``412 ms``, ``0.42``, ``128,000``."""
    match unit:
        case "usd":
            return f"${decimal(value, NANO)}"
        case "usd_per_mtok":
            return f"${decimal(value, NANO)}/MTok"
        case "ns":
            return _duration(value)
        case "micro":
            return decimal(value, MICRO)
        case "count":
            return f"{value:,}"
        case _:
            assert_never(unit)


def _duration(value: int) -> str:
    for unit, scale in (("d", 86_400 * NANO), ("h", 3_600 * NANO), ("min", 60 * NANO)):
        if value >= scale and value % scale == 0:
            return f"{value // scale} {unit}"
    return f"{decimal(value, NANO)} s" if value >= NANO else f"{decimal(value, MICRO)} ms"
