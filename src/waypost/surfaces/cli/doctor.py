"""``waypost doctor``: whether this environment, its SDKs, its files and its store are as Waypost needs them."""

from __future__ import annotations

import argparse
import textwrap
from dataclasses import asdict

from waypost.surfaces.cli import home
from waypost.surfaces.cli.doctor_check import Check
from waypost.surfaces.cli.doctor_packages import environment, sdks, uncovered
from waypost.surfaces.cli.doctor_routes import NO_KEY, configuration
from waypost.surfaces.cli.doctor_store import store, telemetry

HELP = "whether environment, SDKs, credentials, store and telemetry are as they should be"


def arguments(parser: argparse.ArgumentParser) -> None:
    home.arguments(parser)
    parser.add_argument(
        "--policy", metavar="FILE", help="check this policy (default: WAYPOST_POLICY, else the packaged)"
    )
    parser.add_argument(
        "--catalog", metavar="FILE", help="check this catalog (default: WAYPOST_CATALOG, else the packaged)"
    )


def run(args: argparse.Namespace) -> int:
    checks = [*environment(), *sdks(), *configuration(args.policy, args.catalog), *store(home.directory(args))]
    checks += [*telemetry(), *uncovered()]
    found = sum(check.state == "finding" for check in checks)
    if args.json:
        home.print_json({"schema": "doctor/v1", "findings": found, "checks": [asdict(check) for check in checks]})
    else:
        _print(checks, found)
    return 1 if found else 0


def _print(checks: list[Check], found: int) -> None:
    marks = {"ok": "ok  ", "note": "note", "finding": "MEND"}
    width = max(len(check.topic) for check in checks)
    for check in checks:
        head = f"{marks[check.state]}  {check.topic:<{width}}  "
        text = check.text if check.remedy is None else f"{check.text}; {check.remedy}"
        print(
            textwrap.fill(
                head + text, 100, subsequent_indent=" " * len(head), break_long_words=False, break_on_hyphens=False
            )
        )
    keyless = any(check.topic == NO_KEY for check in checks)
    closing = f"{found} to mend." if found else "Nothing to mend."
    print(home.bold(f"{closing} But no provider key was found: see `{NO_KEY}`." if keyless else closing))
