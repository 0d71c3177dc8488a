"""Test files of policies: what they may say, and what is answered to each mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_samples import CATALOG
from waypost.core.analysis.policy_tests import Case, Suite, run_suite
from waypost.core.model.needs import Need
from waypost.core.model.question import Narrow
from waypost.errors import ConfigError, PolicyError
from waypost.runtime.policy_tests import find_tests, load_suite
from waypost.runtime.policy_tests_case import CASE_KEYS, CONTEXT, FEATURES
from waypost.runtime.policy_tests_expect import KEYS
from waypost.runtime.policy_tests_world import SNAPSHOT

HEAD = "waypost: policy-test/v1\n"
POLICY = """\
waypost: policy/v1
name: p
aliases: {gpt-4: chat}
rules:
  - {name: hard, when: complexity == complex, use: powerful}
filter: [quality >= 0.4]
budgets:
  - {scope: user, limit: 5 USD/day, at: {80%: warn}}
limits:
  - {scope: user, requests: 60/min}
  - {scope: endpoint, requests: 600/min}
"""
WORDS = sorted({*CASE_KEYS, *FEATURES, *CONTEXT, *SNAPSHOT, *KEYS, "target", "cached", "input", "user", "user/day"})
CASES = "cases:\n  - name: one\n    expect: {rule: none}\n"


def write(folder: Path, body: str, *, policy: str = POLICY, name: str = "p") -> Path:
    (folder / f"{name}.yaml").write_text(policy)
    path = folder / f"{name}.test.yaml"
    path.write_text(HEAD + body)
    return path


def load(folder: Path, body: str, **facts: Any) -> Suite:
    return load_suite(write(folder, body, **facts), catalog=CATALOG)


def one(folder: Path, body: str) -> Case:
    """The case whose keys below the name are ``body``, one line each, over a small catalog."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    (found,) = load(folder, f"cases:\n  - name: one\n{lines}    expect: {{rule: none}}\n").cases
    return found


def wrong(folder: Path, body: str) -> list[str]:
    """All errors of a file, with the file's name for its path."""
    path = write(folder, body)
    with pytest.raises(PolicyError) as caught:
        load_suite(path, catalog=CATALOG)
    return str(caught.value).replace(str(path), "p.test.yaml").splitlines()


def test_the_usual_call(tmp_path: Path) -> None:
    """What a case does not say: `auto` by an OpenAI client, keys for everybody, a short prompt, an empty world."""
    found = one(tmp_path, "")
    question = found.question

    assert (question.requested, question.auto, question.granted, question.pinned) == ("auto", True, True, False)
    assert (question.dialect, question.origin.endpoint, question.origin.host) == (
        "openai.chat", "openai", "api.openai.example",
    )  # fmt: skip
    assert question.credentials == ("anthropic", "groq", "openai")
    assert (question.features.tokens_input, question.features.tokens_output) == (1_000, 300)
    assert (found.seed, found.tried, found.snapshot.epoch) == (bytes(16), (), 0)


def test_every_fact_of_the_call(tmp_path: Path) -> None:
    """Features in the words of the policy language, with its units."""
    found = one(
        tmp_path,
        "features: {task: debugging, complexity: complex, language: pt, data_class: personal, code: true,\n"
        "           streaming: true, tokens.input: 2k, tokens.output: 300, tokens.max_output: 1k, turns: 3,\n"
        "           messages: 7, code_language: python, signals: [trace, debug]}\n"
        "needs: [tools, input.image]\n"
        "requested: gpt-4\n"
        "origin: anthropic\n"
        "credentials: [groq]\n"
        "pinned: true",
    ).question
    features = found.features

    assert (features.task, features.complexity, features.language) == ("debugging", "complex", "pt")
    assert (features.data_class, features.has_code, found.streaming) == ("personal", True, True)
    assert (features.tokens_input, features.tokens_output, features.max_output) == (2_000, 300, 1_000)
    assert (features.turns, features.messages) == (3, 7)
    assert (features.code_languages, features.signals) == (("python",), ("debug", "trace"))
    assert found.needs == (Need("input.image", "$"), Need("tools", "$"))
    assert (found.requested, found.auto, found.intent) == ("gpt-4", False, "chat")
    assert (found.dialect, found.origin.endpoint, found.credentials) == ("anthropic.messages", "anthropic", ("groq",))
    assert found.pinned


def test_a_real_request(tmp_path: Path) -> None:
    """A body is read as a call's is; what stands beside it in the case stands above it (S3.24)."""
    body = (
        "body:\n  model: gpt-4o\n  stream: true\n  temperature: 0.5\n"
        "  tools: [{type: function, function: {name: look, parameters: {type: object}}}]\n"
        "  messages:\n    - {role: system, content: You help the human resources team.}\n"
        "    - {role: user, content: 'Please review this function: ```python\\ndef f(): pass\\n```'}\n"
    )
    question = one(tmp_path, body.rstrip()).question
    above = one(tmp_path, f"{body}features: {{complexity: complex, streaming: false}}\nrequested: auto").question

    assert (question.requested, question.auto, question.streaming) == ("gpt-4o", False, True)
    assert (question.features.task, question.features.code_languages) == ("code_review", ("python",))
    assert question.context.department == "hr"
    assert {"tools", "sampling.temperature"} <= {need.flag for need in question.needs}
    assert (above.requested, above.streaming, above.features.task) == ("auto", False, "code_review")
    assert above.features.complexity == "complex"


def test_every_word_of_the_context(tmp_path: Path) -> None:
    """Who asks, and what the call says of who may answer (S5.01)."""
    found = one(
        tmp_path,
        "context: {department: rd, user: ana, workflow: w, step: s, session: t, budget_tier: gold, preference: cost,\n"
        "          strategy: fastest, mode: advise, policy: p, labels: {region: eu}, models: [openai], only: groq,\n"
        "          ignore: ['anthropic/*'], max_price: {input: 1 USD/MTok, output: 2.5 USD/MTok}}",
    ).question.context

    assert (found.department, found.user, found.workflow, found.step, found.session) == ("rd", "ana", "w", "s", "t")
    assert (found.tier, found.preference, found.strategy) == ("gold", "cost", "fastest")
    assert (found.mode, found.policy, found.labels) == ("advise", "p", {"region": "eu"})
    assert found.narrow == Narrow(("openai",), ("groq",), ("anthropic/*",), 1_000_000_000, 2_500_000_000)


def test_every_fact_of_the_world(tmp_path: Path) -> None:
    """Budgets, limits, refusals, breakers, latencies and a warm cache, each in its order."""
    found = one(
        tmp_path,
        "snapshot: {used: {user/day: 85.7%}, limited: [user, endpoint: openai], refused: {user: openai/big},\n"
        "           broken: [groq/fast, anthropic/opus], disabled: openai, latency.p95: {openai/mini: 3 s},\n"
        "           warm: {target: openai/big, cached: 4k}}",
    ).snapshot

    assert found.used == (("user/day", 850_000),)
    assert found.limited == (("limit.endpoint", "openai"), ("limit.user", ""))
    assert found.refused == (("budget.user", "openai/big"),)
    assert (found.broken, found.disabled) == (("anthropic/opus", "groq/fast"), ("openai",))
    assert found.latency_p95_ns == (("openai/mini", 3 * 10**9),)
    assert found.warm == ("openai/big", 4_000)


def test_claims_that_the_policy_does_not_grant_are_withheld(tmp_path: Path) -> None:
    """As in a call: they are taken out before the decision, and the case can expect that (S5.01)."""
    body = (
        "cases:\n  - name: one\n    context: {only: groq, ignore: openai, preference: cost}\n"
        "    expect: {withheld: [preference, ignore]}\n"
    )
    suite = load(tmp_path, body, policy=f"{POLICY}grants: [only]\n")

    assert suite.cases[0].question.context.narrow == Narrow(only=("groq",))
    assert suite.cases[0].question.withheld == ("ignore", "preference")
    assert run_suite(suite).passed()
    assert run_suite(load(tmp_path, body)).results[0].findings[0].happened == "nothing"


def test_a_hop_an_override_and_a_seed(tmp_path: Path) -> None:
    """32 hex digits are the seed; any other text stands for its hash, the same every time."""
    found = one(tmp_path, "tried: [big]\nseed: 000102030405060708090a0b0c0d0e0f\noverride: {target: openai/mini}")
    named = one(tmp_path, "seed: monday")

    assert (found.tried, found.seed) == (("openai/big",), bytes(range(16)))
    assert found.question.override is not None
    assert found.question.override.target == "openai/mini"
    assert named.seed == one(tmp_path, "seed: monday").seed != bytes(16)


def test_everything_that_can_be_expected(tmp_path: Path) -> None:
    """Ids, aliases and globs; a rule's own name; a filter's name as rejections show it."""
    body = (
        "cases:\n  - name: one\n    expect:\n      selected: [big, openai/mini]\n      rule: hard\n      cause: rule\n"
        "      tier: powerful\n      mode: route\n      applies: true\n      never: ['groq/*']\n"
        "      rejected: {groq/fast: [quality >= 0.4, rule.hard]}\n      survivors: 2\n"
    )
    (case,) = load(tmp_path, body).cases
    found = case.expect

    assert found.selected == ("openai/big", "openai/mini")
    assert (found.rule, found.cause, found.tier, found.mode, found.applies) == (
        "hard", "rule", "powerful", "route", True,
    )  # fmt: skip
    assert found.never == ("groq/fast",)
    assert found.rejected == (("groq/fast", "quality >= 0.4"), ("groq/fast", "rule.hard"))
    assert found.survivors == 2
    assert found.places["rule"].line == 6


def test_defaults_hold_where_a_case_says_nothing(tmp_path: Path) -> None:
    """Features, context and snapshot key by key; everything else as a whole."""
    body = (
        "defaults:\n  features: {task: debugging, complexity: simple}\n  context: {user: ana}\n  needs: [tools]\n"
        "cases:\n"
        "  - {name: a, features: {complexity: complex}, needs: [], expect: {rule: hard}}\n"
        "  - {name: b, expect: {rule: none}}\n"
    )
    first, second = load(tmp_path, body).cases

    assert (first.question.features.task, first.question.features.complexity) == ("debugging", "complex")
    assert (first.question.needs, second.question.needs) == ((), (Need("tools", "$"),))
    assert (first.question.context.user, second.question.features.complexity) == ("ana", "simple")


def test_the_policy_is_the_one_beside_it(tmp_path: Path) -> None:
    """By the file's own stem, or by name; and the catalog beside it where the file names one."""
    assert load(tmp_path, CASES, name="support").plan.policy.name == "p"
    other = write(tmp_path, f"policy: support\n{CASES}", name="other")

    assert load_suite(other, catalog=CATALOG).plan.policy.sources == (str(tmp_path / "support.yaml"),)


def test_a_policy_is_tested_in_its_envelopes(tmp_path: Path) -> None:
    """Their lines hold, and count for the coverage; a policy that is none is told."""
    (tmp_path / "house.yaml").write_text(
        "waypost: policy/v1\nname: house\nenvelope: true\nfilter: [provider == openai]\n"
    )
    body = "cases:\n  - {name: a, expect: {rejected: {groq/fast: provider == openai}}}\n"
    report = run_suite(load(tmp_path, "envelopes: [house]\n" + body))

    assert report.passed()
    assert f"{tmp_path}/house.yaml:4:10" in [str(point.at) for point in report.coverage.points]
    with pytest.raises(PolicyError, match=r"p\.test\.yaml:2:13: 'p' is no envelope"):
        load(tmp_path, "envelopes: [p]\n" + CASES)
    with pytest.raises(PolicyError, match="there is no policy 'hose' here; did you mean 'house'"):
        load(tmp_path, "envelopes: [hose]\n" + CASES)


def test_a_loaded_suite_runs(tmp_path: Path) -> None:
    """The whole way from a file to a verdict."""
    report = run_suite(load(tmp_path, "cases:\n  - {name: a, features: {complexity: complex}, expect: {rule: hard}}\n"))

    assert report.passed()
    assert not report.passed(100)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("casess: []\n", "2:1: unknown key 'casess' in a test file; did you mean 'cases'?"),
        ("cases: []\n", "1:1: there are no cases; write `cases:` with a list of them"),
        ("cases:\n  - expect: {rule: hard}\n", "3:5: a case has no name; write `- name: ...`; failures are told by it"),
        ("cases:\n  - name: one\n", "3:5: case 'one' expects nothing; add `expect: {{selected: ...}}`"),
        (
            "cases:\n  - {name: one, expect: {}}\n",
            "3:25: nothing is expected; write `selected`, `rule`, `rejected`, `never`, ...",
        ),
        (f"{CASES}  - name: one\n    expect: {{rule: none}}\n", "5:5: a second case 'one'; the first is at {}:3:5"),
        (
            "cases:\n  - {name: a, expct: {rule: none}, expect: {rule: none}}\n",
            "3:15: unknown key 'expct' in a case; did you mean 'expect'?",
        ),
        (
            "defaults: {name: x}\n" + CASES,
            "2:12: unknown key 'name' in defaults; known: advice, body, context, credentials, features, needs, "
            "origin, override, pinned, requested, seed, snapshot, tried",
        ),
    ],
)
def test_mistakes_of_the_file(tmp_path: Path, body: str, said: str) -> None:
    """Each with its place and a remedy."""
    assert wrong(tmp_path, body) == ["p.test.yaml:" + said.format("p.test.yaml")]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("features: {taks: debugging}", "16: unknown key 'taks' in features; did you mean 'task'?"),
        ("features: {task: debuging}", "22: task 'debuging' is unknown; did you mean 'debugging'?"),
        ("features: {signals: [x]}", "26: unknown signals 'x'; known: advanced"),
        ("features: {tokens.input: 2 s}", "30: tokens.input is 2 s: s is the unit of a duration, not of a count; "),
        ("features: {streaming: maybe}", "27: streaming 'maybe' is unknown; known: false, true"),
        ("context: {team: x}", "15: unknown key 'team' in context; known: "),
        ("context: {preference: cheap}", "27: context.preference 'cheap' is unknown; known: cost, latency, quality"),
        ("body: {model: x}", "11: not a body of openai.chat: "),
        ("needs: [tols]", "13: unknown need 'tols'; did you mean 'tools'?"),
        ("origin: opnai", "13: origin 'opnai' is unknown; did you mean 'openai'?"),
        ("credentials: [opnai]", "19: unknown credentials 'opnai'; did you mean 'openai'?"),
        ("snapshot: {used: {team/day: 80%}}", "23: unknown key 'team/day' in used; did you mean 'user/day'?"),
        ("snapshot: {limited: [team]}", "26: limited 'team' is unknown; known: endpoint, user"),
        ("snapshot: {refused: {team: []}}", "26: unknown key 'team' in refused; known: user"),
        ("snapshot: {broken: [openai/bigg]}", "25: unknown target 'openai/bigg'; did you mean 'openai/big'?"),
        ("snapshot: {warm: {target: zzz}}", "31: unknown target 'zzz'; known: anthropic/opus, groq/fast"),
        ("tried: [openai/bigg]", "13: unknown target 'openai/bigg'; did you mean 'openai/big'?"),
    ],
)
def test_mistakes_of_a_case(tmp_path: Path, line: str, said: str) -> None:
    """A name that does not exist would make a case that never fails."""
    (error,) = wrong(tmp_path, f"cases:\n  - name: one\n    {line}\n    expect: {{rule: none}}\n")

    assert error.startswith(f"p.test.yaml:4:{said}")


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("selcted: x", "14: unknown key 'selcted' in expect; did you mean 'selected'?"),
        ("selected: openai/bigg", "24: unknown target 'openai/bigg'; did you mean 'openai/big'?"),
        ("never: 'mistral/*'", "21: no target matches 'mistral/*'; known: anthropic/opus"),
        ("rule: hrad", "20: rule 'hrad' is unknown; did you mean 'hard'?"),
        ("cause: luck", "21: cause 'luck' is unknown; known: advisor"),
        ("tier: huge", "20: tier 'huge' is unknown; known: fast_cheap, powerful"),
        ("rejected: {big: quality >= 0.5}", "30: no line of the policy is called 'quality >= 0.5'; did you mean 'qual"),
        ("rejected: {big: rule.soft}", "30: the policy has no rule 'soft'; known: hard"),
        ("survivors: 9", "25: survivors is 9; write a whole number from 0 to 4"),
        ("error: any", "21: error 'any' is unknown; known: no_candidates"),
    ],
)
def test_mistakes_of_what_is_expected(tmp_path: Path, expect: str, said: str) -> None:
    (error,) = wrong(tmp_path, f"cases:\n  - name: one\n    expect: {{{expect}}}\n")

    assert error.startswith(f"p.test.yaml:4:{said}")


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    """In the order of their places."""
    body = "cases:\n  - name: one\n    features: {taks: x}\n    expect: {rule: hrad}\n  - expect: {rule: none}\n"

    assert [line.split(": ")[0] for line in wrong(tmp_path, body)] == [
        "p.test.yaml:4:16",
        "p.test.yaml:5:20",
        "p.test.yaml:6:5",
    ]


def test_mistakes_around_the_file(tmp_path: Path) -> None:
    """No version, no such policy, no such file, a broken policy: each says so itself."""
    bare = tmp_path / "bare.test.yaml"
    bare.write_text("cases: []\n")
    named = write(tmp_path, f"policy: suport\n{CASES}", name="support")
    broken = write(tmp_path, CASES, policy=POLICY.replace("quality", "qualty"), name="broken")

    for path, said in (
        (bare, f"{bare}:1:1: the version of the tests is nothing; write `waypost: policy-test/v1`"),
        (named, f"{named}:2:9: there is no policy 'suport' here; did you mean 'support'?"),
        (tmp_path / "no.test.yaml", f"{tmp_path}/no.test.yaml: the test file cannot be read; check the path"),
        (broken, f"{tmp_path}/broken.yaml:6:10: unknown field 'qualty'; did you mean 'quality'?"),
    ):
        with pytest.raises(PolicyError) as caught:
            load_suite(path, catalog=CATALOG)
        assert str(caught.value) == said


def test_what_a_name_means(tmp_path: Path) -> None:
    """A test file, a policy, a folder, a packaged policy's name; anything else has no tests."""
    path = write(tmp_path, CASES)

    assert find_tests(path) == find_tests(tmp_path / "p.yaml") == find_tests(tmp_path) == (path,)
    assert [found.name for found in find_tests("rd")] == ["rd.test.yaml"]
    (tmp_path / "empty").mkdir()
    (tmp_path / "q.yaml").touch()
    for name, said in (
        (tmp_path / "q.yaml", "there are no tests for it; write 'q.test.yaml' beside the policy"),
        (tmp_path / "empty", "no file here ends with .test.yaml"),
        ("nobody", "there is no such policy and no such test file; check the path, or name a packaged one: auto, "),
    ):
        with pytest.raises(PolicyError, match=said):
            find_tests(name)


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.sampled_from(["eu", "openai/big"])),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(WORDS),
                inner,
                max_size=4,
            ),
        ),
        max_leaves=12,
    )
)
def test_any_yaml_is_a_suite_or_an_error(tmp_path_factory: pytest.TempPathFactory, body: Any) -> None:
    """Whatever stands under `cases` and `defaults`: never a traceback."""
    import json

    folder = tmp_path_factory.mktemp("any")
    path = write(folder, f"cases: [{json.dumps(body)}]\ndefaults: {json.dumps(body)}\n")
    try:
        cases = load_suite(path, catalog=CATALOG).cases
    except ConfigError as error:
        found = error.where
    else:
        found = str(cases[0].at)
    assert found.startswith(str(path))
