"""The advisor that comes with the package: its rules, and what they make of a catalog."""

from __future__ import annotations

from typing import Any

import pytest

from policy_samples import BIG, FAST, MINI, OPUS, target
from waypost.adapters.advisors.heuristic import Advisor, cost, latency, weights_of
from waypost.core.model.inquiry import Inquiry
from waypost.core.model.question import Context, Features
from waypost.core.model.target import Price, Target

TARGETS = (OPUS, FAST, BIG, MINI)


def inquiry(
    *targets: Target, streaming: bool = False, tokens: tuple[int, int] = (1_000, 300), **features: Any
) -> Inquiry:
    return Inquiry(Features(*tokens, **features), Context(), (), streaming, targets or TARGETS)


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ({"task": "question_answer", "complexity": "simple"}, (20, 60, 20)),
        ({"task": "question_answer", "complexity": "medium"}, (45, 40, 15)),
        ({"task": "question_answer", "complexity": "complex"}, (80, 15, 5)),
        ({"task": "debugging", "complexity": "medium"}, (55, 30, 15)),
        ({"task": "debugging", "complexity": "complex"}, (90, 5, 5)),
        ({"task": "translation", "complexity": "simple"}, (10, 70, 20)),
        ({"task": "question_answer", "complexity": "medium", "language": "pt"}, (50, 35, 15)),
        ({"task": "question_answer", "complexity": "medium", "language": "en"}, (45, 40, 15)),
        ({"task": "code_generation", "complexity": "medium", "code_languages": ("go", "sql")}, (50, 35, 15)),
        ({"task": "question_answer", "complexity": "medium", "tokens": (32_001, 10)}, (45, 45, 10)),
        ({"task": "question_answer", "complexity": "medium", "tokens": (32_000, 10)}, (45, 40, 15)),
        ({"task": "question_answer", "complexity": "medium", "streaming": True}, (45, 35, 20)),
        ({"task": "math_reasoning", "complexity": "complex", "language": "de", "streaming": True}, (95, 0, 5)),
    ],
)
def test_the_rules(features: dict[str, Any], expected: tuple[int, int, int]) -> None:
    """Hundredths of quality, cost and latency; they always add up to 100."""
    assert weights_of(inquiry(**features)) == expected
    assert sum(expected) == 100


def test_hard_work_goes_to_the_best_and_small_work_to_the_cheap() -> None:
    """S1.38: with the reason, which names what counted."""
    hard = Advisor().advise(inquiry(task="debugging", complexity="complex"), 1, "sync")
    easy = Advisor().advise(inquiry(task="translation", complexity="simple"), 1, "sync")
    best = [max(opinion.picks, key=lambda pick: pick[1])[0] for opinion in (hard, easy)]
    assert best == ["anthropic/opus", "openai/mini"]
    assert hard.because == "complex debugging: quality 0.9, cost 0.05, latency 0.05"
    assert easy.because == "simple translation: quality 0.1, cost 0.7, latency 0.2"


def test_unknown_facts_are_worth_nothing() -> None:
    """A target without price, quality and latency is named last, with 0."""
    opinion = Advisor().advise(inquiry(BIG, target("x/blank")), 1, "sync")
    assert dict(opinion.picks)["x/blank"] == 0


def test_estimates_follow_the_price_in_force() -> None:
    """The tier above a threshold of input tokens, and no price where one of its two rates is unknown."""
    dear = Price("2025-01-01", 2 * 10**9, 4 * 10**9)
    tiered = Price("2025-01-01", 10**9, 2 * 10**9, above=((1_000, dear),))
    assert cost(target("x/a", prices=(tiered,)), 1_000, 0) == 1_000_000
    assert cost(target("x/a", prices=(tiered,)), 1_001, 0) == 2_002_000
    assert cost(target("x/a", prices=(Price("2025-01-01", 10**9, None),)), 10, 1) is None
    assert (latency(MINI, 10), latency(FAST, 10)) == (350_000_000, None)


def test_an_answer_is_remembered_while_the_facts_are_the_same() -> None:
    """Equal inquiries have one answer; the same id with another price has its own."""
    advisor = Advisor()
    first = advisor.advise(inquiry(BIG, MINI), 1, "sync")
    assert advisor.advise(inquiry(BIG, MINI), 1, "sync") is first
    free = target("openai/mini", price=(0, 0), quality=420_000)
    assert advisor.advise(inquiry(BIG, free), 1, "sync") != first
