"""Facts in words: exact phrases, units and rounding."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receipt_cases import ANSWERED, BASELINE, COST, DECISION, FAILED, FIRST, QUESTION, SETTLEMENT, USAGE
from waypost.core.analysis import words_decision, words_numbers, words_outcome, words_question
from waypost.core.analysis.calendar import utc
from waypost.core.model.decision import CandidateProof, Rejection, Source
from waypost.core.model.needs import Need
from waypost.core.model.outcome import UNPRICED, Baseline, Cost, Failure, Usage
from waypost.core.policy.reasons import reason


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2400, 1, 1)))
def test_times_are_those_of_the_calendar(moment: datetime) -> None:
    """Our arithmetic against the standard library's, which the core may not use."""
    at = moment.replace(tzinfo=UTC, microsecond=moment.microsecond // 1000 * 1000)
    ns = int(at.timestamp()) * 1_000_000_000 + at.microsecond * 1000
    assert utc(ns) == at.strftime("%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03d} UTC"


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 us"),
        (80_400, "80 us"),
        (999_499, "999 us"),
        (1_000_000, "1 ms"),
        (412_300_000, "412 ms"),
        (1_000_000_000, "1.00 s"),
        (1_254_999_999, "1.25 s"),
        (61_000_000_000, "61.00 s"),
        (-5_000_000, "-5 ms"),
    ],
)
def test_durations(ns: int, text: str) -> None:
    """S2.09: the unit that a person would use."""
    assert words_numbers.duration(ns) == text


@pytest.mark.parametrize(
    ("micro", "text"), [(540_000, "0.54"), (1_000_000, "1"), (0, "0"), (552_627, "0.553"), (999_900, "1")]
)
def test_scores(micro: int, text: str) -> None:
    """S2.05: ``0.54``, not a float's tail."""
    assert words_numbers.micro(micro) == text


@pytest.mark.parametrize(
    ("cost", "base", "text"),
    [(18, 63, "-71%"), (63, 63, "+0%"), (126, 63, "+100%"), (0, 63, "-100%"), (1, 1000, "-100%"), (995, 1000, "+0%")],
)
def test_costs_against_a_baseline(cost: int, base: int, text: str) -> None:
    """S2.10: -71% of the sketch, $0.018 against $0.063; halves go to even."""
    assert words_numbers.change(cost, base) == text


def test_the_baseline_is_named_and_its_price_shown() -> None:
    """S2.10: what it is against, whose baseline that is, and what that would have cost."""
    base = Baseline("policy", "openai/gpt-5.5", Cost(63_000_000, "computed"))
    assert (
        words_outcome.against(Cost(18_000_000, "computed"), base)
        == "cost against baseline -71% (the policy's baseline openai/gpt-5.5: $0.063 for the same tokens)"
    )
    assert words_outcome.against(UNPRICED, replace(base, label="requested")) == (
        "cost against baseline unknown (the requested model openai/gpt-5.5: $0.063 for the same tokens)"
    )
    assert words_outcome.against(COST, replace(base, cost=UNPRICED)) == (
        "cost against baseline unknown (the policy's baseline openai/gpt-5.5 has no price)"
    )
    assert words_outcome.against(COST, replace(BASELINE, cost=Cost(0, "local"))).startswith(
        "cost against baseline unknown"
    )


def test_a_cost_says_its_basis() -> None:
    """S2.10: computed, estimated, reported or local, with the date of the prices; unpriced is not zero."""
    assert words_outcome.cost(COST) == "$0.001565 (computed, prices of 2026-01-01)"
    assert words_outcome.cost(Cost(0, "local")) == "$0 (local)"
    assert words_outcome.cost(UNPRICED) == "unpriced: the catalog has no price for it"
    assert words_outcome.bill(COST.lines[0]) == ("input", "230 tokens x $2.50/MTok = $0.000575")


def test_a_rejection_is_what_holds_instead_with_its_line() -> None:
    """S2.07: observed value, operator, threshold, the line of the policy; the exact value where the grid rounded."""
    low = Rejection("quality >= 0.5", "quality", ">=", "0.42", "0.5", Source("/etc/policies/base.yaml", 12, 5))
    assert words_decision.rejection(low) == "quality 0.42 < 0.5 (base.yaml:12)"
    assert words_decision.rejection(Rejection("need.tools", "capabilities", "has", "absent", "")) == "no tools"
    dear = Rejection("x", "estimated.cost", "<=", "$0.0021", "$0.002", Source("p.yaml", 3, 1), "$0.00201")
    assert words_decision.rejection(dear) == f"{reason(dear)}, $0.00201 before rounding (p.yaml:3)"


@pytest.mark.parametrize(
    ("own", "winner", "said"),
    [(99, 100, True), (100, 100, False), (101, 100, False), (None, 100, False), (1, None, False)],
)
def test_a_rejected_candidate_that_is_cheaper_says_so(own: int | None, winner: int | None, said: bool) -> None:
    """S2.02: which rule dropped the cheaper one; equal is not cheaper, unknown is neither."""
    row = CandidateProof("a/b", "rejected", None, (), (Rejection("need.tools", "", "has", "absent", ""),), own)
    assert words_decision.rejected(row, winner) == "filtered: no tools" + (
        "; cheaper, about $0.000000099" if said else ""
    )


def test_attempts_say_what_came_of_them() -> None:
    """S2.08: failure, latency, usage and cost of each."""
    assert words_outcome.attempt(FIRST) == "sent; no end recorded"
    assert words_outcome.attempt(FAILED) == "rate_limited (429 rate_limit_error, retry after 2.00 s), 250 ms"
    assert words_outcome.attempt(ANSWERED) == (
        "fallback, ok, 750 ms, 230 in, 99 out, $0.001565 (computed, prices of 2026-01-01), provider's request id req_9"
    )
    assert words_outcome.failure(Failure("stream_error", committed=True)) == (
        "stream_error (after content had reached the caller)"
    )
    assert words_outcome.failure(Failure("timeout")) == "timeout"


def test_what_an_answer_lost_is_said() -> None:
    """S6.05: what of an answer could not be told to the caller stands beside who answered."""
    assert words_outcome.left_out(ANSWERED) == words_outcome.untold(ANSWERED) == ""
    assert words_outcome.untold(replace(ANSWERED, untold=("user", "verbosity"))) == ", not told of user, verbosity"
    assert words_outcome.left_out(replace(ANSWERED, left_out=("citations.response",))) == (
        ", without citations.response of its answer"
    )


def test_usage_shows_cache_and_reasoning() -> None:
    """Tokens as they were counted, and whether they were guessed."""
    assert words_outcome.usage(USAGE) == "230 in (30 from cache), 99 out"
    full = Usage(1_000, 50, cache_read=10, cache_write=20, reasoning=40, estimated=True)
    assert words_outcome.usage(full) == "1,000 in (10 from cache, 20 into cache), 50 out (40 reasoning), estimated"


def test_latency_has_the_first_content() -> None:
    """S2.09: of a stream, also when the first content came."""
    assert words_outcome.latency(SETTLEMENT, None) == "1.00 s"
    assert words_outcome.latency(SETTLEMENT, ANSWERED) == "1.00 s, first content after 500 ms"


@pytest.mark.parametrize(
    ("rank", "score", "text"),
    [
        ("weighted", 540_000, "score 0.54"),
        ("cheapest", 163_500, "estimated $0.0001635"),
        ("fastest", 3_480_000_000, "estimated 3.48 s"),
        ("best", 610_000, "quality 0.61"),
        ("cheapest", -1, "cheapest: unknown"),
    ],
)
def test_scores_have_the_unit_of_their_rank(rank: str, score: int, text: str) -> None:
    """S2.05: a raw nano-USD or nanosecond is never shown as a score."""
    assert words_decision.ranked(score, rank) == text


def test_a_random_choice_shows_its_probability() -> None:
    """A drawn choice says with which probability it was drawn."""
    assert words_decision.cause(DECISION) == "rule 'hard-bugs': a rule of the policy matched; rank balanced"
    assert words_decision.cause(replace(DECISION, propensity_ppm=50_000)).endswith("drawn with probability 5%")


def test_tokens_with_what_they_count_as() -> None:
    """S2.04: an estimate beside its value on the grid, where a comparison sees another number."""
    assert words_question.counted(8_000, " tokens in") == "~8,000 tokens in (counted as 8,192)"
    assert words_question.counted(8_192, " tokens in") == "~8,192 tokens in"
    assert words_question.counted(12, " out") == "~12 out"


@pytest.mark.parametrize(
    ("withheld", "text"),
    [
        (("mode", "only"), "mode, only: the policy does not grant it"),
        (("department: settled around the call",), "department: settled around the call"),
        (
            ("mode", "strategy: unreadable", "user: settled around the call"),
            "mode: the policy does not grant it; strategy: unreadable; user: settled around the call",
        ),
    ],
)
def test_claims_that_are_not_followed_say_why(withheld: tuple[str, ...], text: str) -> None:
    """S5.01: what the policy does not grant is told apart from what never reached it."""
    assert dict(words_question.question(replace(QUESTION, withheld=withheld)))["not followed"] == text


def test_needs_and_hints_are_told_apart() -> None:
    """What rejects a target stands by itself; what only advises says what becomes of it."""
    needs = (Need("tools", "tools"), Need("cache.key", "x", "hint"), Need("user", "user", "hint"), Need("tools", "y"))
    rows = dict(words_question.question(replace(QUESTION, needs=needs)))
    assert rows["needs"] == "tools"
    assert rows["hints"] == "cache.key, user (what the answering target was not told stands beside it)"
