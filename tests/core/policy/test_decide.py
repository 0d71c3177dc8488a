"""The decision, line by line of docs/decision.md, with exact masks, orders, scores and causes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_samples import (
    BIG,
    CATALOG,
    EXPRESSES,
    FAST,
    MINI,
    OPUS,
    ORIGIN,
    SEED,
    catalog,
    endpoint,
    latency,
    names,
    plan,
    policy,
    question,
    target,
)
from waypost.core.catalog.table import Catalog
from waypost.core.model.decision import Decision
from waypost.core.model.needs import Need
from waypost.core.model.question import EMPTY_SNAPSHOT, Question, Snapshot
from waypost.core.model.target import Price
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.decide import choose, decide, mode_of
from waypost.core.policy.plan import STANDBY, Plan

NONE: frozenset[str] = frozenset()


def run(body: str | Plan = "", asked: Question | None = None, **options: Any) -> Decision:
    """One decision over the sample catalog."""
    made = body if isinstance(body, Plan) else plan(body, table=options.pop("table", CATALOG))
    snapshot, tried = options.pop("snapshot", EMPTY_SNAPSHOT), options.pop("tried", NONE)
    return decide(made, asked or question(), snapshot, SEED, tried)


def rejected(decision: Decision, table: Catalog = CATALOG) -> dict[str, list[str]]:
    return {name: names(table, mask) for name, mask in decision.rejections}


def order(decision: Decision, table: Catalog = CATALOG) -> list[str]:
    return [table.targets[index].id for index in decision.order]


def test_all_targets_are_candidates() -> None:
    """Without a line and without a need everybody survives, ranked by the house's weights."""
    found = run()
    assert found.rejections == ()
    assert (found.survivors, found.selected, found.cause, found.rank) == (0b1111, 0, "policy", "balanced")
    assert order(found) == ["anthropic/opus", "openai/big", "openai/mini", "groq/fast"]
    assert (found.policy, found.catalog, found.seed) == (policy().fingerprint, CATALOG.fingerprint, SEED)
    assert (found.rule, found.because, found.tried, found.propensity_ppm, found.engine) == (
        None,
        None,
        (),
        1_000_000,
        1,
    )


# The reserved names, in order


def test_what_was_tried_comes_first() -> None:
    """A fallback decides again on what is left; unknown ids are no candidates."""
    found = run("filter: [quality >= 0.4]\n", tried=frozenset(("openai/mini", "gone/model")))
    assert [name for name, _ in found.rejections] == ["tried", "quality >= 0.4"]
    assert rejected(found)["tried"] == ["openai/mini"]
    assert (found.cause, found.tried, order(found)[0]) == ("fallback", ("gone/model", "openai/mini"), "anthropic/opus")
    assert run(tried=frozenset(("gone/model",))).cause == "fallback"


AWAY = ["anthropic/opus", "groq/fast"]


@pytest.mark.parametrize(
    ("body", "facts", "expected"),
    [
        ("", {}, None),
        ("", {"granted": False}, AWAY),
        ("", {"pinned": True}, AWAY),
        ("cross_origin: never\n", {}, AWAY),
        ("", {"origin": replace(ORIGIN, endpoint=None, host="x.example")}, [*AWAY, "openai/big", "openai/mini"]),
        ("leave: [x.example]\n", {"origin": replace(ORIGIN, endpoint=None, host="x.example")}, None),
        ("leave: ['*.x.example']\n", {"origin": replace(ORIGIN, endpoint=None, host="a.x.example")}, None),
        ("leave: ['*.x.example']\n", {"origin": replace(ORIGIN, endpoint=None, host="evilx.example")}, [
            *AWAY, "openai/big", "openai/mini"]),
        ("leave: [x.example]\n", {"origin": replace(ORIGIN, endpoint=None, host="x.example"), "granted": False}, [
            *AWAY, "openai/big", "openai/mini"]),
    ],
)  # fmt: skip
def test_leaving_needs_a_grant_and_a_known_origin(body: str, facts: dict[str, Any], expected: list[str] | None) -> None:
    """DESIGN §5: nobody leaves the caller's endpoint without all of it."""
    found = run(body, question(**facts))
    assert rejected(found).get("cross_origin") == expected
    assert found.cause == ("pinned" if facts.get("pinned") else "policy")


def test_without_a_key_there_is_no_sending() -> None:
    """The origin needs no key of ours; unknown endpoints in the list of keys are nobody's."""
    found = run("", question(credentials=("groq", "nowhere")))
    assert rejected(found) == {"provider.credentials": ["anthropic/opus"]}
    found = run("", question(credentials=(), origin=replace(ORIGIN, endpoint="groq")))
    assert rejected(found) == {"provider.credentials": ["anthropic/opus", "openai/big", "openai/mini"]}


def test_breakers() -> None:
    """A broken target, or a disabled endpoint with all that it serves."""
    found = run("", snapshot=Snapshot(epoch=1, broken=("groq/fast", "gone/x"), disabled=("openai", "gone")))
    assert rejected(found) == {"breaker": ["groq/fast", "openai/big", "openai/mini"]}
    assert order(found) == ["anthropic/opus"]


@pytest.mark.parametrize(
    ("flag", "facts", "expected"),
    [
        ("tools", {}, ["groq/fast"]),
        ("output.json_schema", {}, ["anthropic/opus", "groq/fast"]),
        ("seed", {"dialect": "anthropic.messages"}, ["anthropic/opus", "groq/fast"]),
        ("stop", {}, ["anthropic/opus", "groq/fast", "openai/big", "openai/mini"]),
        ("message.name", {"dialect": "anthropic.messages"}, None),
        ("message.name", {}, ["anthropic/opus"]),
        ("citations", {}, None),
        ("prefill", {}, ["anthropic/opus"]),
        ("openai.files", {}, ["anthropic/opus", "groq/fast"]),
        ("openai.files", {"origin": replace(ORIGIN, endpoint=None)}, CATALOG.index),
    ],
)  # fmt: skip
def test_needs_on_their_three_levels(flag: str, facts: dict[str, Any], expected: Any) -> None:
    """S2.07: "no tools"; what a dialect cannot say, and what only the caller's endpoint has."""
    found = run("leave: [api.openai.com]\n", question(flag, **facts))
    assert rejected(found).get(f"need.{flag}") == (None if expected is None else list(expected))


def test_needs_are_named_once_in_order_and_hints_reject_nobody() -> None:
    """One entry a flag, sorted; a hint is only on the receipt."""
    found = run("", question("tools", "prefill", Need("tools", "$.b"), Need("logprobs", "$", severity="hint")))
    assert [name for name, _ in found.rejections] == ["need.prefill", "need.tools"]


def test_the_window_holds_the_prompt_and_what_is_allowed() -> None:
    """On the grid for estimates, exact for what the caller allowed; an unknown window fails."""
    table = catalog(target("openai/a", context_window=144), target("openai/b", context_window=None))
    assert rejected(run("", question(tokens=(128, 16)), table=table), table) == {"need.context_window": ["openai/b"]}
    assert rejected(run("", question(tokens=(129, 0)), table=table), table) == {"need.context_window": ["openai/b"]}
    assert rejected(run("", question(tokens=(145, 0)), table=table), table)["need.context_window"] == [
        "openai/a",
        "openai/b",
    ]
    asked = question(tokens=(127, 900), features={"max_output": 16})
    assert rejected(run("", asked, table=table), table) == {"need.context_window": ["openai/b"]}
    asked = question(tokens=(128, 0), features={"max_output": 17})
    assert "openai/a" in rejected(run("", asked, table=table), table)["need.context_window"]


def test_the_answer_must_be_allowed() -> None:
    """`need.max_output` only where the caller said how much."""
    table = catalog(target("openai/a", max_output=100), target("openai/b", max_output=None))
    assert run("", table=table).rejections == ()
    asked = question(features={"max_output": 100})
    assert rejected(run("", asked, table=table), table) == {"need.max_output": ["openai/b"]}
    asked = question(features={"max_output": 101})
    assert rejected(run("", asked, table=table), table) == {"need.max_output": ["openai/a", "openai/b"]}


# Rules and filters

RULES = """
rules:
  - {name: unknown, when: department == rd, use: [openai/big]}
  - {name: cheap, when: complexity == simple, use: fast_cheap, because: cheapest, filter: [quality >= 0.4]}
  - {name: rest, use: powerful}
filter: [price.input <= 10 USD/MTok]
"""


def test_the_first_rule_that_is_true_matches() -> None:
    """S2.03: unknown does not match; the rule's own filters come after the policy's."""
    found = run(RULES)
    assert (found.rule, found.because, found.cause) == ("cheap", "cheapest", "rule")
    assert list(rejected(found).items()) == [
        ("rule.cheap", ["anthropic/opus", "openai/big"]),
        ("price.input <= 10 USD/MTok", ["openai/big"]),
        ("quality >= 0.4", ["groq/fast"]),
    ]
    assert order(found) == ["openai/mini"]
    found = run(RULES, question(features={"complexity": "complex"}))
    assert (found.rule, found.because, order(found)) == ("rest", None, ["anthropic/opus"])
    found = run(RULES, question(context={"department": "rd"}))
    assert (found.rule, found.selected, found.order, found.scores) == ("unknown", None, (), ())
    assert found.survivors == 0


def test_unknown_fails_closed() -> None:
    """POLICY.md: a filter passes only on true, also when it is negated."""
    found = run("filter: ['region not in [us]', 'not retention == \"30d\"']\n")
    assert rejected(found) == {
        "region not in [us]": ["groq/fast", "openai/big", "openai/mini"],
        'not retention == "30d"': ["groq/fast", "openai/big"],
    }


def test_a_condition_that_is_unknown_applies() -> None:
    """A filter is left out only where its `when` is false."""
    body = "filter: [{rule: quality >= 0.9, when: department == rd}]\n"
    assert "quality >= 0.9" in rejected(run(body))
    assert "quality >= 0.9" in rejected(run(body, question(context={"department": "rd"})))
    assert rejected(run(body, question(context={"department": "hr"}))) == {}


@pytest.mark.parametrize(
    ("line", "fails"),
    [
        ("region == eu or quality >= 0.4", ["groq/fast"]),
        ("region == us and quality >= 0.5", ["anthropic/opus", "groq/fast", "openai/mini"]),
        ("target matches openai/m*", ["anthropic/opus", "groq/fast", "openai/big"]),
        ("model matches ???", ["anthropic/opus", "groq/fast", "openai/mini"]),
        ("provider in [openai, groq]", ["anthropic/opus"]),
        ("tier != powerful", ["anthropic/opus", "openai/big"]),
        ("dialect == openai.chat", ["anthropic/opus"]),
        ("capabilities has seed", ["anthropic/opus", "groq/fast"]),
        ("not capabilities has seed", ["openai/big", "openai/mini"]),
        ("price.output < 25 USD/MTok", ["anthropic/opus", "openai/big"]),
        ("price.output <= 25 USD/MTok", ["openai/big"]),
        ("price.output == 25 USD/MTok", ["groq/fast", "openai/big", "openai/mini"]),
        ("price.output != 25 USD/MTok", ["anthropic/opus"]),
        ("context_window in [128k, 200k]", ["groq/fast"]),
        ("context_window not in [128k]", ["openai/big", "openai/mini"]),
        ("price.output >= price.input * 5", ["groq/fast", "openai/big", "openai/mini"]),
        ("context_window > tokens.total * 100", ["groq/fast"]),
        ("max_output >= tokens.max_output", ["anthropic/opus", "groq/fast", "openai/big", "openai/mini"]),
        ("latency.p95 < estimated.latency * 5", ["anthropic/opus", "groq/fast", "openai/big", "openai/mini"]),
        ("latency.p95 < estimated.latency * 9", ["groq/fast", "openai/big"]),
        ("latency.first_token <= 800 ms", ["anthropic/opus", "groq/fast"]),
        ("turns == 0", []),
        ("tokens.input == 104 and tokens.output == 10 and tokens.total == 114", []),
        ("code == false and auto == true and streaming == false", []),
        ("language == en", ["anthropic/opus", "groq/fast", "openai/big", "openai/mini"]),
        ("requested.model == auto and origin.provider == openai and origin.sdk == openai", []),
        ("origin.dialect == openai.chat", []),
        ("needs has tools or quality > 0.9", ["groq/fast", "openai/big", "openai/mini"]),
        ("turns < messages * 2", ["anthropic/opus", "groq/fast", "openai/big", "openai/mini"]),
    ],
)  # fmt: skip
def test_every_kind_of_predicate(line: str, fails: list[str]) -> None:
    """Each operator over each kind of field, alone and joined; (100, 10) tokens are (104, 10) on the grid."""
    found = run(f'filter: ["{line}"]\n')
    assert [names(CATALOG, mask) for _, mask in found.rejections] == ([fails] if fails else [])


def test_labels_and_context_are_open() -> None:
    """User-defined facts on either side; what is absent is unknown."""
    table = catalog(target("openai/a", labels={"team": "red"}), target("openai/b"))
    body = "filter: [labels.team == red, context.site == x]\n"
    found = run(body, question(context={"labels": {"site": "x"}}), table=table)
    assert rejected(found, table) == {"labels.team == red": ["openai/b"]}
    assert rejected(run(body, table=table), table)["context.site == x"] == ["openai/a", "openai/b"]


def test_the_measured_world_stands_above_the_prior() -> None:
    """latency.p95 is the snapshot's where it has one."""
    body = "filter: [latency.p95 <= 10 s]\n"
    assert rejected(run(body)) == {"latency.p95 <= 10 s": ["groq/fast", "openai/big"]}
    made = plan(body)
    seen = Snapshot(epoch=1, latency_p95_ns=(("groq/fast", 10**9), ("openai/mini", 11 * 10**9), ("gone/x", 1)))
    assert rejected(run(made, snapshot=seen)) == {"latency.p95 <= 10 s": ["openai/big", "openai/mini"]}
    assert rejected(run(made)) == {"latency.p95 <= 10 s": ["groq/fast", "openai/big"]}


def test_what_nobody_measured_or_stated_is_twice_the_first_token() -> None:
    """Its own line about streams lets calls through from the first on; without a latency it stays unknown."""
    table = catalog(
        target("openai/quick", latency=latency(1_000, 500)),
        target("openai/slow", latency=latency(1_001, 1)),
        target("openai/stated", latency=latency(1, 1, 3)),
        target("openai/unknown"),
    )
    line = "latency.p95 <= 2 s"
    body = f"filter: [{{rule: {line}, when: streaming == true}}]\n"
    found = run(body, question(streaming=True), table=table)
    assert rejected(found, table) == {line: ["openai/slow", "openai/stated", "openai/unknown"]}
    seen = Snapshot(epoch=1, latency_p95_ns=(("openai/quick", 2_000_000_001), ("openai/unknown", 1)))
    measured = run(body, question(streaming=True), table=table, snapshot=seen)
    assert rejected(measured, table) == {line: ["openai/quick", "openai/slow", "openai/stated"]}


def test_estimates_are_on_the_grid() -> None:
    """POLICY.md: the bucket is the semantics. 1,000 tokens in are 1,024, so 15 USD/MTok cost 0.01536 USD."""
    limit = "filter: [estimated.cost <= 0.015 USD]\n"
    assert "openai/big" in rejected(run(limit, question(tokens=(1_000, 0))))["estimated.cost <= 0.015 USD"]
    exact = "filter: [estimated.cost <= 0.01536 USD]\n"
    assert rejected(run(exact, question(tokens=(1_000, 0)))) == {}


def test_price_tiers_and_unknown_prices() -> None:
    """The last tier below the tokens; a target with half a price has no estimate."""
    tiers = ((128, Price("2025", 2 * 10**9, 2 * 10**9)), (256, Price("2025", 8 * 10**9, None)))
    tiered = target("openai/t", prices=(Price("2025", 10**9, 10**9, above=tiers),))
    table = catalog(tiered, target("openai/none"), target("openai/half", prices=(Price("2025", 10**9, None),)))
    body = "rank: cheapest\nfilter: [estimated.cost >= 0 USD]\n"
    found = run(body, question(tokens=(128, 8)), table=table)
    assert (order(found, table), found.scores) == (["openai/t"], (136_000,))
    assert run(body, question(tokens=(129, 8)), table=table).scores == (2 * (144 + 8) * 1_000,)
    assert run(body, question(tokens=(257, 8)), table=table).selected is None


def test_lines_of_one_name_are_one_entry() -> None:
    """The masks are or-ed at the place of the first."""
    body = (
        "filter:\n  - {rule: quality >= 0.9, when: turns == 0}\n  - {rule: quality >= 0.4}\n"
        "  - {rule: quality >= 0.9, when: turns == 1}\n"
    )
    found = run(body)
    assert [name for name, _ in found.rejections] == ["quality >= 0.9", "quality >= 0.4"]


# Rank


def test_the_named_strategies() -> None:
    """Raw integers without a scale; unknown comes last; ties by id."""
    dull = target("openai/dull")
    table = catalog(BIG, MINI, OPUS, FAST, dull)
    found = run("rank: cheapest\n", table=table)
    assert order(found, table) == ["groq/fast", "openai/mini", "anthropic/opus", "openai/big", "openai/dull"]
    assert found.scores == (11_400, 21_600, 770_000, 2_160_000, -1)
    found = run("rank: fastest\n", table=table)
    assert order(found, table) == ["openai/mini", "openai/big", "anthropic/opus", "groq/fast", "openai/dull"]
    assert found.scores == (350_000_000, 1_000_000_000, 1_050_000_000, -1, -1)
    found = run("rank: best\n", table=table)
    assert order(found, table) == ["anthropic/opus", "openai/big", "openai/mini", "groq/fast", "openai/dull"]
    assert found.scores == (920_000, 900_000, 420_000, 300_000, -1)


@pytest.mark.parametrize(
    ("preference", "rank", "winner"),
    [("quality", "best", "anthropic/opus"), ("cost", "cheapest", "groq/fast"), ("latency", "fastest", "openai/mini")],
)
def test_a_preference_chooses_the_strategy(preference: str, rank: str, winner: str) -> None:
    """S1.02: quality, cost or latency; the filter is the policy's all the same."""
    found = run(RULES.replace("filter: [quality >= 0.4]", "filter: [quality >= 0.1]"), question(
        context={"preference": preference}, features={"complexity": "medium"}))  # fmt: skip
    assert (found.rank, found.cause, found.rule) == (rank, "preference", "rest")
    found = run("", question(context={"preference": preference}))
    assert (found.rank, found.cause, order(found)[0]) == (rank, "preference", winner)


def test_a_weighted_score_by_hand() -> None:
    """Linear quality, logarithmic cost and latency, held within 0..1, floored once at the end."""
    table = catalog(
        target("openai/a", price=(1, 0), quality=500_000, latency=latency(400, 0)),
        target("openai/b", quality=250_000),
    )
    body = (
        "rank: {cost: 0.5, latency: 0.3, quality: 0.2}\n"
        "scales: {cost: 0.000001024..0.001048576 USD, latency: 200..800 ms, quality: 0.25..0.75}\n"
    )
    found = run(body, question(tokens=(32, 0)), table=table)
    # cost 32,000 nano-USD: lg is 14 + 15,616/16,384; the scale runs from lg 10 to 20.
    lg = 14_000_000 + (32_000 - 16_384) * 1_000_000 // 16_384
    cost = 1_000_000 - (lg - 10_000_000) * 1_000_000 // 10_000_000
    lg_of = {ms: (ms * 10**6).bit_length() - 1 for ms in (200, 400, 800)}
    fine = {ms: e * 10**6 + (ms * 10**6 - 2**e) * 10**6 // 2**e for ms, e in lg_of.items()}
    speed = 1_000_000 - (fine[400] - fine[200]) * 1_000_000 // (fine[800] - fine[200])
    assert found.scores == ((500_000 * cost + 300_000 * speed + 200_000 * 500_000) // 1_000_000, 0)
    assert order(found, table) == ["openai/a", "openai/b"]


def test_ties_break_by_id_and_the_order_is_cut() -> None:
    """Nine equal targets: the first eight by id stand."""
    table = catalog(*(target(f"openai/m{number}", price=(1, 1), quality=500_000) for number in range(9)))
    found = run("", table=table)
    assert found.order == tuple(range(STANDBY))
    assert found.survivors.bit_count() == 9


def test_beyond_the_candidates_that_are_kept_in_order() -> None:
    """Where the best of a cell are rejected, the rest is ranked all the same: few survivors, and many."""
    size = 700
    table = catalog(
        *(target(f"openai/m{number:03d}", price=(number + 1, 0), max_output=number) for number in range(size))
    )
    made = plan("rank: cheapest\n", table=table)
    for allowed in (size - 3, size - 100, 300, 5):
        found = run(made, question(tokens=(16, 0), features={"max_output": allowed}))
        assert found.order == tuple(range(allowed, min(allowed + STANDBY, size)))
        assert found.scores == tuple((index + 1) * 16_000 for index in found.order)


# Choosing the plan and the mode

FALLBACK = plan("mode: observe\n")
RD = plan("match: {department: rd}\n".replace("sample", "rd"))
AUTO = plan("match: auto == true\n")


def named(made: Plan, name: str) -> Plan:
    return compile_policy(replace(made.policy, name=name), CATALOG, EXPRESSES)


def test_the_plan_of_a_call() -> None:
    """Named, else the first that matches, else the first without `match`, else the last."""
    rd, auto, free, other = named(RD, "rd"), named(AUTO, "auto"), named(FALLBACK, "free"), named(FALLBACK, "other")
    plans = [rd, auto, free, other]
    assert choose(plans, question(context={"policy": "other"})) is other
    assert choose(plans, question(context={"policy": "gone", "department": "rd"})) is rd
    assert choose(plans, question(context={"department": "rd"})) is rd
    assert choose(plans, question()) is auto
    assert choose(plans, question(auto=False)) is free
    assert choose([rd, auto], question(auto=False)) is auto
    assert choose([free, auto], question()) is auto
    with pytest.raises(ValueError, match="there are no plans"):
        choose([], question())


@pytest.mark.parametrize(
    ("spec", "asked", "auto", "expected"),
    [
        ("advise", None, False, ("advise", "policy")),
        ("advise", None, True, ("route", "policy")),
        ("off", None, True, ("off", "policy")),
        ("observe", None, True, ("route", "policy")),
        ("route", None, False, ("route", "policy")),
        ("route", "observe", False, ("observe", "policy")),
        ("route", "observe", True, ("route", "policy")),
        ("route", "off", True, ("off", "policy")),
        ("advise", "route", False, ("route", "policy")),
        ("observe", "route", False, ("observe", "policy")),
        ("observe", "advise", False, ("observe", "policy")),
        ("off", "route", False, ("off", "policy")),
        ("{route: 0%}", None, False, ("advise", "rollout")),
        ("{route: 0%}", None, True, ("route", "policy")),
        ("{route: 0%}", "observe", False, ("observe", "policy")),
        ("{route: 100%}", None, False, ("route", "policy")),
    ],
)
def test_the_ladder(spec: str, asked: Any, auto: bool, expected: tuple[str, str]) -> None:
    """A caller narrows; asking for one's own call to be routed is granted under advise; `auto` is routed."""
    made = plan(f"mode: {spec}\n")
    assert mode_of(made, question(auto=auto, context={"mode": asked}), SEED) == expected


def test_a_rollout_keeps_a_user_on_one_side() -> None:
    """S2.18: the share is a keyed hash of the policy and the user, or of the call where there is no user."""
    made = plan("mode: {route: 25%, by: user}\n")
    seeds = [bytes([number]) * 16 for number in range(200)]
    sides = {mode_of(made, question(auto=False, context={"user": "u1"}), seed) for seed in seeds}
    assert len(sides) == 1
    users = [mode_of(made, question(auto=False, context={"user": f"u{n}"}), SEED)[0] for n in range(1_000)]
    assert 200 < users.count("route") < 300
    calls = [mode_of(made, question(auto=False), seed) for seed in seeds]
    assert {cause for _, cause in calls} == {"rollout"}
    assert 25 < [mode for mode, _ in calls].count("route") < 75
    label = plan("mode: {route: 50%, by: context.site}\n")
    sites = {mode_of(label, question(auto=False, context={"labels": {"site": "x"}}), seed)[0] for seed in seeds}
    assert len(sites) == 1


# The default


def test_the_default_by_provider() -> None:
    """Resolved against the lines that depend on the catalog alone."""
    made = plan("default: {openai: openai/mini, '*': anthropic/opus}\n")
    assert (made.default_for("openai"), made.default_for("groq")) == ("openai/mini", "anthropic/opus")
    assert plan().default_for("openai") is None
    strict = compile_policy(
        replace(policy("filter: [quality >= 0.5]\n"), default={"*": "openai/mini"}), CATALOG, EXPRESSES
    )
    assert strict.default_for("openai") is None
    gone = compile_policy(replace(policy(), default={"*": "openai/gone"}), CATALOG, EXPRESSES)
    assert gone.default_for("openai") is None


def test_a_default_may_be_named_as_in_the_ids_of_targets() -> None:
    """An origin says gcp.gemini where target ids say google; a policy may write either, the endpoint's name first."""
    gemini = replace(endpoint("gemini", "openai.chat"), provider="gcp.gemini")
    table = replace(CATALOG, endpoints={**CATALOG.endpoints, "gemini": gemini})
    row = replace(table.targets[0], id="google/flash", provider="google", endpoint="gemini")
    table = replace(table, targets=(row, *table.targets[1:]), index={**table.index, "google/flash": 0})
    made = compile_policy(replace(policy(), default={"google": "google/flash"}), table, EXPRESSES)
    assert (made.default_for("gcp.gemini"), made.default_for("openai")) == ("google/flash", None)
    both = {"google": "google/flash", "gcp.gemini": table.targets[1].id}
    assert (
        compile_policy(replace(policy(), default=both), table, EXPRESSES).default_for("gcp.gemini")
        == both["gcp.gemini"]
    )


def test_whether_the_call_is_needed() -> None:
    """What fails open asks the plan (DESIGN §7)."""
    assert plan("filter: [estimated.cost <= 1 USD]\n").needs_call_facts
    assert not plan("filter: [quality >= 0.3]\n").needs_call_facts


# Properties

LINES = [
    "quality >= 0.4", "estimated.cost <= 0.001 USD", "region in [eu, us]", "latency.p95 <= 9 s",
    "context_window >= tokens.total * 2", "not price.output > 30 USD/MTok",
]  # fmt: skip
FACTS = st.fixed_dictionaries(
    {},
    optional={
        "quality": st.none() | st.integers(0, 1_000_000),
        "region": st.sampled_from([None, "eu", "us"]),
        "price": st.none() | st.tuples(st.integers(0, 60), st.integers(0, 90)),
        "context_window": st.sampled_from([None, 256, 8_192, 10**6]),
        "latency": st.none() | st.builds(latency, st.integers(1, 5_000), st.integers(0, 90), st.integers(1, 20)),
    },
)
CATALOGS = st.lists(FACTS, min_size=1, max_size=12).map(
    lambda rows: [
        target(f"{('openai', 'groq', 'anthropic')[place % 3]}/m{place:02d}", **row) for place, row in enumerate(rows)
    ]
)
POLICIES = st.tuples(
    st.lists(st.sampled_from(LINES), max_size=3, unique=True),
    st.sampled_from(["cheapest", "fastest", "best", "balanced", "{cost: 0.6, latency: 0.1, quality: 0.3}"]),
).map(lambda parts: f"filter: {parts[0]!r}\nrank: {parts[1]}\n".replace("'", '"'))
ASKED = st.builds(
    lambda tokens, needs: question(*needs, tokens=tokens),
    st.tuples(st.integers(0, 9_000), st.integers(0, 900)),
    st.lists(st.sampled_from(["tools", "prefill"]), max_size=2),
)


@settings(max_examples=60, deadline=None)
@given(CATALOGS, POLICIES, ASKED, st.data())
def test_a_loser_cannot_change_who_wins(rows: list[Any], body: str, asked: Question, data: st.DataObject) -> None:
    """POLICY.md: on fixed scales, leaving a loser out leaves the winner and the rest of the order as they are."""
    table = catalog(*rows)
    before = run(body, asked, table=table)
    losers = [item for place, item in enumerate(table.targets) if place != before.selected]
    if not losers:
        return
    gone = data.draw(st.sampled_from(losers))
    less = catalog(*(item for item in table.targets if item is not gone))
    after = run(body, asked, table=less)
    expected = [name for name in order(before, table) if name != gone.id]
    assert order(after, less)[: len(expected)] == expected


@settings(max_examples=60, deadline=None)
@given(CATALOGS, POLICIES, ASKED)
def test_the_order_of_the_catalog_file_is_no_fact(rows: list[Any], body: str, asked: Question) -> None:
    """Targets in reverse, the same decision (S2.16)."""
    assert run(body, asked, table=catalog(*reversed(rows))) == run(body, asked, table=catalog(*rows))


@settings(max_examples=60, deadline=None)
@given(CATALOGS, POLICIES, st.lists(ASKED, min_size=2, max_size=5))
def test_a_warm_plan_decides_as_a_fresh_one(rows: list[Any], body: str, asks: list[Question]) -> None:
    """No memo is a fact: what was asked before changes nothing, whatever the tried or the world in between."""
    table = catalog(*rows)
    warm = plan(body, table=table)
    worlds = (EMPTY_SNAPSHOT, Snapshot(epoch=1, broken=(rows[0].id,), latency_p95_ns=((rows[-1].id, 10**9),)))
    for asked in (*asks, *reversed(asks)):
        for world in worlds:
            for tried in (NONE, frozenset((rows[0].id,))):
                fresh = plan(body, table=table)
                assert decide(warm, asked, world, SEED, tried) == decide(fresh, asked, world, SEED, tried)


@settings(max_examples=60, deadline=None)
@given(CATALOGS, POLICIES, ASKED)
def test_survivors_fail_nothing(rows: list[Any], body: str, asked: Question) -> None:
    """Every candidate is either a survivor or in some mask, never both."""
    found = run(body, asked, table=catalog(*rows))
    failed = 0
    for _, mask in found.rejections:
        assert mask
        failed |= mask
    assert failed ^ found.survivors == (1 << len(rows)) - 1
    assert len(found.order) == min(STANDBY, found.survivors.bit_count())
