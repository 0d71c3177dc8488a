"""`waypost policy diff`: what changes, and on receipts or cases for whom (S2.12, S2.16)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import waypost
from receipt_cases import DECIDED, RECEIPT, SECOND, T0, single, started
from tools_runner import Run, runner
from waypost.adapters.stores.journal import Journal
from waypost.adapters.stores.objects import ObjectStore
from waypost.core.catalog.table import build_catalog
from waypost.core.model.canonical import canonical
from waypost.core.model.question import Override
from waypost.core.model.receipt_lines import attempt_line, settled_line
from waypost.runtime.catalogs import load_catalog

A = "waypost: policy/v1\nname: sample\nrank: cheapest\nfilter: [quality >= 0.5]\n"
B = A.replace("0.5", "0.8")
CASES = """\
waypost: policy-test/v1
policy: a.yaml
cases:
  - name: easy
    features: {complexity: simple}
    expect: {survivors: 1}
  - name: hard
    features: {complexity: complex}
    expect: {survivors: 1}
"""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """The command line in a folder with two policies and a test file."""
    for name, text in (("a.yaml", A), ("b.yaml", B), ("a.test.yaml", CASES)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return runner(capsys, monkeypatch, tmp_path)


def document(run: Run, *words: str | Path) -> dict[str, Any]:
    """The document of a comparison that found something."""
    code, out, err = run("policy", "diff", *words, "--json")
    assert (code, err) == (1, "")
    found: dict[str, Any] = json.loads(out)
    return found


def test_changes_are_told_in_words_and_are_a_finding(run: Run) -> None:
    """Exit code 1; the same policy in another file is 0."""
    Path("same.yaml").write_text(f"# a comment\n{A}", encoding="utf-8")
    code, out, _ = run("policy", "diff", "a.yaml", "b.yaml")
    one, other = (waypost.policy.load(name)[0].fingerprint[:12] for name in ("a.yaml", "b.yaml"))

    assert (code, out.splitlines()) == (
        1,
        [
            f"sample (a.yaml) {one} -> sample (b.yaml) {other}",
            "1 change of what it says",
            "  filter: `quality >= 0.5` becomes `quality >= 0.8` (stricter)",
            "no call was decided under both; add --receipts N or --cases FILE",
        ],
    )
    assert run("policy", "diff", "a.yaml", "same.yaml") == (
        0,
        f"sample (a.yaml) {one} -> sample (same.yaml) {one}\nthe same policy: no key differs\n",
        "",
    )


def test_a_fingerprint_stands_for_what_was_in_force(run: Run, tmp_path: Path) -> None:
    """S2.16: what changed since, from the object store."""
    policy = waypost.policy.load("a.yaml")[0]
    name = ObjectStore(tmp_path / "home" / "objects").put(canonical(policy.document))  # type: ignore[arg-type]
    found = document(run, name[:12], "b.yaml", "--home", tmp_path / "home")

    assert found["before"] == {"name": "sample", "fingerprint": name}
    assert [(row["path"], row["kind"], row["effect"]) for row in found["changes"]] == [
        ("filter", "changed", "stricter")
    ]


def test_packaged_policies_are_compared_by_name(run: Run) -> None:
    """`waypost policy diff base default` needs no path into the package."""
    found = document(run, "base", "default")

    assert run("policy", "diff", "base", "default")[1].startswith("base ")
    assert (found["before"]["name"], found["after"]["name"]) == ("base", "default")
    assert "default.openai: nothing becomes openai/gpt-4o-mini" in {row["text"] for row in found["changes"]}


def test_cases_of_a_test_file_show_both_winners(run: Run) -> None:
    """Who answers before and after, with what it is estimated to cost."""
    found = document(run, "a.yaml", "b.yaml", "--cases", "a.test.yaml")["decisions"]
    before, after = (waypost.policy.load(name).decide(complexity="simple").selected for name in ("a.yaml", "b.yaml"))
    out = run("policy", "diff", "a.yaml", "b.yaml", "--cases", "a.test.yaml")[1].splitlines()

    assert (found["calls"], found["differ"]) == (2, 2)
    assert {row["call"] for row in found["rows"]} == {"easy", "hard"}
    assert before != after
    assert found["estimated_nano_usd"]["before"] < found["estimated_nano_usd"]["after"]
    assert out[3] == "2 of 2 calls would get another answer"
    assert [line.split()[0] for line in out[-2:]] == ["easy", "hard"]


def test_a_policy_that_no_longer_applies_is_a_difference(run: Run) -> None:
    """`match` decides for whom a policy is."""
    Path("b.yaml").write_text(f"{A}match: complexity == complex\n", encoding="utf-8")
    (row,) = document(run, "a.yaml", "b.yaml", "--cases", "a.test.yaml")["decisions"]["rows"]

    assert (row["call"], row["after"]) == ("easy", None)
    assert "(does not apply)" in run("policy", "diff", "a.yaml", "b.yaml", "--cases", "a.test.yaml")[1]


def test_nobody_is_not_the_same_as_not_applying(run: Run) -> None:
    """A call that found nobody and is now another policy's is decided otherwise."""
    Path("a.yaml").write_text(A.replace("0.5", "1"), encoding="utf-8")
    Path("b.yaml").write_text(f"{A}match: complexity == complex\n", encoding="utf-8")
    rows = document(run, "a.yaml", "b.yaml", "--cases", "a.test.yaml")["decisions"]["rows"]

    assert [(row["call"], row["before"]["selected"], row["after"] is None) for row in rows] == [
        ("easy", None, True),
        ("hard", None, False),
    ]


def test_more_calls_routed_is_told(run: Run) -> None:
    """A mode changes no winner and yet who is moved."""
    Path("b.yaml").write_text(f"{A}mode: route\n", encoding="utf-8")
    Path("a.test.yaml").write_text(
        CASES.replace("    features", "    requested: gpt-4o\n    features"), encoding="utf-8"
    )
    out = run("policy", "diff", "a.yaml", "b.yaml", "--cases", "a.test.yaml")[1].splitlines()

    assert "0 of 2 calls would get another answer" in out
    assert "  of them routed, the rest runs unchanged: 0 -> 2" in out


def test_receipts_of_the_home_are_decided_under_both(run: Run, tmp_path: Path) -> None:
    """S2.16: as they were asked, over the catalog of their time where the object store has it, and not overridden."""
    home = tmp_path / "home"
    table = load_catalog()
    kept = [target for target in table.targets if target.provider == "openai"]
    then = build_catalog("then", kept, table.endpoints, {})
    objects = ObjectStore(home / "objects")
    objects.put(canonical(then.document))
    call = started(RECEIPT, T0, catalog=then.fingerprint)
    journal = Journal(home / "journal")
    forced = Override("o", "openai/gpt-4o", "ann", "a test", T0 + SECOND)
    asked = replace(DECIDED.question, override=forced)
    for event in (single(call), single(started("wp_" + "cd" * 16, T0 + SECOND))):
        decided = replace(DECIDED, started=event[0].started, question=asked)
        journal.append(attempt_line(replace(event[0], decided=decided), str))
        journal.append(settled_line(event[1], str))
    journal.close()
    Path("b.yaml").write_text(A.replace("cheapest", "best"), encoding="utf-8")
    found = document(run, "a.yaml", "b.yaml", "--receipts", "5", "--home", home)["decisions"]
    winners = {row["call"]: row["after"]["selected"].partition("/")[0] for row in found["rows"]}

    assert (found["calls"], found["differ"]) == (2, 2)
    assert winners[RECEIPT] == "openai"
    assert document(run, "a.yaml", "b.yaml", "--receipts", "1", "--home", home)["decisions"]["calls"] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("a.yaml", "none.yaml"), "none.yaml: there is no file 'none.yaml'; check the path\n"),
        (("a.yaml", "b.yaml", "--receipts", "0"), "--receipts: 0 is not above zero; give a count\n"),
        (("a.yaml", "b.yaml", "--receipts", "5"), ".waypost: no such directory, so no receipts; "),
        (("a.yaml", "b.yaml", "--cases", "none.yaml"), "none.yaml: "),
        (("a.yaml", "0123456789ab"), ".waypost/objects: nothing is stored as 0123456789ab; "),
    ],
)
def test_bad_input_is_exit_code_2(run: Run, words: tuple[str, ...], said: str) -> None:
    """With a remedy; and --receipts beside --cases is refused."""
    code, out, err = run("policy", "diff", *words)

    assert (code, out) == (2, "")
    assert err.startswith(f"waypost policy diff: {said}")
    assert run("policy", "diff", "a.yaml", "b.yaml", "--receipts", "5", "--cases", "a.test.yaml")[0] == 2
