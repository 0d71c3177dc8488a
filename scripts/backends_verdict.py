"""Say in one line whether the tests of the real backends ran, from pytest's JUnit report.

    python3 scripts/backends_verdict.py REPORT.xml

Exit codes: 0 they ran, or were skipped where that is allowed; 1 they were skipped or are missing although
WAYPOST_REQUIRE_BACKENDS=1; 2 there is no such report.
"""

from __future__ import annotations

import os
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = "tests.e2e."


@dataclass(frozen=True, slots=True)
class Verdict:
    """Counts of the tests under tests/e2e, and why the first of the skipped ones was skipped."""

    ran: int
    skipped: int
    reason: str

    def line(self) -> str:
        """The one line."""
        if self.skipped:
            return f"SKIPPED: {self.skipped} tests that need the real backends ({self.reason})"
        if not self.ran:
            return "MISSING: no test under tests/e2e was run"
        return f"The tests of the real backends ran too ({self.ran} under tests/e2e)."

    def whole(self) -> bool:
        """Whether all of them ran."""
        return self.ran > 0 and not self.skipped


def read(report: Path) -> Verdict:
    """The verdict of a JUnit report. Raises OSError and ElementTree.ParseError."""
    cases = [
        case
        for case in ElementTree.parse(report).iter("testcase")
        if f"{case.get('classname', '')}.".startswith(FOLDER)
    ]
    skips = [skip for case in cases for skip in case.iter("skipped")]
    return Verdict(len(cases) - len(skips), len(skips), skips[0].get("message", "") if skips else "")


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """The command line; returns the exit code."""
    try:
        verdict = read(Path(argv[0]))
    except (IndexError, OSError, ElementTree.ParseError) as error:
        print(f"backends_verdict.py: no readable report ({error})", file=sys.stderr)
        return 2
    print(verdict.line())
    return 0 if verdict.whole() or environ.get("WAYPOST_REQUIRE_BACKENDS") != "1" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
