"""``waypost demo``: routed calls against emulated providers, without a key."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from waypost.errors import SettingsError
from waypost.surfaces.demo.serve import serve
from waypost.surfaces.demo.show import Terminal, command, document
from waypost.surfaces.demo.tour import Audience, Options
from waypost.surfaces.demo.tour import run as tour

HELP = "route six queries against emulated providers: no key, no network"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="one JSON document in place of the text")
    parser.add_argument("--home", type=Path, metavar="DIR", help="keep the receipts here (default: a temporary folder)")
    parser.add_argument("--policy", type=Path, metavar="FILE", help="another policy than the demo's")
    parser.add_argument("--catalog", type=Path, metavar="FILE", help="another catalog than the packaged one")

    parser.add_argument(
        "--serve", action="store_true", help="only emulate the providers, until Ctrl-C, for a program of your own"
    )


def run(args: argparse.Namespace) -> int:
    """Run it; returns the exit code. Raises ConfigError."""
    if args.serve:
        return _serve(args)
    home: Path = args.home or Path(tempfile.mkdtemp(prefix="waypost-demo-"))
    options = Options(home=home, policy=args.policy, catalog=args.catalog)
    if args.json:
        print(json.dumps(document(tour(options, Audience())), ensure_ascii=False, indent=2))
        return 0
    terminal = Terminal(_write)
    terminal.opening()
    try:
        result = tour(options, terminal)
    except Exception as error:
        if not type(error).__module__.startswith("openai"):
            raise
        print(f"\n\nwaypost demo: this query was refused, as it would be in your program: {error}", file=sys.stderr)
        print(f"The receipts of this run: {command()} list --home {home}", file=sys.stderr)
        return 1
    terminal.closing(result)
    return 0


def _serve(args: argparse.Namespace) -> int:
    given = [name for name in ("json", "home", "policy", "catalog") if getattr(args, name)]
    if given:
        remedy = "give it to `waypost run`, which runs your program" if given != ["json"] else "leave it out"
        raise SettingsError("has no meaning with --serve", where=f"--{given[0]}", remedy=remedy)
    serve(_write, os.environ)
    return 0


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
