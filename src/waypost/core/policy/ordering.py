"""The best survivors of a decision, in order: a grid cell is ranked once and then walked under every mask."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Sequence

from waypost.core.policy.bits import bits, remember
from waypost.core.policy.plan import MAX_CELLS, Plan, Program, Ranked
from waypost.core.policy.rank import BALANCED, STRATEGIES, Ask
from waypost.core.policy.request import TOKENS_IN, TOKENS_OUT, Values
from waypost.core.policy.tree import Rank

MAX_WHOLE = 32
TOP = 128
"""How many of a cell's best candidates are kept in order; more are ranked only when too few of them survive."""
_SHORT = 16


def rank_of(plan: Plan, strategy: str) -> Rank:
    """The rank that ``strategy`` works with: the policy's, or the house's own weights."""
    rank = plan.policy.rank
    if strategy == "balanced" and not rank.weights:
        return Rank(strategy, BALANCED, rank.at)
    return rank


def best_of(
    plan: Plan, program: Program, strategy: str, values: Values, survivors: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The best eight survivors, best first, with their scores."""
    if not survivors:
        return (), ()
    reads = plan.reads.get(strategy)
    if reads is None:
        fields = STRATEGIES[strategy].reads(rank_of(plan, strategy))
        reads = remember(plan.reads, strategy, ("cost" in fields, "cost" in fields or "latency" in fields), MAX_CELLS)
    cell = (values[TOKENS_IN] if reads[0] else 0, values[TOKENS_OUT] if reads[1] else 0)
    key = (program, strategy, *cell)
    ranked = plan.ranked.get(key)
    if ranked is None:
        ranked = remember(plan.ranked, key, _rank(plan, strategy, program.candidates, cell, TOP), MAX_CELLS)
    order, scores = _walk(ranked, survivors, plan.standby)
    if len(order) == plan.standby or ranked.complete:
        return order, scores
    if survivors.bit_count() <= TOP:
        ranked = _rank(plan, strategy, tuple(bits(survivors)), cell, plan.standby)
        return tuple(ranked.order), tuple(ranked.scores)
    whole = plan.whole.get(key)
    if whole is None:
        everyone = _rank(plan, strategy, program.candidates, cell, len(program.candidates))
        whole = remember(plan.whole, key, everyone, MAX_WHOLE)
    return _walk(whole, survivors, plan.standby)


def _rank(plan: Plan, strategy: str, indices: Sequence[int], cell: tuple[int, int], top: int) -> Ranked:
    """The best ``top`` of ``indices``, which ascend, so that a stable sort breaks ties by target id."""
    module = STRATEGIES[strategy]
    found = module.scores(Ask(plan.columns, rank_of(plan, strategy), plan.policy.scales, indices, cell))
    keys = module.keys(found)
    places = range(len(indices))
    complete = len(indices) <= top
    best = sorted(places, key=keys.__getitem__) if complete else heapq.nsmallest(top, places, keys.__getitem__)
    return Ranked(tuple([indices[place] for place in best]), _packed([found[place] for place in best]), complete)


def _packed(scores: list[int]) -> Sequence[int]:
    """Eight bytes a score where they fit."""
    try:
        return array("q", scores)
    except OverflowError:
        return scores


def _walk(ranked: Ranked, survivors: int, standby: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The first ``standby`` of the order that survive."""
    if len(ranked.order) <= _SHORT:
        pairs = [pair for pair in zip(ranked.order, ranked.scores, strict=True) if survivors >> pair[0] & 1][:standby]
        return tuple([index for index, _ in pairs]), tuple([score for _, score in pairs])
    octets = survivors.to_bytes((survivors.bit_length() + 7) >> 3, "little")
    limit = len(octets) << 3
    order: list[int] = []
    scores: list[int] = []
    for place, index in enumerate(ranked.order):
        if index < limit and octets[index >> 3] >> (index & 7) & 1:
            order.append(index)
            scores.append(ranked.scores[place])
            if len(order) == standby:
                break
    return tuple(order), tuple(scores)
