"""The compiled decision is the oracle's decision, field by field, over generated cases.

``WAYPOST_EXHAUSTIVE=1`` makes it twenty times as many: 10^5. Seed and counts are also in docs/decision.md.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings

from generators_decision import Case, case_strategy, cases, make_case
from oracle import modes, oracle
from oracle.catalogs import ENDPOINTS, catalog_of
from oracle.differential import Engine, complaint, readable
from waypost.core.model.decision import ENGINE as ENGINE_VERSION
from waypost.core.model.decision import Decision
from waypost.core.model.question import Context, Features, Snapshot
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.decide import choose, decide, mode_of
from waypost.core.policy.plan import Plan
from waypost.core.policy.proof import prove

SEED = 20250711
COUNT = 5_000
EXHAUSTIVE_COUNT = 100_000
ENGINE = Engine(compile_policy, decide)
TESTS = Path(__file__).parents[2]


def agree(case: Case) -> None:
    """Fail with the smallest case on which engine and oracle differ."""
    found = complaint(case, ENGINE)
    if found is not None:
        pytest.fail(found, pytrace=False)


def answers(seed: int, count: int) -> str:
    """A digest of every decision on a run of cases."""
    out = hashlib.sha256()
    for case in cases(seed, count):
        plan = compile_policy(case.world.policy, case.world.catalog, case.world.expresses)
        for ask in case.asks:
            out.update(repr(decide(plan, ask.question, ask.snapshot, ask.seed, frozenset(ask.tried))).encode())
    return out.hexdigest()


def test_five_thousand_generated_cases() -> None:
    """S2.01, S2.03, S2.05: selection, order, scores, every rejection, cause, rule and chance are the oracle's."""
    count = EXHAUSTIVE_COUNT if os.environ.get("WAYPOST_EXHAUSTIVE") == "1" else COUNT
    for case in cases(SEED, count):
        agree(case)


def test_proofs_of_generated_cases() -> None:
    """S2.07: the rows of a proof name exactly the rules that the oracle rejects each candidate by, in its order."""
    engine = replace(ENGINE, prove=prove)
    for case in cases(SEED + 9, 1_000):
        found = complaint(case, engine)
        assert found is None, found


@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(case_strategy())
def test_cases_that_hypothesis_draws(case: Case) -> None:
    """The same comparison, with Hypothesis choosing the numbers, down to an empty catalog."""
    agree(case)


def test_a_catalog_without_targets() -> None:
    """Nobody is selected, nobody is rejected, and nothing breaks."""
    case = next(c for c in cases(SEED, 50) if c.world.policy.rules)
    empty = replace(case, world=replace(case.world, catalog=catalog_of([])))
    agree(empty)


def test_policies_that_share_a_catalog() -> None:
    """What one plan remembers of the catalog is right for the next one."""
    for case in cases(SEED + 7, 300):
        for policy in case.others:
            agree(replace(case, world=replace(case.world, policy=policy)))


@pytest.mark.parametrize("strategy", ["cheapest", "fastest", "best", "balanced"])
def test_where_the_best_hundreds_are_broken(strategy: str) -> None:
    """In a large catalog the standby order is right however far down the ranking it begins."""
    case = make_case(Random(SEED), 640)
    policy = replace(case.world.policy, rules=(), filters=(), cross_origin="auto", leave=())
    policy = replace(policy, select=None, affinity=None, budgets=())
    policy = replace(
        policy, rank=replace(policy.rank, strategy=strategy, weights=(), behind="", advisor=None), fingerprint=strategy
    )
    world, ask = replace(case.world, policy=policy), case.asks[0]
    question = replace(
        ask.question,
        origin=replace(ask.question.origin, endpoint="openai"),
        features=Features(15, 15),
        context=Context(),
        needs=(),
        credentials=tuple(sorted(ENDPOINTS)),
        granted=True,
        pinned=False,
        override=None,
    )
    alive = oracle.decide(world, question, Snapshot()).survivors
    assert len(alive) > 520
    catalog = world.catalog
    ranked = oracle.ranking(world, question, Snapshot(), [catalog.targets[catalog.index[i]] for i in alive])
    best = [target for target, _ in ranked]
    numbers = (
        0,
        8,
        *(top + step for top in (120, 128, 248, 256) for step in (-1, 0, 1)),
        400,
        len(best) - 5,
        len(best),
    )
    snapshots = [Snapshot(epoch=number, broken=tuple(sorted(best[:number]))) for number in numbers]
    agree(Case(world, tuple(replace(ask, question=question, snapshot=s, tried=()) for s in snapshots)))


def test_threads_that_share_a_plan() -> None:
    """Eight threads on cold plans get the answers that one would."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            for case in cases(SEED + 8, 120):
                plan = compile_policy(case.world.policy, case.world.catalog, case.world.expresses)

                def ask_all(turn: int, case: Case = case, plan: Plan = plan) -> dict[int, Decision]:
                    """Every thread begins with another question."""
                    found = {}
                    for step in range(len(case.asks)):
                        number = (turn + step) % len(case.asks)
                        ask = case.asks[number]
                        found[number] = decide(plan, ask.question, ask.snapshot, ask.seed, frozenset(ask.tried))
                    return found

                first, *others = pool.map(ask_all, range(8))
                assert all(other == first for other in others)
                for number, ask in enumerate(case.asks):
                    expected = oracle.decide(case.world, ask.question, ask.snapshot, ask.seed, ask.tried)
                    found = readable(first[number], case.world.catalog)
                    assert found == {name: getattr(expected, name) for name in found}
    finally:
        sys.setswitchinterval(interval)


def test_the_order_of_the_sources_is_no_fact() -> None:
    """Targets, endpoints, needs and keys handed over in reverse make the same decision (S2.16)."""
    for case in cases(SEED + 2, 150):
        world, catalog = case.world, case.world.catalog
        turned = replace(
            catalog_of(list(reversed(catalog.targets))),
            endpoints=dict(reversed(list(catalog.endpoints.items()))),
            index=dict(reversed(list(catalog.index.items()))),
        )
        there = compile_policy(world.policy, catalog, world.expresses)
        back = compile_policy(world.policy, turned, dict(reversed(list(world.expresses.items()))))
        for ask in case.asks:
            needs = tuple(reversed(ask.question.needs))
            tried = tuple(reversed(ask.tried))
            one = decide(there, ask.question, ask.snapshot, ask.seed, frozenset(ask.tried))
            other = decide(back, replace(ask.question, needs=needs), ask.snapshot, ask.seed, frozenset(tried))
            assert replace(other, tried=one.tried) == one


def test_a_loser_cannot_change_the_winner() -> None:
    """Without one of the rejected candidates the order and the scores are what they were, also where chance has a part.

    Budgets that ask for cheaper tiers look at who would win without them, who may then be among the rejected.
    """
    rng = Random(SEED)
    seen = 0
    for case in cases(SEED + 3, 300):
        policy = replace(case.world.policy, budgets=())
        world = replace(case.world, policy=policy)
        for ask in case.asks:
            plan = compile_policy(world.policy, world.catalog, world.expresses)
            whole = readable(decide(plan, ask.question, ask.snapshot, ask.seed, frozenset(ask.tried)), world.catalog)
            losers = [t for t in world.catalog.targets if t.id not in whole["survivors"]]  # type: ignore[operator]
            if not losers or not whole["order"]:
                continue
            gone = rng.choice(losers)
            catalog = catalog_of([t for t in world.catalog.targets if t is not gone])
            plan = compile_policy(world.policy, catalog, world.expresses)
            left = readable(decide(plan, ask.question, ask.snapshot, ask.seed, frozenset(ask.tried)), catalog)
            assert left["order"] == whole["order"]
            if left["rank"] == whole["rank"]:  # else the loser was all that an advice or a list named
                assert left["scores"] == whole["scores"]
            seen += 1
    assert seen > 80


def test_hash_seeds_do_not_matter() -> None:
    """Two other processes with other hash seeds decide to the byte the same (S2.16)."""
    program = "from test_against_oracle import answers; print(answers(7, 120))"
    found = {answers(7, 120)}
    for hash_seed in ("1", "4242"):
        env = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": f"{TESTS}:{Path(__file__).parent}"}
        run = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
        found.add(run.stdout.strip())
    assert len(found) == 1


def test_records_of_a_decision() -> None:
    """S2.16: a decision names what it was made of: both fingerprints, the seed, and what was tried."""
    for case in cases(SEED + 4, 30):
        plan = compile_policy(case.world.policy, case.world.catalog, case.world.expresses)
        for ask in case.asks:
            decision = decide(plan, ask.question, ask.snapshot, ask.seed, frozenset(ask.tried))
            assert decision.policy == case.world.policy.fingerprint
            assert decision.catalog == case.world.catalog.fingerprint
            assert decision.seed == ask.seed
            assert decision.engine == ENGINE_VERSION
            assert sorted(decision.tried) == sorted(ask.tried)


def test_choice_of_the_policy() -> None:
    """The named policy, else the first that matches, else the first for everyone, else the last."""
    seen: Counter[int] = Counter()
    for case in cases(SEED + 5, 600):
        world = case.world
        policies = [world.policy, *case.others]
        plans = tuple(compile_policy(policy, world.catalog, world.expresses) for policy in policies)
        for ask in case.asks:
            expected = modes.choose(policies, world.catalog, ask.question)
            assert plans.index(choose(plans, ask.question)) == expected
            seen[expected] += len(policies) == 3
    assert min(seen[0], seen[1], seen[2]) > 10


def test_the_mode_of_a_call() -> None:
    """A caller narrows the mode, is granted route under advise, and stays on one side of a share."""
    seen: Counter[str] = Counter()
    for case in cases(SEED + 6, 600):
        world = case.world
        plan = compile_policy(world.policy, world.catalog, world.expresses)
        for ask in case.asks:
            expected = modes.mode_of(world.policy, world.catalog, ask.question, ask.seed)
            assert mode_of(plan, ask.question, ask.seed) == expected
            seen.update(expected)
    assert set(seen) == {"off", "observe", "advise", "route", "policy", "rollout"}
