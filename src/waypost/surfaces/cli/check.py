"""``waypost check FILE...``: every error of every policy and catalog file in one go, with place and remedy."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from waypost.core.catalog.table import Catalog
from waypost.errors import SettingsError
from waypost.runtime.checking import Checked, check_files, kind_of, tally
from waypost.runtime.policy_files import policy_path, remedy
from waypost.surfaces.cli import home, source

HELP = "all errors of policy, catalog and test files at once, with file, line, column and the remedy"
EXAMPLES = """
  waypost check support.yaml                 one policy against the packaged catalog
  waypost check policies/ --strict           every file of a folder; warnings count as findings
  waypost check *.yaml --catalog prod.yaml   against the catalog that will be in force
  waypost check support.yaml --json          one JSON document, for editors and CI
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="a policy, a catalog, a test file, a folder, or a packaged policy's name",
    )
    source.catalog_argument(parser)
    parser.add_argument("--strict", action="store_true", help="warnings are findings, too: exit code 1")
    parser.add_argument("--json", action="store_true", help="one JSON document in place of the text")


def run(args: argparse.Namespace) -> int:
    """Exit code 1 where an error was found, or with ``--strict`` a warning. Raises ConfigError."""
    paths = list(dict.fromkeys(path for given in args.files for path in _files(given)))
    catalog = None if all(kind_of(path) == "catalog" for path in paths) else source.catalog(args.catalog)
    checked = check_files(paths, catalog, source.catalog_files(args.catalog))
    errors, warnings = tally(checked, "error"), tally(checked, "warning")
    if args.json:
        home.print_json(_document(checked, catalog, errors, warnings))
    else:
        _print(checked, errors, warnings)
    return 1 if errors or (args.strict and warnings) else 0


def _files(given: Path) -> Iterator[Path]:
    """A file, or all .yaml files of a folder."""
    if given.is_dir():
        found = sorted(path for path in given.iterdir() if path.suffix in (".yaml", ".yml") and path.is_file())
        if not found:
            raise SettingsError(
                "no .yaml file in this folder", where=str(given), remedy="name a file or another folder"
            )
        yield from found
    elif (file := policy_path(given)).is_file():
        yield file
    else:
        raise SettingsError("there is no such file", where=str(given), remedy=remedy(given))


def _print(checked: Sequence[Checked], errors: int, warnings: int) -> None:
    said = dict.fromkeys(str(problem) for file in checked for problem in file.problems)
    if said:
        print(*said, "", sep="\n")
    for file in checked:
        if not file.count("error"):
            note = _counted(file.count("warning"), "warning") if file.count("warning") else "ok"
            inside = f" (inside of {', '.join(file.envelopes)})" if file.envelopes else ""
            print(f"{file.file}: {file.kind} {file.name}, {note}  {(file.fingerprint or '')[:12]}{inside}")
    found = f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')}"
    print(home.bold(f"{_counted(len(checked), 'file')}: {found}"))


def _counted(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'' if number == 1 else 's'}"


def _document(checked: Sequence[Checked], catalog: Catalog | None, errors: int, warnings: int) -> dict[str, Any]:
    return {
        "schema": "check/v1",
        "catalog": None if catalog is None else {"name": catalog.name, "fingerprint": catalog.fingerprint},
        "errors": errors,
        "warnings": warnings,
        "files": [
            {
                "file": file.file,
                "kind": file.kind,
                "name": file.name,
                "fingerprint": file.fingerprint,
                **({"envelopes": list(file.envelopes)} if file.envelopes else {}),
                "problems": [
                    {
                        "severity": one.severity,
                        "file": one.file,
                        "line": one.line or None,
                        "column": one.column or None,
                        "what": one.what,
                        "remedy": one.remedy,
                    }
                    for one in file.problems
                ],
            }
            for file in checked
        ],
    }
