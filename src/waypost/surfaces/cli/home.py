"""What the reading commands share: the home directory, its store folded first, and a receipt by any of its names."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from waypost.adapters.stores.objects import ObjectStore
from waypost.adapters.stores.sqlite import SqliteStore, StoreError
from waypost.core.codecs.ids import INFIX
from waypost.core.model.receipt import Receipt
from waypost.errors import SettingsError

STORE, JOURNAL, OBJECTS = "receipts.sqlite", "journal", "objects"
MOST = 10
"""How many receipt ids of one beginning are shown."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """``--home`` and ``--json``, which every reading command has."""
    parser.add_argument(
        "--home", type=Path, metavar="DIR", help="where receipts rest (default: $WAYPOST_HOME or .waypost)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document in place of the text")


def directory(args: argparse.Namespace) -> Path:
    home: Path | None = args.home
    return home if home is not None else Path(os.environ.get("WAYPOST_HOME") or ".waypost")


def open_store(args: argparse.Namespace) -> SqliteStore:
    """The store with all journals folded; where it cannot be written, as it is, and that is said.

    Raises:
        SettingsError: there is no such home.
        StoreError: the store cannot be read.
    """
    home = existing(directory(args))
    store = SqliteStore(home / STORE)
    try:
        store.fold(home / JOURNAL)
        store.count()
    except (StoreError, OSError) as error:
        if all(os.access(place, os.W_OK) for place in (home, home / JOURNAL) if place.is_dir()):
            raise
        left = "receipts that are still in journals, or that nobody has read yet, are left out"
        print(f"waypost: {error}; {left}: copy the directory to where it can be written", file=sys.stderr)
        return SqliteStore(home / STORE, readonly=True)
    return store


def existing(home: Path) -> Path:
    """``home`` where it is a directory.

    Raises:
        SettingsError: it is not there, or a file; each has its own remedy.
    """
    if home.is_dir():
        return home
    if home.exists():
        remedy = "name the directory of the receipts by --home or WAYPOST_HOME"
        raise SettingsError("this is a file, not a directory", where=str(home), remedy=remedy)
    remedy = "make some with `waypost run`, or name their directory by --home or WAYPOST_HOME"
    raise SettingsError("no such directory, so no receipts", where=str(home), remedy=remedy)


def objects(args: argparse.Namespace) -> ObjectStore:
    return ObjectStore(directory(args) / OBJECTS)


def find(store: SqliteStore, name: str) -> Receipt:
    """The receipt of a receipt id, request id, response id, or of the beginning of one receipt id.

    Raises:
        SettingsError: no id, or there is none, or there are several; the message lists the nearest.
    """
    if not name.strip():
        raise SettingsError("an id is needed", remedy="`waypost list` shows the newest")
    for known in (
        (name, name.partition(INFIX)[2]) if INFIX in name else (name,)
    ):  # of a translated answer: the upstream's
        found = store.get(known)
        if found is not None:
            _tell_others(store, known, found.id)
            return found
    near = store.matching(name, MOST) or store.matching(f"wp_{name}", MOST)
    if len(near) == 1 and (only := store.get(near[0])) is not None:
        return only
    if near:
        count = f"{len(near)} ids" if len(near) < MOST else "many ids"
        raise SettingsError(
            f"{name!r} begins {count}", remedy="one of " + ", ".join(near) + (", ..." if len(near) == MOST else "")
        )
    remedy = "`waypost list` shows the newest"
    for length in range(len(name) - 1, 3, -1):
        near = store.matching(name[:length], 3)
        if near:
            remedy = "nearest: " + ", ".join(near)
            break
    raise SettingsError(f"no receipt, request or response has the id {name!r}", remedy=remedy)


def _tell_others(store: SqliteStore, name: str, shown: str) -> None:
    """A caller may give several calls one request id; whoever asks by it is told which one it is, and of the others."""
    if shown == name:
        return
    found = [item.id for column in ("request_id", "response_id") for item in store.summaries(where={column: name})]
    others = [receipt for receipt in dict.fromkeys(found) if receipt != shown]
    if others:
        more = ", ..." if len(others) > MOST else ""
        said = f"{name!r} is the id of several calls; this is {shown}, the newest"
        print(f"waypost: {said}; others: {', '.join(others[:MOST])}{more}", file=sys.stderr)


def print_json(document: Any) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2))


def bold(text: str) -> str:
    """Bold on a terminal, plain anywhere else and with ``NO_COLOR``."""
    plain = not sys.stdout.isatty() or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return text if plain else f"\x1b[1m{text}\x1b[0m"
