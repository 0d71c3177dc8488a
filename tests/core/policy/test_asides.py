"""What a call, a budget, a limit or an administrator does to the candidates, with exact rejections and causes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policy_samples import CATALOG, EXPRESSES, SEED, names, policy, question
from waypost.core.model.decision import Decision
from waypost.core.model.question import EMPTY_SNAPSHOT, Narrow, Override, Question, Snapshot
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.decide import decide
from waypost.core.policy.document import seal
from waypost.core.policy.plan import Plan
from waypost.core.policy.tree import Budget

OPUS, FAST, BIG, MINI = "anthropic/opus", "groq/fast", "openai/big", "openai/mini"
AT = policy().at
FORCED = Override("o1", MINI, "ana", "a bad week", 1)
LISTED = "rules: [{name: dear, use: [openai/big, anthropic/opus], because: quality counts}]\n"


def made(body: str = "", *budgets: Budget, **facts: Any) -> Plan:
    return compile_policy(seal(replace(policy(body), budgets=budgets, **facts)), CATALOG, EXPRESSES)


def budget(*thresholds: tuple[int, str], scope: str = "user", period: Any = "day") -> Budget:
    return Budget(scope, 1, period, thresholds, AT)


def run(plan: Plan, asked: Question | None = None, tried: tuple[str, ...] = (), **world: Any) -> Decision:
    return decide(plan, asked or question(), Snapshot(**world) if world else EMPTY_SNAPSHOT, SEED, frozenset(tried))


def rejected(found: Decision) -> dict[str, list[str]]:
    return {name: names(CATALOG, mask) for name, mask in found.rejections}


def order(found: Decision) -> list[str]:
    return [CATALOG.targets[index].id for index in found.order]


# Narrowing


@pytest.mark.parametrize(
    ("narrow", "expected"),
    [
        (Narrow(models=("mini",)), {"call.models": [OPUS, FAST, BIG]}),
        (Narrow(models=("openai/mini", "opus")), {"call.models": [FAST, BIG]}),
        (Narrow(only=("openai",)), {"call.only": [OPUS, FAST]}),
        (Narrow(only=("*/?a*",)), {"call.only": [OPUS, BIG, MINI]}),
        (Narrow(only=("nobody",)), {"call.only": [OPUS, FAST, BIG, MINI]}),
        (Narrow(ignore=("groq", "*/o*")), {"call.ignore": [OPUS, FAST]}),
        (Narrow(ignore=("nobody",)), {}),
        (Narrow(max_input_price=5 * 10**9), {"call.max_price": [BIG]}),
        (Narrow(max_input_price=5 * 10**9 - 1), {"call.max_price": [OPUS, BIG]}),
        (Narrow(max_output_price=10**8), {"call.max_price": [OPUS, BIG, MINI]}),
        (Narrow(("mini", "fast"), ("openai",), ("mini",)), {
            "call.models": [OPUS, BIG], "call.only": [OPUS, FAST], "call.ignore": [MINI]}),
        (Narrow(), {}),
    ],
)  # fmt: skip
def test_a_call_narrows(narrow: Narrow, expected: dict[str, list[str]]) -> None:
    """S5.01: by id, model, provider, endpoint or glob; a price that is above the limit fails, an equal one does not."""
    assert rejected(run(made(), question(context={"narrow": narrow}))) == expected


def test_what_a_call_says_stands_between_breakers_and_needs() -> None:
    """The order of names is the page's, whatever rejects."""
    plan = made("filter: [quality >= 0.4]\n", budget((1, "fail")))
    asked = question("tools", context={"narrow": Narrow(ignore=("openai/mini",), only=("openai",))})
    found = run(
        plan,
        asked,
        broken=(BIG,),
        limited=(("limit.provider", "groq"),),
        refused=(("budget.all", BIG),),
        used=(("user/day", 1),),
    )
    assert [name for name, _ in found.rejections] == [
        "breaker", "call.only", "call.ignore", "limit.provider", "budget.user", "budget.all", "need.tools",
        "quality >= 0.4",
    ]  # fmt: skip


def test_a_strategy_stands_above_a_preference() -> None:
    """S1.41: a named rank of the call, with the house's weights where it is balanced."""
    plan = made("rank: {quality: 1}\n")
    ranks = {
        (None, None): "weighted",
        ("cost", None): "cheapest",
        ("cost", "fastest"): "fastest",
        (None, "balanced"): "balanced",
    }
    for (preference, strategy), rank in ranks.items():
        found = run(plan, question(context={"preference": preference, "strategy": strategy}))
        assert found.rank == rank
        assert found.cause == ("policy" if rank == "weighted" else "preference")
    balanced = run(plan, question(context={"strategy": "balanced"}))
    assert balanced.scores == run(made()).scores != run(plan).scores


# Limits and budgets


@pytest.mark.parametrize(
    ("limited", "fails"),
    [
        ((("limit.target", MINI),), {"limit.target": [MINI]}),
        ((("limit.endpoint", "openai"),), {"limit.endpoint": [BIG, MINI]}),
        ((("limit.provider", "anthropic"), ("limit.provider", "groq")), {"limit.provider": [OPUS, FAST]}),
        ((("limit.target", "gone/x"),), {}),
        ((("limit.user", ""),), {"limit.user": [OPUS, FAST, BIG, MINI]}),
    ],
)
def test_a_limit_rejects_its_own(limited: Any, fails: dict[str, list[str]]) -> None:
    """Targets, endpoints and providers lose only themselves; a limit of the caller stops the call."""
    found = run(made(), limited=limited)
    assert rejected(found) == fails
    assert found.cause == ("limit" if limited[0][0] == "limit.user" else "policy")


def test_thresholds() -> None:
    """The highest that is reached says what happens; below the first, nothing does (S3.19)."""
    plan = made(LISTED, budget((500_000, "warn"), (800_000, "fast_cheap"), (1_000_000, "fail")))
    assert run(plan).aside is run(plan, used=(("user/day", 490_000),)).aside is None
    assert run(plan, used=(("user/day", 790_000),)) == run(plan, used=(("user/day", 500_000),)) == run(plan)
    found = run(plan, used=(("user/day", 800_000),))
    assert (found.aside, found.cause, found.rule, found.because) == ("budget.user", "budget", "dear", "quality counts")
    assert (rejected(found), order(found)) == ({"budget.user": [OPUS, BIG]}, [MINI, FAST])
    found = run(plan, used=(("user/day", 1_000_000),))
    assert (found.selected, found.cause, found.aside) == (None, "budget", None)
    assert rejected(found) == {"budget.user": [OPUS, FAST, BIG, MINI], "rule.dear": [FAST, MINI]}
    assert run(plan, used=(("user/week", 1_000_000),)) == run(plan)


def test_a_budget_that_the_best_is_within_sets_nothing_aside() -> None:
    """The others fail it all the same, beside the rule's own shortlist."""
    plan = made("rules: [{name: any, use: [openai/mini, openai/big]}]\nrank: cheapest\n", budget((1, "fast_cheap")))
    found = run(plan, used=(("user/day", 1),))
    assert (found.aside, found.cause, order(found)) == (None, "rule", [MINI])
    assert list(rejected(found).items()) == [("rule.any", [OPUS, FAST]), ("budget.user", [OPUS, BIG])]


def test_a_tier_of_the_policy_stands_before_the_catalogs() -> None:
    """Also where it has a name of the catalog's ladder."""
    plan = made(LISTED + "tiers: {fast_cheap: [groq/fast]}\n", budget((1, "fast_cheap")))
    assert order(run(plan, used=(("user/day", 1),))) == [FAST]


def test_downgrade_goes_below_the_best() -> None:
    """To all tiers below; the best of the lowest but local stays."""
    down = budget((1, "downgrade"))
    assert order(run(made(LISTED, down), used=(("user/day", 1),))) == [MINI, FAST]
    lowest = made("rules: [{name: low, use: [openai/mini]}]\n", down)
    assert run(lowest, used=(("user/day", 1),)) == run(lowest)


def test_the_tightest_of_several_budgets() -> None:
    """The one that allows the fewest; of equals the policy's first; what leaves nobody is left out."""
    tiers = "tiers: {one: [openai/mini], two: [openai/mini, groq/fast]}\n"
    week = {"scope": "all", "period": "week"}
    plan = made(LISTED + tiers, budget((1, "two")), budget((1, "one"), **week))
    used = (("user/day", 1), ("all/week", 1))
    assert (run(plan, used=used).aside, order(run(plan, used=used))) == ("budget.all", [MINI])
    plan = made(LISTED + tiers, budget((1, "one")), budget((1, "one"), **week))
    assert run(plan, used=used).aside == "budget.user"
    found = run(plan, used=used, broken=(MINI,))
    assert (found.aside, found.cause, order(found)) == (None, "rule", [OPUS, BIG])


def test_one_name_is_one_entry() -> None:
    """A refusal and a tier of the same scope stand together, where the first of them does."""
    plan = made(LISTED, budget((1, "fast_cheap")))
    found = run(plan, question("tools"), used=(("user/day", 1),), refused=(("budget.user", FAST),))
    assert list(rejected(found).items()) == [("budget.user", [OPUS, FAST, BIG]), ("need.tools", [FAST])]
    assert (found.aside, order(found)) == ("budget.user", [MINI])


# Overrides


def test_an_override_sets_the_shortlist_aside() -> None:
    """S3.29: its target alone is left, with its reason; the rule that matched is named all the same."""
    found = run(made(LISTED), question(override=FORCED))
    assert (found.aside, found.cause, found.rule, found.because) == ("override", "override", "dear", "a bad week")
    assert (rejected(found), order(found)) == ({"override": [OPUS, FAST, BIG]}, [MINI])


@pytest.mark.parametrize(
    ("body", "override", "options"),
    [
        ("filter: [quality >= 0.5]\n", FORCED, {}),
        ("", replace(FORCED, target="gone/x"), {}),
        ("", FORCED, {"broken": (MINI,)}),
        ("", FORCED, {"tried": (MINI,)}),
        ("", FORCED, {"refused": (("budget.user", MINI),)}),
    ],
)
def test_an_override_is_soft(body: str, override: Override, options: dict[str, Any]) -> None:
    """Where a rule, a breaker, a budget or this very call has rejected its target, the policy decides."""
    plan = made(LISTED + body)
    found = run(plan, question(override=override), **options)
    assert found == run(plan, **options)
    assert (found.aside, found.because) == (None, "quality counts")


def test_an_override_on_a_hop_and_before_a_budget() -> None:
    """It holds on a hop for one that was not tried, and no budget is asked where it does."""
    plan = made(LISTED, budget((1, "fast_cheap")))
    found = run(plan, question(override=replace(FORCED, target=OPUS)), tried=(BIG,), used=(("user/day", 1),))
    assert (found.cause, found.aside, order(found)) == ("fallback", "override", [OPUS])
    assert list(rejected(found)) == ["tried", "override"]
    found = run(plan, question(override=FORCED), tried=(MINI,), used=(("user/day", 1),))
    assert (found.cause, found.aside, order(found)) == ("fallback", "budget.user", [FAST])


def test_callers_of_whom_the_same_holds_share_what_is_known() -> None:
    """Percents that reach no other threshold are the same decision, evaluated once."""
    plan = made(LISTED, budget((500_000, "fast_cheap"), (1_000_000, "fail")))
    for used in range(500_000, 1_000_000, 10_000):
        run(plan, used=(("user/day", used),))
    assert len(plan.current[1].views) == 1
    for used in range(0, 500_000, 10_000):
        run(plan, used=(("user/day", used), ("all/day", 1)))
    run(plan)
    assert len(plan.current[1].views) == 2
