"""The oracle by hand, continued: narrowing, budgets and limits, setting aside, affinity, and the odds of chance."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from golden.decisions import world as small
from oracle.asked import World
from oracle.canonical import canonical
from oracle.checks import named
from oracle.facts import warm_cost
from oracle.oracle import OracleDecision, decide
from waypost.core.model.decision import Source
from waypost.core.model.question import Context, Narrow, Override
from waypost.core.model.record_question import question_of, snapshot_of
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.decide import decide as compiled
from waypost.core.policy.document import policy_from_document
from waypost.core.policy.tree import Select
from waypost.core.routing.narrow import names

AT = Source("p.yaml", 1, 1)
CATALOG = small.catalog()
SAID = {dialect: frozenset(flags) for dialect, flags in small.EXPRESSES.items()}
QUESTION = question_of(small.QUESTION)
EVERYBODY = ("groq/mid", "openai/mini", "anthropic/small", "openai/large")


def world(**parts: Any) -> World:
    return World(policy_from_document(small.policy_document(parts)), CATALOG, SAID)


def ask(parts: dict[str, Any], snapshot: dict[str, Any], **question: Any) -> OracleDecision:
    return decide(world(**parts), replace(QUESTION, **question), snapshot_of(snapshot))


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("openai/mid@eu", True),
        ("openai/mid", True),
        ("mid", True),
        ("openai", True),
        ("*/mid@??", True),
        ("openai/*", True),
        ("mid@eu", False),
        ("mid*", False),
        ("open", False),
        ("OPENAI", False),
        ("", False),
    ],
)
def test_what_an_entry_names(entry: str, *, expected: bool) -> None:
    """A glob is one of the whole id; anything else is one of five exact words."""
    target = CATALOG.get("openai/mid@eu")
    assert target is not None
    assert named((entry,), target) is expected


def test_an_entry_with_a_slash_is_an_id() -> None:
    """A gateway's model is called as another vendor's target is: who names that one does not mean the gateway."""
    target = CATALOG.get("openai/mid@eu")
    assert target is not None
    gateway = replace(target, id="gateway/openai/mid", model="openai/mid", endpoint="gateway", deployment=None)
    assert [named((entry,), gateway) for entry in ("openai/mid", "gateway/openai/mid", "gateway")] == [
        False,
        True,
        True,
    ]
    assert names("openai/mid", target)
    assert [names(entry, gateway) for entry in ("openai/mid", "gateway/openai/mid", "gateway")] == [False, True, True]


def test_prices_that_a_call_allows() -> None:
    """On the limit is allowed, one above it is not, and an unknown price never is."""
    narrow = Narrow(max_input_price=150_000_000)
    cheap = ask({}, {}, context=Context(narrow=narrow))
    assert cheap.survivors == ("openai/mini",)
    assert cheap.rejections["office/tiny"] == ("call.max_price",)
    none = ask({}, {}, context=Context(narrow=replace(narrow, max_input_price=149_999_999)))
    assert (none.selected, none.cause) == (None, "policy")


def test_the_highest_threshold_counts() -> None:
    """A budget that is past 100 % only warns where that is what its last threshold says, and reaches on the percent."""
    budget = small.budget("user", (50, "fail"), (100, "warn"))
    found = [ask({"budgets": [budget]}, {"used": [["user/day", used]]}) for used in (490_000, 500_000, 1_000_000)]
    assert [decision.selected is None for decision in found] == [False, True, False]
    assert found[1].cause == "budget"


def test_the_strictest_budget_decides_even_where_it_is_left_out() -> None:
    """The one that allows the fewest is the only one that is looked at; where it leaves nobody none applies."""
    budgets = [small.budget("all", (1, "balanced")), small.budget("user", (1, "local"))]
    used = {"used": [["all/day", 10_000], ["user/day", 10_000]]}
    line = small.line("quality >= 0.5")
    both = ask({"budgets": budgets, "filter": [line], **small.ranked("best")}, used)
    assert (both.aside, both.selected, both.cause) == (None, "anthropic/large", "policy")
    one = ask({"budgets": budgets[:1], "filter": [line], **small.ranked("best")}, used)
    assert (one.aside, one.selected, one.cause) == ("budget.all", "openai/mid", "budget")


def test_an_override_stands_above_budgets() -> None:
    """A forced target that survives is taken whatever a soft budget asks for, and never against a ceiling."""
    override = Override("o", "openai/large", "ana", "demo", 1)
    soft = {"budgets": [small.budget("user", (1, "fast_cheap"))]}
    used = {"used": [["user/day", 10_000]]}
    forced = ask(soft, used, override=override)
    assert (forced.selected, forced.cause, forced.because, forced.aside) == (
        "openai/large",
        "override",
        "demo",
        "override",
    )
    assert "budget.user" not in forced.names
    ceiling = ask({"budgets": [small.budget("user", (1, "fail"))]}, used, override=override)
    assert (ceiling.selected, ceiling.cause, ceiling.aside, ceiling.because) == (None, "budget", None, None)


def test_what_staying_costs() -> None:
    """Three lines: 7,168 fresh and 1,024 cached tokens of 8,192, and 16 of the answer; unknown prices stay unknown."""
    target = CATALOG.get("anthropic/small")
    assert target is not None
    assert warm_cost(target, 1024, 8192, 16) == 7168 * 800 + 1024 * 80 + 16 * 4000
    assert warm_cost(target, 9999, 8192, 16) == 8192 * 80 + 16 * 4000
    plain = CATALOG.get("openai/mini")
    assert plain is not None
    assert warm_cost(plain, 1024, 8192, 16) == 8192 * 150 + 16 * 600
    assert warm_cost(replace(plain, prices=()), 1024, 8192, 16) is None


SELECTS = (
    Select("weighted", AT, weights=(("anthropic/small", 1), ("groq/mid", 5), ("openai/large", 0), ("openai/mini", 2))),
    Select("explore", AT, share_ppm=400_000),
    Select("canary", AT, share_ppm=150_000, target="openai/large"),
    Select("canary", AT, share_ppm=850_000, target="openai/mini"),
)


@pytest.mark.parametrize("select", SELECTS, ids=lambda select: f"{select.kind}-{select.share_ppm}")
def test_the_odds_are_what_is_recorded(select: Select) -> None:
    """Over 4,000 seeds each target is taken as often as its propensity says, by the oracle and by the engine."""
    plain = world(rules=[small.rule("four", use=list(EVERYBODY))])
    policy = replace(plain.policy, select=select)
    plan = compile_policy(policy, CATALOG, SAID)
    taken: Counter[str] = Counter()
    odds: dict[str, int] = {}
    for number in range(4_000):
        seed = number.to_bytes(16, "big")
        decision = compiled(plan, QUESTION, snapshot_of({}), seed, frozenset())
        assert decision.selected is not None
        target = CATALOG.targets[decision.selected].id
        assert odds.setdefault(target, decision.propensity_ppm) == decision.propensity_ppm
        taken[target] += 1
        if number < 200:
            slow = decide(replace(plain, policy=policy), QUESTION, snapshot_of({}), seed)
            assert (slow.selected, slow.propensity_ppm, slow.chance) == (target, decision.propensity_ppm, select.kind)
    assert 1_000_000 - len(odds) <= sum(odds.values()) <= 1_000_000
    for target, share in odds.items():
        deviation = (4_000 * share * (1_000_000 - share)) ** 0.5 / 1_000_000
        assert abs(taken[target] - 4_000 * share / 1_000_000) < 4 * deviation, target


def test_one_user_stays_on_one_side() -> None:
    """With `by` the seed has no part; without the key's value it has."""
    policy = replace(world().policy, select=Select("canary", AT, share_ppm=500_000, target="openai/large", by="user"))
    plain = World(policy, CATALOG, SAID)
    seeds = [bytes([number]) * 16 for number in range(24)]
    users = {
        user: {decide(plain, replace(QUESTION, context=Context(user=user)), snapshot_of({}), s).selected for s in seeds}
        for user in ("ana", "bo", "ção", "", "eva", "finn")
    }
    assert all(len(found) == 1 for found in users.values())
    assert len({found.pop() for found in users.values()}) == 2
    nobody = {decide(plain, QUESTION, snapshot_of({}), seed).selected for seed in seeds}
    assert nobody == {"openai/large", "openai/mini"}


def test_canonical_text() -> None:
    """Keys by code point and text in NFC, nothing escaped that need not be; a float has no canonical form."""
    assert (
        canonical({"b": [1, None, True], "a": "e\u0301/\u007f\n\u0001"})
        == '{"a":"é/\x7f\\n\\u0001","b":[1,null,true]}'.encode()
    )
    with pytest.raises(TypeError):
        canonical([1.0])
