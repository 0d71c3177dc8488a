"""Money and other quantities as integers.

Money is nano-USD (10**-9 USD). A price is nano-USD per million tokens. Scores, ratios and quality are micro-units
(10**-6). Durations are nanoseconds. No float takes part in any of it.
"""

from __future__ import annotations

NANO = 1_000_000_000
MICRO = 1_000_000
MTOK = 1_000_000
_HALF = MTOK // 2


def div_half_even(numerator: int, denominator: int) -> int:
    """``numerator / denominator`` rounded half to even; the denominator is positive."""
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and quotient & 1):
        quotient += 1
    return quotient


def line_cost(tokens: int, nano_usd_per_mtok: int) -> int:
    """Cost of one usage line in nano-USD, rounded half to even once."""
    cost, rest = divmod(tokens * nano_usd_per_mtok, MTOK)
    return cost + 1 if rest > _HALF or (rest == _HALF and cost & 1) else cost


def decimal_to_int(text: str, scale: int) -> int:
    """A decimal literal such as ``-0.15`` times ``scale``, exactly.

    Raises:
        ValueError: not a decimal literal, or finer than ``scale`` can hold.
    """
    sign, body = (-1, text[1:]) if text[:1] == "-" else (1, text)
    whole, _, fraction = body.partition(".")
    digits = whole + fraction
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"{text!r} is not a decimal number")
    value, rest = divmod(int(digits) * scale, int("1" + "0" * len(fraction)))
    if rest:
        raise ValueError(f"{text!r} is finer than 1/{scale}")
    return sign * value


def format_usd(nano_usd: int) -> str:
    """A sum for people: four significant digits below a dollar, cents above: ``$0.0001635``, ``$12.50``."""
    sign, n = ("-", -nano_usd) if nano_usd < 0 else ("", nano_usd)
    if n >= NANO:
        cents = div_half_even(n, NANO // 100)
        return f"{sign}${cents // 100}.{cents % 100:02d}"
    if n == 0:
        return "$0"
    drop = max(len(str(n)) - 4, 0)
    step = int("1" + "0" * drop)
    n = div_half_even(n, step) * step
    whole, fraction = divmod(n, NANO)
    return f"{sign}${whole}.{fraction:09d}".rstrip("0").rstrip(".")


def grid(n: int) -> int:
    """``n`` rounded up on the geometric grid: exact below 16, then eight steps per doubling.

    ``grid(grid(n)) == grid(n)`` and ``n <= grid(n) <= n * 9/8 (+1)``. Negative counts are a caller's bug.
    """
    if n < 16:
        return n
    shift = n.bit_length() - 4
    return -(-n >> shift) << shift
