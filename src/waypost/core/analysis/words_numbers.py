"""Numbers as receipts show them: scores, percentages, durations."""

from __future__ import annotations

from waypost.core.model.money import div_half_even

MS = 1_000_000
SECOND = 1_000_000_000


def micro(value: int) -> str:
    """Micro-units of 0..1 with up to three decimals."""
    whole, rest = divmod(div_half_even(value, 1000), 1000)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".")


def change(cost_nano_usd: int, baseline_nano_usd: int) -> str:
    """Cost against a baseline, which is above zero, in whole percent with a sign."""
    points = div_half_even((cost_nano_usd - baseline_nano_usd) * 100, baseline_nano_usd)
    return f"{points:+d}%"


def percent(part: int, whole: int) -> str:
    tenths = div_half_even(part * 1000, whole)
    return f"{tenths // 10:,}.{tenths % 10}%".replace(".0%", "%")


def duration(ns: int) -> str:
    """``412 ms``, ``1.25 s``, ``80 us``."""
    if ns < 0:
        return "-" + duration(-ns)
    if ns >= SECOND:
        hundredths = div_half_even(ns, SECOND // 100)
        return f"{hundredths // 100}.{hundredths % 100:02d} s"
    return f"{div_half_even(ns, MS)} ms" if ns >= MS else f"{div_half_even(ns, 1000)} us"
