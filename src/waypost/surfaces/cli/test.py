"""``waypost test [FILE...]``: the cases beside a policy, decided without a key, and what they exercise of it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from waypost.core.analysis.policy_tests import Report, run_suite
from waypost.core.analysis.policy_tests_show import as_data, as_junit, as_text
from waypost.core.catalog.table import Catalog
from waypost.errors import ConfigError, SettingsError
from waypost.runtime.catalogs import load_catalog
from waypost.runtime.policy_tests import SUFFIX, find_tests, load_suite
from waypost.surfaces.cli.main import complain

HELP = "run the test cases beside policies, and say which rules no case exercises both ways"

FOLDERS = (Path(), Path("policies"))
"""Where tests are looked for when no file is named."""
EXAMPLES = """
  waypost test                               every *.test.yaml here and in policies/
  waypost test support.yaml                  the cases beside one policy
  waypost test rd                            those of a packaged policy
  waypost test policies/ --coverage-min 100 --junit report.xml      for CI
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help=f"a NAME{SUFFIX}, a policy, a folder, or a packaged policy's name"
    )
    parser.add_argument("--catalog", metavar="FILE", help="decide over this catalog in place of the files' own")
    parser.add_argument(
        "--coverage-min", type=int, default=0, metavar="PERCENT", help="fail below this rule coverage (default: 0)"
    )
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write a report in JUnit's XML to FILE")
    parser.add_argument("--json", action="store_true", help="one JSON document in place of the text")


def run(args: argparse.Namespace) -> int:
    least = args.coverage_min
    if not 0 <= least <= 100:
        raise SettingsError(f"{least} is not a percentage", where="--coverage-min", remedy="give 0 to 100")
    catalog = None if args.catalog is None else load_catalog(args.catalog)
    reports, bad = _reports(_found(args.files), catalog)
    if args.junit is not None:
        _write(args.junit, as_junit(reports, least))
    if args.json:
        print(json.dumps(as_data(reports, least), ensure_ascii=False, indent=2))
    else:
        print(*(as_text(report, least) for report in reports), sep="\n")
    if bad:
        _complain(args, bad)
        return 2
    return 0 if all(report.passed(least) for report in reports) else 1


def _found(names: list[str]) -> list[Path]:
    if names:
        return list(dict.fromkeys(path for name in names for path in find_tests(name)))
    found = [path for folder in FOLDERS for path in sorted(folder.glob(f"*{SUFFIX}"))]
    if not found:
        remedy = "name a file, or a packaged policy: `waypost test default`"
        raise SettingsError(f"no file ends with {SUFFIX} here or in policies/", remedy=remedy)
    return found


def _complain(args: argparse.Namespace, bad: list[ConfigError]) -> None:
    """A line for each; one document for all."""
    if not args.json:
        for error in bad:
            complain(args, error)
        return
    first, *rest = bad
    first.others = (*first.others, *(one for error in rest for one in (error, *error.others)))
    complain(args, first)


def _reports(files: list[Path], catalog: Catalog | None) -> tuple[list[Report], list[ConfigError]]:
    """What could be run; a file that cannot be used does not keep the others from running."""
    reports: list[Report] = []
    bad: list[ConfigError] = []
    for file in files:
        try:
            reports.append(run_suite(load_suite(file, catalog=catalog)))
        except ConfigError as error:
            bad.append(error)
    return reports, bad


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"cannot be written: {error.strerror}", where=str(path), remedy="check the path") from None
