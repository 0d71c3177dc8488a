"""The best survivors of a decision, in order: a grid cell is ranked once and then walked under every mask."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import TypeAlias

from waypost.core.policy.bits import bits, mask_of, remember
from waypost.core.policy.blocks import blocks_of
from waypost.core.policy.plan import MAX_CELLS, Base, Plan, Program, Ranked
from waypost.core.policy.rank import BALANCED, NOT_NAMED, PREFERRED, STRATEGIES, Ask, Lead, advisor, listed
from waypost.core.policy.request import PREFERENCE, STRATEGY, TOKENS_IN, TOKENS_OUT, Values
from waypost.core.policy.tree import Rank, Rule

Ranking: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]
"""Indices, best first, and the score of each."""
TOP = 32
"""How many of a cell's best candidates are kept in order; more are ranked only when too few of them survive."""
FEW = 192
"""So many candidates are ranked one by one; of more, only the blocks that can hold one of the best."""
_BATCH = 4
_SHORT = 16


def standing_of(plan: Plan, program: Program, values: Values) -> tuple[str, str, Lead]:
    """What this call is ranked by: its own strategy, what its preference stands for, or the policy's rank; what those
    are ranked by whom that does not put in front; and whom it does."""
    named, preference = values[STRATEGY], values[PREFERENCE]
    if named is not None or preference is not None:
        own = PREFERRED[preference] if named is None else str(named)
        return own, own, ()
    return own_standing(plan, program.rule, values)


def own_standing(plan: Plan, rule: Rule | None, values: Values) -> tuple[str, str, Lead]:
    """The same of the policy's own rank, whatever the call asks for."""
    rank = plan.policy.rank
    if not rank.behind:
        return rank.strategy, rank.strategy, ()
    lead = lead_of(plan, rule, values)
    return rank.strategy if lead else rank.behind, rank.behind, lead


def lead_of(plan: Plan, rule: Rule | None, values: Values) -> Lead:
    """Whom the advice names, or the list of the matched rule."""
    if plan.policy.rank.advisor is not None:
        return advisor.lead(values[-1], plan.catalog.index)
    return () if rule is None or rule.use is None else listed.lead(rule.use, plan.catalog.index)


def rank_of(plan: Plan, strategy: str) -> Rank:
    """The rank that ``strategy`` works with: the policy's, or the house's own weights."""
    rank = plan.policy.rank
    return Rank(strategy, BALANCED, rank.at) if strategy == "balanced" else rank


def best_of(plan: Plan, base: Base, survivors: int) -> Ranking:
    """The best eight survivors, best first, with their scores. All of them are on the rule's own shortlist."""
    return _led(plan, base, survivors, _best_of) if base.lead else _best_of(plan, base, survivors)


def best_among(plan: Plan, base: Base, survivors: int) -> Ranking:
    """The same for any survivors, without what is known of the cell already."""
    return _led(plan, base, survivors, _best_among) if base.lead else _best_among(plan, base, survivors)


def _led(plan: Plan, base: Base, survivors: int, others: Callable[[Plan, Base, int], Ranking]) -> Ranking:
    """Those who are put in front, then the best of the others."""
    front = [pair for pair in base.lead if survivors >> pair[0] & 1][: plan.standby]
    order, scores = [index for index, _ in front], [score for _, score in front]
    if len(order) < plan.standby:
        rest = survivors & ~mask_of((index for index, _ in base.lead), plan.columns.size)
        order.extend(others(plan, base, rest)[0][: plan.standby - len(front)])
        scores.extend([NOT_NAMED] * (len(order) - len(front)))
    return tuple(order), tuple(scores)


def _best_of(plan: Plan, base: Base, survivors: int) -> Ranking:
    if not survivors:
        return (), ()
    program, strategy = base.program, base.behind
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
    return _best_among(plan, base, survivors)


def _best_among(plan: Plan, base: Base, survivors: int) -> Ranking:
    ranked = _rank(plan, base.behind, survivors, _cell(plan, base), plan.standby)
    return tuple(ranked.order), tuple(ranked.scores)


def score_of(plan: Plan, base: Base, index: int) -> int:
    """The score of one candidate."""
    if base.lead:
        return dict(base.lead).get(index, NOT_NAMED)
    return _scores(plan, base.behind, (index,), _cell(plan, base))[0]


def _cell(plan: Plan, base: Base) -> tuple[int, int]:
    """The tokens in and out that the scores depend on, 0 for those that they do not."""
    strategy, values = base.behind, base.values
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
    blocks, module = blocks_of(plan.columns), STRATEGIES[strategy]
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
