"""``waypost policy fmt FILE...``: policy files in canonical form, comments kept and the fingerprint unchanged."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from waypost.errors import SettingsError
from waypost.runtime.checking import kind_of
from waypost.runtime.policy_format import Formatted, format_file
from waypost.surfaces.cli import home, source

WHAT = "policy files in canonical form: the keys' order, indentation, spacing; comments stay, the fingerprint too"
EXAMPLES = """
  waypost policy fmt support.yaml              print it as it should be
  waypost policy fmt policies/*.yaml --check   exit code 1 and a diff where one is not canonical
  waypost policy fmt policies/*.yaml --write   rewrite those that are not
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a policy")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--check", action="store_true", help="write nothing; show what would change, exit code 1 if any")
    way.add_argument("--write", action="store_true", help="rewrite the files that are not canonical")
    source.catalog_argument(parser)
    parser.add_argument("--json", action="store_true", help="one JSON document in place of the text")


def run(args: argparse.Namespace) -> int:
    """All files are read before any is written. Raises ConfigError."""
    if len(args.files) > 1 and not (args.check or args.write or args.json):
        raise SettingsError("several files", where="waypost policy fmt", remedy="add --check or --write")
    missing = next((path for path in args.files if not path.is_file()), None)
    if missing is not None:
        raise SettingsError("there is no such file", where=str(missing), remedy="check the path")
    files, left = _policies(args.files)
    catalog = source.catalog(args.catalog)
    found = [format_file(path, catalog) for path in files]
    changed = [one for one in found if one.changed]
    for one in changed if args.write else ():
        _write(one)
    if args.json:
        home.print_json(
            {"schema": "fmt/v1", "files": [_document(one, written=args.write) for one in found], "left_out": left}
        )
    elif args.write or args.check:
        for one in changed:
            print(f"{one.path}: rewritten" if args.write else _diff(one))
        word = "rewritten" if args.write else "not canonical"
        others = f"; left out, because they are no policies: {', '.join(left)}" if left else ""
        print(home.bold(f"{len(changed)} of {len(found)} {word}") + others)
    else:
        sys.stdout.write(found[0].after)
    return 1 if args.check and changed else 0


def _policies(paths: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """The policies among files that a shell may have put together, and the names of the others.

    Raises:
        SettingsError: there are only others.
    """
    left = [path for path in paths if kind_of(path) != "policy"]
    if len(left) == len(paths):
        what = {"tests": "the tests of a policy", "overlay": "an overlay"}.get(kind_of(left[0]), "a catalog")
        raise SettingsError(f"this is {what}, not a policy", where=str(left[0]), remedy="name a policy")
    return [path for path in paths if path not in left], [str(path) for path in left]


def _write(one: Formatted) -> None:
    """Beside it and moved into its place, with its permissions. Raises SettingsError."""
    partial = one.path.with_name(f".{one.path.name}.{os.getpid()}.new")
    try:
        partial.write_text(one.after, encoding="utf-8", newline="\n")
        partial.chmod(one.path.stat().st_mode & 0o7777)
        partial.replace(one.path.resolve())
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise SettingsError(f"cannot be written: {error.strerror}", where=str(one.path), remedy="check it") from None


def _diff(one: Formatted) -> str:
    name = str(one.path)
    lines = difflib.unified_diff(
        one.before.splitlines(), one.after.splitlines(), name, f"{name} (canonical)", lineterm=""
    )
    return "\n".join(lines)


def _document(one: Formatted, *, written: bool) -> dict[str, object]:
    return {
        "file": str(one.path),
        "fingerprint": one.fingerprint,
        "changed": one.changed,
        "written": written and one.changed,
        "text": one.after,
    }
