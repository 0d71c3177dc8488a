"""What a command says of input that it cannot use: once, beside its own usage, and as data where data was asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools_runner import Run, runner
from waypost.adapters.stores.sqlite import SqliteStore


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
    what = "nope.yaml: cannot be read (No such file or directory); give the path of a catalog file"
    assert run("catalog", "check", "nope.yaml")[2] == f"waypost catalog check: {what}\n"


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


SLIPS = [
    (("polcy",), "'why-not'); did you mean 'policy'?"),
    (("policy", "fmtt"), "'show'); did you mean 'fmt'?"),
    (("explain", "--format", "mrkdown", "x"), "'json'); did you mean 'markdown'?"),
    (("check", "--strct", "x"), "unrecognized arguments: --strct; did you mean '--strict'?"),
    (("check", "--zzz", "x"), "unrecognized arguments: --zzz"),
]


@pytest.mark.parametrize(("words", "end"), SLIPS, ids=[" ".join(words) for words, _ in SLIPS])
def test_a_slip_in_a_command_names_what_was_meant(run: Run, words: tuple[str, ...], end: str) -> None:
    """A command, an action, a choice or an option; nothing is made up where nothing is near."""
    code, out, err = run(*words)

    assert (code, out) == (2, "")
    assert err.replace("'", "").rstrip().endswith(end.replace("'", ""))


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("waypst: policy/v1\nname: x\n", ["x.yaml:1:1: unknown key 'waypst' in a policy; did you mean 'waypost'?"]),
        (
            "waypost: policy/v1\nname: x\nfiltr: [quality >= 0.5]\nrules: [{name: a, us: [openai/o3]}]\n",
            [
                "x.yaml:3:1: unknown key 'filtr' in a policy; did you mean 'filter'?",
                "x.yaml:4:19: unknown key 'us' in a rule; did you mean 'use'?",
            ],
        ),
        (
            "waypost: policy/v1\nname: x\nvarz: {a: 0.5}\nfilter: ['quality >= ${a}']\n",
            ["x.yaml:3:1: unknown key 'varz' in a policy; did you mean 'vars'?"],
        ),
        (
            "waypost: policy/v1\nname: x\nbudgets: [{scope: user, limt: 5 USD/day}]\n",
            [
                "x.yaml:3:11: the limit is missing; write a sum such as 5 USD/day",
                "x.yaml:3:25: unknown key 'limt' in a budget; did you mean 'limit'?",
            ],
        ),
    ],
)
@pytest.mark.parametrize("way", [(), ("--check",), ("--write",)])
def test_fmt_names_the_key_that_was_meant(run: Run, text: str, messages: list[str], way: tuple[str, ...]) -> None:
    """A misspelt key hides no other error, unless it would have named what the others use; the file stays as it is."""
    Path("x.yaml").write_text(text, encoding="utf-8")
    code, out, err = run("policy", "fmt", "x.yaml", *way)

    assert (code, out) == (2, "")
    assert err.removeprefix("waypost policy fmt: ").splitlines() == messages
    assert Path("x.yaml").read_text(encoding="utf-8") == text


def test_a_slip_in_a_rule_is_one_error(run: Run) -> None:
    """A rule whose `use` is misspelt does something, once that is mended."""
    text = "waypost: policy/v1\nname: x\nrules:\n  - {name: a, us: fast_cheap}\n  - {name: b}\n"
    Path("slip.yaml").write_text(text, encoding="utf-8")

    assert run("check", "slip.yaml")[1].splitlines()[:2] == [
        "slip.yaml:4:15: error: unknown key 'us' in a rule; did you mean 'use'?",
        "slip.yaml:5:5: error: rule 'b' does nothing; add `use` or `filter`",
    ]


def test_test_files_that_cannot_be_used_are_one_document(run: Run) -> None:
    """With --json, on standard error; without it a line for each."""
    Path("a.test.yaml").write_text("", encoding="utf-8")
    Path("b.test.yaml").write_bytes(b"\xff\xfe")
    code, out, err = run("test", "a.test.yaml", "b.test.yaml", "--json")

    assert code == 2
    assert json.loads(out)["files"] == []
    assert [row["what"] for row in json.loads(err)["errors"]] == ["the file is empty", "the test file is not UTF-8"]
    assert run("test", "a.test.yaml", "b.test.yaml")[2].splitlines() == [
        "waypost test: a.test.yaml:1:1: the file is empty; write a document",
        "waypost test: b.test.yaml: the test file is not UTF-8; check the path",
    ]


@pytest.mark.parametrize("words", [("check",), ("policy", "fmt"), ("policy", "show"), ("rank", "--policy")])
def test_a_name_that_no_file_can_have_is_told(run: Run, words: tuple[str, ...]) -> None:
    """Cut short, and without Python's traceback."""
    code, out, err = run(*words, "a" * 5_000)

    assert (code, out) == (2, "")
    assert err.startswith("waypost ")
    assert "File name too long" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("name", ["\0x", "\ud800"])
def test_a_name_that_cannot_be_a_path_is_told(run: Run, name: str) -> None:
    """From a program, too, which may pass what no command line can."""
    code, out, err = run("policy", "show", name)

    assert (code, out) == (2, "")
    assert "cannot read" in err
    assert err.rstrip().endswith("; check the path")


def test_overrides_of_a_home_that_is_not_there_are_bad_input(run: Run) -> None:
    """Where one is named; by default there may be none yet."""
    assert run("override", "list") == (0, "No overrides.\n", "")
    assert run("override", "list", "--home", "nowhere")[::2] == (
        2,
        "waypost override list: nowhere: no such directory, so no receipts; "
        "make some with `waypost run`, or name their directory by --home or WAYPOST_HOME\n",
    )


def test_a_number_beyond_all_bounds_and_half_a_letter_are_only_not_found(run: Run) -> None:
    """SQLite takes neither."""
    store = SqliteStore("home/receipts.sqlite")
    assert store.count() == 0
    store.close()

    assert run("list", "--home", "home", "--limit", "9" * 30)[0] == 0
    for words in (("explain", "\udcff"), ("trace", "\udcff"), ("list", "--model", "\udcff")):
        code, _, err = run(*words, "--home", "home")
        assert "Traceback" not in err
        assert code == (0 if words[0] == "list" else 2)


SAID = {"name": "süß", "because": "ein … 日本 \U0001f600"}


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_letters_that_a_terminal_cannot_have_are_escaped(tmp_path: Path, encoding: str) -> None:
    """Text goes on, and JSON stays JSON with the same content."""
    text = (
        f"waypost: policy/v1\nname: {SAID['name']}\nrules: [{{name: r, use: fast_cheap, because: {SAID['because']}}}]\n"
    )
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")

    def shown(*words: str) -> str:
        program = [sys.executable, "-m", "waypost", *words]
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        done = subprocess.run(program, capture_output=True, env=environment, cwd=tmp_path, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        return done.stdout.decode(encoding)

    found = json.loads(shown("rank", "--policy", "x.yaml", "--explain", "--json"))
    assert (found["policy"]["name"], found["decision"]["because"]) == tuple(SAID.values())
    page = shown("rank", "--policy", "x.yaml")
    assert "s\\u00fc\\u00df" in page if encoding == "ascii" else "süß" in page
