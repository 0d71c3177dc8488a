"""What a command says of input that it cannot use: once, beside its own usage, and as data where data was asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools_runner import Run, runner


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """The command line in an empty folder."""
    return runner(capsys, monkeypatch, tmp_path)


def test_a_word_too_many_is_told_beside_the_usage_of_its_command(run: Run) -> None:
    """Not beside that of all commands."""
    code, out, err = run("list", "wp_1")

    assert (code, out) == (2, "")
    assert err.startswith("usage: waypost list ")
    assert err.endswith("waypost list: error: unrecognized arguments: wp_1\n")


def test_a_command_is_named_once(run: Run) -> None:
    """Also where the place of the error is the command."""
    for name in ("a.yaml", "b.yaml"):
        Path(name).write_text("waypost: policy/v1\nname: x\n", encoding="utf-8")

    assert run("policy", "fmt", "a.yaml", "b.yaml")[2] == "waypost policy fmt: several files; add --check or --write\n"


def test_a_missing_catalog_is_told_in_words(run: Run) -> None:
    """Not by the name of Python's exception."""
    assert run("catalog", "check", "nope.yaml")[2] == (
        "waypost catalog: nope.yaml: cannot be read (No such file or directory); give the path of a catalog file\n"
    )


def test_who_asks_for_json_gets_errors_as_json(run: Run) -> None:
    """All of them, on standard error, with nothing on standard output."""
    Path("bad.yaml").write_text("waypost: policy/v1\nname: x\nrank: cheap\nselect: bst\n", encoding="utf-8")
    code, out, err = run("rank", "--policy", "bad.yaml", "--json")

    assert (code, out) == (2, "")
    assert json.loads(err) == {
        "schema": "error/v1",
        "command": "rank",
        "errors": [
            {"where": "bad.yaml:3:7", "what": "unknown rank 'cheap'", "remedy": "did you mean 'cheapest'?"},
            {"where": "bad.yaml:4:9", "what": "unknown select 'bst'", "remedy": "did you mean 'best'?"},
        ],
    }


def test_a_slip_in_a_rule_is_one_error(run: Run) -> None:
    """A rule whose `use` is misspelt does something, once that is mended."""
    text = "waypost: policy/v1\nname: x\nrules:\n  - {name: a, us: fast_cheap}\n  - {name: b}\n"
    Path("slip.yaml").write_text(text, encoding="utf-8")

    assert run("check", "slip.yaml")[1].splitlines()[:2] == [
        "slip.yaml:4:15: error: unknown key 'us' in a rule; did you mean 'use'?",
        "slip.yaml:5:5: error: rule 'b' does nothing; add `use` or `filter`",
    ]
