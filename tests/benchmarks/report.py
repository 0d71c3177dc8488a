"""The table: what was measured beside what was aimed at, as Markdown."""

from __future__ import annotations

import datetime
import platform
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the measures write their own rows into the table, so this module must not need them
    from counting import Costs
    from decisions import Timing
    from imports import Import
    from throughput import Throughput

ROOT = Path(__file__).resolve().parents[2]
PLACES = (ROOT / "README.md", ROOT / "docs" / "performance.md")
SECTION = re.compile(r"(?<=<!-- bench -->\n).*?(?=<!-- /bench -->)", re.DOTALL)
YARDSTICK = "openai-v2"
FLOOR = "floor"
LABELS = {
    "bare again": "the bare SDK again (control)",
    "waypost": "**Waypost, mode route: 2 spans, metrics, receipt, store**",
    "translated": "Waypost, mode route, answered in another dialect",
    "observe": "Waypost, mode observe",
    "off": "Waypost, mode off",
    "openai-v2": "opentelemetry-instrumentation-openai-v2, tracing alone: 1 span",
    "openai-v2-metrics": "the same with its metrics",
    FLOOR: "the spans and the metric of such a call by OpenTelemetry's API alone, without Waypost (the floor)",
}
AIMS = {"waypost": "caller ≤ 250 k, all ≤ 700 k", "off": "≤ 60 k"}
CHUNK_AIMS = {"waypost": "≤ 6 k", "translated": "≤ 40 k"}
PART_NAMES = {
    "read-request": "reading the request",
    "write-request": "writing it for the other dialect",
    "exchange": "the HTTP library's exchange",
    "read-answer": "reading the answer",
    "write-answer": "writing it for the caller's",
    "build-answer": "the SDK's request and object",
}
"""The steps of a translated call that stand for themselves; the rest is what a routed call costs at home, too."""
PACKAGES = ("openai", "opentelemetry-sdk", "opentelemetry-instrumentation-openai-v2")
Row = tuple[str, str, str]
"""What, measured, aim."""


def instructions(bare: Costs, added: Mapping[str, Costs]) -> list[Row]:
    """Instructions: of the bare SDK, and what each variant adds to them."""
    rows = [
        ("Instructions of one call, bare SDK (sync / async)", f"{_k(bare.call.every)} / {_k(bare.acall.every)}", "")
    ]
    for name, cost in added.items():
        aim = AIMS.get(name, "")
        rows.append((f"added by {LABELS[name]}: caller's thread / all threads", _both(cost.call), aim))
        if name == "waypost":
            rows.append(("the same, async", _both(cost.acall), ""))
    ours = added["waypost"].call.every
    for name in [name for name in added if name.startswith(YARDSTICK)]:
        ratio = ours / added[name].call.every
        must = "must: < 1" if name == YARDSTICK else ""
        rows.append((f"Waypost, all threads, as a multiple of {LABELS[name]}", f"{ratio:.2f}", must))
    rows.append(
        ("Instructions of one chunk, bare SDK (sync / async)", f"{_k(bare.chunk.every)} / {_k(bare.achunk.every)}", "")
    )
    for name, cost in added.items():
        if name == FLOOR:  # its spans end before a stream does
            continue
        aim = CHUNK_AIMS.get(name, "")
        # The SDK's own count of an async chunk moves by 20 k from variant to variant, more than any of them adds.
        text = _k(cost.chunk.every, 1)
        rows.append((f"added to a chunk by {LABELS[name].replace('*', '')} (sync)", text, aim))
    return rows


def translated(bare: Costs, added: Costs, parts: Mapping[str, float]) -> list[Row]:
    """A call that another dialect answers, all that it costs, as a multiple of the bare SDK's; and its parts."""
    ratio = (bare.call.every + added.call.every) / bare.call.every
    steps = ", ".join(f"{PART_NAMES[name]} {_k(cost)}" for name, cost in parts.items())
    return [
        ("A translated call, all of it, as a multiple of the bare SDK's own", f"{ratio:.2f}", "≤ 1.5"),
        ("of which", steps, ""),
    ]


def throughput(found: Throughput) -> list[Row]:
    return [
        ("Throughput of 32 threads, of bare", f"{found.calls:.2f}", "must: ≥ 0.80; aim: 0.92"),
        ("until the worker is done too", f"{found.settled:.2f}", ""),
        ("of the floor: those spans and that metric without Waypost", f"{found.floor:.2f}", ""),
        ("the bare SDK of itself (control)", f"{found.control:.2f}", ""),
    ]


def imports(used: Import, new: Import) -> list[Row]:
    return [
        (
            "`import waypost` and `auto_instrument()` over openai",
            f"{used.cpu_ms:.0f} ms CPU, {used.rss_mb:.1f} MB",
            "≤ 60 ms, 5 MB",
        ),
        ("in a directory without a `.waypost`", f"{new.cpu_ms:.0f} ms CPU, {new.rss_mb:.1f} MB", ""),
        (
            "the first call, over a bare one",
            f"{used.first_ms:.0f} ms CPU, {used.first_mb:.1f} MB, {used.first_modules:.0f} modules",
            "",
        ),
    ]


def decisions(timings: Sequence[Timing]) -> list[Row]:
    aims = (5, 15, 25, 80)
    rows = [
        (
            f"`decide` among {each.size:,} targets, plan warm (winner, standby, masks)",
            f"{each.warm:.1f} µs",
            f"≤ {aim} µs",
        )
        for each, aim in zip(timings, aims, strict=True)
    ]
    cold = " / ".join(_time(each.cold) for each in timings)
    changed = " / ".join(_time(each.changed) for each in timings)
    return [
        *rows,
        ("in a new grid cell (10 / 100 / 1,000 / 10,000 targets)", cold, ""),
        ("in a world that has just changed (likewise)", changed, ""),
    ]


def table(rows: Sequence[Row]) -> str:
    """The table with what it was made with."""
    lines = ["| what | measured | aim |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join([*lines, "", _made_with(), ""])


def brief(rows: Sequence[Row]) -> list[Row]:
    """What has an aim, and what it is compared with: the table of the first page."""
    beside = ("Instructions of one call", f"added by {LABELS[YARDSTICK]}", f"added by {LABELS[FLOOR]}")
    return [row for row in rows if row[2] or row[0].startswith(beside)]


def write(rows: Sequence[Row]) -> None:
    """Put the tables between the markers of the documents that have them, the brief one into the README."""
    for path in PLACES:
        text = table(brief(rows) if path.name == "README.md" else rows)
        path.write_text(SECTION.sub(lambda _, text=text: text, path.read_text()))  # type: ignore[misc]


def refresh(rows: Sequence[Row]) -> None:
    """Put rows that were measured anew into the places of the same name."""
    for path in PLACES:
        lines = path.read_text(encoding="utf-8").split("\n")
        anew = {f"| {row[0]} |": f"| {' | '.join(row)} |" for row in rows}
        kept = (next((new for name, new in anew.items() if line.startswith(name)), line) for line in lines)
        path.write_text("\n".join(kept), encoding="utf-8")


def _made_with() -> str:
    parts = [
        f"{name} {version(name)}" for name in ("openai", "opentelemetry-sdk", "opentelemetry-instrumentation-openai-v2")
    ]
    today = datetime.datetime.now(datetime.UTC).date()
    made = ", ".join([f"CPython {platform.python_version()}", *parts])
    return f"`make bench` on {today}: {made}; waypost {version('waypost')}."


def _both(count: object) -> str:
    return f"{_k(count.caller)} / {_k(count.every)}"  # type: ignore[attr-defined]


def _k(number: float, digits: int = 0) -> str:
    return f"{number / 1_000:,.{digits}f} k"


def _time(us: float) -> str:
    return f"{us / 1_000:.1f} ms" if us >= 1_000 else f"{us:.0f} µs"
