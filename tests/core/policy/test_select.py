"""Affinity and select: who is put before the best, how likely it is, and that chance keeps its word."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_samples import EXPRESSES, SEED, catalog, policy, question, target
from waypost.core.catalog.table import Catalog
from waypost.core.model.decision import Decision
from waypost.core.model.question import EMPTY_SNAPSHOT, Override, Question, Snapshot
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.decide import decide
from waypost.core.policy.document import seal
from waypost.core.policy.plan import Plan
from waypost.core.policy.tree import Affinity, Select

NONE: frozenset[str] = frozenset()
MANY = 4_000
TABLE = catalog(
    target("openai/a@eu", deployment="eu", price=(1, 4), quality=900_000, weight=3),
    target("openai/a@us", deployment="us", price=(1, 4), quality=880_000, weight=1),
    target("openai/a@old", deployment="old", price=(1, 4), quality=870_000, weight=0),
    *(target(f"groq/m{number}", price=(1, 4), quality=800_000 - number * 10_000) for number in range(9)),
)
AT = policy().at


def made(select: Select | None = None, affinity: Affinity | None = None, table: Catalog = TABLE, **facts: Any) -> Plan:
    """A plan that ranks by quality, so that the order is openai/a@eu, @us, @old, groq/m0 to m8."""
    base = policy("rank: best\n" + facts.pop("body", ""), table=table)
    return compile_policy(seal(replace(base, select=select, affinity=affinity, **facts)), table, EXPRESSES)


def weighted(by: str | None = None, **weights: int) -> Select:
    ids = {"m0": "groq/m0", "m8": "groq/m8", "eu": "openai/a@eu", "gone": "nobody/x"}
    return Select("weighted", AT, weights=tuple((ids[name], weight) for name, weight in weights.items()), by=by)


def run(plan: Plan, asked: Question | None = None, seed: bytes = SEED, **options: Any) -> Decision:
    snapshot, tried = options.get("snapshot", EMPTY_SNAPSHOT), options.get("tried", NONE)
    return decide(plan, asked or question(), snapshot, seed, tried)


def chosen(plan: Plan, found: Decision) -> str:
    assert found.selected is not None
    return plan.catalog.targets[found.selected].id


def seeds(count: int) -> list[bytes]:
    return [number.to_bytes(16, "big") for number in range(count)]


SELECTS = [
    weighted(m0=3, m8=1, eu=6),
    Select("weighted", AT),
    Select("explore", AT, share_ppm=400_000),
    Select("explore", AT, share_ppm=1_000_000),
    Select("explore", AT, share_ppm=0),
    Select("canary", AT, share_ppm=250_000, target="groq/m8"),
    Select("canary", AT, share_ppm=250_000, target="openai/a@eu"),
]
NAMES = ["listed", "deployments", "explore", "explore-all", "explore-none", "canary-last", "canary-first"]


@pytest.mark.parametrize("select", SELECTS, ids=NAMES)
def test_frequencies_are_the_propensities(select: Select) -> None:
    """Over many seeds everybody is taken as often as its propensity says, within four standard errors (S1.40)."""
    plan = made(select)
    counts: Counter[str] = Counter()
    likely: dict[str, int] = {}
    for seed in seeds(MANY):
        found = run(plan, seed=seed)
        counts[chosen(plan, found)] += 1
        likely[chosen(plan, found)] = found.propensity_ppm
        assert found.chance == select.kind
    for name, count in counts.items():
        share = likely[name] / 1_000_000
        assert abs(count / MANY - share) <= 4 * (share * (1 - share) / MANY) ** 0.5 + 1e-6, name
    assert abs(sum(likely.values()) - 1_000_000) <= len(likely)


@settings(max_examples=60, deadline=None, database=None)
@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=9),
    st.sampled_from(("weighted", "explore", "canary")),
    st.integers(0, 1_000_000),
)
def test_propensities_add_up(weights: list[int], kind: Any, share: int) -> None:
    """Over all who can be taken, to a million but for what is rounded down, one each (S2.01)."""
    table = catalog(*(target(f"openai/m{n}", price=(1, 1), quality=500_000) for n in range(len(weights))))
    listed = tuple((f"openai/m{n}", weight) for n, weight in enumerate(weights)) if kind == "weighted" else ()
    plan = made(Select(kind, AT, weights=listed, share_ppm=share, target="openai/m0"), table=table)
    likely = {chosen(plan, found): found.propensity_ppm for seed in seeds(400) if (found := run(plan, seed=seed))}
    assert all(0 <= value <= 1_000_000 for value in likely.values())
    assert sum(likely.values()) <= 1_000_000
    if kind != "weighted" or all(weights):
        rare = [value for value in likely.values() if value < 30_000]
        everyone = 2 if kind == "canary" else len(weights)
        if not rare and len(likely) == everyone:
            assert sum(likely.values()) >= 1_000_000 - len(weights)


@pytest.mark.parametrize("select", SELECTS, ids=NAMES)
def test_a_user_stays_on_one_side(select: Select) -> None:
    """With ``by`` the seed does not matter; users differ among themselves; who has no name is drawn by the call."""
    plan = made(replace(select, by="user"))
    sides = {}
    for user in ("ana", "bo", "ção", *(f"u{number}" for number in range(60))):
        asked = question(context={"user": user})
        (sides[user],) = {chosen(plan, run(plan, asked, seed)) for seed in seeds(8)}
    nameless = {chosen(plan, run(plan, seed=seed)) for seed in seeds(200)}
    if select.share_ppm or select.kind == "weighted":
        assert len(set(sides.values())) > 1
        assert len(nameless) > 1


def test_context_labels_and_tiers_keep_sides_too() -> None:
    """``by`` is any key of the context, also one of the user's own and ``budget_tier``."""
    for by, context in (("context.team", {"labels": {"team": "red"}}), ("budget_tier", {"tier": "red"})):
        plan = made(weighted(by, m0=1, m8=1))
        assert len({chosen(plan, run(plan, question(context=context), seed)) for seed in seeds(20)}) == 1
        assert len({chosen(plan, run(plan, seed=seed)) for seed in seeds(20)}) == 2


def test_the_hash_is_the_pages() -> None:
    """The canary is taken exactly where the keyed hash of the page falls below its share."""
    plan = made(Select("canary", AT, share_ppm=300_000, target="groq/m8"))
    for seed in seeds(100):
        text = seed + b"\0" + plan.policy.name.encode() + b"\0groq/m8"
        below = int.from_bytes(blake2b(text, digest_size=8).digest(), "big") % 1_000_000 < 300_000
        found = run(plan, seed=seed)
        assert (chosen(plan, found) == "groq/m8", found.cause == "rollout") == (below, below)
        assert found.propensity_ppm == (300_000 if below else 700_000)


def test_another_policy_draws_anew() -> None:
    """Who is a guinea pig of one policy is not therefore one of the next."""
    select = Select("canary", AT, share_ppm=500_000, target="groq/m8")
    one, two = made(select), made(select, name="another")
    assert [chosen(one, run(one, seed=s)) for s in seeds(40)] != [chosen(two, run(two, seed=s)) for s in seeds(40)]


def test_an_edit_leaves_everybody_on_their_side_and_a_larger_share_only_adds() -> None:
    """S2.18: whom 25 % took 50 % takes too, whatever else of the policy was changed meanwhile."""
    few = made(Select("canary", AT, share_ppm=250_000, target="groq/m8"))
    more = made(Select("canary", AT, share_ppm=500_000, target="groq/m8"), description="edited")
    taken = [{seed for seed in seeds(400) if chosen(plan, run(plan, seed=seed)) == "groq/m8"} for plan in (few, more)]
    assert taken[0] < taken[1]
    assert 60 < len(taken[0]) < 140
    assert 160 < len(taken[1]) < 240


def test_who_is_taken_moves_to_the_front_with_its_score() -> None:
    """Also one beyond the eight that stand by; the others keep their order, cut at eight."""
    plan = made(weighted(m8=1))
    plain = run(made())
    found = run(plan)
    assert (chosen(plan, found), found.chance, found.propensity_ppm) == ("groq/m8", "", 1_000_000)
    assert found.order == (found.selected, *plain.order[:7])
    assert found.scores == (720_000, *plain.scores[:7])
    assert (found.survivors, found.cause) == (plain.survivors, "policy")


def test_a_pool_of_the_dead() -> None:
    """Weights of 0, unknown targets and the rejected are no pool; without one the best is taken."""
    plan = made(weighted(m0=0, gone=5))
    found = run(plan)
    assert (chosen(plan, found), found.chance, found.propensity_ppm) == ("openai/a@eu", "", 1_000_000)
    plan = made(weighted(m0=1, m8=3), body="filter: ['target != groq/m8']\n")
    assert chosen(plan, run(plan)) == "groq/m0"


def test_only_deployments_of_the_best_share_calls() -> None:
    """Without weights in the policy the catalog's are used, and one of weight 0 gets no call (S5.02)."""
    plan = made(Select("weighted", AT))
    found = [run(plan, seed=seed) for seed in seeds(200)]
    assert {(chosen(plan, one), one.propensity_ppm) for one in found} == {
        ("openai/a@eu", 750_000),
        ("openai/a@us", 250_000),
    }


def test_a_lonely_canary() -> None:
    """Alone it is simply the best; dead it is nobody."""
    select = Select("canary", AT, share_ppm=0, target="groq/m8")
    alone = made(select, body="filter: ['target == groq/m8']\n")
    found = run(alone)
    assert (chosen(alone, found), found.chance, found.propensity_ppm, found.cause) == (
        "groq/m8",
        "",
        1_000_000,
        "policy",
    )
    dead = made(select, body="filter: ['target != groq/m8']\n")
    assert (run(dead).chance, run(dead).propensity_ppm) == ("", 1_000_000)


FORCED = Override("o", "groq/m3", "ana", "a try", 1)


@pytest.mark.parametrize(
    ("facts", "options"),
    [({"pinned": True}, {}), ({}, {"tried": frozenset(("groq/m0",))}), ({"override": FORCED}, {})],
    ids=["pinned", "hop", "override"],
)
def test_where_nothing_is_left_to_chance(facts: dict[str, Any], options: dict[str, Any]) -> None:
    """A pinned call, a hop and an applied override take the best of what they have."""
    snapshot = Snapshot(warm=("groq/m1", 0))
    plan = made(weighted(m8=1), Affinity("user", 1, AT))
    found = run(plan, question(**facts), snapshot=snapshot, **options)
    plain = run(made(), question(**facts), **options)
    assert (found.order, found.chance, found.propensity_ppm) == (plain.order, "", 1_000_000)


# Affinity

CHEAP = target("openai/cheap", price=(1, 1), quality=500_000)
WARM = catalog(CHEAP, target("openai/warm", price=(2, 2), quality=400_000), target("openai/free", quality=100_000))


def kept(cached: int, tokens: tuple[int, int] = (1_024, 0), **price: Any) -> Decision:
    """A decision with a warm cache at openai/warm, which costs more than openai/cheap when it is cold."""
    rows = {item.id: item for item in WARM.targets}
    warm = rows["openai/warm"]
    rows["openai/warm"] = replace(warm, prices=(replace(warm.prices[0], **price),))
    plan = made(affinity=Affinity("user", 1, AT), table=catalog(*rows.values()), body="filter: [quality >= 0.2]\n")
    return run(plan, question(tokens=tokens), snapshot=Snapshot(warm=("openai/warm", cached)))


@pytest.mark.parametrize(
    ("cached", "price", "cause"),
    [
        (0, {}, "policy"),
        (512, {"cached_input": 0}, "affinity"),
        (511, {"cached_input": 0}, "policy"),
        (1_024, {"cached_input": 10**9}, "affinity"),
        (1_024, {"cached_input": 10**9 + 1_000_000}, "policy"),
        (10**9, {"cached_input": 10**9}, "affinity"),
        (1_024, {}, "policy"),
        (1_024, {"input": None, "cached_input": 0}, "policy"),
    ],
)
def test_staying_must_not_cost_more_than_going(cached: int, price: dict[str, Any], cause: str) -> None:
    """A switch must pay for itself: 1,024 tokens at 1 USD against what is cached and what is not (S3.15)."""
    found = kept(cached, **price)
    assert found.cause == cause
    assert found.order == ((2, 0) if cause == "affinity" else (0, 2))


def test_what_cannot_be_compared() -> None:
    """Without a price of the best there is no reason to go; the best is kept without a word."""
    plan = made(weighted(eu=1), affinity=Affinity("user", 1, AT), table=WARM)
    unpriced = catalog(replace(CHEAP, prices=()), *WARM.targets[1:])
    free = made(affinity=Affinity("user", 1, AT), table=unpriced)
    assert run(free, snapshot=Snapshot(warm=("openai/warm", 0))).cause == "affinity"
    assert run(plan, snapshot=Snapshot(warm=("openai/cheap", 0))).cause == "policy"
    assert run(plan, snapshot=Snapshot(warm=("nobody/x", 0))).cause == "policy"


def test_affinity_is_the_policys_to_allow_and_stands_above_select() -> None:
    """Without it a warm target says nothing; with it select has no part."""
    warm = Snapshot(warm=("groq/m2", 0))
    assert run(made(weighted(m8=1)), snapshot=warm).selected != run(made(), snapshot=warm).selected
    plan = made(weighted(m8=1), Affinity("user", 1, AT))
    found = run(plan, snapshot=warm)
    assert (chosen(plan, found), found.cause, found.chance) == ("groq/m2", "affinity", "")
