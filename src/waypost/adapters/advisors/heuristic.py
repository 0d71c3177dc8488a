"""The advisor that needs nothing: how much quality, price and speed count, by what the call is.

Each candidate's score is a weighted sum of three utilities from 0 to 1: the catalog's quality, and what this call is
expected to cost and to take, both on the fixed logarithmic scales that a rank has by default. An unknown fact is worth
nothing. The weights are hundredths that add up to 100:

    1. the complexity begins:            simple   quality 20, cost 60, latency 20
                                         medium   quality 45, cost 40, latency 15
                                         complex  quality 80, cost 15, latency  5
    2. work that punishes mistakes       (debugging, architecture_design, math_reasoning, code_review) moves 10 from
                                         cost to quality, as far as cost has them
    3. work that most models do alike    (translation, summarization, extraction, conversation) moves 10 from quality
                                         to cost
    4. a language other than English, or more than one programming language, moves 5 from cost to quality
    5. a prompt beyond 32,000 tokens     moves 5 from latency to cost: it is most of the bill
    6. a streamed answer                 moves 5 from cost to latency: somebody is watching
"""

from __future__ import annotations

from waypost.core.catalog.pricing import tier_of
from waypost.core.model.inquiry import Inquiry, Opinion
from waypost.core.model.money import grid, line_cost
from waypost.core.model.question import Complexity
from waypost.core.model.target import Target
from waypost.core.policy.rank.scale import DEFAULTS, utilities

COMPLEXITY: dict[Complexity, tuple[int, int, int]] = {
    "simple": (20, 60, 20), "medium": (45, 40, 15), "complex": (80, 15, 5),
}  # fmt: skip
"""Hundredths of quality, cost and latency."""
DEMANDING = frozenset(("debugging", "architecture_design", "math_reasoning", "code_review"))
EASY = frozenset(("translation", "summarization", "extraction", "conversation"))
LONG = 32_000
"""Tokens of a prompt."""
QUALITY, COST, LATENCY = range(3)
NAMES = ("quality", "cost", "latency")
_MEMO = 1_024


class Advisor:
    """Answers at once, from features and facts alone; equal inquiries have equal answers."""

    version = "heuristic/1"
    local = True

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[tuple[Target, ...], Opinion]] = {}

    def advise(self, inquiry: Inquiry, _within_ns: int, _mode: str, /) -> Opinion:
        features = inquiry.features
        weights = weights_of(inquiry)
        tokens = grid(features.tokens_input), grid(features.tokens_output)
        key = (features.task, features.complexity, weights, tokens)
        known = self._known.get(key)
        if known is not None and known[0] == inquiry.targets:
            return known[1]
        said = ", ".join(f"{name} {weight / 100:g}" for name, weight in zip(NAMES, weights, strict=True))
        opinion = Opinion(
            scores(inquiry.targets, weights, tokens), f"{features.complexity} {features.task.replace('_', ' ')}: {said}"
        )
        if len(self._known) >= _MEMO:
            self._known.clear()
        self._known[key] = inquiry.targets, opinion
        return opinion


def weights_of(inquiry: Inquiry) -> tuple[int, int, int]:
    """How much quality, cost and latency count, in hundredths, by the rules above."""
    features = inquiry.features
    weights = [*COMPLEXITY[features.complexity]]
    if features.task in DEMANDING:
        _move(weights, COST, QUALITY, 10)
    elif features.task in EASY:
        _move(weights, QUALITY, COST, 10)
    if features.language not in (None, "en") or len(features.code_languages) > 1:
        _move(weights, COST, QUALITY, 5)
    if features.tokens_input > LONG:
        _move(weights, LATENCY, COST, 5)
    if inquiry.streaming:
        _move(weights, COST, LATENCY, 5)
    return weights[QUALITY], weights[COST], weights[LATENCY]


def _move(weights: list[int], giver: int, taker: int, much: int) -> None:
    """Up to ``much``, as far as there is so much."""
    moved = min(much, weights[giver])
    weights[giver] -= moved
    weights[taker] += moved


def scores(
    targets: tuple[Target, ...], weights: tuple[int, int, int], tokens: tuple[int, int]
) -> tuple[tuple[str, int], ...]:
    """Each target with its score in micro-units."""
    values = (
        [target.quality for target in targets],
        [cost(target, *tokens) for target in targets],
        [latency(target, tokens[1]) for target in targets],
    )
    worths = [utilities(column, DEFAULTS[name]) for name, column in zip(NAMES, values, strict=True)]
    sums = [sum(map(int.__mul__, weights, row)) // 100 for row in zip(*worths, strict=True)]
    return tuple((target.id, score) for target, score in zip(targets, sums, strict=True))


def cost(target: Target, tokens_in: int, tokens_out: int) -> int | None:
    """What a call of so many tokens is expected to cost, in nano-USD."""
    if target.price is None:
        return None
    price = tier_of(target.price, tokens_in)
    if price.input is None or price.output is None:
        return None
    return line_cost(tokens_in, price.input) + line_cost(tokens_out, price.output)


def latency(target: Target, tokens_out: int) -> int | None:
    """How long it is expected to take, in nanoseconds."""
    prior = target.latency
    return None if prior is None else prior.first_token_ns + prior.per_token_ns * tokens_out
