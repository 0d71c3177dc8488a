"""``waypost forget``: drop the keys of what is kept of a person or of single calls, so that nobody can read it."""

from __future__ import annotations

import argparse
import os
import re
import time
from collections.abc import Iterator
from typing import Any

from waypost.adapters.stores.content import ContentStore, Dropped
from waypost.errors import SettingsError
from waypost.runtime.home import Home
from waypost.surfaces.cli import home

HELP = "erase what is kept of a person's calls, or of single ones, for good"
EXAMPLES = """
  waypost forget --user ana@example.org      everything that was kept of that person's calls
  waypost forget wp_53aa95 wp_77c0de         what was kept of these calls
  waypost forget --expired                   what was kept for longer than its policy says
"""
LOGGED = "Another process is reading: run this again, so that the databases' logs are cleared, too."
_PSEUDONYM = re.compile(r"p_[0-9a-f]{32}\Z")


def arguments(parser: argparse.ArgumentParser) -> None:
    home.arguments(parser)
    parser.add_argument(
        "--user",
        action="append",
        default=[],
        metavar="U",
        help="as `waypost.context(user=...)` named that person, or the pseudonym that receipts show",
    )
    parser.add_argument("--expired", action="store_true", help="what has expired, which nobody can read any more")
    parser.add_argument(
        "ids", nargs="*", metavar="ID", help="a receipt id or its beginning, a request id or a response id"
    )


def run(args: argparse.Namespace) -> int:
    directory = home.directory(args)
    if not args.user and not args.ids and not args.expired:
        remedy = "give --user U, --expired, or ids of receipts; `waypost list` shows them"
        raise SettingsError("nobody is named", remedy=remedy)
    if not all(user.strip() for user in args.user):
        raise SettingsError("--user is empty", remedy="name a person")
    receipts = home.open_store(args)
    ids = [home.find(receipts, name).id for name in args.ids]
    if not os.access(directory, os.W_OK):
        raise SettingsError("cannot be written, so nothing can be erased", where=str(directory), remedy="permit it")
    rows, swept = _forget(args, ids)
    if args.json:
        home.print_json({"schema": "forgotten/v1", "forgotten": rows, "expired": swept})
    else:
        print(*_lines(rows, swept if args.expired else None), sep="\n")
    found = swept or any(row["contents"] or row["keys"] for row in rows)
    return 0 if found and not any(row["logged"] for row in rows) else 1


def _forget(args: argparse.Namespace, ids: list[str]) -> tuple[list[dict[str, Any]], int]:
    """One row for each who was named, and how many contents had expired. Raises StoreError."""
    place = Home(home.directory(args))
    if not place.content.is_dir():
        return [_row(name, Dropped()) for name in (*args.user, *ids)], 0
    store = ContentStore(place.content)
    pseudonym = place.pseudonym()
    try:
        subjects = [user if _PSEUDONYM.match(user) else pseudonym(user) for user in args.user]
        rows = [_row(subject, store.forget(subject)) for subject in subjects]
        rows += [_row(receipt, store.forget_receipt(receipt)) for receipt in ids]
        return rows, store.sweep(time.time_ns()) if args.expired else 0
    finally:
        store.close()


def _lines(rows: list[dict[str, Any]], swept: int | None) -> Iterator[str]:
    yield from map(_line, rows)
    if swept is not None:
        yield f"Expired: removed what was kept of {swept:,} call{'' if swept == 1 else 's'}."


def _row(subject: str, dropped: Dropped) -> dict[str, Any]:
    return {"subject": subject, "contents": dropped.contents, "keys": dropped.keys, "logged": dropped.logged}


def _line(row: dict[str, Any]) -> str:
    calls = f"{row['contents']:,} call{'' if row['contents'] == 1 else 's'}"
    key = ", and the key that it was sealed under" if row["keys"] else ""
    found = row["contents"] or row["keys"]
    text = f"{row['subject']}: " + (f"erased what was kept of {calls}{key}." if found else "nothing is kept.")
    return f"{text} {LOGGED}" if row["logged"] else text
