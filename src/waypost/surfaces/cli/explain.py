"""``waypost explain ID``: why a call was answered as it was, with every candidate and every failed rule."""

from __future__ import annotations

import argparse

from waypost.core.analysis.explain import FORMATS
from waypost.core.policy.plan import Plan
from waypost.runtime.lookup import stored_plan
from waypost.runtime.receipts import Receipt
from waypost.surfaces.cli import home

HELP = "why one call was answered as it was: every candidate, every failed rule, the cost against baselines"


def arguments(parser: argparse.ArgumentParser) -> None:
    home.arguments(parser)
    parser.add_argument("--format", choices=FORMATS, default="text", help="default: text; --json is --format json")
    parser.add_argument(
        "--all", action="store_true", help="a row for each rejected candidate, also where many are alike"
    )
    parser.add_argument("id", metavar="ID", help="a receipt id or its beginning, a request id or a response id")


def run(args: argparse.Namespace) -> int:
    record = home.find(home.open_store(args), args.id)

    def plan(policy: str, catalog: str) -> Plan | None:
        return stored_plan(home.objects(args), policy, catalog)

    text = Receipt(record, plan).explain("json" if args.json else args.format, each=args.all)
    title, _, rest = text.partition("\n")
    print(home.bold(title) if args.format == "text" and not args.json else title, rest.rstrip("\n"), sep="\n")
    return 0
