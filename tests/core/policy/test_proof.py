"""Proofs: every failed rule as people read it, what the winner passed, and why it beat each standby (S6.03, S2.20)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_samples import CATALOG, EXPRESSES, ORIGIN, SEED, catalog, plan, policy, question, target
from waypost.core.model.decision import CandidateProof, Proof, Rejection
from waypost.core.model.question import EMPTY_SNAPSHOT, Question, Snapshot
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.decide import decide
from waypost.core.policy.document import policy_from_document
from waypost.core.policy.plan import Plan
from waypost.core.policy.proof import prove, reason
from waypost.core.policy.tree import Policy


def proof(
    body: str | Plan, asked: Question | None = None, *, snapshot: Snapshot = EMPTY_SNAPSHOT, tried: tuple[str, ...] = ()
) -> Proof:
    made = plan(body) if isinstance(body, str) else body
    asked = asked or question()
    return prove(made, asked, snapshot, decide(made, asked, snapshot, SEED, frozenset(tried)))


def row(found: Proof, name: str) -> CandidateProof:
    return next(item for item in found.candidates if item.target == name)


def reasons(found: Proof, name: str) -> list[str]:
    return [reason(item) for item in row(found, name).rejections]


def flow(*lines: str) -> str:
    return "filter:\n" + "".join(f"  - {line}\n" for line in lines)


LINES = [
    ("quality >= 0.5", "openai/mini", "quality 0.42 < 0.5"),
    ("quality > 0.42", "openai/mini", "quality 0.42 <= 0.42"),
    ("region in [eu]", "openai/big", "region us not in [eu]"),
    ("provider not in [groq, mistral]", "groq/fast", "provider groq in [groq, mistral]"),
    ("price.input <= 5 USD/MTok", "openai/big", "price.input $15/MTok > $5/MTok"),
    ("retention == none", "openai/big", "retention 30d != none"),
    ("region != us", "openai/mini", "region us == us"),
    ("region in [eu]", "groq/fast", "region unknown, must be in [eu]"),
    ("latency.p95 <= 2 s", "groq/fast", "latency.p95 unknown, must be <= 2 s"),
    ("latency.p95 <= 2 s", "openai/big", "latency.p95 12 s > 2 s"),
    ("estimated.cost <= 0.001 USD", "openai/big", "estimated.cost $0.00216 > $0.001"),
    ("estimated.latency < 500 ms", "openai/big", "estimated.latency 1 s >= 500 ms"),
    ("capabilities has seed", "anthropic/opus", "capabilities has no seed"),
    ("not capabilities has seed", "openai/big", "capabilities has seed"),
    ("model matches m*", "openai/big", 'model big does not match "m*"'),
    ("not model matches b*", "openai/big", 'model big matches "b*"'),
    ("context_window in [200k, 1M]", "openai/big", "context_window 128,000 not in [200,000, 1,000,000]"),
    ("context_window >= tokens.total * 100", "groq/fast", "context_window 8,192 < 11,400 (tokens.total * 100)"),
    ("context_window >= tokens.max_output", "groq/fast",
     "context_window 8,192, must be >= unknown (tokens.max_output)"),
    ("price.output < price.input * 3.5", "openai/mini", "price.output $0.6/MTok >= $0.525/MTok (price.input * 3.5)"),
    ("turns >= 3", "openai/big", "turns 0 < 3"),
    ("language == en", "openai/big", "language unknown, must be == en"),
    ("needs has tools", "openai/big", "needs has no tools"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "name", "expected"), LINES, ids=[expected for _, _, expected in LINES])
def test_a_rejection_says_what_holds(line: str, name: str, expected: str) -> None:
    """S2.07: observed value, the operator that holds, the limit, each with its unit."""
    assert reasons(proof(flow(f'"{line}"')), name) == [expected]


def test_reserved_rules_in_words() -> None:
    """S2.07: no tools, no credentials, already tried, breaker open, not on the list."""
    asked = question("tools", "openai.files", "prefill", credentials=("groq",), granted=False)
    found = proof(
        "rules: [{name: strong, use: powerful}]\n",
        asked,
        snapshot=Snapshot(broken=("anthropic/opus",)),
        tried=("groq/fast",),
    )
    assert reasons(found, "groq/fast") == [
        "already tried",
        "may not leave openai",
        "no openai.files",
        "no tools",
        "not on the list of rule strong",
    ]
    assert reasons(found, "anthropic/opus") == [
        "may not leave openai",
        "no credentials for anthropic",
        "breaker open",
        "no openai.files",
        "no prefill",
    ]
    assert [item.rule for item in row(found, "anthropic/opus").rejections] == [
        "cross_origin",
        "provider.credentials",
        "breaker",
        "need.openai.files",
        "need.prefill",
    ]
    needs = {item.rule: (item.field, item.observed) for item in row(found, "groq/fast").rejections[2:4]}
    assert needs == {"need.openai.files": ("endpoint", "groq"), "need.tools": ("capabilities", "absent")}
    assert (row(found, "groq/fast").state, row(found, "anthropic/opus").state) == ("tried", "rejected")
    assert row(found, "openai/big").state == "selected"


def test_sizes_show_the_exact_number_beside_the_grid() -> None:
    """POLICY.md: the proof shows the exact value beside the grid's."""
    asked = question(tokens=(8_000, 500), features={"max_output": 5_000})
    found = proof("", asked)
    window, answer = (row(found, name).rejections[0] for name in ("groq/fast", "openai/mini"))
    assert (reason(window), window.exact) == ("context_window 8,192 < 13,192", "13,000")
    assert window.margin_ppm == (13_192 - 8_192) * 1_000_000 // 13_192
    assert (reason(answer), answer.exact) == ("max_output 4,096 < 5,000", None)
    cost = proof(flow("estimated.cost <= 0.1 USD"), question(tokens=(8_000, 500)))
    (rejection,) = row(cost, "openai/big").rejections
    assert (rejection.observed, rejection.exact) == ("$0.1536", "$0.15")
    limit = proof(flow("context_window >= tokens.input * 2"), question(tokens=(8_000, 0)))
    (rejection,) = row(limit, "groq/fast").rejections
    assert (rejection.limit, rejection.exact) == ("16,384 (tokens.input * 2)", "16,000")


def test_each_failed_comparison_has_its_place() -> None:
    """DESIGN §6: source, field, operator, observed, limit and margin of every predicate that failed."""
    found = proof(flow("quality >= 0.5 and (region == eu or price.input <= 0.05 USD/MTok)"))
    quality, region, price = row(found, "openai/mini").rejections
    assert {item.rule for item in (quality, region, price)} == {
        "quality >= 0.5 and (region == eu or price.input <= 0.05 USD/MTok)"
    }
    assert [str(item.source) for item in (quality, region, price)] == ["p.yaml:4:5", "p.yaml:4:25", "p.yaml:4:41"]
    assert [reason(item) for item in (quality, region, price)] == [
        "quality 0.42 < 0.5",
        "region us != eu",
        "price.input $0.15/MTok > $0.05/MTok",
    ]
    assert (quality.margin_ppm, region.margin_ppm, price.margin_ppm) == (160_000, None, 2_000_000)
    assert row(found, "anthropic/opus").state == "selected"


def test_of_alternatives_that_hold_nothing_is_at_fault() -> None:
    """`or` fails only as a whole; a negated conjunction blames both of its halves."""
    assert reasons(proof(flow("not (region == us and quality < 0.5)")), "openai/mini") == [
        "region us == us",
        "quality 0.42 < 0.5",
    ]
    found = proof(flow("(region == eu or quality < 0.5) and price.input > 1 USD/MTok"))
    assert reasons(found, "openai/mini") == ["price.input $0.15/MTok <= $1/MTok"]


BODY = """
rules: [{name: strong, when: complexity == simple, use: powerful, because: it matters, filter: [quality >= 0.8]}]
filter:
  - price.input <= 20 USD/MTok
  - {rule: 'region in [eu] or latency.p95 <= 1 min', because: law}
  - {rule: quality >= 0.99, when: streaming == true}
  - not provider == mistral
"""


def test_what_the_winner_passed() -> None:
    """S2.06, S2.20: needs, sizes, the list, and each line that applied, with its place."""
    found = proof(BODY, question("tools", features={"max_output": 100}))
    assert found.candidates[0].target == "anthropic/opus"
    assert [(item.rule, item.text) for item in found.passed] == [
        ("need.tools", "tools ok"),
        ("need.context_window", "context_window 200,000 >= 204"),
        ("need.max_output", "max_output 8,192 >= 100"),
        ("rule.strong", "on the list of rule strong"),
        ("price.input <= 20 USD/MTok", "price.input $5/MTok <= $20/MTok"),
        ("region in [eu] or latency.p95 <= 1 min", "region eu in [eu] and latency.p95 9 s <= 1 min"),
        ("not provider == mistral", "provider anthropic != mistral"),
        ("quality >= 0.8", "quality 0.92 >= 0.8"),
    ]
    assert [str(item.source) for item in found.passed] == [
        "None",
        "None",
        "None",
        "p.yaml:4:9",
        "p.yaml:6:5",
        "p.yaml:7:13",
        "p.yaml:9:5",
        "p.yaml:4:97",
    ]


def test_the_order_of_rows_and_their_scores() -> None:
    """The winner, the standby in order, the rejected by id; a rejected candidate has a price but no score."""
    found = proof(flow("quality >= 0.4"))
    assert [(item.target, item.state) for item in found.candidates] == [
        ("anthropic/opus", "selected"),
        ("openai/big", "standby"),
        ("openai/mini", "standby"),
        ("groq/fast", "rejected"),
    ]
    assert tuple(item.score for item in found.candidates) == (*found.decision.scores, None)
    assert [item.estimated_nano_usd for item in found.candidates] == [770_000, 2_160_000, 21_600, 11_400]
    winner = found.candidates[0]
    assert [(term.field, term.weight, term.observed) for term in winner.terms] == [
        ("estimated.cost", 400_000, "$0.00077"),
        ("estimated.latency", 200_000, "1.05 s"),
        ("quality", 400_000, "0.92"),
    ]
    assert sum(term.weight * term.utility for term in winner.terms) // 1_000_000 == winner.score
    assert found.candidates[3].terms == ()


def test_some_candidates_only() -> None:
    """Whoever shows a few of many asks for those, in their order."""
    made, asked = plan(""), question()
    decision = decide(made, asked, EMPTY_SNAPSHOT, SEED, frozenset())
    whole = prove(made, asked, EMPTY_SNAPSHOT, decision)
    some = prove(made, asked, EMPTY_SNAPSHOT, decision, only=(3, 0))
    assert [item.target for item in some.candidates] == ["openai/mini", "anthropic/opus"]
    assert some.candidates == tuple(row(whole, item.target) for item in some.candidates)
    assert (some.passed, some.beats) == (whole.passed, whole.beats)


def test_why_it_beats_each_standby() -> None:
    """S2.20: the difference in what was compared; an equal score goes to the first id."""
    assert proof("rank: cheapest\n").beats == (
        ("openai/mini", "estimated.cost $0.0000114 < $0.0000216"),
        ("anthropic/opus", "estimated.cost $0.0000114 < $0.00077"),
        ("openai/big", "estimated.cost $0.0000114 < $0.00216"),
    )
    assert proof("rank: best\n").beats[0] == ("openai/big", "quality 0.92 > 0.9")
    assert proof("rank: fastest\n").beats[-1] == ("groq/fast", "estimated.latency 350 ms, the other's is unknown")
    twins = catalog(target("openai/a", quality=1), target("openai/b", quality=1))
    made = compile_policy(policy("rank: best\n", table=twins), twins, EXPRESSES)
    assert proof(made).beats == (("openai/b", "equal; openai/a comes first by id"),)
    assert proof("rank: {quality: 1}\n").beats[0] == ("openai/big", "score 0.92 > 0.9: quality +0.02")
    assert proof("rank: {quality: 0.5, cost: 0.5}\n").beats[:2] == (
        ("openai/big", "score 0.683046 > 0.639541: estimated.cost +0.0335, quality +0.01"),
        ("openai/mini", "score 0.683046 > 0.543566: estimated.cost -0.1105, quality +0.25"),
    )


def test_survivors_beyond_the_standby_are_ranked_too() -> None:
    """The decision names eight; the proof shows all."""
    table = catalog(*(target(f"openai/m{number:02d}", price=(20 - number, 0)) for number in range(12)))
    made = compile_policy(policy("rank: cheapest\n", table=table), table, EXPRESSES)
    found = proof(made)
    assert [item.target for item in found.candidates] == [f"openai/m{number:02d}" for number in range(11, -1, -1)]
    assert [item.score for item in found.candidates] == [(20 - number) * 104_000 for number in range(11, -1, -1)]


def test_nobody_survives() -> None:
    """No winner: nothing was passed, nobody was beaten, everybody has reasons."""
    found = proof(flow("quality > 1"))
    assert (found.passed, found.beats) == ((), ())
    assert all(item.state == "rejected" and item.rejections for item in found.candidates)


def test_a_stored_policy_proves_the_same_months_later() -> None:
    """S2.16: from documents alone, with its places where they were stored and without where not."""
    original = policy(BODY)

    def explained(found: Policy) -> Proof:
        return proof(compile_policy(found, CATALOG, EXPRESSES), question("tools"))

    before = explained(original)
    assert explained(policy_from_document(original.document, original.positions)) == before
    bare = explained(policy_from_document(original.document))
    assert bare.decision == before.decision
    assert {item.source for item in bare.passed} == {None}
    assert [item.text for item in bare.passed] == [item.text for item in before.passed]


def test_a_rejection_of_another_engine_is_shown_by_its_name() -> None:
    """A rule that this engine does not know is named, not guessed at."""
    assert reason(Rejection("budget.user", "", "", "", "")) == "budget.user"


ANY_LINE = st.sampled_from([line for line, _, _ in LINES])


@settings(max_examples=80, deadline=None)
@given(
    st.lists(ANY_LINE, min_size=1, max_size=4, unique=True),
    st.lists(st.sampled_from(["tools", "seed", "prefill", "openai.files"]), max_size=2),
    st.sampled_from([(0, 0), (100, 10), (9_000, 900)]),
    st.booleans(),
)
def test_proofs_agree_with_masks(lines: list[str], needs: list[str], tokens: tuple[int, int], pinned: bool) -> None:
    """A candidate has rows for exactly the names whose mask it is in, in their order, and each row has words."""
    asked = question(*needs, tokens=tokens, pinned=pinned, origin=replace(ORIGIN, endpoint="groq"))
    found = proof(flow(*(f'"{line}"' for line in lines)), asked)
    for item in found.candidates:
        bit = 1 << CATALOG.index[item.target]
        expected = [name for name, mask in found.decision.rejections if mask & bit]
        shown: list[Any] = list(dict.fromkeys(rejection.rule for rejection in item.rejections))
        assert shown == expected
        assert all(reason(rejection) for rejection in item.rejections)
        assert bool(item.rejections) == (item.state == "rejected")


def test_only_the_alternative_that_held_is_named() -> None:
    """Half of an alternative that failed as a whole did not let the winner through."""
    found = proof(flow("(region == us and quality > 0.5) or tier == powerful"))
    assert found.candidates[0].target == "anthropic/opus"
    assert found.passed[-1].text == "tier powerful == powerful"
    negated = proof(flow("not (region == us and quality > 0.5)"))
    assert negated.passed[-1].text == "region eu != us"


def test_a_line_about_a_person_is_proved_from_a_receipt_without_the_name() -> None:
    """S6.03: it rejected somebody, so it applied, though the pseudonym does not match its ``when``."""
    made = plan("filter:\n  - {rule: quality >= 0.5, when: user == ann}\n")
    asked = question(context={"user": "ann"})
    decision = decide(made, asked, EMPTY_SNAPSHOT, SEED, frozenset())
    stored = replace(asked, context=replace(asked.context, user="p_1"))
    found = prove(made, stored, EMPTY_SNAPSHOT, decision)
    assert reasons(found, "openai/mini") == ["quality 0.42 < 0.5"]
    assert found == prove(made, asked, EMPTY_SNAPSHOT, decision)
