"""``waypost override``: force a target for a while, see what is forced, and take it away again."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from waypost.core.model.question import Override
from waypost.errors import SettingsError
from waypost.runtime import instrument, overrides
from waypost.surfaces.cli import home
from waypost.surfaces.cli.table import short, table

HELP = "force a target for a while: set, list and clear overrides"
EXAMPLES = """
  waypost override set openai/gpt-4o --until 2h --author ann --reason "outage at anthropic"
  waypost override set groq/llama-3.3-70b --scope department=rd --until 2026-12-01T08:00Z --author ann --reason trial
  waypost override list                      exit code 0, also where there are none
  waypost override clear ov_1a2b3c4d --author ann
"""
HEAD = ("ID", "TARGET", "SCOPE", "UNTIL (UTC)", "AUTHOR", "REASON")


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    new = actions.add_parser("set", help="have a target answer, where nothing but a shortlist speaks against it")
    new.add_argument("target", metavar="TARGET", help="its id in the catalog")
    new.add_argument("--until", required=True, metavar="WHEN", help="2h, 30min, 1d, or a moment in ISO 8601")
    new.add_argument("--author", required=True, metavar="NAME", help="who answers for it")
    new.add_argument("--reason", required=True, metavar="TEXT", help="why; it stands on the receipts")
    new.add_argument(
        "--scope",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=f"only calls of this {', '.join(overrides.SCOPES)} or context.<name>; several must all hold",
    )
    every = actions.add_parser("list", help="those that are set, in the order in which they are tried")
    gone = actions.add_parser("clear", help="take one away before its end")
    gone.add_argument("id", metavar="ID")
    gone.add_argument("--author", required=True, metavar="NAME", help="who takes it away")
    for action in (new, every, gone):
        home.arguments(action)


def run(args: argparse.Namespace) -> int:
    """Exit code 0. Raises SettingsError."""
    if args.action == "list":
        _list(args)
        return 0
    try:
        if args.action == "set":
            changed = _set(args)
        else:
            changed = instrument.clear_override(args.id, author=args.author, home=home.directory(args))
    except OSError as error:
        remedy = "name a directory that can be written by --home or WAYPOST_HOME"
        raise SettingsError(
            f"cannot be written ({error.strerror})", where=str(home.directory(args)), remedy=remedy
        ) from None
    _tell(args, "set" if args.action == "set" else "cleared", changed)
    return 0


def _set(args: argparse.Namespace) -> Override:
    return instrument.override(
        args.target,
        until=args.until,
        author=args.author,
        reason=args.reason,
        scope=_scope(args.scope),
        home=home.directory(args),
    )


def _scope(pairs: Sequence[str]) -> dict[str, str]:
    scope: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or key in scope:
            what = f"{key!r} is given twice" if equals else f"{pair!r} has no ="
            raise SettingsError(what, where="--scope", remedy="write --scope department=rd")
        scope[key] = value
    return scope


def _tell(args: argparse.Namespace, did: str, override: Override) -> None:
    row = overrides.plain(override)
    if args.json:
        home.print_json({"schema": "overrides/v1", "did": did, "override": row})
        return
    scope = _scoped(override)
    print(f"{override.id} {did}: {override.target} for {scope} until {row['until']}")


def _list(args: argparse.Namespace) -> None:
    now = time.time_ns()
    if args.home is not None:  # by default nobody may have made it yet
        home.existing(args.home)
    found = overrides.read(home.directory(args) / overrides.FILE)
    if args.json:
        rows = [{**overrides.plain(item), "in_force": now < item.until_ns} for item in found]
        home.print_json({"schema": "overrides/v1", "overrides": rows})
        return
    if not found:
        print("No overrides.")
        return
    for line in table(HEAD, [_row(item, now) for item in found]):
        print(line)


def _row(item: Override, now: int) -> tuple[str, ...]:
    until = overrides.written(item.until_ns)[:16].replace("T", " ")
    ended = "" if now < item.until_ns else " (over)"
    return item.id, item.target, short(_scoped(item), 40), until + ended, short(item.author, 20), short(item.reason, 60)


def _scoped(item: Override) -> str:
    return ", ".join(f"{key}={value}" for key, value in item.scope) or "all calls"
