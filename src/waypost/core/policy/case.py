"""One decision with all that its proof is derived from: facts, the lines that apply, the ranking, terms of scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TypeAlias

from waypost.core.model.decision import Decision, ScoreTerm
from waypost.core.model.money import MICRO
from waypost.core.model.target import Target
from waypost.core.policy.bits import bits
from waypost.core.policy.facts import UNKNOWN, Facts
from waypost.core.policy.ordering import lead_of, own_standing, rank_of
from waypost.core.policy.plan import Line, Plan
from waypost.core.policy.rank import LEADING, NOT_NAMED, STRATEGIES, Ask, by_field, utility
from waypost.core.policy.reserved import Reserved
from waypost.core.policy.spending import reached
from waypost.core.policy.standbys import preferred
from waypost.core.policy.tree import Unit
from waypost.core.policy.units import shown

RANKED: dict[str, tuple[str, Unit]] = {
    "cost": ("estimated.cost", "usd"),
    "latency": ("estimated.latency", "ns"),
    "quality": ("quality", "micro"),
}
"""Field and unit of what a rank compares."""
WEIGHTED = ("weighted", "balanced")
Key: TypeAlias = tuple[int, int, str]
"""What candidates are sorted by: whether it is put in front, its score, its id."""


class Case:
    """A decision, read. Candidates are indices, as in the decision."""

    def __init__(self, plan: Plan, facts: Facts, decision: Decision) -> None:
        self.plan = plan
        self.facts = facts
        self.decision = decision
        self.targets = plan.catalog.targets
        self.matched = next((place for place, rule in enumerate(plan.policy.rules) if rule.name == decision.rule), None)
        self.rule = None if self.matched is None else plan.policy.rules[self.matched]
        self.lead = self._lead()
        self.behind = plan.policy.rank.behind if self.lead else decision.rank
        """What all are ranked by who are not put in front."""
        self.rank = rank_of(plan, self.behind)
        self.scales = by_field(plan.policy.scales)
        self.weights: tuple[tuple[str, int | None], ...] = self.rank.weights
        if self.behind not in WEIGHTED:
            self.weights = tuple((name, None) for name in STRATEGIES[self.behind].reads(self.rank))
        self.known_terms: dict[str, tuple[ScoreTerm, ...]] = {}

    def _lead(self) -> dict[str, int]:
        """Whom an advice or a list puts in front, by id with their scores."""
        if self.decision.rank not in LEADING:
            return {}
        return {self.targets[place].id: score for place, score in lead_of(self.plan, self.rule, self.facts.values)}

    @cached_property
    def lines(self) -> dict[str, list[Line]]:
        """The lines that apply, by name.

        A line that rejected somebody did apply, also where its ``when`` is about a person whom a receipt does not name.
        """
        own: tuple[Line, ...] = () if self.matched is None else self.plan.rule_lines[self.matched]
        out: dict[str, list[Line]] = {}
        silent: dict[str, list[Line]] = {}
        for line in self.plan.lines + own:
            applies = line.when is None or line.when(self.facts.values) is not False
            (out if applies else silent).setdefault(line.filter.name, []).append(line)
        for name, _ in self.decision.rejections:
            if name not in out and name in silent:
                out[name] = silent[name]
        return out

    @cached_property
    def reserved(self) -> Reserved:
        """The rules with reserved names."""
        return Reserved(self.plan, self.facts, self.decision, self.rule, self.plain_best())

    # Candidates

    def alive(self, index: int) -> bool:
        return bool(self.decision.survivors >> index & 1)

    @cached_property
    def ranked(self) -> list[int]:
        """All survivors, best first, before one of them was selected."""
        order = list(self.decision.order)
        rest = list(bits(self.decision.survivors))
        if len(rest) <= len(order) and self.scored_descending():
            return order
        return self.sorted(rest)

    def scored_descending(self) -> bool:
        """Whether the order is that of the ranking, so that nothing has to be ranked again."""
        if self.lead:  # scores do not tell the order of those who are not put in front
            return False
        keys = STRATEGIES[self.decision.rank].keys(list(self.decision.scores))
        pairs = list(zip(keys, self.decision.order, strict=True))
        return pairs == sorted(pairs)

    def sorted(self, indices: Sequence[int]) -> list[int]:
        module = STRATEGIES[self.behind]
        front = [index for index in indices if self.targets[index].id in self.lead]
        others = [index for index in indices if self.targets[index].id not in self.lead]
        front.sort(key=lambda index: self.key(self.targets[index]))
        keys = module.keys(module.scores(self.ask(others)))
        return [*front, *(others[place] for place in sorted(range(len(others)), key=keys.__getitem__))]

    def ranking(self) -> list[int]:
        """All survivors: the selected, then the call's own fallbacks, then the others, best first."""
        chosen, fallbacks = self.decision.selected, self.facts.question.context.fallbacks
        if chosen is None or not self.ranked:
            return self.ranked
        others = [index for index in self.ranked if index != chosen]
        return [chosen, *preferred(self.plan.columns, others, fallbacks)]

    def rejected(self) -> list[int]:
        """All others by id."""
        return [index for index in range(len(self.targets)) if not self.alive(index)]

    def ask(self, indices: Sequence[int]) -> Ask:
        return Ask(self.plan.columns, self.rank, self.plan.policy.scales, indices, self.facts.grid)

    def plain_best(self) -> Target | None:
        """The first of those that would be left if nothing had set the rule's shortlist aside, and the call claimed
        nothing."""
        policy, snapshot, index = self.plan.policy, self.facts.snapshot, self.plan.catalog.index
        if not snapshot.used:
            return None
        dead = 0
        for name, mask in self.decision.rejections:
            dead |= 0 if name == "override" or name.startswith(("budget.", "call.")) else mask
        for _, target in snapshot.refused:
            dead |= 1 << index[target] if target in index else 0
        used = dict(snapshot.used)
        if any((at := reached(budget, used)) is not None and at[1] == "fail" for budget in policy.budgets):
            return None
        left = [place for place in range(len(self.targets)) if not dead >> place & 1]
        if self.rule is not None and self.rule.use is not None:
            left = [place for place in left if self.targets[place].id in self.rule.use]
        return self.targets[self.first(left)] if left else None

    def first(self, left: Sequence[int]) -> int:
        """The best of some, by id, as the policy's own rank has it."""
        _, behind, lead = own_standing(self.plan, self.rule, self.facts.values)
        for index, _ in lead:
            if index in left:
                return index
        module, rank = STRATEGIES[behind], rank_of(self.plan, behind)
        keys = module.keys(
            module.scores(Ask(self.plan.columns, rank, self.plan.policy.scales, tuple(left), self.facts.grid))
        )
        return left[min(range(len(left)), key=keys.__getitem__)]

    # Scores

    def score(self, target: Target) -> int:
        """What the rank makes of ``target``, which need not be the catalog's own record of it."""
        return self.lead.get(target.id, NOT_NAMED) if self.lead else self.behind_score(target)

    def behind_score(self, target: Target) -> int:
        """The same where nobody is put in front."""
        if self.behind not in WEIGHTED:
            value = self.facts.value(RANKED[self.weights[0][0]][0], target, self.facts.grid)
            return -1 if value is None else int(value)
        if self.plan.catalog.get(target.id) is target:
            return sum(term.weight * term.utility for term in self.terms(target)) // MICRO
        return sum(weight * worth for weight, worth in self.worths(target)) // MICRO

    def worths(self, target: Target) -> Iterator[tuple[int, int]]:
        """Weight and utility of each term."""
        for name, weight in self.weights:
            value = self.facts.value(RANKED[name][0], target, self.facts.grid)
            yield weight or 0, utility(value, self.scales[name])

    def key(self, target: Target) -> Key:
        """The smaller, the better."""
        if target.id in self.lead:
            return 0, LEADING[self.decision.rank](self.lead[target.id]), target.id
        return 1, STRATEGIES[self.behind].keys([self.behind_score(target)])[0], target.id

    def terms(self, target: Target) -> tuple[ScoreTerm, ...]:
        """The terms of a weighted score; the one compared value of any other rank has weight and utility 0. Nothing of
        this is compared where it is put in front, and then it has none."""
        if target.id in self.lead:
            return ()
        found = self.known_terms.get(target.id)
        if found is None:
            found = self.known_terms[target.id] = tuple(
                self.term(target, name, weight) for name, weight in self.weights
            )
        return found

    def term(self, target: Target, name: str, weight: int | None) -> ScoreTerm:
        field, unit = RANKED[name]
        value = self.facts.value(field, target, self.facts.grid)
        worth = 0 if weight is None else utility(value, self.scales[name])
        return ScoreTerm(field, weight or 0, worth, UNKNOWN if value is None else shown(value, unit))
