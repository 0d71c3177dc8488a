"""`waypost rank`: who would answer, by which rule, at which cost, without a call and without a key (S2.16, S2.17)."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

import waypost
from tools_runner import Run, runner
from waypost.adapters.stores.objects import ObjectStore
from waypost.core.catalog.table import build_catalog
from waypost.core.model.canonical import canonical
from waypost.runtime.catalogs import load_catalog

POLICY = """\
waypost: policy/v1
name: sample
rank: cheapest
rules:
  - name: hard
    when: complexity == complex
    use: [openai/o3, anthropic/claude-opus-4-5]
    because: it is hard
filter:
  - quality >= 0.5
"""
CHAT = {"model": "auto", "messages": [{"role": "user", "content": "what is the capital of France?"}]}
MESSAGES = {"model": "claude-opus-4-5", "max_tokens": 64, "system": "be brief", "messages": CHAT["messages"]}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """The command line in a folder with a policy."""
    (tmp_path / "p.yaml").write_text(POLICY, encoding="utf-8")
    return runner(capsys, monkeypatch, tmp_path)


def ranked(run: Run, *words: str | Path) -> dict[str, Any]:
    """The document of a command that found somebody."""
    code, out, err = run("rank", *words, "--policy", "p.yaml", "--json")
    assert (code, err) == (0, "")
    document: dict[str, Any] = json.loads(out)
    return document


def test_features_from_flags_are_decided_and_shown_as_a_table(run: Run) -> None:
    """S2.17: candidates with score, estimated cost and what each failed, and the rule that matched."""
    code, out, _ = run("rank", "--policy", "p.yaml", "--complexity", "complex", "--tokens", "8k:500")
    lines = out.splitlines()
    rows = {line.split()[0]: line for line in lines[lines.index("") + 2 :]}

    assert code == 0
    assert lines[0].startswith("policy sample ")
    assert "  rule 'hard': a rule of the policy matched; rank cheapest" in lines
    assert "  because: it is hard" in lines
    assert rows["openai/o3"].split()[1:4] == ["selected", "$0.02048", "$0.02048"]
    assert rows["anthropic/claude-opus-4-5"].split()[1] == "standby"
    assert sum(row.split()[1] == "rejected" for row in rows.values() if not row.startswith("and ")) == 4
    assert lines[-1].endswith(" more rejected; --all has a row for each, --explain every rule")


def test_a_request_body_of_either_dialect_is_recognised(run: Run, tmp_path: Path) -> None:
    """S2.17: a real body, as a program would send it."""
    Path("chat.json").write_text(json.dumps(CHAT), encoding="utf-8")
    Path("messages.json").write_text(json.dumps(MESSAGES), encoding="utf-8")
    chat, messages = ranked(run, "chat.json")["question"], ranked(run, "messages.json")["question"]

    assert (chat["dialect"], chat["auto"], chat["features"]["task"]) == ("openai.chat", True, "question_answer")
    assert (messages["dialect"], messages["auto"], messages["origin"]["endpoint"]) == (
        *("anthropic.messages", False),
        "anthropic",
    )
    assert messages["features"]["max_output"] == 64
    assert "France" not in run("rank", "chat.json", "--policy", "p.yaml", "--json")[1]


def test_features_come_from_a_file_or_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the names of `waypost fields`; a flag stands above the file."""
    given = {"task": "debugging", "tokens.input": 9_000, "context.team": "x", "complexity": "simple"}
    Path("f.json").write_text(json.dumps(given), encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(given)))
    one = ranked(run, "f.json", "--complexity", "complex", "--feature", "streaming=true")
    other = ranked(run, "-")

    assert one["question"]["features"]["complexity"] == "complex"
    assert (one["question"]["streaming"], one["decision"]["rule"]) == (True, "hard")
    assert other["question"]["features"]["complexity"] == "simple"
    assert other["question"]["context"]["labels"] == {"team": "x"}


def test_claims_narrow_and_choose_the_rank(run: Run) -> None:
    """--only, --ignore, --max-price and --strategy are the call's own, followed as far as the policy grants them."""
    found = ranked(run, "--only", "openai", "--ignore", "openai/o3", "--max-price", "20", "--strategy", "best")
    rules = {name for name, _ in found["decision"]["rejections"]}

    assert found["selected"].startswith("openai/")
    assert found["decision"]["rank"] == "best"
    assert {"call.only", "call.ignore"} <= rules
    assert [row["target"].partition("/")[0] for row in found["candidates"] if row["state"] == "standby"] == (
        ["openai"] * sum(row["state"] == "standby" for row in found["candidates"])
    )


def test_a_claim_that_is_not_granted_is_told(run: Run) -> None:
    """What the policy does not follow is not silently dropped."""
    Path("p.yaml").write_text(f"{POLICY}grants: [preference]\n", encoding="utf-8")
    out = run("rank", "--policy", "p.yaml", "--only", "openai")[1]

    assert "  not followed only: the policy does not grant it" in out.splitlines()


def test_stored_fingerprints_are_decided_as_they_stood(run: Run, tmp_path: Path) -> None:
    """S2.16: a policy that has changed since, over the catalog that has, from the object store alone."""
    table = load_catalog()
    kept = [target for target in table.targets if target.provider in ("openai", "anthropic")]
    before = waypost.policy.load("p.yaml", build_catalog("then", kept, table.endpoints, {}))
    objects = ObjectStore(tmp_path / ".waypost" / "objects")
    policy = objects.put(canonical(before[0].document))  # type: ignore[arg-type]
    catalog = objects.put(canonical(before.catalog.document))
    Path("p.yaml").write_text(POLICY.replace("cheapest", "best"), encoding="utf-8")
    code, out, _ = run("rank", "--at", policy[:10], "--at", catalog, "--complexity", "complex", "--json")
    document = json.loads(out)

    assert code == 0
    assert (document["policy"]["fingerprint"], document["catalog"]["fingerprint"]) == (policy, catalog)
    assert document["decision"]["rank"] == "cheapest"
    assert document["selected"] == before.decide(complexity="complex").selected


def test_a_packaged_policy_is_known_by_its_name(run: Run) -> None:
    """As `waypost test rd`; a file of that name stands before it, a folder does not."""
    Path("default").mkdir()
    assert run("rank", "--policy", "default")[1].startswith("policy default ")
    assert run("rank", "--policy", "base")[1].startswith("policy base ")
    Path("base").write_text(POLICY, encoding="utf-8")
    assert run("rank", "--policy", "base")[1].startswith("policy sample ")


def test_nobody_is_a_finding(run: Run) -> None:
    """Exit code 1, and the nearest of the rejected first."""
    code, out, _ = run("rank", "--policy", "p.yaml", "--only", "groq", "--ignore", "groq")

    assert code == 1
    assert "nobody: no candidate survived" in out


def test_who_is_next_when_somebody_has_failed(run: Run) -> None:
    """--tried shows the fallback before it is needed."""
    first = ranked(run, "--complexity", "complex")["selected"]
    then = ranked(run, "--complexity", "complex", "--tried", first)

    assert then["decision"]["cause"] == "fallback"
    assert then["selected"] != first


def test_the_whole_proof_can_be_asked_for(run: Run) -> None:
    """--explain: every rule with its place in the file."""
    out = run("rank", "--policy", "p.yaml", "--complexity", "complex", "--explain")[1]

    page = run("rank", "--policy", "p.yaml", "--complexity", "complex", "--explain", "--format", "markdown")[1]

    assert out.startswith("Dry run of policy sample\n")
    assert page.startswith("# Dry run of policy sample\n")
    assert "on the list of rule hard" in out
    assert "(p.yaml:5)" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("none.json",), "none.json: cannot be read: No such file or directory; check the path"),
        (("bad.json",), "bad.json:1:2: not JSON: "),
        (("list.json",), "list.json: not a JSON object; give a request body, or features by name"),
        (("deep.json",), "deep.json: not readable: maximum recursion depth exceeded"),
        (("long.json",), "long.json: not readable: Exceeds the limit"),
        (("--task", "debuging"), "task: it is never 'debuging'; did you mean 'debugging'?"),
        (("--feature", "streaming"), "--feature: 'streaming' has no value; write --feature NAME=VALUE; "),
        (("--feature", "tsk=x"), "there is no feature 'tsk'; did you mean 'task'?"),
        (("--max-price", "cheap"), "features: max_price is 'cheap', not a price; "),
        (("--seed", "zz"), "--seed: 'zz' is not hex; give 32 hex digits"),
        (("--tried", "openai/nobody"), "--tried: there is no target 'openai/nobody'; "),
        (("--at", "xyz"), "--at: 'xyz' is no fingerprint: 8 to 64 of the digits 0-9 and a-f; "),
        (("--at", "0123456789"), ".waypost/objects: nothing is stored as 0123456789; "),
        (("--catalog", "none.yaml"), "none.yaml: cannot be read"),
    ],
)
def test_bad_input_is_named_with_a_remedy(run: Run, words: tuple[str, ...], said: str) -> None:
    """Exit code 2 and one line."""
    Path("bad.json").write_text("{x", encoding="utf-8")
    Path("list.json").write_text("[]", encoding="utf-8")
    Path("deep.json").write_text("[" * 200_000, encoding="utf-8")
    Path("long.json").write_text("1" * 5_000, encoding="utf-8")
    code, out, err = run("rank", *words)

    assert (code, out) == (2, "")
    assert err.startswith(f"waypost rank: {said}")


def rows(out: str, label: str) -> list[str]:
    """What stands behind ``label`` above the table."""
    return [line.removeprefix(f"  {label:<13}") for line in out.splitlines() if line.startswith(f"  {label} ")]


def test_how_far_such_a_call_goes_is_told(run: Run) -> None:
    """S2.17: who would answer is not who answers where the policy only advises."""
    advised = run("rank", "--policy", "p.yaml", "--model", "gpt-4o")[1]
    routed = run("rank", "--policy", "p.yaml", "--model", "gpt-4o", "--feature", "mode=route")[1]

    assert rows(advised, "mode") == ['advise: such a call runs unchanged, as gpt-4o at openai; model="auto" is routed']
    assert rows(routed, "mode") == ["route: such a call is routed"]


def test_the_mode_of_the_environment_stands_above_the_policys(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """S2.17: a dry run is of a call that is made here."""
    monkeypatch.setenv("WAYPOST_MODE", "observe")
    observed = run("rank", "--policy", "p.yaml", "--model", "gpt-4o")[1]
    monkeypatch.setenv("WAYPOST_MODE", "loud")

    assert rows(observed, "mode") == [
        "observe by WAYPOST_MODE: such a call runs unchanged, as gpt-4o at openai; nothing is decided for it"
    ]
    assert run("rank", "--policy", "p.yaml") == (
        *(2, ""),
        "waypost rank: WAYPOST_MODE: 'loud' is no mode; use off, observe, advise, route\n",
    )


def test_a_share_of_the_calls_is_told_as_one(run: Run) -> None:
    """S2.17: under a rollout the same policy routes one call and advises another."""
    Path("share.yaml").write_text(POLICY + "mode: {route: 25%}\n", encoding="utf-8")
    found = {
        rows(run("rank", "--policy", "share.yaml", "--model", "gpt-4o", "--seed", f"{seed:032x}")[1], "mode")[0]
        for seed in range(16)
    }

    assert found == {
        "route: such a call is in the share of 25% that is routed",
        "advise: such a call runs unchanged, as gpt-4o at openai, outside of the share of 25% that is routed",
    }


def test_an_override_in_force_is_told(run: Run) -> None:
    """S2.17: it would force another target than the table selects, for those in its scope alone."""
    set_ = ("override", "set", "openai/gpt-4o", "--scope", "department=rd", "--until", "2h")
    run(*set_, "--author", "ann", "--reason", "an outage")
    inside, outside = (run("rank", "--policy", "p.yaml", "--department", name)[1] for name in ("rd", "hr"))
    found = rows(inside, "override")

    assert len(found) == 1
    assert found[0].startswith("openai/gpt-4o is forced for such a call, by ann: an outage (ov_")
    assert found[0].endswith("); not part of this decision")
    assert rows(outside, "override") == []
    Path(".waypost/overrides.json").write_text("{", encoding="utf-8")
    code, out, err = run("rank", "--policy", "p.yaml", "--department", "rd")
    assert (code, rows(out, "override"), "overrides.json: not JSON" in err) == (0, [], True)


def test_several_policies_are_given_at_once(run: Run) -> None:
    """S2.17: with a colon between them as in `WAYPOST_POLICY`, or one by one."""
    for name in ("one", "two"):
        text = POLICY.replace("sample", name) + f"match: department == {name}\n"
        Path(f"{name}.yaml").write_text(text, encoding="utf-8")
    joined = ("rank", "--policy", f"one.yaml{os.pathsep}two.yaml", "--json")
    each = ("rank", "--policy", "one.yaml", "--policy", "two.yaml", "--json")
    found = [
        json.loads(run(*words, "--department", name)[1])["policy"]["name"]
        for words in (joined, each)
        for name in ("one", "two")
    ]

    assert found == ["one", "two", "one", "two"]


def test_a_claim_that_names_nothing_is_told(run: Run) -> None:
    """S2.17: a list of names that the catalog does not have lets nobody answer, and the reason is a slip."""
    out = run("rank", "--policy", "p.yaml", "--only", "opnai,gpt-4o*", "--ignore", "groq")[1]

    assert rows(out, "unknown") == [
        "'gpt-4o*' (globs are over ids: openai/gpt-4o*), 'opnai' (did you mean 'openai'?): the catalog has no such name"
    ]
    assert rows(run("rank", "--policy", "p.yaml", "--only", "openai")[1], "unknown") == []


def test_the_table_has_those_that_would_be_tried(run: Run) -> None:
    """S2.17: of many that pass only the order of the call, each with a reason, in lines that fit."""
    text = "waypost: policy/v1\nname: open\nrank: best\nfilter: [quality >= 0.5]\n"
    Path("open.yaml").write_text(text, encoding="utf-8")
    out = run("rank", "--policy", "open.yaml")[1].splitlines()
    table = out[out.index("") + 2 :]
    everybody = run("rank", "--policy", "open.yaml", "--all")[1].splitlines()
    table_of_all = everybody[everybody.index("") + 2 :]

    assert [row.split()[1] for row in table[:-1]] == ["selected", *["standby"] * 7, *["rejected"] * 4]
    assert table[-1] == (
        f"and {sum(' standby ' in row for row in table_of_all) - 7} more stand by, "
        f"{sum(' rejected ' in row for row in table_of_all) - 4} more rejected; "
        "--all has a row for each, --explain every rule"
    )
    assert all(len(row) <= 100 for row in table[:-1])
    assert all(len(row.split()) > 4 for row in table_of_all)
    assert sum("ranks lower, and is not among" in row for row in table_of_all) > 0
