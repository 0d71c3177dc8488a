"""`waypost why-not TARGET`: what would have to change, in a call that was made and in a dry run (S6.03, S6.04)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import waypost
from receipt_cases import DECIDED, QUESTION, SNAPSHOT, single, started
from tools_runner import Run, runner
from waypost.adapters.stores.journal import Journal
from waypost.adapters.stores.objects import ObjectStore
from waypost.core.analysis.layout import text
from waypost.core.analysis.refusal import SHOWN, document, layout
from waypost.core.model.decision import Flip
from waypost.core.model.receipt_lines import attempt_line, settled_line
from waypost.core.policy.decide import decide
from waypost.core.policy.why_not import WhyNot
from waypost.errors import SettingsError
from waypost.runtime import bundle, settings

POLICY = """\
waypost: policy/v1
name: sample
rank: cheapest
filter:
  - quality >= 0.9
  - provider in [openai, anthropic]
"""
RECEIPT = "wp_" + "ef" * 16


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """The command line in a folder with a policy."""
    (tmp_path / "p.yaml").write_text(POLICY, encoding="utf-8")
    return runner(capsys, monkeypatch, tmp_path)


def test_a_dry_run_says_what_stands_in_the_way(run: Run) -> None:
    """As `waypost rank`, for one target: what it failed, with the line and the margin, and what would let it in."""
    code, out, err = run("why-not", "openai/gpt-5-nano", "--policy", "p.yaml", "--tokens", "1k:100")
    assert (code, err) == (1, "")
    assert out.startswith(
        "Why not openai/gpt-5-nano?\n==========================\n  in            a dry run of policy sample, "
        "as if each endpoint had its key\n"
    )
    assert "  this one      rejected: it failed a rule\n" in out
    assert "(p.yaml:5)" in out
    assert " by " in out
    assert "WHAT WOULD HAVE TO CHANGE\n  One number suffices: quality >= 0.9 (p.yaml:5): " in out


def test_the_winner_is_exit_code_0(run: Run) -> None:
    """S2.17: it agrees with `waypost rank` about who wins; an alias and a bare model name will do."""
    _, out, _ = run("rank", "--policy", "p.yaml", "--json")
    winner = json.loads(out)["selected"]
    code, out, _ = run("why-not", winner.partition("/")[2], "--policy", "p.yaml")
    assert (code, f"Why not {winner}?" in out, "selected: it won" in out) == (0, True, True)


def test_the_json_has_everything_as_data(run: Run) -> None:
    """`why_not/v1`: rejections with margins, who comes before it, the single change or all of them."""
    code, out, _ = run("why-not", "ollama/llama3.1", "--policy", "p.yaml", "--json", "--credentials", "openai")
    found = json.loads(out)
    assert (code, found["schema"], found["target"], found["state"]) == (1, "why_not/v1", "ollama/llama3.1", "rejected")
    assert [item["rule"] for item in found["rejections"]] == [
        "provider.credentials",
        "quality >= 0.9",
        "provider in [openai, anthropic]",
    ]
    assert found["rejections"][1]["margin_ppm"] > 0
    assert found["single"] is None
    assert [item["text"].split(" must ")[0] for item in found["together"]] == ["there", "quality", "provider"]
    assert found["together"][1]["source"] == {"file": "p.yaml", "line": 5, "column": 5}


def test_from_python_it_is_the_same(run: Run) -> None:
    """S2.17: `waypost.policy.load(...).decide(...).why_not(...)` returns what the command prints."""
    verdict = waypost.policy.load("p.yaml").decide(tokens=(1_000, 100))
    _, out, _ = run("why-not", "gpt-5-nano", "--policy", "p.yaml", "--tokens", "1k:100", "--json")
    assert json.loads(out) == json.loads(json.dumps(document(verdict.why_not("openai/gpt-5-nano"))))
    with pytest.raises(SettingsError, match="'nobody' is no target"):
        verdict.why_not("nobody")


def test_bad_input_is_exit_code_2(run: Run) -> None:
    """A name that means nothing, and one that means several."""
    code, _, err = run("why-not", "nobody", "--policy", "p.yaml")
    assert (code, "there is no target 'nobody'" in err) == (2, True)
    assert run("why-not", "gpt4o", "--policy", "p.yaml")[2] == (
        "waypost why-not: TARGET: there is no target 'gpt4o'; "
        "did you mean 'gpt-4o'? `waypost catalog show` lists them\n"
    )
    assert run("why-not", "zzz", "--policy", "p.yaml")[2].endswith("'zzz'; `waypost catalog show` lists them\n")
    code, _, err = run("why-not", "gpt-5", "--receipt", "wp_00", "--policy", "p.yaml")
    assert code == 2


def test_a_call_that_was_made(run: Run, tmp_path: Path) -> None:
    """S2.16: from the receipt alone, with its policy and catalog out of the object store, in every format."""
    packaged = bundle.load(settings.read({}))
    (plan, *_) = packaged.routes.plans
    call = started(RECEIPT, policy_fingerprint=plan.policy.fingerprint, catalog=plan.catalog.fingerprint)
    decision = decide(plan, QUESTION, SNAPSHOT, bytes.fromhex(RECEIPT[3:]), frozenset())
    attempting, settled = single(call)
    decided = replace(DECIDED, started=call, decision=decision, target_of=lambda at: plan.catalog.targets[at].id)
    journal = Journal(tmp_path / "home" / "journal")
    journal.append(attempt_line(replace(attempting, decided=decided), str))
    journal.append(settled_line(settled, str))
    journal.close()
    bundle.keep(packaged, ObjectStore(tmp_path / "home" / "objects"))
    assert decision.selected is not None
    loser = next(one.id for at, one in enumerate(plan.catalog.targets) if at != decision.selected)
    words = ("why-not", loser, "--receipt", RECEIPT[:9], "--home", tmp_path / "home")
    code, out, err = run(*words)
    assert (code, err) == (1, "")
    assert f"  in            receipt {RECEIPT}\n" in out
    assert run(*words, "--format", "markdown")[1].startswith(f"# Why not {loser}?")
    assert json.loads(run(*words, "--format", "json")[1])["selected"] == plan.catalog.targets[decision.selected].id
    code, _, err = run(*words, "--hop", "2")
    assert (code, "the receipt has 1 decisions that can be proved" in err) == (2, True)


MANY = tuple((f"a/m{at}", "quality 1 > 0.5") for at in range(SHOWN + 3))


def test_the_page_stays_short() -> None:
    """Of many that come before it the first are named, of the others there is a count."""
    found = WhyNot("a/z", "a/m0", "standby", (), MANY, Flip("weight", "cost", None, "0.4", "0.5", 250_000, "a/z"), ())
    shown = text(layout(found, "a call"))
    assert f"  Ahead of it ({SHOWN + 3})\n" in shown
    assert ("a/m11" in shown, "a/m12" in shown, "  and 3 more\n" in shown) == (True, False, True)
    assert "One number suffices: the weight of cost: 0.5 instead of 0.4, a change of 25%, and a/z is chosen" in shown
    assert len(document(found)["ahead"]) == SHOWN + 3


def test_a_match_of_another_policy_may_be_the_smallest_change(tmp_path: Path) -> None:
    """S6.04: where all policies in force are known, the number in a `match` is one that may change."""
    head = "waypost: policy/v1\nrank: {rank}\nname: {name}\n"
    (tmp_path / "long.yaml").write_text(head.format(rank="cheapest", name="long") + "match: tokens.input > 8000\n")
    (tmp_path / "short.yaml").write_text(head.format(rank="best", name="short"))
    verdict = waypost.policy.load([tmp_path / "long.yaml", tmp_path / "short.yaml"]).decide(tokens=7_900)

    assert (verdict.policy.name, verdict.flip.what) == ("long", "tokens.input > 8000 in the match of long")
    assert (verdict.flip.from_text, verdict.flip.to_text, verdict.flip.change_ppm) == ("8,000", "8,192", 24_000)
    assert verdict.flip.selected != verdict.selected
