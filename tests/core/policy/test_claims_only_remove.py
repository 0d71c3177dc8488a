"""What a call says of who may answer it takes candidates away and lets nobody in (S5.01)."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from generators_decision import cases
from oracle.spending import make_narrow
from policy_samples import CATALOG, EXPRESSES, SEED, names, policy, question
from waypost.core.model.decision import Decision
from waypost.core.model.question import Narrow, Override, Snapshot
from waypost.core.policy.bits import bits
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.decide import decide
from waypost.core.policy.document import seal
from waypost.core.policy.plan import Plan
from waypost.core.policy.proof import prove
from waypost.core.policy.tree import Budget

OPUS, FAST, BIG, MINI = "anthropic/opus", "groq/fast", "openai/big", "openai/mini"
FORCED = Override("o1", MINI, "ana", "a bad week", 1)
SPENT = Snapshot(used=(("user/day", 1_000_000),))
LISTED = "rules: [{name: dear, use: [openai/big, anthropic/opus], because: quality counts}]\n"


def made(action: str, body: str = LISTED) -> Plan:
    written = policy(body)
    budgets = (Budget("user", 1, "day", ((1_000_000, action),), written.at),)
    return compile_policy(seal(replace(written, budgets=budgets)), CATALOG, EXPRESSES)


def run(plan: Plan, narrow: Narrow | None, **said: object) -> Decision:
    return decide(plan, question(context={"narrow": narrow}, **said), SPENT, SEED, frozenset())


def rejected(found: Decision) -> dict[str, list[str]]:
    return {name: names(CATALOG, mask) for name, mask in found.rejections}


def test_over_generated_cases() -> None:
    """With a claim those survive who survive without it and whom it lets in: no more, and no fewer."""
    rng, narrowed, emptied = Random(7), 0, 0
    for case in cases(71, 1_500):
        plan = compile_policy(case.world.policy, case.world.catalog, case.world.expresses)
        for ask in case.asks:
            narrow = make_narrow(rng, [target.id for target in case.world.catalog.targets])
            if narrow is None:
                continue
            found = []
            for said in (None, narrow):
                asked = replace(ask.question, context=replace(ask.question.context, narrow=said))
                found.append(decide(plan, asked, ask.snapshot, ask.seed, frozenset(ask.tried)))
            claimed = 0
            for name, mask in found[1].rejections:
                claimed |= mask if name.startswith("call.") else 0
            assert found[1].survivors == found[0].survivors & ~claimed
            assert found[1].aside == found[0].aside
            narrowed += found[1].survivors != found[0].survivors
            emptied += found[1].aside is not None and not found[1].survivors
    assert narrowed > 100
    assert emptied > 4


@pytest.mark.parametrize("action", ["fast_cheap", "downgrade"])
def test_a_claim_does_not_undo_a_budgets_tier(action: str) -> None:
    """S3.19: whose money is spent gets the cheap ones, and nobody where the call lets none of these in."""
    plan = made(action)
    assert names(CATALOG, run(plan, None).survivors) == [FAST, MINI]
    found = run(plan, Narrow(only=(BIG,)))
    assert (found.selected, found.aside, found.cause) == (None, "budget.user", "rule")
    assert rejected(found) == {"call.only": [OPUS, FAST, MINI], "budget.user": [OPUS, BIG]}


def test_a_tier_beside_the_shortlist_stays_where_claims_take_the_best() -> None:
    """The best is within the budget and the call does not want it: the dear ones are no way out."""
    plan = made("fast_cheap", "rules: [{name: any, use: [openai/mini, openai/big]}]\nrank: cheapest\n")
    found = run(plan, Narrow(ignore=(MINI,)))
    assert (found.selected, found.aside, found.cause) == (None, None, "rule")
    assert rejected(found) == {"call.ignore": [MINI], "rule.any": [OPUS, FAST], "budget.user": [OPUS, BIG]}


@pytest.mark.parametrize("narrow", [Narrow(ignore=(MINI,)), Narrow(only=("anthropic",)), Narrow(max_input_price=0)])
def test_a_claim_does_not_evade_an_override(narrow: Narrow) -> None:
    """S3.29: somebody forces a target that the call leaves out: nobody answers, and the reason is the override's."""
    found = run(made("warn"), narrow, override=FORCED)
    assert (found.selected, found.aside, found.cause, found.because) == (None, "override", "override", "a bad week")
    assert MINI not in rejected(found)["override"]


def test_a_downgrade_is_measured_without_the_claim() -> None:
    """A call that asks for a dear target by name does not make it the best, nor one that asks for a cheap one."""
    plan = made("downgrade", "rank: best\n")
    assert names(CATALOG, run(plan, Narrow(only=(MINI,))).survivors) == [MINI]
    assert run(plan, Narrow(only=(MINI,))).aside == run(plan, None).aside == "budget.user"


@pytest.mark.parametrize("said", [{"strategy": "cheapest"}, {"preference": "cost"}], ids=str)
def test_a_strategy_does_not_undo_a_downgrade(said: dict[str, Any]) -> None:
    """Whose best is measured is for the policy to rank: a call that ranks by cost and asks for the dear gets nobody."""
    plan = made("downgrade", "rank: best\n")
    for narrow in (None, Narrow(only=(BIG,))):
        asked = question(context={"narrow": narrow, **said})
        found = decide(plan, asked, SPENT, SEED, frozenset())
        proof = prove(plan, asked, SPENT, found)
        assert names(CATALOG, found.survivors) == ([FAST, MINI] if narrow is None else [])
        (row,) = (row for row in proof.candidates if row.target == BIG)
        assert row.rejections[-1].limit == "downgrade, because 100% of $0.000000001 per day are used"


def test_the_proof_says_both() -> None:
    """Each candidate has the claim or the tier that it failed."""
    plan, asked = made("fast_cheap"), question(context={"narrow": Narrow(only=(BIG,))})
    found = decide(plan, asked, SPENT, SEED, frozenset())
    proof = prove(plan, asked, SPENT, found)
    rules = {row.target: [item.rule for item in row.rejections] for row in proof.candidates}
    assert rules == {
        OPUS: ["call.only", "budget.user"],
        FAST: ["call.only"],
        BIG: ["budget.user"],
        MINI: ["call.only"],
    }
    assert all(item.limit for row in proof.candidates for item in row.rejections)
    assert list(bits(found.survivors)) == []
