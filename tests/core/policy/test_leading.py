"""Ranks that put some in front: an advisor's word, or the order of the rule's list (S1.38, S3.15)."""

from __future__ import annotations

from typing import Any

import pytest

from policy_samples import CATALOG, SEED, plan, policy, question
from waypost.core.model.advice import Advice
from waypost.core.model.decision import Decision
from waypost.core.model.question import EMPTY_SNAPSHOT, Override, Question, Snapshot
from waypost.core.policy.decide import decide
from waypost.core.policy.document import policy_from_document
from waypost.core.policy.flip import minimal_flip
from waypost.core.policy.proof import prove
from waypost.core.policy.why_not import why_not

ADVISED = "rank: {advisor: heuristic, else: cheapest}\n"
LISTED = "rank: listed\nrules: [{name: one, use: [groq/fast, openai/big, openai/mini]}]\n"


def advised(*picks: tuple[str, int], advisor: str = "heuristic", **facts: Any) -> Question:
    return question(advice=Advice(advisor, "heuristic/1", picks), **facts)


def run(body: str, asked: Question, snapshot: Snapshot = EMPTY_SNAPSHOT, tried: tuple[str, ...] = ()) -> Decision:
    return decide(plan(body), asked, snapshot, SEED, frozenset(tried))


def order(found: Decision) -> list[tuple[str, int]]:
    return [(CATALOG.targets[at].id, score) for at, score in zip(found.order, found.scores, strict=True)]


def test_an_advisor_s_picks_come_first() -> None:
    """By their scores, whatever the order they come in; the others follow, the cheapest first, without a score."""
    found = run(ADVISED, advised(("openai/mini", 200_000), ("openai/big", 900_000), ("gone/model", 1_000_000)))
    assert order(found) == [
        ("openai/big", 900_000), ("openai/mini", 200_000), ("groq/fast", -1), ("anthropic/opus", -1),
    ]  # fmt: skip
    assert (found.cause, found.rank) == ("advisor", "advisor")


@pytest.mark.parametrize(
    ("picks", "first"),
    [
        ((("openai/mini", 500_000), ("openai/big", 500_000)), "openai/big"),
        ((("openai/mini", 0), ("openai/mini", 900_000), ("openai/big", 100_000)), "openai/big"),
        ((("openai/mini", -1), ("openai/big", 1_000_001), ("anthropic/opus", 0)), "anthropic/opus"),
    ],
    ids=["a tie goes to the lower id", "the first of two scores counts", "a score out of range names nobody"],
)
def test_edges_of_an_advice(picks: tuple[tuple[str, int], ...], first: str) -> None:
    """What docs/decision.md says of an advice that is not as it should be."""
    assert order(run(ADVISED, advised(*picks)))[0][0] == first


@pytest.mark.parametrize(
    "asked",
    [
        question(),
        advised(),
        advised(("openai/big", 1), advisor="another"),
        advised(("gone/model", 1)),
        question(advice=Advice("heuristic", failure="timeout")),
    ],
    ids=["not asked", "nobody named", "another's", "nobody of the catalog", "failed"],
)
def test_without_an_advice_the_rank_behind_decides(asked: Question) -> None:
    """As if it were the policy's own: its name, its scores, its cause."""
    found = run(ADVISED, asked)
    plain = run("rank: cheapest\n", question())
    assert (found.order, found.scores, found.cause, found.rank) == (plain.order, plain.scores, "policy", "cheapest")


def test_who_did_not_survive_is_not_first() -> None:
    """Of an advice that names nobody who is left the rank stays, and the cause is another's."""
    found = run(f"{ADVISED}filter: [quality >= 0.5]\n", advised(("openai/mini", 900_000)))
    assert order(found) == [("anthropic/opus", -1), ("openai/big", -1)]
    assert (found.cause, found.rank) == ("policy", "advisor")


def test_a_call_s_own_wish_stands_above_an_advisor() -> None:
    """A preference, and a strategy."""
    for context in ({"preference": "quality"}, {"strategy": "best"}):
        found = run(ADVISED, advised(("groq/fast", 1_000_000), context=context))
        assert (order(found)[0], found.cause, found.rank) == (("anthropic/opus", 920_000), "preference", "best")


def test_a_hop_keeps_the_advice() -> None:
    """The next of the advice answers; nobody is asked again."""
    asked = advised(("openai/mini", 200_000), ("openai/big", 900_000))
    found = run(ADVISED, asked, tried=("openai/big",))
    assert (order(found)[0], found.cause) == (("openai/mini", 200_000), "fallback")


def test_a_list_is_an_order() -> None:
    """S3.15: the first of the rule's list is the primary, the others are its fallbacks, in that order."""
    found = run(LISTED, question())
    assert order(found) == [("groq/fast", 1), ("openai/big", 2), ("openai/mini", 3)]
    assert (found.cause, found.rule, found.rank) == ("rule", "one", "listed")
    assert order(run(LISTED, question(), tried=("groq/fast",)))[0] == ("openai/big", 2)


def test_a_list_that_was_set_aside_still_orders() -> None:
    """Those of it come first among whom a budget leaves; the others follow by the rank behind."""
    body = LISTED + "budgets: [{scope: user, limit: 5 USD/day, at: {80%: fast_cheap}}]\n"
    snapshot = Snapshot(epoch=1, used=(("user/day", 900_000),))
    found = run(body.replace("[groq/fast, openai/big, openai/mini]", "[openai/big, openai/mini]"), question(), snapshot)
    assert (found.aside, order(found)) == ("budget.user", [("openai/mini", 2), ("groq/fast", -1)])


def test_without_a_list_the_rank_behind_decides() -> None:
    """No rule matches, or the one that does has no list."""
    for rules in ("", "rules: [{name: one, filter: [quality >= 0]}]\n"):
        found = run(f"rank: {{strategy: listed, else: best}}\n{rules}", question())
        assert (found.rank, order(found)[0]) == ("best", ("anthropic/opus", 920_000))


def test_an_override_is_who_is_forced() -> None:
    """Also where the advice does not name it."""
    forced = Override("o1", "openai/mini", "ops", "trial", 1 << 62)
    found = run(ADVISED, advised(("openai/big", 900_000), override=forced))
    assert (order(found), found.cause) == ([("openai/mini", -1)], "override")


def test_the_document_says_what_stands_behind() -> None:
    """And the policy comes back from it with the same fingerprint; a rank without it has the document that it had."""
    for body in (ADVISED, "rank: {advisor: heuristic, else: {cost: 1, quality: 2}, within: 50 ms}\n", LISTED):
        made = policy(body)
        again = policy_from_document(made.document)
        assert (again.fingerprint, again.rank.behind, again.rank.advisor) == (
            made.fingerprint, made.rank.behind, made.rank.advisor,
        )  # fmt: skip
    assert policy(ADVISED).document["rank"] == {
        "strategy": "advisor", "weights": {}, "behind": "cheapest", "advisor": "heuristic", "within_ns": 300_000_000,
    }  # fmt: skip
    assert policy("rank: best\n").document["rank"] == {"strategy": "best", "weights": {}}


def test_the_proof_says_who_gave_which_score() -> None:
    """S2.20: between two of the advice its scores, against the others that they are not named."""
    asked = advised(("openai/mini", 200_000), ("openai/big", 900_000))
    made = plan(ADVISED)
    found = decide(made, asked, EMPTY_SNAPSHOT, SEED, frozenset())
    proof = prove(made, asked, EMPTY_SNAPSHOT, found)
    assert [(row.target, row.score) for row in proof.candidates] == order(found)
    assert proof.beats == (
        ("openai/mini", "the advisor heuristic gives it 0.9 > 0.2"),
        ("groq/fast", "named by the advisor heuristic, and this one is not"),
        ("anthropic/opus", "named by the advisor heuristic, and this one is not"),
    )
    assert why_not(made, asked, EMPTY_SNAPSHOT, found, "anthropic/opus").ahead == (
        ("openai/big", "named by the advisor heuristic, and this one is not"),
        ("openai/mini", "named by the advisor heuristic, and this one is not"),
        ("groq/fast", "estimated.cost $0.0000114 < $0.00077"),
    )


def test_the_proof_says_the_places_of_a_list() -> None:
    """The place of each on the rule's list."""
    made = plan(LISTED)
    found = decide(made, question(), EMPTY_SNAPSHOT, SEED, frozenset())
    assert prove(made, question(), EMPTY_SNAPSHOT, found).beats == (
        ("openai/big", "place 1 on the list of rule one, before place 2"),
        ("openai/mini", "place 1 on the list of rule one, before place 3"),
    )


def test_no_weight_flips_what_an_advice_decides() -> None:
    """S6.04: the advice stays as it was, so that only what rejects can choose another; among the others weights do."""
    body = "rank: {advisor: heuristic, else: {cost: 1, quality: 1}}\nfilter: [quality >= 0.2]\n"
    asked = advised(("openai/big", 900_000))
    found = run(body, asked)
    flip = minimal_flip(plan(body), asked, EMPTY_SNAPSHOT, found)
    assert (flip.kind, flip.what, flip.selected) == ("fact", "quality of openai/big", "anthropic/opus")
    unnamed = run(body, advised(("gone/model", 1)))
    assert minimal_flip(plan(body), advised(("gone/model", 1)), EMPTY_SNAPSHOT, unnamed).kind in ("weight", "fact")
