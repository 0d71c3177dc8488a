"""``waypost report``: what calls cost in groups, against both baselines, and what a rollout measurably saved."""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Sequence
from dataclasses import asdict

from waypost.adapters.stores.tables import Summary
from waypost.core.analysis.calendar import utc
from waypost.core.analysis.report import LEAST, Holdback, Row, Spend, holdbacks, rows, total
from waypost.core.analysis.words_numbers import change
from waypost.core.model.money import format_usd
from waypost.errors import SettingsError
from waypost.surfaces.cli import home
from waypost.surfaces.cli.table import short, table

HELP = "what calls cost in groups, against both baselines, and what a rollout measurably saved"
EXAMPLES = """
  waypost report                            by policy, all receipts
  waypost report --by department --since 7d
  waypost report --by model --policy rd
  waypost report --by day --json
"""
BY = ("policy", "model", "department", "workflow", "cause", "requested", "day")
HEAD = ("CALLS", "FAILED", "FELL BACK", "UNPRICED", "COST", "VS REQUESTED", "VS BASELINE")
IN_PART = " *"
OF_A_PART = "* of the calls alone for which both sums are known; COST is of all."
BY_CALL = "The interval counts calls: where a rollout is drawn `by` user or another key, the real one is wider."
_SPAN = re.compile(r"(\d+)(min|h|d|w)\Z")
_SECONDS = {"min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_ALL = -1


def arguments(parser: argparse.ArgumentParser) -> None:
    home.arguments(parser)
    parser.add_argument("--by", choices=BY, default="policy", help="what calls are grouped by (default: policy)")
    parser.add_argument("--since", metavar="SPAN", help="only calls of the last 90min, 24h, 7d, 4w")
    parser.add_argument("--policy", metavar="NAME", help="only calls under this policy")
    parser.add_argument("--department", metavar="NAME", help="only calls of this department")


def run(args: argparse.Namespace) -> int:
    since = None if args.since is None else time.time_ns() - _span(args.since) * 1_000_000_000
    where = {name: value for name in ("policy", "department") if (value := getattr(args, name)) is not None}
    found = home.open_store(args).summaries(limit=_ALL, since_ns=since, where=where)
    settled = [summary for summary in found if summary.outcome is not None]
    spends = [_spend(summary, args.by) for summary in settled]
    sums, held = rows(spends), holdbacks(spends)
    if args.json:
        rest = {"by": args.by, "open": len(found) - len(settled), "total": asdict(total(spends))}
        groups = [asdict(row) for row in sums]
        measured = [{**asdict(item), "difference": item.difference, "says": item.says} for item in held]
        home.print_json({"schema": "report/v1", **rest, "groups": groups, "holdbacks": measured})
        return 0
    if not spends:
        print("No settled receipts match.")
        return 0
    lines = [_line(row) for row in sums] + ([_line(total(spends))] if len(sums) > 1 else [])
    head, *body = table((args.by.upper(), *HEAD), lines, right=frozenset(range(1, 8)))
    print(home.bold(head), *body, sep="\n")
    if any(IN_PART in cell for line in lines for cell in line[6:]):
        print(OF_A_PART)
    _tell(held, len(found) - len(settled))
    return 0


def _tell(held: Sequence[Holdback], still_open: int) -> None:
    if still_open:
        print(f"{still_open} more are open: sent, and not settled.")
    for item in held:
        print(_measured(item))
    if any(item.low is not None for item in held):
        print(BY_CALL)


def _measured(item: Holdback) -> str:
    """One rollout in a sentence; the interval takes calls as independent of each other."""
    means = (
        f"{_usd(item.routed_mean)} a call routed ({item.routed}), {_usd(item.control_mean)} held back ({item.control})"
    )
    if item.low is None or item.high is None:
        return f"Rollout of {item.policy}: {means}; an interval needs {LEAST} calls on each side."
    bounds = f"{_usd(item.low)} to {_usd(item.high)}"
    said = {"saves": "routing is cheaper", "costs": "routing is dearer", "open": "no difference is shown"}[item.says]
    return f"Rollout of {item.policy}: {means}; difference {_usd(item.difference)}, 95 % within {bounds}: {said}."


def _usd(nano: float) -> str:
    return format_usd(round(nano))


def _line(row: Row) -> tuple[str, ...]:
    return (
        short(row.group, 48),
        str(row.calls),
        str(row.failed),
        str(row.fell_back),
        str(row.unpriced),
        format_usd(row.cost),
        _against(row.of_requested, row.requested, row.cost),
        _against(row.of_baseline, row.baseline, row.cost),
    )


def _against(cost: int, base: int, whole: int) -> str:
    return f"{change(cost, base)} of {format_usd(base)}{'' if cost == whole else IN_PART}" if base else "-"


def _spend(summary: Summary, by: str) -> Spend:
    return Spend(
        group=_group(summary, by),
        policy=summary.policy or "?",
        cost=summary.cost_nano_usd,
        requested=summary.requested_nano_usd,
        baseline=summary.baseline_nano_usd,
        failed=summary.outcome in ("error", "rejected"),
        hops=summary.hops or 0,
        controlled=summary.mode == "advise" if summary.drawn else None,
    )


def _group(summary: Summary, by: str) -> str:
    match by:
        case "model":
            return summary.name or "nobody"
        case "day":
            return utc(summary.started_ns or 0)[:10]
        case _:
            return getattr(summary, by) or "-"


def _span(text: str) -> int:
    found = _SPAN.match(text)
    if found is None:
        raise SettingsError(f"{text!r} is no span of time", where="--since", remedy="write 90min, 24h, 7d or 4w")
    return int(found[1]) * _SECONDS[found[2]]
