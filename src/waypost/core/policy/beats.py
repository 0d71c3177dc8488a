"""Why the selected stands before each standby: what really decided, which is not always the rank."""

from __future__ import annotations

from collections.abc import Iterator

from waypost.core.model.money import MICRO, line_cost
from waypost.core.model.target import Price, Target
from waypost.core.policy.case import RANKED, WEIGHTED, Case
from waypost.core.policy.facts import UNKNOWN
from waypost.core.policy.rank import STRATEGIES
from waypost.core.policy.spending import share
from waypost.core.policy.standbys import meaning
from waypost.core.policy.units import decimal, shown

LEAST = MICRO * 100
"""A gain of less than 0.0001 of a score is not told."""


def beats(case: Case) -> Iterator[tuple[str, str]]:
    """``(standby id, sentence)`` in the order of the standby."""
    order = case.decision.order
    for index in order[1:]:
        chosen, other = case.targets[order[0]], case.targets[index]
        ways = (drawn, kept, asked_for, alone)
        beyond_rank = next((said for way in ways if (said := way(case, chosen, other)) is not None), None)
        yield other.id, beyond_rank or ranked(case, chosen, other)


def drawn(case: Case, chosen: Target, other: Target) -> str | None:
    """Where chance took it: the odds. ``None`` where the rank stands between these two."""
    match case.decision.chance:
        case "weighted":
            return weighed(case, chosen, other)
        case "explore" if case.targets[case.ranked[0]] is not chosen:
            return f"taken to explore: {share(case.decision.propensity_ppm)} of the calls for each of {few(case)}"
        case "canary":
            return canary(case, chosen, other)
        case _:
            return None


def few(case: Case) -> int:
    return min(len(case.ranked), case.plan.standby)


def canary(case: Case, chosen: Target, other: Target) -> str | None:
    odds = share(case.decision.propensity_ppm)
    select = case.plan.policy.select
    name = None if select is None else select.target
    if chosen.id == name:
        return f"taken by canary {odds}"
    return f"the canary, not drawn: {share(MICRO - case.decision.propensity_ppm)}" if other.id == name else None


def weighed(case: Case, chosen: Target, other: Target) -> str | None:
    """The weights of both where the pool has them; what is not in the pool is not drawn."""
    pool = pool_of(case)
    total = sum(pool.values())
    if chosen.id not in pool:
        return None
    if other.id in pool:
        return f"drawn by weight {pool[chosen.id]} of {total}; this one has {pool[other.id]} of {total}"
    if case.plan.policy.select is not None and case.plan.policy.select.weights:
        return f"drawn by weight {pool[chosen.id]} of {total}; this one has no weight"
    first = case.targets[case.ranked[0]]
    return ranked(case, first, other) + ("" if first is chosen else f" ({first.id}, drawn among its deployments)")


def asked_for(case: Case, chosen: Target, other: Target) -> str | None:
    """Where the call's own fallbacks put a lower one in front, because the first has failed."""
    fallbacks = case.facts.question.context.fallbacks
    if not (case.decision.tried and fallbacks) or case.key(other) > case.key(chosen):
        return None
    columns, place = case.plan.columns, case.plan.catalog.index[chosen.id]
    entry = next((one for one in fallbacks if meaning(columns, one) >> place & 1), None)
    return None if entry is None else f"the call's own fallback {entry}"


def alone(case: Case, chosen: Target, other: Target) -> str | None:
    """Where a lower one was taken because nobody else that is left has a weight."""
    return "the only one left with a weight" if case.key(other) < case.key(chosen) else None


def pool_of(case: Case) -> dict[str, int]:
    """The weights above 0 of the survivors that are drawn from."""
    select = case.plan.policy.select
    alive = [case.targets[index] for index in case.ranked]
    if select is not None and select.weights:
        listed = dict(select.weights)
        weights = {target.id: listed.get(target.id, 0) for target in alive}
    else:
        first = alive[0].id.partition("@")[0]
        weights = {target.id: target.weight for target in alive if target.id.partition("@")[0] == first}
    return {name: weight for name, weight in weights.items() if weight > 0}


def kept(case: Case, chosen: Target, other: Target) -> str | None:
    """Where affinity kept it though ``other`` ranks higher: what staying and switching cost."""
    warm = case.facts.snapshot.warm
    if warm is None or warm[0] != chosen.id or case.key(other) > case.key(chosen):
        return None
    first = case.targets[case.ranked[0]]
    stay = staying(chosen.price, case.facts.grid, warm[1])
    switch = case.facts.value("estimated.cost", first, case.facts.grid)
    there = "" if other is first else f" at {first.id}"
    if switch is None:
        return f"kept for its warm cache: what switching costs is unknown{there}"
    return f"kept for its warm cache: {shown(stay or 0, 'usd')} against {shown(switch, 'usd')}{there}"


def staying(price: Price | None, tokens: tuple[int, int], cached: int) -> int | None:
    """What the call costs where ``cached`` tokens of its prompt lie in the cache."""
    if price is None:
        return None
    for threshold, tier in price.above:
        if threshold < tokens[0]:
            price = tier
    if price.input is None or price.output is None:
        return None
    held = min(cached, tokens[0])
    cheap = price.input if price.cached_input is None else price.cached_input
    return line_cost(held, cheap) + line_cost(tokens[0] - held, price.input) + line_cost(tokens[1], price.output)


def ranked(case: Case, winner: Target, other: Target) -> str:
    """What the rank compared."""
    if winner.id in case.lead:
        return _in_front(case, winner, other)
    best, score = case.behind_score(winner), case.behind_score(other)
    if best == score:
        return f"equal; {winner.id} comes first by id"
    if case.behind not in WEIGHTED:
        (name,) = STRATEGIES[case.behind].reads(case.rank)
        field, unit = RANKED[name]
        if score < 0:
            return f"{field} {shown(best, unit)}, the other's is {UNKNOWN}"
        return f"{field} {shown(best, unit)} {'>' if name == 'quality' else '<'} {shown(score, unit)}"
    gains = [
        f"{mine.field} {_signed(gain)}"
        for mine, theirs in zip(case.terms(winner), case.terms(other), strict=True)
        if abs(gain := mine.weight * mine.utility - theirs.weight * theirs.utility) >= LEAST
    ]
    return f"score {decimal(best, MICRO)} > {decimal(score, MICRO)}: {', '.join(gains) or 'all terms nearly equal'}"


def _in_front(case: Case, winner: Target, other: Target) -> str:
    """What an advice or a list says of the two."""
    advisor = case.plan.policy.rank.advisor
    mine, theirs = case.lead[winner.id], case.lead.get(other.id)
    if case.decision.rank != "advisor":
        where = f"on the list of rule {case.decision.rule}"
        return f"{where}, and this one is not" if theirs is None else f"place {mine} {where}, before place {theirs}"
    if theirs is None:
        return f"named by the advisor {advisor}, and this one is not"
    if mine == theirs:
        return f"equal for the advisor {advisor}; {winner.id} comes first by id"
    return f"the advisor {advisor} gives it {decimal(mine, MICRO)} > {decimal(theirs, MICRO)}"


def _signed(product: int) -> str:
    """A difference of weighted utilities with four decimals."""
    sign = "-" if product < 0 else "+"
    return f"{sign}{decimal(abs(product) // LEAST, 10_000)}"
