"""Whether the backends' tests ran is read from the report, never assumed (issue 3, point 2)."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def verdict() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("backends_verdict", ROOT / "scripts" / "backends_verdict.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def report(folder: Path, *cases: str) -> str:
    """A JUnit report with these test cases."""
    file = folder / "tests.xml"
    file.write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")
    return str(file)


RAN = '<testcase classname="tests.e2e.test_stack" name="a"/>'
OTHER = '<testcase classname="tests.core.test_x" name="b"><skipped message="not here"/></testcase>'
SKIPPED = (
    '<testcase classname="tests.e2e.test_stack" name="c"><skipped message="backends unavailable: no Go"/></testcase>'
)


@pytest.mark.parametrize(
    ("cases", "required", "code", "line"),
    [
        ([RAN, OTHER], "1", 0, "The tests of the real backends ran too (1 under tests/e2e)."),
        ([RAN, SKIPPED], "", 0, "SKIPPED: 1 tests that need the real backends (backends unavailable: no Go)"),
        ([RAN, SKIPPED], "1", 1, "SKIPPED: 1 tests that need the real backends (backends unavailable: no Go)"),
        ([OTHER], "", 0, "MISSING: no test under tests/e2e was run"),
        ([OTHER], "1", 1, "MISSING: no test under tests/e2e was run"),
    ],
)
def test_it_fails_only_where_the_backends_are_required(
    verdict: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    cases: list[str],
    required: str,
    code: int,
    line: str,
) -> None:
    """One line in every case; an exit code of 1 only for skipped or missing tests that are required."""
    found = verdict.main([report(tmp_path, *cases)], {"WAYPOST_REQUIRE_BACKENDS": required})

    assert (found, capsys.readouterr().out) == (code, line + "\n")


def test_no_report_is_wrong_usage(verdict: ModuleType, tmp_path: Path) -> None:
    """A run that died before its report must not look like one that passed."""
    assert verdict.main([str(tmp_path / "none.xml")], {}) == 2
