"""`waypost.policy`: loading, deciding without a call, and saying why (S2.16, S2.17)."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import waypost
from policy_samples import CATALOG, HEAD
from waypost.core.codecs import CODECS
from waypost.core.features.department import department_hint
from waypost.core.model.question import Narrow, Snapshot
from waypost.errors import PolicyError, SettingsError
from waypost.policy import Policies

RULED = """\
rank: cheapest
rules:
  - {name: hard, when: complexity == complex, use: [openai/big, anthropic/opus], because: it is hard}
filter:
  - quality >= 0.4
  - price.input <= 10 USD/MTok
"""
CHAT: dict[str, Any] = {"model": "auto", "messages": [{"role": "user", "content": "hello there"}], "stream": True}


def write(folder: Path, body: str = RULED, name: str = "p.yaml") -> Path:
    path = folder / name
    path.write_text(HEAD + body, encoding="utf-8")
    return path


@pytest.fixture
def policies(tmp_path: Path) -> Policies:
    """One policy over four targets."""
    return waypost.policy.load(write(tmp_path), CATALOG)


def test_the_world_can_be_given_as_in_a_policy_test(tmp_path: Path) -> None:
    """What stands in a test file can be asked from Python: budgets by scope and period, limits by scope."""
    path = tmp_path / "budgets.yaml"
    path.write_text(
        "waypost: policy/v1\nname: budgets\nbudgets: [{scope: user, limit: 5 USD/day, at: {80%: warn, 100%: fail}}]\n"
        "limits: [{scope: endpoint, requests: 5/s}]\n"
    )
    found = waypost.policy.load(path, CATALOG)
    near = found.decide(snapshot={"used": {"user/day": "85.5%"}, "limited": [{"endpoint": "openai"}]})
    assert near.snapshot == Snapshot(epoch=1, used=(("user/day", 850_000),), limited=(("limit.endpoint", "openai"),))
    assert near.decision.rejections[0][0] == "limit.endpoint"
    spent = found.decide(snapshot={"used": {"user/day": 1.0}})
    assert (spent.selected, spent.decision.cause) == (None, "budget")
    measured = found.decide(
        snapshot={"latency.p95": {"openai/mini": "3 s"}, "warm": {"target": "openai/mini", "cached": "2k"}}
    )
    assert measured.snapshot.latency_p95_ns == (("openai/mini", 3_000_000_000),)
    assert measured.snapshot.warm == ("openai/mini", 2_000)
    as_on_a_receipt = found.decide(snapshot={"used": [["user/day", 1_000_000]]})
    assert as_on_a_receipt.decision.rejections == spent.decision.rejections


def test_features_by_keyword_decide_and_explain_themselves(policies: Policies) -> None:
    """S2.17: a dry run without keys: who, by which rule, and who was rejected by which line."""
    verdict = policies.decide(complexity="complex", tokens=(8_000, 300))

    assert verdict.selected == "anthropic/opus"
    assert verdict.standby == ()
    assert (verdict.decision.cause, verdict.decision.rule, verdict.decision.because) == ("rule", "hard", "it is hard")
    rows = {row.target: [item.rule for item in row.rejections] for row in verdict.proof.candidates}
    assert rows["openai/big"] == ["price.input <= 10 USD/MTok"]
    assert rows["groq/fast"] == ["need.context_window", "rule.hard", "quality >= 0.4"]
    assert repr(verdict) == "<Verdict anthropic/opus by sample: rule>"


def test_a_mapping_and_keywords_mean_the_same(policies: Policies) -> None:
    """Dots, underscores and pairs are spellings of one name."""
    one = policies.decide({"tokens.input": 8_000, "tokens.output": "300", "context.team": "x", "needs": ["tools"]})
    other = policies.decide(tokens="8k:300", context={"team": "x"}, needs="tools")

    assert one.question == other.question
    assert one.question.features.tokens_input == 8_000
    assert one.question.context.labels == {"team": "x"}
    assert one.decision == other.decision


def test_what_is_left_out_is_a_short_call_for_auto_with_every_key(policies: Policies) -> None:
    """Nothing of the machine is looked at."""
    asked = policies.decide().question

    assert (asked.requested, asked.auto, asked.granted, asked.dialect) == ("auto", True, True, "openai.chat")
    assert (asked.features.tokens_input, asked.features.tokens_output) == (1_000, 300)
    assert asked.credentials == ("anthropic", "groq", "openai")
    assert asked.origin.endpoint == "openai"
    only = policies.decide(credentials=["groq"])
    assert {name for name, _ in only.decision.rejections} == {"provider.credentials", "quality >= 0.4"} | {
        "price.input <= 10 USD/MTok"
    }


def test_a_call_narrows_in_a_dry_run_as_it_does_in_a_context(policies: Policies) -> None:
    """`max_price` is a number of USD per million tokens, or text with its unit."""
    asked = policies.decide(only=["openai"], ignore="openai/big", max_price="2.5 USD/MTok").question

    assert asked.context.narrow == Narrow((), ("openai",), ("openai/big",), 2_500_000_000, 2_500_000_000)


def test_a_real_body_is_read_as_a_call_would_be(policies: Policies) -> None:
    """S2.17: in its own dialect, with our reserved keys as claims; features stand above what is read in it."""
    verdict = policies.decide(body={**CHAT, "waypost": {"user": "ann"}, "routing_preference": "cost"})
    asked = verdict.question

    assert (asked.dialect, asked.streaming, asked.requested, asked.auto) == ("openai.chat", True, "auto", True)
    assert (asked.context.user, asked.context.preference) == ("ann", "cost")
    assert asked.features.turns == 1
    assert "hello" not in verdict.explain("json")
    forced = policies.decide({"complexity": "complex", "streaming": False}, body=CHAT)
    assert (forced.question.features.complexity, forced.question.streaming) == ("complex", False)
    assert forced.decision.rule == "hard"


def test_what_is_given_stands_above_what_a_body_says_of_itself(policies: Policies) -> None:
    """Its reserved keys, and the department that a system message names (S3.12)."""
    system = {"role": "system", "content": "You are the assistant of the finance department."}
    body = {"messages": [system, *CHAT["messages"]], "waypost": {"user": "ann", "team": "x", "request_id": "r"}}
    plain = policies.decide({"user": "bob"}, body=body).question
    named = policies.decide({"department": "hr"}, body={**body, "waypost": {}}).question

    assert (plain.context.user, plain.context.labels) == ("bob", {"team": "x"})
    assert plain.context.department == department_hint(CODECS["openai.chat"].decode_request({"messages": [system]}))
    assert plain.context.department == "finance"
    assert named.context.department == "hr"


def test_signals_are_sorted_and_languages_keep_their_order(policies: Policies) -> None:
    """As the extraction has them, so that one question is one record."""
    asked = policies.decide(signals="question_mark,code", code_language=["rust", "go"]).question.features

    assert (asked.signals, asked.code_languages) == (("code", "question_mark"), ("rust", "go"))


def test_an_anthropic_body_is_recognised(policies: Policies) -> None:
    """The caller is then at Anthropic's endpoint, and its needs are of that dialect."""
    body = {
        "model": "claude-x",
        "max_tokens": 50,
        "messages": [{"role": "user", "content": "hello"}],
        "tools": [{"name": "look", "input_schema": {"type": "object"}}],
    }
    asked = policies.decide(body=body).question

    assert (asked.dialect, asked.origin.endpoint, asked.auto) == ("anthropic.messages", "anthropic", False)
    assert "tools" in {need.flag for need in asked.needs}
    assert asked.features.max_output == 50


def test_the_world_can_be_given_as_on_a_receipt(policies: Policies) -> None:
    """S2.16: a broken target is rejected by the breaker, whether it comes as a record or as JSON."""
    record = policies.decide(snapshot=Snapshot(broken=("openai/mini",)))
    mapping = policies.decide(snapshot={"broken": ["openai/mini"]})

    assert record.decision == mapping.decision
    assert record.decision.rejections[0] == ("breaker", 0b1000)
    tried = policies.decide(tried=["openai/mini"])
    assert (tried.selected, tried.decision.cause) == ("anthropic/opus", "fallback")


def test_explanations_come_in_three_forms(policies: Policies) -> None:
    """S2.05-S2.07: winner with its score, what it passed, and each rejected with observed value and limit."""
    verdict = policies.decide(tokens=(8_000, 300), complexity="complex")
    page = verdict.explain()
    document = json.loads(verdict.explain("json"))

    assert page.startswith("Dry run of policy sample\n====")
    assert "  selected      anthropic/opus  estimated $0.04896" in page
    assert "    openai/big   filtered: price.input $15/MTok > $10/MTok by 50% (p.yaml:8)\n" in page
    assert "| openai/big | filtered: price.input $15/MTok > $10/MTok by 50% (p.yaml:8) |" in verdict.explain("markdown")
    assert document == verdict.to_dict()
    assert (document["schema"], document["selected"]) == ("verdict/v1", "anthropic/opus")
    assert document["candidates"][-2]["rejections"][0]["source"]["line"] == 8
    with pytest.raises(ValueError, match=r"format is 'html'; use text, markdown or json"):
        verdict.explain("html")


def test_the_mode_of_such_a_call_is_told(tmp_path: Path) -> None:
    """A concrete model under `advise` runs unchanged, and the page says so."""
    policies = waypost.policy.load(write(tmp_path, "mode: advise\n"), CATALOG)
    named, auto = policies.decide(model="big"), policies.decide()

    assert (named.mode, auto.mode, auto.mode_cause) == ("advise", "route", "policy")
    assert 'advise: such a call runs unchanged, as big at openai; model="auto" is routed' in named.explain()
    assert 'route: model="auto" is routed; one that names a model runs unchanged (advise)' in auto.explain()


def test_that_the_match_does_not_hold_is_told(tmp_path: Path) -> None:
    """The last policy is taken where no `match` holds; who is shown its decision has to know."""
    policies = waypost.policy.load(write(tmp_path, "match: department == rd\n"), CATALOG)
    inside, outside, named = (
        [note["text"] for note in policies.decide(asked).to_dict()["notes"] if note["about"] == "match"]
        for asked in ({"department": "rd"}, {"department": "hr"}, {"department": "hr", "policy": "sample"})
    )

    held = "`department == rd` of sample does not hold for this call; "
    assert inside == []
    assert outside == [f"{held}no `match` held, so the last policy is taken"]
    assert named == [f"{held}the call names it"]


def test_several_policies_are_tried_in_order(tmp_path: Path) -> None:
    """The one whose `match` holds; `policy=` names another."""
    one = write(tmp_path, "match: {department: legal}\n", "one.yaml")
    two = tmp_path / "two.yaml"
    two.write_text("waypost: policy/v1\nname: other\n", encoding="utf-8")
    policies = waypost.policy.load([one, two], CATALOG)

    assert [policy.name for policy in policies] == ["sample", "other"]
    assert policies.decide(department="legal").policy.name == "sample"
    assert policies.decide().policy.name == "other"
    assert policies.decide(policy="sample").policy.name == "sample"
    assert repr(policies) == "<Policies sample, other over sample>"


def test_an_envelope_holds_over_the_policies_beside_it(tmp_path: Path) -> None:
    """An administrator's line rejects, and an envelope alone decides nothing."""
    envelope = tmp_path / "all.yaml"
    lines = "waypost: policy/v1\nname: all\nenvelope: true\nfilter: [provider != anthropic]\n"
    envelope.write_text(lines, encoding="utf-8")
    policies = waypost.policy.load([write(tmp_path), envelope], CATALOG)
    rejected = dict(policies.decide(complexity="complex").decision.rejections)

    assert [plan.policy.name for plan in policies.plans] == ["sample"]
    assert rejected["provider != anthropic"] == 0b0001


def test_envelopes_alone_lie_around_the_packaged_policy(tmp_path: Path) -> None:
    """As in a process that is given nothing else."""
    envelope = tmp_path / "all.yaml"
    lines = "waypost: policy/v1\nname: all\nenvelope: true\nfilter: [provider != openai]\n"
    envelope.write_text(lines, encoding="utf-8")
    verdict = waypost.policy.load(envelope).decide()

    assert verdict.policy.name == "default"
    assert verdict.selected is not None
    assert not verdict.selected.startswith("openai/")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tsk": "math"}, "there is no feature 'tsk'; did you mean 'task'?"),
        ({"task": "debuging"}, "task: it is never 'debuging'; did you mean 'debugging'?"),
        ({"needs": ["tols"]}, "needs: it is never 'tols'; did you mean 'tools'?"),
        ({"tokens": "many"}, "tokens.input: 'many' is not a count; give a whole number such as 1200 or 8k"),
        ({"turns": -1}, "turns: -1 is not a count; give a whole number such as 1200 or 8k"),
        ({"streaming": "yes"}, "streaming: 'yes' is neither true nor false; give true or false"),
        ({"preference": "speed"}, "features: preference is 'speed'; use quality, cost, latency"),
        ({"snapshot": {"brken": []}}, "snapshot: there is no 'brken' in a snapshot; did you mean 'broken'?"),
        ({"snapshot": {"used": {"user/day": "80%"}}}, "snapshot: unknown key 'user/day' in used; "),
        (
            {"snapshot": {"warm": {"target": "anthropic/opus", "cached": "x"}}},
            "snapshot: warm.cached is 'x', not a number; ",
        ),
        ({"snapshot": {"latency_p95_ns": {"a": 1}}}, "snapshot: cannot be read: "),
        ({"credentials": ["opnai"]}, "credentials: there is no endpoint 'opnai'; did you mean 'openai'?"),
        ({"context": {"mode": "off"}}, "context: context.mode is no label of yours; write 'mode' outside of it"),
        ({"body": {"prompt": "x"}}, "body: a body of no dialect that is known here; it has prompt; "),
        ({"body": {"input": 7}}, "body: not a body of openai.responses: "),
        ({"body": {"messages": "x"}, "dialect": "openai.chat"}, "body: not a body of openai.chat: "),
    ],
)
def test_what_cannot_be_asked_is_said_with_a_remedy(policies: Policies, given: dict[str, Any], said: str) -> None:
    """Messages for somebody who never saw the code."""
    with pytest.raises(SettingsError) as caught:
        policies.decide(**given)
    assert str(caught.value).startswith(said)


def test_a_file_that_cannot_be_used_raises_all_its_errors(tmp_path: Path) -> None:
    """With file, line, column and the remedy of each."""
    with pytest.raises(PolicyError) as caught:
        waypost.policy.load(write(tmp_path, "rank: cheap\nfilter: [qualty >= 1]\n"), CATALOG)
    assert [error.where.rpartition("/")[2] for error in (caught.value, *caught.value.others)] == [
        "p.yaml:3:7",
        "p.yaml:4:10",
    ]
    with pytest.raises(SettingsError, match="no policy is given"):
        waypost.policy.load([], CATALOG)


def test_loaded_policies_can_be_switched_on_and_pickled(tmp_path: Path, policies: Policies) -> None:
    """`auto_instrument(policy=...)` takes what `load` returns."""
    path = write(tmp_path, "", "mine.yaml")
    program = f"""
import waypost
loaded = waypost.policy.load({str(path)!r})
waypost.auto_instrument(policy=loaded)
from waypost.runtime import instrument
print([plan.policy.fingerprint for plan in instrument.engine().bundle.routes.plans] == [loaded[0].fingerprint])
"""
    env = {**os.environ, "WAYPOST_HOME": str(tmp_path / "home")}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False)
    again = pickle.loads(pickle.dumps(policies))

    assert (done.stdout, done.stderr) == ("True\n", "")
    assert again.decide().decision == policies.decide().decision


def test_fallbacks_of_a_dry_run(tmp_path: Path) -> None:
    """S5.01: who is asked stays, who stands by does not; where the first was tried, the named one is next."""
    policies = waypost.policy.load(write(tmp_path, "rank: cheapest\n"), CATALOG)
    plain = policies.decide()
    (first, second, *_) = [row.target for row in plain.proof.candidates]
    last = [row.target for row in plain.proof.candidates if row.state == "standby"][-1]
    assert last != second
    named = policies.decide(fallbacks=last)
    assert [row.target for row in named.proof.candidates][:3] == [first, last, second]
    assert policies.decide(fallbacks=[last], tried=[first]).selected == last
    assert policies.decide(tried=[first]).selected == second
    assert policies.decide(fallbacks=[last, "openai/bog"], only="opnai").told().strange == (
        "'openai/bog' (did you mean 'openai/big'?)",
        "'opnai' (did you mean 'openai'?)",
    )
