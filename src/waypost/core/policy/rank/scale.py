"""Utilities on a fixed scale, in integers: a candidate's utility never depends on another candidate."""

from __future__ import annotations

from waypost.core.model.money import MICRO
from waypost.core.policy.tree import Scale


def lg(x: int) -> int:
    """The base-2 logarithm in micro-units, by bit length and linear interpolation; 0 below 1."""
    if x < 1:
        return 0
    exponent = x.bit_length() - 1
    return exponent * MICRO + ((x - (1 << exponent)) * MICRO >> exponent)


def utility(value: int | None, scale: Scale) -> int:
    """0..1_000_000: quality rises linearly, cost and latency fall logarithmically; unknown is worth nothing."""
    if value is None:
        return 0
    if scale.field == "quality":
        raw = (value - scale.low) * MICRO // (scale.high - scale.low)
    else:
        low = lg(scale.low)
        raw = MICRO - (lg(value) - low) * MICRO // (lg(scale.high) - low)
    return min(max(raw, 0), MICRO)
