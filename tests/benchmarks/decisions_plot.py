"""A picture of growth as SVG, both axes logarithmic, drawn by hand: the same numbers make the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10
from typing import NamedTuple

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 84, 210, 24, 56
COLOURS = ("#b3261e", "#b26a00", "#6750a4", "#0b6e99", "#146c2e", "#555555")
_GAP = 15


class Curve(NamedTuple):
    """A name and its points, both coordinates above 0."""

    name: str
    points: Sequence[tuple[float, float]]


class Scale(NamedTuple):
    """Decades ``low`` to ``high`` of ten, over pixels."""

    low: int
    high: int
    start: float
    stop: float

    def at(self, value: float) -> float:
        """The pixel of ``value``."""
        return self.start + (log10(value) - self.low) / (self.high - self.low) * (self.stop - self.start)


def plot(curves: Sequence[Curve], *, across: str, up: str) -> str:
    """The picture of ``curves`` with the titles of its axes."""
    xs = [x for curve in curves for x, _ in curve.points]
    ys = [y for curve in curves for _, y in curve.points]
    x = Scale(*_decades(xs), LEFT, WIDTH - RIGHT)
    y = Scale(*_decades(ys), HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" font-family="system-ui, sans-serif" font-size="12">',
        f"<title>{escape(up)} by {escape(across)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        *_grid(x, y),
        _text((x.start + x.stop) / 2, HEIGHT - 14, across, "middle"),
        f'<g transform="rotate(-90)">{_text(-(y.start + y.stop) / 2, 20, up, "middle")}</g>',
    ]
    ends = _apart([y.at(curve.points[-1][1]) for curve in curves])
    for place, curve in enumerate(curves):
        parts.extend(_curve(curve, (x, y), COLOURS[place % len(COLOURS)], ends[place]))
    return "\n".join([*parts, "</svg>", ""])


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low = floor(log10(min(values)))
    return low, max(ceil(log10(max(values))), low + 1)


def _grid(x: Scale, y: Scale) -> list[str]:
    out = []
    for power in range(x.low, x.high + 1):
        at = x.at(10.0**power)
        out.append(_line(at, y.start, at, y.stop))
        out.append(_text(at, y.start + 18, _number(power), "middle"))
    for power in range(y.low, y.high + 1):
        at = y.at(10.0**power)
        out.append(_line(x.start, at, x.stop, at))
        out.append(_text(x.start - 8, at + 4, _number(power), "end"))
    return out


def _curve(curve: Curve, scales: tuple[Scale, Scale], colour: str, name_at: float) -> list[str]:
    x, y = scales
    points = [(x.at(a), y.at(b)) for a, b in curve.points]
    way = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    dots = [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in points]
    name = _text(points[-1][0] + 12, name_at + 4, curve.name, "start", colour)
    return [f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"/>', *dots, name]


def _apart(places: Sequence[float]) -> list[float]:
    """The same heights, moved so that no two names overlap."""
    out = list(places)
    last = float("-inf")
    for index in sorted(range(len(places)), key=places.__getitem__):
        last = out[index] = max(places[index], last + _GAP)
    return out


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#dddddd"/>'


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#333333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'


def _number(power: int) -> str:
    return f"{10**power:,}" if power >= 0 else f"{10.0**power:g}"
