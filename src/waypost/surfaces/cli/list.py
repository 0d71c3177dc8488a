"""``waypost list``: the newest receipts, one line each."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from waypost.adapters.stores.sqlite import SqliteStore
from waypost.adapters.stores.tables import Summary
from waypost.core.analysis.calendar import utc
from waypost.core.analysis.words_numbers import change
from waypost.core.model.money import format_usd
from waypost.core.model.outcome import Outcome
from waypost.core.routing.content import asked
from waypost.errors import ConfigError, SettingsError
from waypost.runtime.home import Home
from waypost.runtime.settings import near
from waypost.surfaces.cli import home
from waypost.surfaces.cli.table import short, table

HELP = "the newest receipts, one line each"

OPEN = "open"
OUTCOMES = (*get_args(Outcome), OPEN)
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
    parser.add_argument(
        "--content",
        type=Path,
        metavar="FILE",
        help="only calls that asked this: a request's body, where a policy keeps its hash",
    )
    parser.add_argument("--outcome", metavar="WORD", help=f"only calls that ended so: {', '.join(OUTCOMES)}")


def run(args: argparse.Namespace) -> int:
    if args.limit < 1:
        raise SettingsError(f"{args.limit} is not above zero", where="--limit", remedy="give a count")
    if args.outcome is not None and args.outcome not in OUTCOMES:
        raise SettingsError(f"unknown outcome {args.outcome!r}", where="--outcome", remedy=_outcomes(args.outcome))
    store = home.open_store(args)
    named = ("policy", "model", "department", "workflow", "outcome")
    where = {name: value for name in named if (value := getattr(args, name)) is not None}
    if args.content is not None:
        where["content"] = _digest(args)
    only_open = args.open
    if args.outcome == OPEN:
        only_open = True
        del where["outcome"]
    rows = store.summaries(limit=args.limit, only_open=only_open, where=where)
    if not rows and args.model is not None:
        _remark(store, args.model)
    if args.json:
        home.print_json({"schema": "receipts/v1", "receipts": [asdict(row) for row in rows]})
        return 0
    if not rows:
        print("No open receipts." if only_open else "No receipts match." if where else "No receipts yet.")
        return 0
    head, *lines = table(HEAD, [_row(row) for row in rows], right=NUMBERS)
    print(home.bold(head), *lines, sep="\n")
    if len(rows) == args.limit:
        print(f"The newest {args.limit}; --limit shows more.")
    return 0


def _digest(args: argparse.Namespace) -> str:
    """What receipts of this home keep of the request in ``--content``.

    Raises:
        SettingsError: it is no request, or the home has no key yet.
    """
    try:
        body = json.loads(args.content.read_bytes())
    except (OSError, ValueError) as error:
        remedy = "give a request's body as JSON"
        raise SettingsError(f"{type(error).__name__}", where=str(args.content), remedy=remedy) from None
    if not isinstance(body, dict):
        raise SettingsError("not an object", where=str(args.content), remedy="give a request's body as JSON")
    return Home(home.directory(args)).digest()((asked(body),))


def _outcomes(word: str) -> str:
    found = near(word, OUTCOMES)
    return ("" if found is None else f"did you mean {found!r}? ") + f"known: {', '.join(OUTCOMES)}"


def _remark(store: SqliteStore, model: str) -> None:
    """Say on standard error that nobody knows this model, where neither a receipt nor the catalog does."""
    if store.summaries(limit=1, where={"model": model}):
        return
    known = _known_models()
    if known and model not in known:
        found = near(model, known)
        hint = "" if found is None else f"; did you mean {found!r}?"
        print(f"waypost list: no receipt and no target of the catalog has the model {model!r}{hint}", file=sys.stderr)


def _known_models() -> set[str]:
    """Names and ids of the catalog's targets and its aliases; none where the catalog cannot be read."""
    from waypost.runtime.catalogs import load_catalog  # only a list that is empty pays for it

    try:
        catalog = load_catalog(os.environ.get("WAYPOST_CATALOG") or None)
    except (ConfigError, OSError):
        return set()
    return {name for target in catalog.targets for name in (target.id, target.model)} | set(catalog.aliases)


def _row(row: Summary) -> tuple[str, ...]:
    return (
        utc(row.started_ns or 0)[:19],
        row.id[:15],
        f"{short(row.requested or '?', 24)} -> {short(_answered(row), 40)}",
        _cause(row),
        "-" if row.cost_nano_usd is None else format_usd(row.cost_nano_usd),
        _against(row),
        (row.outcome or "open") + ("" if (row.hops or 1) < 2 else f" ({row.hops} attempts)"),
    )


def _answered(row: Summary) -> str:
    if row.outcome in (None, "ok", "abandoned", "cancelled"):
        return row.name or "?"
    return "nobody"


def _cause(row: Summary) -> str:
    """Why the call went where it went; beside an unchanged call, what was advised."""
    if row.mode == "advise" and row.cause is not None:
        return f"advised {short(row.selected or 'nobody', 40)}"
    return row.cause or "-"


def _against(row: Summary) -> str:
    """Against the policy's baseline; against the requested model where the policy has none."""
    base = row.baseline_nano_usd if row.baseline_nano_usd is not None else row.requested_nano_usd
    return change(row.cost_nano_usd, base) if row.cost_nano_usd is not None and base else "-"
