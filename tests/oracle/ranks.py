"""*Rank*: the strategy, the scores, and the order of any candidates."""

from __future__ import annotations

from collections.abc import Sequence

from oracle.asked import Asked
from oracle.facts import View, fact, lg
from waypost.core.model.question import Question
from waypost.core.model.target import Target
from waypost.core.policy.tree import Policy, Rule

PREFERRED = {"quality": "best", "cost": "cheapest", "latency": "fastest"}
BALANCED = (("quality", 400_000), ("cost", 400_000), ("latency", 200_000))
RANKED = {"cost": "estimated.cost", "latency": "estimated.latency", "quality": "quality"}
SCALES = {"cost": (100, 1_000_000_000), "latency": (200_000_000, 20_000_000_000), "quality": (0, 1_000_000)}

Ranked = list[tuple[str, int]]
"""Target ids with their scores, best first."""


def strategy_of(policy: Policy, question: Question) -> str:
    """The call's own strategy, else what its preference stands for, else the policy's."""
    context = question.context
    if context.strategy is not None:
        return context.strategy
    if context.preference is not None:
        return PREFERRED[context.preference]
    return policy.rank.strategy


def in_front(asked: Asked, rule: Rule | None) -> dict[str, int]:
    """The lead: the targets of the catalog that come first, with their scores, in no order; empty where none is."""
    rank, context, ids = asked.world.policy.rank, asked.question.context, asked.world.catalog.index
    if context.strategy is not None or context.preference is not None:
        return {}
    found: dict[str, int] = {}
    if rank.strategy == "advisor":
        advice = asked.question.advice
        for target, number in advice.picks if advice is not None and advice.advisor == rank.advisor else ():
            if target in ids and target not in found and 0 <= number <= 1_000_000:
                found[target] = number
    elif rank.strategy == "listed" and rule is not None:
        for place, target in enumerate(rule.use or ()):
            if target in ids and target not in found:
                found[target] = place + 1
    return found


def named_rank(asked: Asked, rule: Rule | None) -> str:
    """What the decision says that it was ranked by: without a lead what stands behind it."""
    strategy = strategy_of(asked.world.policy, asked.question)
    return (
        strategy if strategy not in ("advisor", "listed") or in_front(asked, rule) else asked.world.policy.rank.behind
    )


def ranked(asked: Asked, candidates: Sequence[Target], rule: Rule | None) -> Ranked:
    """All of ``candidates``, best first, with their scores."""
    lead, strategy = in_front(asked, rule), named_rank(asked, rule)
    if not lead:
        return scored(asked, candidates, strategy)
    first = sorted((target.id, lead[target.id]) for target in candidates if target.id in lead)
    first.sort(key=lambda pair: -pair[1] if strategy == "advisor" else pair[1])
    rest = scored(asked, [target for target in candidates if target.id not in lead], asked.world.policy.rank.behind)
    return [*first, *((target, -1) for target, _ in rest)]


def scored(asked: Asked, candidates: Sequence[Target], strategy: str) -> Ranked:
    """The same by one strategy for all."""
    by_id = sorted((target.id, score(strategy, asked.world.policy, asked.at(target))) for target in candidates)
    if strategy in ("cheapest", "fastest"):
        return sorted(by_id, key=lambda pair: (pair[1] == -1, pair[1]))
    return sorted(by_id, key=lambda pair: -pair[1])


def score(strategy: str, policy: Policy, view: View) -> int:
    """The integer that is compared."""
    if strategy in ("weighted", "balanced"):
        weights = policy.rank.weights if strategy == "weighted" else BALANCED
        return sum(weight * utility(policy, field, view) for field, weight in weights) // 1_000_000
    value = fact({"cheapest": "estimated.cost", "fastest": "estimated.latency", "best": "quality"}[strategy], view)
    return value if isinstance(value, int) else -1


def utility(policy: Policy, field: str, view: View) -> int:
    """Micro-units on the policy's scale, 0 where unknown."""
    low, high = SCALES[field]
    for scale in policy.scales:
        if scale.field == field:
            low, high = scale.low, scale.high
    x = fact(RANKED[field], view)
    if not isinstance(x, int):
        return 0
    if field == "quality":
        value = (x - low) * 1_000_000 // (high - low)
    else:
        value = 1_000_000 - (lg(x) - lg(low)) * 1_000_000 // (lg(high) - lg(low))
    return max(0, min(1_000_000, value))
