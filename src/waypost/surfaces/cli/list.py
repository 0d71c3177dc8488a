"""``waypost list``: the newest receipts, one line each."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from waypost.adapters.stores.tables import Summary
from waypost.core.analysis.calendar import utc
from waypost.core.analysis.words import change
from waypost.core.model.money import format_usd
from waypost.errors import SettingsError
from waypost.surfaces.cli import home
from waypost.surfaces.cli.table import short, table

HELP = "the newest receipts, one line each"

HEAD = ("TIME (UTC)", "RECEIPT", "ASKED -> ANSWERED", "CAUSE", "COST", "BASELINE", "OUTCOME")
NUMBERS = frozenset((4, 5))


def arguments(parser: argparse.ArgumentParser) -> None:
    home.arguments(parser)
    parser.add_argument("--open", action="store_true", help="only calls that were sent and never settled")
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="at most so many (default: 20)")
    parser.add_argument("--policy", metavar="NAME", help="only calls under this policy")
    parser.add_argument("--model", metavar="NAME", help="only calls that asked for, chose or got this model")
    parser.add_argument("--department", metavar="NAME", help="only calls of this department")
    parser.add_argument("--workflow", metavar="NAME", help="only calls of this workflow")
    parser.add_argument("--outcome", metavar="WORD", help="only calls that ended so: ok, error, cancelled, ...")


def run(args: argparse.Namespace) -> int:
    if args.limit < 1:
        raise SettingsError(f"{args.limit} is not above zero", where="--limit", remedy="give a count")
    store = home.open_store(args)
    named = ("policy", "model", "department", "workflow", "outcome")
    where = {name: value for name in named if (value := getattr(args, name)) is not None}
    rows = store.summaries(limit=args.limit, only_open=args.open, where=where)
    if args.json:
        home.print_json({"schema": "receipts/v1", "receipts": [asdict(row) for row in rows]})
        return 0
    if not rows:
        print("No open receipts." if args.open else "No receipts match." if where else "No receipts yet.")
        return 0
    head, *lines = table(HEAD, [_row(row) for row in rows], right=NUMBERS)
    print(home.bold(head), *lines, sep="\n")
    if len(rows) == args.limit:
        print(f"The newest {args.limit}; --limit shows more.")
    return 0


def _row(row: Summary) -> tuple[str, ...]:
    return (
        utc(row.started_ns or 0)[:19],
        row.id[:15],
        f"{short(row.requested or '?', 24)} -> {short(_answered(row), 40)}",
        row.cause or "-",
        "-" if row.cost_nano_usd is None else format_usd(row.cost_nano_usd),
        _against(row),
        (row.outcome or "open") + ("" if (row.hops or 1) < 2 else f" ({row.hops} attempts)"),
    )


def _answered(row: Summary) -> str:
    if row.outcome in (None, "ok", "abandoned", "cancelled"):
        return f"{row.provider}/{row.model}" if row.model else "?"
    return "nobody"


def _against(row: Summary) -> str:
    """Against the policy's baseline; against the requested model where the policy has none."""
    base = row.baseline_nano_usd if row.baseline_nano_usd is not None else row.requested_nano_usd
    return change(row.cost_nano_usd, base) if row.cost_nano_usd is not None and base else "-"
