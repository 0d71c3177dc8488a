"""Commands about policies that rank by an advisor or by a list (S1.38, S3.15)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools_runner import Run, runner

POLICY = """\
waypost: policy/v1
name: sample
rank: {advisor: heuristic, else: cheapest}
rules: [{name: pool, use: [openai/gpt-4o, openai/gpt-4o-mini, anthropic/claude-haiku-4-5]}]
"""
CASES = """\
waypost: policy-test/v1
policy: p.yaml
cases:
  - name: its own word
    features: {task: debugging, complexity: complex}
    expect: {selected: anthropic/claude-haiku-4-5, cause: advisor, rule: pool}
  - name: small work
    features: {task: translation, complexity: simple}
    expect: {selected: openai/gpt-4o-mini, cause: advisor}
  - name: as written
    advice: {anthropic/claude-haiku-4-5: 0.9, openai/gpt-4o: 0.8}
    expect: {selected: anthropic/claude-haiku-4-5, cause: advisor}
  - name: in order
    advice: [openai/gpt-4o, anthropic/claude-haiku-4-5]
    expect: {selected: openai/gpt-4o, cause: advisor}
  - name: dead
    advice: timeout
    expect: {selected: openai/gpt-4o-mini, cause: rule}
"""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """The command line in a folder with a policy and its tests."""
    (tmp_path / "p.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "p.test.yaml").write_text(CASES, encoding="utf-8")
    return runner(capsys, monkeypatch, tmp_path)


def test_a_dry_run_shows_what_was_said(run: Run) -> None:
    """Who was named with which score, why, and who was not."""
    code, out, err = run("rank", "--policy", "p.yaml", "--task", "debugging", "--complexity", "complex")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert any(line.startswith("advice heuristic (heuristic/1): anthropic/claude-haiku-4-5 0.") for line in lines)
    assert any("complex debugging: quality 0.9, cost 0.05, latency 0.05" in line for line in lines)
    assert "rule 'pool'; rank advisor" in out


def test_an_advice_can_be_given(run: Run) -> None:
    """With scores, without, or as a failure; the document has it as a receipt would."""
    given = ("rank", "--policy", "p.yaml", "--json", "--advice")
    code, out, _ = run(*given, "anthropic/claude-haiku-4-5=0.9")
    document = json.loads(out)
    assert (code, document["selected"], document["decision"]["cause"]) == (0, "anthropic/claude-haiku-4-5", "advisor")
    assert document["question"]["advice"] == {
        "advisor": "heuristic", "version": "given", "took_ns": 0, "picks": [["anthropic/claude-haiku-4-5", 900_000]],
    }  # fmt: skip
    assert document["decision"]["scores"] == [900_000, -1, -1]
    assert json.loads(run(*given, "timeout")[1])["decision"]["rank"] == "cheapest"
    code, _, err = run("rank", "--policy", "p.yaml", "--advice", "gpt-9=1")
    assert code == 2
    assert "advice: unknown target 'gpt-9'" in err


def test_why_not(run: Run) -> None:
    """S2.20: what the advisor says of the two."""
    code, out, _ = run("why-not", "openai/gpt-4o-mini", "--policy", "p.yaml", "--advice", "openai/gpt-4o=0.9")
    assert code == 1
    assert "named by the advisor heuristic, and this one is not" in " ".join(out.split())


def test_cases_say_the_advice_or_ask_who_sends_nothing(run: Run) -> None:
    """S6.12: `advice:` as scores, as an order, as a failure; without it the heuristic answers itself."""
    code, out, err = run("test", "p.test.yaml")
    assert (code, err) == (0, "")
    assert "5 of 5 cases passed" in out


@pytest.mark.parametrize(
    ("advice", "said"),
    [
        ("{openai/gpt-4oo: 1}", "p.test.yaml:5:13: advice: unknown target 'openai/gpt-4oo'; did you mean"),
        ("{openai/gpt-4o: 2}", "p.test.yaml:5:13: advice: the advice for openai/gpt-4o is '2'; write a score from 0"),
        ("late", "p.test.yaml:5:13: advice: unknown target 'late'"),
        ("[[openai/gpt-4o]]", "p.test.yaml:5:13: advice: ['openai/gpt-4o'] is no name of a target"),
        ("5", "p.test.yaml:5:13: advice: cannot be read; write `advice: {provider/model: 0.9}`"),
    ],
)
def test_a_case_with_an_advice_that_cannot_be_read(run: Run, advice: str, said: str) -> None:
    """Where and what to write instead."""
    head = "waypost: policy-test/v1\npolicy: p.yaml\ncases:\n  - name: one\n"
    text = f"{head}    advice: {advice}\n    expect: {{rule: pool}}\n"
    Path("p.test.yaml").write_text(text, encoding="utf-8")
    code, _, err = run("test", "p.test.yaml")
    assert code == 2
    assert said in err


def test_an_advice_for_a_policy_without_an_advisor(run: Run) -> None:
    """A case that says what nobody reads is a mistake."""
    Path("p.yaml").write_text(POLICY.replace("{advisor: heuristic, else: cheapest}", "best"), encoding="utf-8")
    code, _, err = run("test", "p.test.yaml")
    assert code == 2
    assert "advice: policy 'sample' asks no advisor; leave it out, or rank by one" in err


def test_check_and_diff(run: Run) -> None:
    """The policy is fine, and a comparison says what the rank was and is, deciding by the advisor where it has one."""
    assert run("check", "p.yaml")[0] == 0
    Path("q.yaml").write_text(POLICY.replace("{advisor: heuristic, else: cheapest}", "listed"), encoding="utf-8")
    code, out, _ = run("policy", "diff", "q.yaml", "p.yaml", "--cases", "p.test.yaml")
    text = " ".join(out.split())
    assert code == 1
    assert "rank: the rule's list, then balanced becomes the advisor heuristic within 300 ms, then cheapest" in text
    assert "small work" in text


def test_the_table_of_a_list(run: Run) -> None:
    """The score is the place."""
    Path("p.yaml").write_text(POLICY.replace("{advisor: heuristic, else: cheapest}", "listed"), encoding="utf-8")
    code, out, _ = run("rank", "--policy", "p.yaml")
    assert code == 0
    rows = [line.split()[:3] for line in out.splitlines() if "/" in line]
    assert ["openai/gpt-4o", "selected", "1"] in rows
    assert ["openai/gpt-4o-mini", "standby", "2"] in rows
    assert ["anthropic/claude-haiku-4-5", "standby", "3"] in rows
