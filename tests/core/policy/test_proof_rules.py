"""Proofs of claims, of what is spent and forced, and of what chance or a warm cache decided (S6.03, S2.20).

The decisions are written by hand, so that each row is read from its mask alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from policy_samples import CATALOG, EXPRESSES, catalog, policy, question, target
from waypost.core.catalog.table import Catalog
from waypost.core.model.decision import Decision, Proof, Source
from waypost.core.model.question import EMPTY_SNAPSHOT, Narrow, Override, Question, Snapshot
from waypost.core.model.target import Price
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.proof import prove, reason
from waypost.core.policy.tree import Budget, Limit, Policy, Select

AT = Source("p.yaml", 9, 3)
NANO = 10**9
EVERYBODY = (1 << len(CATALOG)) - 1


def decided(rejections: dict[str, list[str]], order: list[str], table: Catalog = CATALOG, **facts: Any) -> Decision:
    """A decision with these rejections whose survivors are ``order``, the selected first."""
    masks = tuple((name, sum(1 << table.index[one] for one in ids)) for name, ids in rejections.items())
    chosen = tuple(table.index[one] for one in order)
    return Decision(
        policy="p" * 64,
        catalog="c" * 64,
        seed=b"",
        rejections=masks,
        survivors=sum(1 << index for index in chosen),
        order=chosen[:8],
        scores=facts.pop("scores", tuple(range(len(chosen))[:8])),
        selected=chosen[0] if chosen else None,
        cause=facts.pop("cause", "policy"),
        rank=facts.pop("rank", "cheapest"),
        **facts,
    )


def proved(
    made: Policy, decision: Decision, asked: Question | None = None, world: Snapshot = EMPTY_SNAPSHOT,
    table: Catalog = CATALOG,
) -> Proof:  # fmt: skip
    return prove(compile_policy(made, table, EXPRESSES), asked or question(), world, decision)


def rows(found: Proof, name: str) -> list[tuple[str, str, int | None]]:
    """Text, place and margin of each row."""
    (row,) = [one for one in found.candidates if one.target == name]
    return [(reason(one), str(one.source or ""), one.margin_ppm) for one in row.rejections]


def test_claims_of_a_call() -> None:
    """S5.01: what the call itself says rejects with what it named, and has no line in a file."""
    narrow = Narrow(("openai/*",), ("mini",), ("groq", "fast"), 1 * NANO, 10 * NANO)
    asked = question(context={"narrow": narrow})
    others = ["anthropic/opus", "groq/fast", "openai/big"]
    masks = {
        "call.models": others[:2],
        "call.only": others,
        "call.ignore": ["groq/fast"],
        "call.max_price": ["anthropic/opus", "openai/big"],
    }
    found = proved(policy(), decided(masks, ["openai/mini"]), asked)
    assert rows(found, "anthropic/opus") == [
        ("not named by the call's models [openai/*]", "", None),
        ("not named by the call's only [mini]", "", None),
        ("price.input $5/MTok > the call's ceiling of $1/MTok", "", 4_000_000),
        ("price.output $25/MTok > the call's ceiling of $10/MTok", "", 1_500_000),
    ]
    assert rows(found, "groq/fast")[2] == ("named by the call's ignore [groq, fast]", "", None)
    assert [one.text for one in found.passed][:5] == [
        "named by the call's models [openai/*]",
        "named by the call's only [mini]",
        "not named by the call's ignore [groq, fast]",
        "price.input $0.15/MTok <= the call's ceiling of $1/MTok",
        "price.output $0.6/MTok <= the call's ceiling of $10/MTok",
    ]


def test_a_ceiling_and_no_price() -> None:
    """An unknown price fails a ceiling, and says so."""
    table = catalog(target("openai/a", price=(1, 1)), target("openai/b"))
    asked = question(context={"narrow": Narrow(max_input_price=NANO)})
    made = policy(table=table)
    found = proved(made, decided({"call.max_price": ["openai/b"]}, ["openai/a"], table), asked, table=table)
    assert rows(found, "openai/b") == [("price.input unknown, not under the call's ceiling of $1/MTok", "", None)]


LIMITS = (Limit("target", "requests", 60, 60 * NANO, AT), Limit("target", "tokens", 9_000, NANO // 2, AT))


def test_limits_that_are_reached() -> None:
    """Their rates with their line; of two of one scope both are said."""
    made = replace(policy(), limits=(*LIMITS, Limit("user", "requests", 5, 10 * NANO, AT)))
    world = Snapshot(limited=(("limit.target", "openai/big"), ("limit.user", "")))
    names = [one.id for one in CATALOG.targets]
    found = proved(made, decided({"limit.target": ["openai/big"], "limit.user": names}, []), world=world)
    assert rows(found, "openai/big") == [
        ("limit.target reached: 60 requests per min or 9,000 tokens per 500 ms", "p.yaml:9:3", None),
        ("limit.user reached: 5 requests per 10 s", "p.yaml:9:3", None),
    ]


def budget(*thresholds: tuple[int, str], scope: str = "user") -> Budget:
    return Budget(scope, 5 * NANO, "day", thresholds, AT)


def test_a_budget_that_is_used_up_and_one_without_room() -> None:
    """How far it is used, of how much, where it fails, by how much; or what found no room."""
    made = replace(policy(), budgets=(budget((800_000, "warn"), (1_000_000, "fail")),))
    world = Snapshot(used=(("user/day", 1_040_000),))
    names = [one.id for one in CATALOG.targets]
    found = proved(made, decided({"budget.user": names}, []), world=world)
    assert rows(found, "openai/big") == [("budget.user used 104% of $5 per day, fails at 100%", "p.yaml:9:3", 40_000)]
    tight = Snapshot(used=(("user/day", 810_000),), refused=(("budget.user", "openai/big"),))
    found = proved(made, decided({"budget.user": ["openai/big"]}, ["openai/mini"]), world=tight)
    assert rows(found, "openai/big") == [
        ("budget.user has no room for $0.49308 in the rest of $5 per day", "p.yaml:9:3", None)
    ]
    assert found.passed[0].text == "budget.user used 81% of $5 per day: warns only"
    assert str(found.passed[0].source) == "p.yaml:9:3"


SHORTLIST = "rules: [{name: strong, use: powerful}]\n"


def test_a_budget_that_sets_the_shortlist_aside() -> None:
    """S3.20: who is above its tier says so; the winner is allowed by it, not by the rule."""
    world = Snapshot(used=(("user/day", 810_000),))
    for action, allows in (("fast_cheap", "fast_cheap or below"), ("downgrade", "downgrade")):
        made = replace(policy(SHORTLIST), budgets=(budget((800_000, action)),))
        above = {"budget.user": ["anthropic/opus", "openai/big"]}
        decision = decided(above, ["groq/fast", "openai/mini"], cause="budget", aside="budget.user", rule="strong")
        found = proved(made, decision, world=world)
        text = f"tier powerful, budget.user allows {allows}, because 80% of $5 per day are used"
        assert rows(found, "openai/big") == [(text, "p.yaml:9:3", None)]
        assert found.passed[-1].text == f"allowed by budget.user: {action} at 80% of $5 per day"


def test_a_budget_with_a_tier_of_the_policy() -> None:
    """A tier that the policy itself names is a list of targets, not a height."""
    made = replace(policy(), budgets=(budget((500_000, "cheap")),), tiers=(("cheap", ("groq/fast",)),))
    decision = decided({"budget.user": ["openai/big"]}, ["groq/fast"], aside="budget.user", cause="budget")
    found = proved(made, decision, world=Snapshot(used=(("user/day", 500_000),)))
    text = "target openai/big, budget.user allows tier cheap, because 50% of $5 per day are used"
    assert rows(found, "openai/big") == [(text, "p.yaml:9:3", None)]


def test_an_override_leaves_one() -> None:
    """S3.29: the others say what is forced, the winner on whose word."""
    forced = Override("ov_1", "openai/big", "ops", "outage", 9)
    others = ["anthropic/opus", "groq/fast", "openai/mini"]
    decision = decided({"override": others}, ["openai/big"], cause="override", aside="override")
    found = proved(policy(), decision, question(override=forced))
    assert rows(found, "groq/fast") == [("an override forces openai/big", "", None)]
    assert [one.text for one in found.passed if one.rule == "override"] == ["forced by ops"]


def test_a_rule_that_is_not_in_the_policy_is_named() -> None:
    """A budget or a limit of another policy's receipt has its name alone."""
    found = proved(policy(), decided({"budget.team": ["openai/big"], "limit.x": ["openai/big"]}, ["openai/mini"]))
    assert [text for text, _, _ in rows(found, "openai/big")] == ["budget.team", "limit.x"]


# What decided between the survivors

CACHED = replace(
    target("openai/warm", quality=1), prices=(Price("2025-01-01", 10 * NANO, 40 * NANO, cached_input=NANO),)
)
TWO = catalog(CACHED, target("openai/cheap", price=(5, 20)), target("openai/dear", price=(90, 90)))


def test_kept_for_its_warm_cache() -> None:
    """S1.38: what staying and what switching would cost, both to the last nano-dollar."""
    decision = decided({}, ["openai/warm", "openai/cheap", "openai/dear"], TWO, cause="affinity", scores=(3, 1, 9))
    world = Snapshot(warm=("openai/warm", 1_000))
    found = proved(policy(table=TWO), decision, question(tokens=(1_024, 10)), world, TWO)
    assert found.beats == (
        ("openai/cheap", "kept for its warm cache: $0.00164 against $0.00532"),
        ("openai/dear", "estimated.cost $0.01064 < $0.09306"),
    )
    assert [row.target for row in found.candidates] == ["openai/warm", "openai/cheap", "openai/dear"]


def test_drawn_by_weight() -> None:
    """S5.02: the weights of those that were drawn from; the rank where one was not among them."""
    table = catalog(
        target("openai/a@east", price=(1, 1), weight=3),
        target("openai/a@west", price=(1, 1)),
        target("openai/b", price=(9, 9)),
    )
    names = [one.id for one in table.targets]
    drawn: dict[str, Any] = {"chance": "weighted", "propensity_ppm": 250_000, "scores": (1, 1, 9)}
    decision = decided({}, ["openai/a@west", names[0], names[2]], table, **drawn)
    by_catalog = replace(policy(table=table), select=Select("weighted", AT))
    assert proved(by_catalog, decision, table=table).beats == (
        ("openai/a@east", "drawn by weight 1 of 4; this one has 3 of 4"),
        ("openai/b", "estimated.cost $0.000114 < $0.001026 (openai/a@east, drawn among its deployments)"),
    )
    listed = replace(by_catalog, select=Select("weighted", AT, ((names[0], 5), (names[1], 2))))
    assert [why for _, why in proved(listed, decision, table=table).beats] == [
        "drawn by weight 2 of 7; this one has 5 of 7",
        "drawn by weight 2 of 7; this one has no weight",
    ]


def test_the_only_one_with_a_weight() -> None:
    """S5.02: a pool of one leaves no choice open, and still not the rank decides."""
    made = replace(policy(), select=Select("weighted", AT, (("openai/mini", 3), ("nobody/x", 2))))
    decision = decided({}, ["openai/mini", "groq/fast", "openai/big"], scores=(2, 1, 3))
    assert proved(made, decision).beats == (
        ("groq/fast", "the only one left with a weight"),
        ("openai/big", "estimated.cost $0.0000216 < $0.00216"),
    )


def test_taken_by_canary_and_not() -> None:
    """S3.15: its share, whether it was drawn or not."""
    made = replace(policy(), select=Select("canary", AT, share_ppm=100_000, target="openai/big"))
    rest = ["groq/fast", "openai/mini", "anthropic/opus"]
    drawn = decided({}, ["openai/big", *rest], chance="canary", propensity_ppm=100_000, scores=(9, 1, 2, 3))
    assert {why for _, why in proved(made, drawn).beats} == {"taken by canary 10%"}
    order = ["groq/fast", "openai/mini", "anthropic/opus", "openai/big"]
    left = decided({}, order, chance="canary", propensity_ppm=900_000, scores=(1, 2, 3, 4))
    assert proved(made, left).beats[-1] == ("openai/big", "the canary, not drawn: 10%")
    assert proved(made, left).beats[0][1].startswith("estimated.cost ")


def test_taken_to_explore() -> None:
    """How often each is taken; where the best was taken, the rank says why."""
    made = replace(policy(), select=Select("explore", AT, share_ppm=200_000))
    best = ["groq/fast", "openai/mini", "anthropic/opus", "openai/big"]
    other = decided({}, ["openai/big", *best[:3]], chance="explore", propensity_ppm=50_000, scores=(9, 1, 2, 3))
    assert {why for _, why in proved(made, other).beats} == {"taken to explore: 5% of the calls for each of 4"}
    first = decided({}, best, chance="explore", propensity_ppm=850_000, scores=(1, 2, 3, 4))
    assert all(why.startswith("estimated.cost ") for _, why in proved(made, first).beats)
