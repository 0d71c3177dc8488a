"""``waypost test``: what it prints, writes and returns."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from waypost.surfaces.cli import main as cli

POLICY = """\
waypost: policy/v1
name: p
rules:
  - {name: hard, when: complexity == complex, use: powerful}
filter: [quality >= 0.4]
"""
CASES = """\
waypost: policy-test/v1
cases:
  - name: hard work
    features: {complexity: complex}
    expect: {rule: hard, tier: powerful}
"""
EASY = "  - {name: easy work, features: {complexity: simple}, expect: {rule: none}}\n"
WRONG = "  - {name: easy work, features: {complexity: simple}, expect: {selected: openai/gpt-4o-mini}}\n"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """One command line: its exit code and what it printed."""

    def called(*words: str | Path) -> tuple[int, str, str]:
        code = cli.main(["test", *map(str, words)])
        out = capsys.readouterr()
        return code, out.out, out.err

    return called


def files(folder: Path, cases: str, name: str = "p") -> Path:
    (folder / f"{name}.yaml").write_text(POLICY)
    path = folder / f"{name}.test.yaml"
    path.write_text(cases)
    return path


def test_passing_cases_are_a_line_a_file(run: Run, tmp_path: Path) -> None:
    """Exit 0, and how much of the policy the cases exercise."""
    path = files(tmp_path, CASES + EASY)

    assert run(path) == (0, f"{path}: 2 of 2 cases passed, rule coverage 100 % (4 of 4)\n", "")


def test_a_failed_case_says_why(run: Run, tmp_path: Path) -> None:
    """Exit 1; expected, happened, and the rejection with its line."""
    path = files(tmp_path, CASES + WRONG)
    code, out, _ = run(tmp_path / "p.yaml")

    assert code == 1
    first, second, *_ = out.splitlines()
    assert first.startswith(f"FAILED {path}:6:64: easy work: selected expected openai/gpt-4o-mini, got ")
    assert second == f"    openai/gpt-4o-mini: quality 0.36 < 0.4 ({tmp_path}/p.yaml:5:10)"


def test_a_rule_that_is_not_exercised_is_listed(run: Run, tmp_path: Path) -> None:
    """By default it is only reported; with a least coverage it is a finding."""
    path = files(tmp_path, CASES)
    code, out, _ = run(path)

    assert code == 0
    assert out.splitlines() == [
        "not exercised both ways:",
        f"  {tmp_path}/p.yaml:4:5: rule hard: in no case it does not match",
        f"{path}: 1 of 1 cases passed, rule coverage 75 % (3 of 4)",
    ]
    code, out, _ = run(path, "--coverage-min", "100")
    assert code == 1
    assert out.endswith("rule coverage 75 % (3 of 4), below 100 %\n")


def test_json_and_junit(run: Run, tmp_path: Path) -> None:
    """Both in one run; the XML has a suite a file, and counts."""
    files(tmp_path, CASES + WRONG)
    files(tmp_path, CASES + EASY, "q")
    report = tmp_path / "report.xml"
    code, out, _ = run(tmp_path, "--json", "--junit", report)

    assert code == 1
    found = json.loads(out)
    assert [(Path(item["file"]).name, item["passed"]) for item in found["files"]] == [
        ("p.test.yaml", False),
        ("q.test.yaml", True),
    ]
    root = ElementTree.parse(report).getroot()
    assert [(suite.get("tests"), suite.get("failures")) for suite in root] == [("2", "1"), ("2", "0")]


def test_a_file_that_cannot_be_used_does_not_stop_the_others(run: Run, tmp_path: Path) -> None:
    """Exit 2, its errors on standard error, the other's figures on standard output."""
    good, bad = files(tmp_path, CASES + EASY), files(tmp_path, CASES.replace("rule: hard", "rule: hrad"), "q")
    code, out, err = run(good, bad)

    assert code == 2
    assert out.startswith(f"{good}: 2 of 2")
    assert err == f"waypost test: {bad}:5:20: rule 'hrad' is unknown; did you mean 'hard'?\n"


def test_another_catalog(run: Run, tmp_path: Path) -> None:
    """`--catalog` stands in the place of the packaged one; one that is not there is bad input."""
    code, _, err = run(files(tmp_path, CASES), "--catalog", tmp_path / "none.yaml")

    assert code == 2
    assert "cannot be read" in err


def test_without_a_name_it_looks_around(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here and in policies/; where there are none it says what to name."""
    monkeypatch.chdir(tmp_path)
    assert run()[0] == 2
    (tmp_path / "policies").mkdir()
    files(tmp_path / "policies", CASES + EASY)

    assert run() == (0, "policies/p.test.yaml: 2 of 2 cases passed, rule coverage 100 % (4 of 4)\n", "")


@pytest.mark.parametrize("percent", ["-1", "101"])
def test_a_share_that_is_none(run: Run, tmp_path: Path, percent: str) -> None:
    code, _, err = run(files(tmp_path, CASES), f"--coverage-min={percent}")

    assert (code, err) == (2, f"waypost test: --coverage-min: {percent} is not a percentage; give 0 to 100\n")


def test_a_report_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    code, _, err = run(files(tmp_path, CASES), "--junit", tmp_path / "no" / "report.xml")

    assert code == 2
    assert "cannot be written" in err


def test_lines_of_a_packaged_base_are_not_counted(run: Run, tmp_path: Path) -> None:
    """Who extends it can neither mend them nor needs to test them again; those of an own base are counted."""
    (tmp_path / "small.yaml").write_text(
        "waypost: policy/v1\nname: small\nextends: base\nfilter: [needs has tools or quality >= 0.4]\n"
    )
    cases = "waypost: policy-test/v1\ncases:\n  - {name: any, features: {}, expect: {mode: route}}\n"
    (tmp_path / "small.test.yaml").write_text(cases)
    code, out, _ = run(tmp_path / "small.yaml", "--coverage-min", "100")
    document = json.loads(run(tmp_path / "small.yaml", "--json")[1])["files"][0]["coverage"]

    assert (code, out.splitlines()) == (
        0,
        [
            f"{tmp_path / 'small.test.yaml'}: 1 of 1 cases passed, rule coverage 100 % (2 of 2); "
            "6 lines are inherited from base, tested there"
        ],
    )
    assert (document["total"], len(document["inherited"])) == (2, 6)
    (tmp_path / "base.yaml").write_text("waypost: policy/v1\nname: base\nfilter: [quality >= 0.01]\n")
    (tmp_path / "base.test.yaml").write_text("waypost: policy-test/v1\ncases: []\n")
    assert "base.yaml:3:10: filter quality >= 0.01" in run(tmp_path / "small.test.yaml")[1]


def test_a_policy_that_there_is_not_is_not_asked_for_tests(run: Run, tmp_path: Path) -> None:
    """A slip in its name is the likelier fault."""
    code, out, err = run("supprt")

    assert (code, out) == (2, "")
    assert "supprt: there is no such policy and no such test file; did you mean the packaged 'support'?" in err
    (tmp_path / "alone.yaml").write_text(POLICY)
    assert "there are no tests for it; write 'alone.test.yaml' beside" in run(tmp_path / "alone.yaml")[2]
