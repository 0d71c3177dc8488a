"""The demo for a person at a terminal of 100 columns, and for a program."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from waypost.core.model.money import format_usd
from waypost.surfaces.demo.row import Row
from waypost.surfaces.demo.tour import AUDIT, Audience, Tour

WIDTH = 100
_STAGES = {
    "streamed": "One streamed call",
    "fallback": "One fallback: whoever is chosen first answers 503",
}


class Terminal(Audience):
    """Prints each call as it ends."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._column = 0
        self._held = ""

    def opening(self) -> None:
        self._lines(
            "Waypost demo",
            "",
            *_wrapped(
                'Ordinary openai.OpenAI() calls with model="auto". The providers are emulated on this machine: no key '
                "is needed and nothing leaves it. The choices are real: computed per call from policy and catalog."
            ),
            "",
        )

    def stage(self, name: str, text: str) -> None:
        self._lines(_heading(_STAGES[name]), "")
        if name == "streamed":
            self._lines(f"[Query {name}] {text}")

    def chunk(self, text: str) -> None:
        """Words as they arrive, at most a line of them."""
        if not self._column:
            self._say("[Response] ")
        elif self._column + len(self._held) + len(text.rstrip()) > WIDTH:
            self._write("\n  ")
            self._column = 2
            self._held = ""
        self._say(self._held + text.rstrip(" "))
        self._held = " " * (len(text) - len(text.rstrip(" ")))

    def row(self, row: Row) -> None:
        if self._column:
            self._column, self._held = 0, ""
            self._lines("", *decision_lines(row), "")
        else:
            self._lines(
                f"[Query {row.id}] {_short(row.text)}",
                *decision_lines(row),
                *_wrapped(f"[Response] {row.response}"),
                "",
            )

    def _say(self, text: str) -> None:
        self._column += len(text)
        self._write(text)

    def closing(self, tour: Tour) -> None:
        self._lines(
            _heading("Why: one receipt in full"),
            "",
            tour.explanation.rstrip(),
            "",
            _heading("Summary"),
            "",
            *summary_lines(tour),
            "",
            _heading("Look further"),
            "",
            *further_lines(tour),
        )

    def _lines(self, *lines: str) -> None:
        self._write("\n".join(lines) + "\n")


def decision_lines(row: Row) -> list[str]:
    """Who answers and why, and what it costs beside the baseline."""
    return [
        f"[Router Decision] {row.target}   (asked for: {row.asked}{_across(row)})",
        *[f"[Failed before] {each}" for each in row.tried],
        f"[Why] {row.rule or row.cause}: {row.because or 'the policy has no rule for it'}",
        f"[Cost] {against(row.cost, row.baseline_cost, row.baseline)}",
        f"[Session ID] {row.receipt} (the call's receipt)",
    ]


def against(cost: int | None, baseline: int | None, name: str | None) -> str:
    """A cost beside what the baseline would have cost: ``$0.0000235, 97% less than ...``."""
    if cost is None:
        return "unknown (no price)"
    if not baseline or name is None:
        return format_usd(cost)
    percent = round(100 * (baseline - cost) / baseline)
    word = "less" if percent >= 0 else "more"
    return f"{format_usd(cost)}, {abs(percent)}% {word} than {name} ({format_usd(baseline)})"


def totals(rows: Sequence[Row]) -> dict[str, Any]:
    """Counts per model and the money of all rows; unknown costs are left out of both sums."""
    priced = [row for row in rows if row.cost is not None and row.baseline_cost is not None]
    return {
        "calls": len(rows),
        "models": dict(Counter(row.target for row in rows).most_common()),
        "cost": sum(row.cost or 0 for row in priced),
        "baseline": next((row.baseline for row in priced), None),
        "baseline_cost": sum(row.baseline_cost or 0 for row in priced),
    }


def summary_lines(tour: Tour) -> list[str]:
    total = totals(tour.rows)
    width = max(len(name) for name in total["models"])
    return [
        f"{total['calls']} calls, {len(tour.queries)} of them the queries above",
        *[f"  {name:<{width}}  {count}" for name, count in total["models"].items()],
        f"Cost: {against(total['cost'], total['baseline_cost'], total['baseline'])}",
        "Prices are the catalog's; the emulator's token counts are illustrative.",
        f"Audit trail saved to: {tour.home / AUDIT}",
    ]


def further_lines(tour: Tour) -> list[str]:
    """Commands that can be pasted."""
    explained = next((row for row in tour.queries if row.provider != "openai"), tour.queries[-1])
    waypost = command()
    rows = [
        ("every call with its choice and cost", f"{waypost} list --home {tour.home}"),
        ("one call in full", f"{waypost} explain {explained.receipt} --home {tour.home}"),
        (
            "the same with a row for each rejected candidate",
            f"{waypost} explain {explained.receipt} --all --home {tour.home}",
        ),
        ("both attempts of the fallback", f"{waypost} trace {tour.failed_over.receipt} --home {tour.home}"),
        (f"a policy of your own: copy {_near(tour.policy)} and change a line", f"{waypost} demo --policy my.yaml"),
    ]
    return [line for meaning, pasted in rows for line in (f"  # {meaning}", f"  {pasted}")]


def command() -> str:
    """How the command is to be called from here: it may be in an environment that is not on the path."""
    if shutil.which("waypost") is not None:
        return "waypost"
    return os.path.relpath(Path(sys.executable).with_name("waypost"))


def _near(path: Path) -> str:
    """The shorter of the path and the path from here."""
    return min(str(path), os.path.relpath(path), key=len)


def document(tour: Tour) -> dict[str, Any]:
    """The tour as one JSON document; money is nano-USD."""
    return {
        "schema": "demo/v1",
        "home": str(tour.home),
        "policy": str(tour.policy),
        "audit": str(tour.home / AUDIT),
        "queries": [row.to_dict() for row in tour.queries],
        "streamed": tour.streamed.to_dict(),
        "fallback": tour.failed_over.to_dict(),
        "summary": totals(tour.rows),
    }


def _heading(text: str) -> str:
    return f"-- {text} ".ljust(WIDTH, "-")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent="  " if text.startswith("[") else "")


def _short(text: str) -> str:
    return textwrap.shorten(text, WIDTH - 24, placeholder=" ...")


def _across(row: Row) -> str:
    return "" if row.provider == "openai" else "; translated both ways"
