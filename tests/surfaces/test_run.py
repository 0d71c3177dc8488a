"""`waypost run`: a program that knows nothing of Waypost is routed and recorded, and stays itself otherwise."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from waypost.surfaces.demo.emulator import Emulator

PROGRAM = """\
import sys
import openai

answer = openai.OpenAI().chat.completions.create(
    model=sys.argv[1], messages=[{"role": "user", "content": "What is the capital of France?"}]
)
print(answer.model, answer.choices[0].message.content, sys.argv[1:], __name__)
if "--fail" in sys.argv:
    sys.exit(3)
if "--raise" in sys.argv:
    raise ValueError("mine")
"""


@pytest.fixture(scope="module")
def providers() -> Iterator[Emulator]:
    """One emulator for all tests of this file."""
    with Emulator() as emulator:
        yield emulator


def run(providers: Emulator, folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """`waypost run` in a folder with the program in it."""
    (folder / "app.py").write_text(PROGRAM)
    env = {key: value for key, value in os.environ.items() if not key.endswith("_API_KEY") and "WAYPOST" not in key}
    env.update(providers.environment(), WAYPOST_HOME=str(folder / "home"), NO_PROXY="127.0.0.1")
    env["WAYPOST_JSONL"] = str(folder / "audit.jsonl")
    command = [sys.executable, "-m", "waypost", "run", *args]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_a_program_is_routed_without_a_change(providers: Emulator, tmp_path: Path) -> None:
    """S2.19: no line of the program is rewritten; its arguments are its own, flags too."""
    done = run(providers, tmp_path, "app.py", "auto", "--verbose", "--json")
    said = done.stdout.split()

    assert (done.returncode, done.stderr) == (0, "")
    assert said[0] != "auto"
    assert done.stdout.endswith("is Paris. ['auto', '--verbose', '--json'] __main__\n")


def test_every_call_leaves_its_row(providers: Emulator, tmp_path: Path) -> None:
    """S1.01: a concrete model runs unchanged and is recorded, also where the program ends right after the call."""
    done = run(providers, tmp_path, "--mode", "observe", "app.py", "gpt-4o")
    (row,) = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]

    assert done.stdout.startswith("gpt-4o The capital of France")
    assert (row["answered_by"], row["mode"], row["outcome"]) == ("openai/gpt-4o", "observe", "ok")


def test_a_module_can_be_run(providers: Emulator, tmp_path: Path) -> None:
    """`waypost run -m app` is `python -m app`."""
    done = run(providers, tmp_path, "-m", "app", "gpt-4o")

    assert done.stdout == "gpt-4o The capital of France is Paris. ['gpt-4o'] __main__\n"


def test_exit_codes_and_exceptions_are_the_programs_own(providers: Emulator, tmp_path: Path) -> None:
    """Nothing is caught on the way out."""
    failed = run(providers, tmp_path, "app.py", "gpt-4o", "--fail")
    raised = run(providers, tmp_path, "app.py", "gpt-4o", "--raise")

    assert failed.returncode == 3
    assert raised.returncode == 1
    assert raised.stderr.endswith("ValueError: mine\n")


def test_a_program_that_is_not_there_is_bad_input(providers: Emulator, tmp_path: Path) -> None:
    """Exit code 2, the name and the remedy; no traceback."""
    done = run(providers, tmp_path, "ap.py")

    assert done.returncode == 2
    assert "'ap.py'" in done.stderr
    assert "Traceback" not in done.stderr
