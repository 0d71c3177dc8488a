"""``waypost content ID``: what was asked and answered in one call, where the policy keeps it."""

from __future__ import annotations

import argparse
import json
import os
import time
from importlib import util
from typing import Any

from waypost.adapters.stores.content import ContentStore, Found
from waypost.core.analysis import words_content as words
from waypost.core.model.kept import kept_record
from waypost.core.model.receipt import Receipt
from waypost.errors import SettingsError
from waypost.runtime.home import Home
from waypost.surfaces.cli import home

HELP = "what was asked and answered in one call, where the policy keeps it"
EXAMPLES = """
  waypost content wp_53aa95          exit code 1 where nothing was kept, or it has expired or been erased
  waypost content wp_53aa95 --json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    home.arguments(parser)
    parser.add_argument("id", metavar="ID", help="a receipt id or its beginning, a request id or a response id")


def run(args: argparse.Namespace) -> int:
    receipt = home.find(home.open_store(args), args.id)
    state, document = read(args, receipt)
    if args.json:
        home.print_json(
            {
                "schema": "content/v1",
                "receipt": receipt.id,
                "state": state,
                "content": None if receipt.content is None else kept_record(receipt.content),
                "asked": document.get("asked"),
                "answered": document.get("answered"),
            }
        )
    else:
        print(home.bold(f"Content of {receipt.id}"))
        print(*_lines(receipt, state, document), sep="\n")
    return 0 if state == "kept" else 1


def read(args: argparse.Namespace, receipt: Receipt) -> tuple[words.State, dict[str, Any]]:
    """What became of a receipt's content, and the document where it can be read.

    Raises:
        StoreError: the store of contents cannot be read.
        SettingsError: what content is encrypted with is not installed.
    """
    directory = home.directory(args)
    store = ContentStore(directory / Home.CONTENT, readonly=not os.access(directory, os.W_OK))
    try:
        found = _found(store, receipt)
    finally:
        store.close()
    if found.state == "kept":
        return "kept", json.loads(found.data)
    if found.state == "gone":
        if receipt.content is None:
            return "open" if receipt.status == "open" else "never", {}
        return "expired" if receipt.content.expires_ns <= time.time_ns() else "gone", {}
    return found.state, {}


def _found(store: ContentStore, receipt: Receipt) -> Found:
    if receipt.content is not None and util.find_spec("cryptography") is None:
        what = "the library that content is encrypted with is not installed"
        raise SettingsError(what, remedy="pip install '.[content]' in a checkout of Waypost")
    if not store.directory.is_dir():
        return Found("gone")
    return store.get(receipt.id, time.time_ns(), None if receipt.content is None else receipt.content.digest)


def _lines(receipt: Receipt, state: words.State, document: dict[str, Any]) -> list[str]:
    if state != "kept":
        return [words.missing(receipt, state)]
    head = [] if receipt.content is None else [f"What is here is {words.sentence(receipt.content)}.", ""]
    return [*head, *words.shown(document)]
