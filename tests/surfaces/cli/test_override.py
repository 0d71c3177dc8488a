"""`waypost override`: set, list, clear; text, JSON and exit codes (S3.29)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from waypost.surfaces.cli import main as cli

SET = ["--author", "ann", "--reason", "outage", "--until", "2h"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The command in a home of its own: exit code, output, errors."""
    monkeypatch.setenv("WAYPOST_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("WAYPOST_CATALOG", raising=False)

    def command(*words: str) -> tuple[int, str, str]:
        code = cli.main(["override", *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def test_set_list_clear(run: Any, tmp_path: Path) -> None:
    """The whole life of one, and a line in the log for both ends."""
    assert run("list") == (0, "No overrides.\n", "")
    code, out, _ = run("set", "openai/gpt-4o", "--scope", "department=rd", *SET)
    name = out.split()[0]
    assert code == 0
    assert out.startswith(f"{name} set: openai/gpt-4o for department=rd until 2")
    _, out, _ = run("list")
    head, row = out.splitlines()
    assert head.split() == ["ID", "TARGET", "SCOPE", "UNTIL", "(UTC)", "AUTHOR", "REASON"]
    assert row.split()[:3] == [name, "openai/gpt-4o", "department=rd"]
    assert row.split()[-2:] == ["ann", "outage"]
    code, out, _ = run("clear", name, "--author", "bob")
    assert (code, out.split(":")[0]) == (0, f"{name} cleared")
    assert run("list") == (0, "No overrides.\n", "")
    log = [json.loads(line) for line in (tmp_path / "home" / "overrides.log").read_text().splitlines()]
    assert [(line["did"], line["by"]) for line in log] == [("set", "ann"), ("clear", "bob")]


def test_json(run: Any) -> None:
    """The same as data."""
    _, out, _ = run("set", "openai/gpt-4o", *SET, "--json")
    told = json.loads(out)
    assert (told["schema"], told["did"]) == ("overrides/v1", "set")
    _, out, _ = run("list", "--json")
    assert json.loads(out) == {"schema": "overrides/v1", "overrides": [{**told["override"], "in_force": True}]}


def test_an_expired_one_is_shown_as_over(run: Any, tmp_path: Path) -> None:
    """It is still in the file until the next is set."""
    row = {"id": "ov_1", "target": "openai/gpt-4o", "author": "ann", "reason": "x", "until": "2020-01-01T00:00:00Z"}
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "overrides.json").write_text(json.dumps({"waypost": "overrides/v1", "overrides": [row]}))
    assert "2020-01-01 00:00 (over)" in run("list")[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["set", "openai/gpt-4oo", *SET], "unknown target 'openai/gpt-4oo'; did you mean 'openai/gpt-4o'?"),
        (["set", "openai/gpt-4o", *SET[:-1], "soon"], "'soon' is no time; give 2h"),
        (["set", "openai/gpt-4o", *SET, "--scope", "rd"], "--scope: 'rd' has no =; write --scope department=rd"),
        (["set", "openai/gpt-4o", *SET, "--scope", "team=rd"], "'team' is no scope; use department"),
        (["set", "openai/gpt-4o", *SET, "--scope", "user=a", "--scope", "user=b"], "'user' is given twice"),
        (["clear", "ov_0", "--author", "bob"], "no override has the id 'ov_0'; there are none"),
    ],
)
def test_bad_input(run: Any, tmp_path: Path, words: list[str], said: str) -> None:
    """Exit code 2 with the remedy, and nothing is written."""
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert said in err
    assert not (tmp_path / "home").exists()


def test_a_home_that_cannot_be_written(run: Any, tmp_path: Path) -> None:
    """A file in its place."""
    (tmp_path / "home").write_text("")
    code, _, err = run("set", "openai/gpt-4o", *SET)
    assert code == 2
    assert "cannot be" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("way", [(), ("--json",)])
def test_a_reader_that_has_enough_is_no_failure(way: tuple[str, ...], tmp_path: Path) -> None:
    """`| head`: the override is in force, and nobody says that it could not be written."""
    home = tmp_path / "home"
    env = {**os.environ, "WAYPOST_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "waypost", "override", "set", "openai/gpt-4o", *SET, *way]
    done = subprocess.run(command, env=env, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(json.loads((home / "overrides.json").read_text())["overrides"]) == 1
