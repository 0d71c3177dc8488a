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


def plain(folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    """The program under Python itself."""
    command = [sys.executable, name]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    "program",
    [
        "def mine():\n    raise ValueError('mine')\nmine()\n",
        "x = (\n",
        "import not_there\n",
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise KeyError('k') from error\n",
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n",
        "import sys\nsys.excepthook = lambda *it: print(it[0].__name__, it[2].tb_lineno, file=sys.stderr)\n1 / 0\n",
        "import waypost.errors\nraise waypost.errors.PolicyError('x')\n",
    ],
)
def test_a_traceback_is_the_one_of_python_itself(providers: Emulator, tmp_path: Path, program: str) -> None:
    """No frame of Waypost or runpy stands above the program's, and the process ends in the same way."""
    (tmp_path / "broken.py").write_text(program)
    expected = plain(tmp_path, "broken.py")
    done = run(providers, tmp_path, "broken.py")

    assert expected.returncode != 0
    assert (done.returncode, done.stderr) == (expected.returncode, expected.stderr)


def test_classes_of_the_program_can_be_pickled(providers: Emulator, tmp_path: Path) -> None:
    """The program stays `__main__`, also for what runs when the process ends."""
    source = "import atexit, pickle\nclass A: pass\natexit.register(lambda: print(len(pickle.dumps(A())) > 0))\n"
    (tmp_path / "late.py").write_text(source)
    done = run(providers, tmp_path, "late.py")

    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["ap.py"], "waypost run: there is no file 'ap.py'; check the path\n"),
        (["-m", "no_such_module"], "waypost run: no module named no_such_module; check its name\n"),
        (["home_of_none"], "waypost run: can't find '__main__' module in 'home_of_none'; check its name\n"),
    ],
)
def test_a_program_that_is_not_there_is_bad_input(
    providers: Emulator, tmp_path: Path, words: list[str], line: str
) -> None:
    """Exit code 2, one line with the name and the remedy; no traceback."""
    (tmp_path / "home_of_none").mkdir()
    done = run(providers, tmp_path, *words)

    assert (done.returncode, done.stderr) == (2, line)


def test_a_missing_program_and_a_wrong_mode_are_told_in_the_words_of_the_command(
    providers: Emulator, tmp_path: Path
) -> None:
    """What is missing is the program, and the option is --mode, whatever they are called inside."""
    missing = run(providers, tmp_path)
    wrong = run(providers, tmp_path, "--mode", "foo", "app.py")

    assert missing.returncode == wrong.returncode == 2
    assert missing.stderr.endswith("waypost run: error: the following arguments are required: program\n")
    assert "argument --mode: invalid choice: 'foo' (choose from " in wrong.stderr


def test_receipts_rest_in_the_home_that_is_given(providers: Emulator, tmp_path: Path) -> None:
    """--home is above WAYPOST_HOME, and a child process of the program inherits it."""
    (tmp_path / "show.py").write_text("import os\nprint(os.environ['WAYPOST_HOME'])\n")
    done = run(providers, tmp_path, "--home", "there", "show.py")

    assert done.stdout == f"{tmp_path / 'there'}\n"
    assert (tmp_path / "there" / ".gitignore").is_file()
    assert not (tmp_path / "home").exists()
