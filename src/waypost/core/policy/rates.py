"""What calls are estimated to cost and to take, column by column: two rates a candidate, times two numbers of tokens.

A dear tier of a price begins above so many input tokens, so the rates of a catalog are one pair of columns for each
stretch between two such thresholds. All arithmetic is on integers and exact.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from waypost.core.model.money import MTOK
from waypost.core.model.target import Latency, Price
from waypost.core.policy.bits import mask_of
from waypost.core.policy.tree import Op

Pair: TypeAlias = tuple[Sequence[int | None], Sequence[int]]
"""Two rates of each candidate. Both are unknown where the first is ``None``."""
Estimate: TypeAlias = Callable[[Iterable[int | None], Iterable[int]], list[int | None]]
"""From rates to estimates for one number of tokens. It grows with both rates."""
Test: TypeAlias = Callable[[int | None, int], bool]
BLOCK = 64
_HALF = MTOK // 2 - 1
_TYPICAL = (1_024, 512)


def costs_for(tokens_in: int, tokens_out: int) -> Estimate:
    """``estimated.cost`` from prices: each of the two lines rounded half to even once."""

    def estimate(inputs: Iterable[int | None], outputs: Iterable[int]) -> list[int | None]:
        return [
            None
            if price is None
            else ((line := tokens_in * price) + _HALF + (line // MTOK & 1)) // MTOK
            + ((other := tokens_out * dear) + _HALF + (other // MTOK & 1)) // MTOK
            for price, dear in zip(inputs, outputs, strict=True)
        ]

    return estimate


def latencies_for(tokens_out: int) -> Estimate:
    """``estimated.latency``: the time to the first token, and one per-token time for each token of the answer."""

    def estimate(first: Iterable[int | None], each: Iterable[int]) -> list[int | None]:
        return [None if wait is None else wait + step * tokens_out for wait, step in zip(first, each, strict=True)]

    return estimate


class Rates:
    """The rates of candidates: prices by stretch, and latencies."""

    def __init__(self, prices: Sequence[Price | None], latencies: Sequence[Latency | None]) -> None:
        self._prices = prices
        above = {threshold for price in prices if price is not None for threshold, _ in price.above}
        self._thresholds = sorted(above)
        self._stretches: dict[int, Pair] = {}
        self._sweeps: dict[int, Sweep] = {}
        self.latency: Pair = (
            [None if latency is None else latency.first_token_ns for latency in latencies],
            [0 if latency is None else latency.per_token_ns for latency in latencies],
        )

    def stretch(self, tokens_in: int) -> int:
        """Which stretch a prompt of that length falls into."""
        return bisect_left(self._thresholds, tokens_in)

    def price(self, tokens_in: int) -> Pair:
        """Prices of input and of output for prompts of that length."""
        place = self.stretch(tokens_in)
        found = self._stretches.get(place)
        if found is None:
            found = self._stretches[place] = _priced(self._prices, tokens_in)
        return found

    def by_cost(self, tokens_in: int) -> Sweep:
        """All candidates in the order of what a typical call costs, for prompts of that length."""
        place = self.stretch(tokens_in)
        found = self._sweeps.get(place)
        if found is None:
            found = self._sweeps[place] = Sweep(self.price(tokens_in), costs_for(*_TYPICAL))
        return found

    def by_latency(self) -> Sweep:
        """All candidates in the order of what a typical call takes."""
        found = self._sweeps.get(-1)
        if found is None:
            found = self._sweeps[-1] = Sweep(self.latency, latencies_for(_TYPICAL[1]))
        return found


def tier_for(price: Price, tokens_in: int) -> Price:
    """The tier in force: the last whose threshold is below ``tokens_in``, else the base price."""
    tier = price
    for threshold, dearer in price.above:
        if threshold < tokens_in:
            tier = dearer
    return tier


def _priced(prices: Sequence[Price | None], tokens_in: int) -> Pair:
    inputs: list[int | None] = []
    outputs: list[int] = []
    for price in prices:
        tier = None if price is None else tier_for(price, tokens_in)
        known = tier is not None and tier.input is not None and tier.output is not None
        inputs.append(tier.input if known and tier is not None else None)
        outputs.append(tier.output or 0 if known and tier is not None else 0)
    return inputs, outputs


class Sweep:
    """Candidates in blocks of alike rates, so that a comparison evaluates only the blocks that its limit cuts."""

    def __init__(self, rates: Pair, typical: Estimate) -> None:
        self._rates = rates
        first, second = rates
        size = len(first)
        usual = typical(first, second)
        order = sorted((value, index) for index, value in enumerate(usual) if value is not None)
        self._blocks = [[index for _, index in order[at : at + BLOCK]] for at in range(0, len(order), BLOCK)]
        self._masks = [mask_of(block, size) for block in self._blocks]
        self.known = mask_of((index for _, index in order), size)
        self._least = _ends(min, rates, self._blocks)
        self._most = _ends(max, rates, self._blocks)

    def compare(self, op: Op, limit: int, estimate: Estimate) -> tuple[int, int]:
        """For whom ``estimate op limit`` is true, and for whom false; ``op`` is one of ``< <= > >=``."""
        test = _TESTS[op]
        easy, hard = self._least, self._most
        if op in (">", ">="):
            easy, hard = hard, easy
        whole = [test(value, limit) for value in estimate(*hard)]
        if all(whole):
            return self.known, 0
        yes = 0
        for place, holds in enumerate(whole):
            if holds:
                yes |= self._masks[place]
        cut = [place for place, holds in enumerate(whole) if not holds]
        best = estimate(*_at(easy, cut))
        for place, value in zip(cut, best, strict=True):
            if test(value, limit):
                yes |= self._some(self._blocks[place], test, limit, estimate)
        return yes, self.known & ~yes

    def _some(self, block: Sequence[int], test: Test, limit: int, estimate: Estimate) -> int:
        """For whom of a block it is true."""
        yes = 0
        for index, value in zip(block, estimate(*_at(self._rates, block)), strict=True):
            if test(value, limit):
                yes |= 1 << index
        return yes


def _at(rates: Pair, places: Sequence[int]) -> Pair:
    return [rates[0][place] for place in places], [rates[1][place] for place in places]


def _ends(end: Callable[[Iterable[int]], int], rates: Pair, blocks: Sequence[Sequence[int]]) -> Pair:
    """The least or the most of either rate in each block; nobody in them is unknown."""
    return (
        [end([rates[0][index] or 0 for index in block]) for block in blocks],
        [end([rates[1][index] for index in block]) for block in blocks],
    )


def _test(test: Callable[[int, int], bool]) -> Test:
    return lambda value, limit: value is not None and test(value, limit)


_TESTS: dict[str, Test] = {
    "<": _test(lambda value, limit: value < limit),
    "<=": _test(lambda value, limit: value <= limit),
    ">": _test(lambda value, limit: value > limit),
    ">=": _test(lambda value, limit: value >= limit),
}
SWEPT = frozenset(_TESTS)
"""The operators that a `Sweep` compares by."""
