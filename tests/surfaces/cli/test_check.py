"""`waypost check`: every error of every file at once, places, remedies, warnings, exit codes (S2.12)."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from tools_runner import Run, runner
from waypost.core.policy.wrap import wrap
from waypost.runtime.catalogs import load_catalog
from waypost.runtime.documents import load_policy

HEAD = "waypost: policy/v1\nname: sample\n"
CATALOG = """\
waypost: catalog/v1
name: small
sources:
  list: {text: "a list", as_of: 2026-01-01}
endpoints:
  openai: {provider: openai, dialect: openai.chat, base_url: "https://api.openai.com/v1", auth: bearer, source: list}
"""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """The command line in an empty folder."""
    return runner(capsys, monkeypatch, tmp_path)


def write(name: str, body: str) -> None:
    Path(name).write_text(HEAD + body, encoding="utf-8")


def test_all_errors_of_all_files_come_with_place_and_remedy(run: Run) -> None:
    """S2.12: nobody mends one error to be told of the next."""
    write("a.yaml", "filter:\n  - qualty >= 0.5\n  - provider == opnai\n")
    write("b.yaml", "rank: cheap\n")
    code, out, err = run("check", "a.yaml", "b.yaml")

    assert (code, err) == (1, "")
    assert out.splitlines() == [
        "a.yaml:4:5: error: unknown field 'qualty'; did you mean 'quality'?",
        "a.yaml:5:17: error: no target of the catalog has the provider 'opnai'; did you mean 'openai'?",
        "b.yaml:3:7: error: unknown rank 'cheap'; did you mean 'cheapest'?",
        "",
        "2 files: 3 errors, no warnings",
    ]


def test_a_good_file_is_named_with_its_fingerprint(run: Run) -> None:
    """Exit code 0, and what a receipt will call it."""
    write("good.yaml", "rank: cheapest\n")
    code, out, _ = run("check", "good.yaml")
    (document,) = json.loads(run("check", "good.yaml", "--json")[1])["files"]

    assert code == 0
    assert out.splitlines() == [
        f"good.yaml: policy sample, ok  {document['fingerprint'][:12]}",
        "1 file: no errors, no warnings",
    ]


def test_warnings_are_findings_only_where_they_shall_be(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """A region that nobody has is a remark; with --strict it fails the build. Nothing is logged beside it."""
    write("eu.yaml", "filter:\n  - region in [eu, mars]\n")
    code, out, _ = run("check", "eu.yaml")

    assert code == 0
    assert out.splitlines()[0].startswith("eu.yaml:4:20: warning: no target of the catalog has the region 'mars'; ")
    assert out.splitlines()[-1] == "1 file: no errors, 1 warning"
    assert run("check", "eu.yaml", "--strict")[0] == 1
    assert caplog.records == []
    assert logging.getLogger("waypost").propagate


def test_lines_that_contradict_each_other_are_a_warning_with_both_places(run: Run) -> None:
    """A policy that can never select anybody is found before it is switched on."""
    write("never.yaml", "filter:\n  - quality >= 0.5\n  - quality < 0.2\n")
    code, out, _ = run("check", "never.yaml")
    (warning, *_) = out.splitlines()

    assert code == 0
    assert warning.startswith("never.yaml:5:5: warning: ")
    assert "never.yaml:4:5" in warning
    assert run("check", "never.yaml", "--strict")[0] == 1


def test_the_document_has_every_problem_by_file(run: Run) -> None:
    """One JSON document, with line and column as numbers."""
    write("a.yaml", "rank: cheap\n")
    code, out, _ = run("check", "a.yaml", "--json")
    document = json.loads(out)

    assert code == 1
    assert (document["schema"], document["errors"], document["warnings"]) == ("check/v1", 1, 0)
    assert document["files"] == [
        {
            "file": "a.yaml",
            "kind": "policy",
            "name": None,
            "fingerprint": None,
            "problems": [
                {
                    "severity": "error",
                    "file": "a.yaml",
                    "line": 3,
                    "column": 7,
                    "what": "unknown rank 'cheap'",
                    "remedy": "did you mean 'cheapest'?",
                }
            ],
        }
    ]


def test_what_two_files_inherit_is_told_once(run: Run) -> None:
    """One broken base is one error, however many files extend it."""
    write("root.yaml", "filter:\n  - qualty >= 0.5\n")
    for name in ("a.yaml", "b.yaml"):
        write(name, "extends: root\n")
    out = run("check", "a.yaml", "b.yaml")[1].splitlines()

    assert out == [
        "root.yaml:4:5: error: unknown field 'qualty'; did you mean 'quality'?",
        "",
        "2 files: 1 error, no warnings",
    ]


def test_a_folder_means_its_policies_catalogs_and_tests(run: Run) -> None:
    """`waypost check policies/`; a test file is checked as what it says that it is."""
    Path("policies").mkdir()
    write("policies/one.yaml", "")
    case = "cases:\n  - {name: a, features: {tsk: math}, expect: {selected: openai/o3}}\n"
    text = f"waypost: policy-test/v1\npolicy: one.yaml\n{case}"
    Path("policies/one.test.yaml").write_text(text, encoding="utf-8")
    Path("policies/notes.txt").write_text("no policy", encoding="utf-8")
    code, out, _ = run("check", "policies")

    assert code == 1
    assert [line.partition(" ")[0] for line in out.splitlines() if line.startswith("policies/")] == [
        "policies/one.test.yaml:4:26:",
        "policies/one.yaml:",
    ]


def test_a_policy_is_checked_inside_of_the_envelopes_beside_it(run: Run) -> None:
    """What an administrator's line and a policy's own can never both allow."""
    write("mine.yaml", "filter: [quality >= 0.5]\n")
    write("all.yaml", "envelope: true\nfilter: [quality < 0.2]\n")
    code, out, _ = run("check", "mine.yaml", "all.yaml", "--strict")

    assert code == 1
    assert out.startswith("all.yaml:4:10: warning: ")
    assert "mine.yaml:3:10" in out.splitlines()[0]
    assert run("check", "mine.yaml", "--strict")[0] == 0


def test_a_broken_catalog_is_checked_as_such(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it is the very catalog in force here."""
    Path("c.yaml").write_text(f"{CATALOG}targets:\n  openai/a: {{price: {{input: -1}}}}\n", encoding="utf-8")
    monkeypatch.setenv("WAYPOST_CATALOG", "c.yaml")
    code, out, _ = run("check", "c.yaml", "--json")
    (checked,) = json.loads(out)["files"]

    assert code == 1
    assert checked["kind"] == "catalog"
    assert checked["problems"]
    assert {one["file"] for one in checked["problems"]} == {"c.yaml"}


def test_an_overlay_is_checked_on_the_catalog_in_force(run: Run) -> None:
    """A negotiated price for a target that the catalog does not have is an error with its place."""
    head = "waypost: catalog-overlay/v1\nname: acme\nsource: agreement\nas_of: 2026-06-01\n"
    Path("o.yaml").write_text(
        f"{head}targets:\n  openai/nobody: {{price: {{input: 1, output: 2}}}}\n", encoding="utf-8"
    )
    code, out, _ = run("check", "o.yaml", "--json")
    (checked,) = json.loads(out)["files"]

    assert code == 1
    assert (checked["kind"], checked["problems"][0]["file"]) == ("overlay", "o.yaml")
    assert checked["problems"][0]["line"] == 6


def test_an_overlay_in_force_is_not_laid_on_itself(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has set WAYPOST_CATALOG checks the file that it names like any other."""
    Path("o.yaml").write_text(
        "waypost: catalog-overlay/v1\nname: acme\nsource: agreement\nas_of: 2026-11-01\n"
        "targets:\n  openai/gpt-4o-mini@eu: {like: openai/gpt-4o-mini, region: eu}\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("WAYPOST_CATALOG", "o.yaml")
    code, out, _ = run("check", "o.yaml", "--json")
    assert (code, json.loads(out)["files"][0]["problems"]) == (0, [])


@pytest.mark.parametrize("name", ["none.yaml", "folder"])
def test_what_is_not_there_is_bad_input(run: Run, name: str) -> None:
    """Exit code 2: nothing was checked."""
    Path("folder").mkdir()
    code, out, err = run("check", name)

    assert (code, out) == (2, "")
    assert err.startswith(f"waypost check: {name}: ")


def test_the_process_has_the_same_exit_code(tmp_path: Path) -> None:
    """Through `python -m waypost`, as a build would."""
    (tmp_path / "a.yaml").write_text(f"{HEAD}rank: cheap\n", encoding="utf-8")
    command = [sys.executable, "-m", "waypost", "check", "a.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stderr) == (1, "")


def test_help_has_examples(run: Run) -> None:
    """Somebody who never saw it can copy one."""
    code, out, _ = run("check", "--help")

    assert code == 0
    assert "\n  waypost check policies/ --strict  " in out


def test_several_policies_that_all_have_a_match_are_remarked_on(run: Run) -> None:
    """S2.02: the last one decides calls that match none; one file alone, or one without `match`, is no such list."""
    for name in ("rd", "hr"):
        write(f"{name}.yaml", f"match: {{department: {name}}}\n")
    write("rest.yaml", "rank: cheapest\n")
    code, out, _ = run("check", "rd.yaml", "hr.yaml")

    assert code == 0
    assert out.splitlines()[0] == (
        "hr.yaml:3:9: warning: every policy has a `match`: calls that match none are decided by the last one, "
        "'sample'; put a policy without `match` behind it, such as the packaged `default`"
    )
    assert out.splitlines()[-1] == "2 files: no errors, 1 warning"
    for files in (("hr.yaml",), ("rd.yaml", "hr.yaml", "rest.yaml")):
        assert run("check", *files)[1].splitlines()[-1].endswith("no errors, no warnings")


def test_a_policy_among_envelopes_has_the_fingerprint_that_receipts_have(run: Run) -> None:
    """S2.12: it is decided inside of them, so that the file's own fingerprint would be found nowhere."""
    write("alone.yaml", "rank: cheapest\n")
    write("house.yaml", "envelope: true\nfilter: [quality >= 0.2]\n")
    _, out, _ = run("check", "alone.yaml", "house.yaml")
    alone, house = (load_policy(Path(file), catalog=load_catalog()) for file in ("alone.yaml", "house.yaml"))

    assert out.splitlines()[:2] == [
        f"alone.yaml: policy sample, ok  {wrap(alone, [house]).fingerprint[:12]} (inside of sample)",
        f"house.yaml: policy sample, ok  {house.fingerprint[:12]}",
    ]
    (file, _) = json.loads(run("check", "alone.yaml", "house.yaml", "--json")[1])["files"]
    assert (file["fingerprint"], file["envelopes"]) == (wrap(alone, [house]).fingerprint, ["sample"])
