"""Utilities on a fixed scale, in integers: a candidate's utility never depends on another candidate."""

from __future__ import annotations

from collections.abc import Sequence

from waypost.core.model.decision import Source
from waypost.core.model.money import MICRO, NANO
from waypost.core.policy.tree import Scale

_HOUSE = Source("", 0, 0)
DEFAULTS: dict[str, Scale] = {
    "cost": Scale("cost", 100, NANO, _HOUSE),
    "latency": Scale("latency", NANO // 5, 20 * NANO, _HOUSE),
    "quality": Scale("quality", 0, MICRO, _HOUSE),
}
"""The scale of each ranked field where the policy has none: 100 nano-USD to 1 USD, 0.2 s to 20 s, 0 to 1."""


def by_field(scales: Sequence[Scale]) -> dict[str, Scale]:
    """The policy's scales over the defaults."""
    return DEFAULTS | {scale.field: scale for scale in scales}


def lg(x: int) -> int:
    """The base-2 logarithm in micro-units, by bit length and linear interpolation; 0 below 1."""
    if x < 1:
        return 0
    exponent = x.bit_length() - 1
    return exponent * MICRO + ((x - (1 << exponent)) * MICRO >> exponent)


def utility(value: int | None, scale: Scale) -> int:
    """0..1_000_000: quality rises linearly, cost and latency fall logarithmically; unknown is worth nothing."""
    return utilities([value], scale)[0]


def utilities(values: Sequence[int | None], scale: Scale) -> list[int]:
    """The `utility` of each value."""
    if scale.field == "quality":
        low, span = scale.low, scale.high - scale.low
        raw = [0 if value is None else (value - low) * MICRO // span for value in values]
    else:
        low = lg(scale.low)
        span = lg(scale.high) - low
        raw = [
            0
            if value is None
            else MICRO
            - (((size := value.bit_length()) - 2) * MICRO + (value * MICRO >> size - 1) - low) * MICRO // span
            if value > 0
            else MICRO - (-low * MICRO // span)
            for value in values
        ]
    return [0 if worth < 0 else MICRO if worth > MICRO else worth for worth in raw]
