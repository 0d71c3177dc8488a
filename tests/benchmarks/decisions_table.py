"""The decision's own table for docs/performance.md, with the command that makes it."""

from __future__ import annotations

import datetime
import platform
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decisions import Compiling, Timing

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
SECTION = re.compile(r"(?<=<!-- decisions -->\n).*?(?=<!-- /decisions -->)", re.DOTALL)
AIMS = ("≤ 5 µs", "≤ 15 µs", "≤ 25 µs", "≤ 80 µs")


def table(timings: Sequence[Timing], compiling: Compiling) -> str:
    """Two tables as Markdown: one column a size, and what comes before the first decision."""
    sizes = [f"{each.size:,}" for each in timings]
    rows: list[tuple[str, Callable[[Timing], float | None]]] = [
        ("**`decide`**: winner, standby, masks", lambda each: each.warm),
        ("in a new grid cell", lambda each: each.cold),
        ("in a world that has just changed", lambda each: each.changed),
        ("`decide` and `prove`: each rejection of each target in words", lambda each: each.proven),
        ("a loop over closures", lambda each: each.closures),
        ("the same lines in CEL (`cel-python`)", lambda each: each.cel),
    ]
    lines = [
        f"| targets | {' | '.join(sizes)} |",
        f"|---|{'---|' * len(sizes)}",
        *(f"| {name} | {' | '.join(shown(value(each)) for each in timings)} |" for name, value in rows),
        f"| aim for the first row | {' | '.join(AIMS)} |",
        "",
        "| before the first decision | measured | aim |",
        "|---|---|---|",
        f"| compile one policy over 10,000 targets | {compiling.one_of_many_targets:.0f} ms | ≤ 300 ms |",
        f"| compile 1,000 policies over one catalog of 500 targets | {compiling.many / 1_000:.2f} s | ≤ 2 s |",
        f"| the same, read from their YAML first | {compiling.cold / 1_000:.1f} s | |",
        f"| what those 1,000 plans keep in memory | {compiling.megabytes:.0f} MB | ≤ 50 MB |",
        "",
        f"`python tests/benchmarks/decisions.py --write` in the environment of `make bench`, "
        f"{datetime.datetime.now(datetime.UTC).date()}, CPython {platform.python_version()}.",
        "",
    ]
    return "\n".join(lines)


def write(text: str) -> None:
    """Put the tables between their markers."""
    found = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(SECTION.sub(lambda _: text, found), encoding="utf-8")


def shown(us: float | None) -> str:
    """Microseconds with three digits, in the unit that people would say."""
    if us is None:
        return "not waited for"
    for unit, size in (("s", 1_000_000), ("ms", 1_000)):
        if us >= size:
            return f"{_digits(us / size)} {unit}"
    return f"{_digits(us)} µs"


def _digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
