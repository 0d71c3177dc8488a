"""The best survivors of a decision, in order: a grid cell is ranked once and then walked under every mask."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from waypost.core.policy.bits import bits, remember
from waypost.core.policy.plan import MAX_CELLS, Base, Plan, Ranked
from waypost.core.policy.rank import BALANCED, PREFERRED, STRATEGIES, Ask
from waypost.core.policy.request import PREFERENCE, STRATEGY, TOKENS_IN, TOKENS_OUT, Values
from waypost.core.policy.tree import Rank

TOP = 32
"""How many of a cell's best candidates are kept in order; more are ranked only when too few of them survive."""
FEW = 192
"""So many candidates are ranked one by one; of more, only the blocks that can hold one of the best."""
_BATCH = 4
_SHORT = 16


def strategy_of(plan: Plan, values: Values) -> str:
    """What this call is ranked by: its own strategy, what its preference stands for, or the policy's rank."""
    named, preference = values[STRATEGY], values[PREFERENCE]
    if named is not None:
        return str(named)
    return plan.policy.rank.strategy if preference is None else PREFERRED[preference]


def rank_of(plan: Plan, strategy: str) -> Rank:
    """The rank that ``strategy`` works with: the policy's, or the house's own weights."""
    rank = plan.policy.rank
    return Rank(strategy, BALANCED, rank.at) if strategy == "balanced" else rank


def best_of(plan: Plan, base: Base, survivors: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The best eight survivors, best first, with their scores. All of them are on the rule's own shortlist."""
    if not survivors:
        return (), ()
    program, strategy = base.program, base.strategy
    cell = _cell(plan, base)
    key = (program, strategy, *cell)
    ranked = plan.ranked.get(key)
    if ranked is None:
        ranked = remember(
            plan.ranked, key, _rank(plan, strategy, plan.columns.full & ~program.dead, cell, TOP), MAX_CELLS
        )
    order, scores = _walk(ranked, survivors, plan.standby)
    if len(order) == plan.standby or ranked.complete:
        return order, scores
    return best_among(plan, base, survivors)


def best_among(plan: Plan, base: Base, survivors: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The same for any survivors, without what is known of the cell already."""
    ranked = _rank(plan, base.strategy, survivors, _cell(plan, base), plan.standby)
    return tuple(ranked.order), tuple(ranked.scores)


def score_of(plan: Plan, base: Base, index: int) -> int:
    """The score of one candidate."""
    return _scores(plan, base.strategy, (index,), _cell(plan, base))[0]


def _cell(plan: Plan, base: Base) -> tuple[int, int]:
    """The tokens in and out that the scores depend on, 0 for those that they do not."""
    strategy, values = base.strategy, base.values
    reads = plan.reads.get(strategy)
    if reads is None:
        fields = STRATEGIES[strategy].reads(rank_of(plan, strategy))
        reads = remember(plan.reads, strategy, ("cost" in fields, "cost" in fields or "latency" in fields), MAX_CELLS)
    return values[TOKENS_IN] if reads[0] else 0, values[TOKENS_OUT] if reads[1] else 0


def _scores(plan: Plan, strategy: str, indices: Sequence[int], cell: tuple[int, int]) -> list[int]:
    rank = rank_of(plan, strategy)
    return STRATEGIES[strategy].scores(Ask(plan.columns, rank, plan.policy.scales, indices, cell))


def _rank(plan: Plan, strategy: str, survivors: int, cell: tuple[int, int], top: int) -> Ranked:
    """The best ``top`` of ``survivors``; ties go to the lower index, which is the lower id."""
    count = survivors.bit_count()
    if count <= FEW or any(weight < 0 for _, weight in rank_of(plan, strategy).weights):
        indices = tuple(bits(survivors))
        scores = _scores(plan, strategy, indices, cell)
        rows = sorted(zip(STRATEGIES[strategy].keys(scores), indices, scores, strict=True))[:top]
    else:
        rows = _searched(plan, strategy, survivors, cell, top)
    return Ranked(tuple([index for _, index, _ in rows]), _packed([score for *_, score in rows]), count <= top)


def _searched(plan: Plan, strategy: str, survivors: int, cell: tuple[int, int], top: int) -> list[tuple[int, int, int]]:
    """The same as (key, index, score), looking into blocks by how good their ideals are, until no other can matter."""
    blocks, module = plan.columns.blocks(), STRATEGIES[strategy]
    ask = Ask(blocks, rank_of(plan, strategy), plan.policy.scales, range(len(blocks.members)), cell)
    ideals = module.keys(module.scores(ask))
    turn = sorted(range(len(ideals)), key=ideals.__getitem__)
    octets = survivors.to_bytes((plan.columns.size + 7) >> 3, "little")
    found: list[tuple[int, int, int]] = []
    for at in range(0, len(turn), _BATCH):
        if len(found) == top and ideals[turn[at]] > found[-1][0]:
            break
        batch = [index for place in turn[at : at + _BATCH] for index in blocks.members[place]]
        indices = [index for index in batch if octets[index >> 3] >> (index & 7) & 1]
        if indices:
            scores = _scores(plan, strategy, indices, cell)
            rows = list(zip(module.keys(scores), indices, scores, strict=True))
            if len(found) == top:
                worst = found[-1][0]
                rows = [row for row in rows if row[0] <= worst]
            found = sorted([*found, *rows])[:top]
    return found


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
