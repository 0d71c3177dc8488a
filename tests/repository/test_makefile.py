"""The Makefile as a stranger meets it: it lists itself, and says what is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "Makefile").read_text()

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")


def make(folder: Path, *args: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """`make` with nothing of an outer make in the environment."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    if path is not None:
        env["PATH"] = path
    command = [shutil.which("make") or "make", *args]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """The Makefile in a folder where nothing has been made."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "demo.txt").touch()
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


def test_make_alone_lists_every_target() -> None:
    """A newcomer sees all that can be made, each with what it does."""
    phony = re.findall(r"^\.PHONY: (.*)$", TEXT, re.MULTILINE)[0].split()
    listed = dict(re.findall(r"^  make (\w+) +(\S.*)$", make(ROOT).stdout, re.MULTILINE))

    assert sorted(listed) == sorted(phony)
    assert {"demo", "test", "check", "lint", "backends", "bench", "exhaustive", "format", "lock", "clean"} <= set(
        listed
    )


@pytest.mark.parametrize(
    ("python", "message"),
    [("", "No Python 3.11 or newer was found."), ("false", "false is not Python 3.11 or newer.")],
)
def test_a_missing_python_is_said_plainly(elsewhere: Path, python: str, message: str) -> None:
    """One sentence and an exit code, and no half-made environment."""
    done = make(elsewhere, f"PYTHON={python}", "demo")

    assert done.returncode == 2
    assert message in done.stderr
    assert not (elsewhere / ".venv").exists()


def test_the_newest_suitable_python_is_taken(elsewhere: Path) -> None:
    """Names are tried newest first, and one that is there but too old, or does not run, is passed over."""
    tools = elsewhere / "tools"
    tools.mkdir()
    for name, body in {"python3.13": "exit 127", "python3.12": "exit 0", "python3": "exit 0"}.items():
        (tools / name).write_text(f"#!/bin/sh\n{body}\n")
        (tools / name).chmod(0o755)
    shell = Path(shutil.which("sh") or "/bin/sh").parent
    (elsewhere / "Makefile").write_text(TEXT + "\nshow:\n\t@echo taken: $(PYTHON)\n")
    done = make(elsewhere, "show", path=f"{tools}:{shell}")

    assert done.stdout == "taken: python3.12\n"


def test_an_environment_follows_its_requirements(elsewhere: Path) -> None:
    """A changed pin installs again, and an unchanged one does not."""
    (elsewhere / ".venv" / "bin").mkdir(parents=True)
    (elsewhere / ".venv" / "bin" / "python").touch()
    stamp = elsewhere / ".venv" / ".demo"
    stamp.touch()
    os.utime(elsewhere / "requirements" / "demo.txt", (1, 1))
    os.utime(elsewhere / "pyproject.toml", (1, 1))
    unchanged = make(elsewhere, "-n", ".venv/.demo").stdout
    os.utime(stamp, (0, 0))
    changed = make(elsewhere, "-n", ".venv/.demo").stdout

    assert "pip install" not in unchanged
    assert "--require-hashes -r requirements/demo.txt" in changed
    assert "--no-deps --no-build-isolation -e ." in changed


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ((), "-m tests.benchmarks"),
        (("WRITE=1",), "-m tests.benchmarks --write"),
        (("WRITE=0",), "-m tests.benchmarks"),
        (("WRITE=1", "ARGS=--calls=4"), "-m tests.benchmarks --write --calls=4"),
    ],
)
def test_the_bench_table_can_be_written_by_make(elsewhere: Path, words: tuple[str, ...], command: str) -> None:
    """`make bench WRITE=1` puts the table into the README."""
    (elsewhere / "requirements" / "bench.txt").touch()
    said = make(elsewhere, "-n", "bench", *words).stdout.splitlines()[-1]

    assert " ".join(said.split()).endswith(command)
