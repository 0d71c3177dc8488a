"""`waypost policy show`: what a policy says, packaged or stored, and where each line comes from (S2.17)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools_runner import Run, runner
from waypost.core.policy.document import policy_from_document
from waypost.runtime.catalogs import load_catalog
from waypost.runtime.documents import load_policy, packaged, read_policy
from waypost.runtime.policy_show import of_document, resolved

CATALOG = load_catalog()
SHIPPED = sorted(
    path for path in packaged()[0].glob("*.yaml") if not path.name.endswith(".test.yaml") and path.stem != "catalog"
)
CHILD = """\
waypost: policy/v1
name: child
extends: parent
vars: {most: 2 USD, houses: [openai, "a b"]}
filter:
  - provider not in ${houses}
budgets:
  - {scope: user, limit: 5 USD/day, at: {80%: downgrade}}
"""
PARENT = """\
waypost: policy/v1
name: parent
mode: route
match: {department: "42"}
vars: {most: 1 USD}
rules:
  - {name: easy, when: complexity == simple, use: fast_cheap, because: "yes"}
filter:
  - rule: estimated.cost <= ${most}
    because: "too dear: # ask"
"""
LINES = [
    ("waypost: policy/v1", "child.yaml", 1),
    ("name: child", "child.yaml", 2),
    ("mode: route", "parent.yaml", 3),
    ('match: {department: "42"}', "parent.yaml", 4),
    ("rules:", "parent.yaml", 6),
    ('  - {name: easy, when: complexity == simple, use: fast_cheap, because: "yes"}', "parent.yaml", 7),
    ("filter:", "child.yaml", 5),
    ("  - rule: estimated.cost <= 2 USD", "parent.yaml", 9),
    ('    because: "too dear: # ask"', "parent.yaml", 10),
    ('  - "provider not in [openai, \\"a b\\"]"', "child.yaml", 6),
    ("budgets:", "child.yaml", 7),
    ("  - {scope: user, limit: 5 USD/day, at: {80%: downgrade}}", "child.yaml", 8),
]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """The command line in a folder with a policy and its parent."""
    (tmp_path / "child.yaml").write_text(CHILD, encoding="utf-8")
    (tmp_path / "parent.yaml").write_text(PARENT, encoding="utf-8")
    return runner(capsys, monkeypatch, tmp_path)


def test_a_packaged_policy_is_shown_as_it_is(run: Run) -> None:
    """It can be copied from, comments and all."""
    text = (packaged()[0] / "rd.yaml").read_text(encoding="utf-8")

    assert run("policy", "show", "rd") == (0, text, "")


def test_each_line_of_a_resolved_policy_has_its_place(run: Run) -> None:
    """After `extends` and variables, in the order of the language."""
    code, out, err = run("policy", "show", "child.yaml", "--resolved")
    head, body = out.splitlines()[:3], out.splitlines()[3:]
    fingerprint = load_policy("child.yaml", catalog=CATALOG).fingerprint
    room = max(len(text) for text, *_ in LINES)

    assert (code, err) == (0, "")
    assert head == [
        f"# policy child, fingerprint {fingerprint}",
        "# child.yaml: child.yaml",
        "# parent.yaml: parent.yaml",
    ]
    assert body == [f"{text:<{room}}  # {file}:{line}" for text, file, line in LINES]
    assert read_policy(out, "again", catalog=CATALOG).fingerprint == fingerprint


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_resolved_policy_means_the_same(path: Path) -> None:
    """What is shown is what holds: read as one file it has the same fingerprint."""
    policy, lines = resolved(path, CATALOG)
    text = "\n".join(line.text for line in lines)

    assert read_policy(f"{text}\n", "again", catalog=CATALOG).fingerprint == policy.fingerprint
    assert {line.at.file for line in lines} <= set(policy.sources)
    assert all(line.at.line for line in lines)


def test_a_stored_policy_is_shown_by_its_document() -> None:
    """By the fingerprint of a receipt there is no file any more, but the places of its lines."""
    before = load_policy(packaged()[0] / "rd.yaml", catalog=CATALOG)
    lines = of_document(policy_from_document(before.document, before.positions))
    said = {line.text.strip(): (Path(line.at.file).name, line.at.line) for line in lines}

    assert said["match: department == rd"] == ("rd.yaml", 15)
    assert said["- {rule: estimated.cost <= 2 USD, because: No single call may cost more than this}"][0] == "base.yaml"
    assert said["- {scope: user, limit: 5 USD, period: day, at: {80%: downgrade, 100%: fast_cheap}}"][0] == "rd.yaml"
    assert said["overloaded: {then: next_candidate, retry_same: 1, backoff: 200 ms, disable_provider: 0 ms}"]
    assert said["cross_origin: auto"] == ("", 0)


def test_the_document_has_text_lines_and_the_canonical_form(run: Run) -> None:
    """For other tools."""
    code, out, _ = run("policy", "show", "child.yaml", "--json")
    document = json.loads(out)

    assert code == 0
    assert (document["schema"], document["name"], document["file"]) == ("policy-show/v1", "child", "child.yaml")
    assert document["text"] == CHILD
    assert [(row["text"], row["file"], row["line"]) for row in document["lines"]] == LINES
    assert document["document"]["name"] == "child"


def test_a_policy_that_there_is_not_is_refused(run: Run) -> None:
    """By name, and by fingerprint."""
    unknown, fingerprint = run("policy", "show", "nope"), run("policy", "show", "abcdef0123")

    assert (unknown[0], fingerprint[0]) == (2, 2)
    assert "nope" in unknown[2]
    assert "nothing is stored as abcdef0123" in fingerprint[2]
