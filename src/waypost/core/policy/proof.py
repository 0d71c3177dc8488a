"""Why a decision is what it is, row by row: derived only when somebody asks, from the decision's own masks.

Every failed rule of every candidate, with its place in the file, what was observed and what was asked for; what the
winner passed; and why it beat each standby.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from waypost.core.model.decision import CandidateProof, Decision, Passed, Proof, Rejection, ScoreTerm, Source
from waypost.core.model.money import MICRO
from waypost.core.model.needs import level
from waypost.core.model.question import Question, Snapshot
from waypost.core.model.target import Target
from waypost.core.policy.facts import UNKNOWN, Facts, Leaf, leaves
from waypost.core.policy.ordering import rank_of
from waypost.core.policy.plan import Line, Plan
from waypost.core.policy.rank import STRATEGIES, Ask, by_field, utility
from waypost.core.policy.reasons import NEGATED, reason
from waypost.core.policy.request import FLAGS, MAX_OUTPUT, TOKENS_IN, TOKENS_OUT
from waypost.core.policy.tree import Unit
from waypost.core.policy.units import decimal, shown

__all__ = ["prove", "reason"]

RANKED: dict[str, tuple[str, Unit]] = {
    "cost": ("estimated.cost", "usd"),
    "latency": ("estimated.latency", "ns"),
    "quality": ("quality", "micro"),
}
"""Field and unit of what a rank compares."""


def prove(
    plan: Plan, question: Question, snapshot: Snapshot, decision: Decision, *, only: Sequence[int] | None = None
) -> Proof:
    """The rows of ``decision``: the winner, the standby in order, then the rejected by id.

    ``only`` restricts the candidates to these indices, in that order.
    """
    case = _Case(plan, Facts(plan, question, snapshot), decision)
    indices = case.ranking() + case.rejected() if only is None else only
    ranked = {index: place for place, index in enumerate(decision.order)}
    return Proof(
        decision=decision,
        candidates=tuple(case.candidate(index, ranked.get(index)) for index in indices),
        passed=() if decision.selected is None else tuple(case.passed(decision.selected)),
        beats=tuple(case.beats()),
    )


class _Case:
    """One decision, with what its rows are derived from."""

    def __init__(self, plan: Plan, facts: Facts, decision: Decision) -> None:
        self.plan = plan
        self.facts = facts
        self.decision = decision
        self.targets = plan.catalog.targets
        self.tried = frozenset(decision.tried)
        self.matched = next((place for place, rule in enumerate(plan.policy.rules) if rule.name == decision.rule), None)
        self.rule = None if self.matched is None else plan.policy.rules[self.matched]
        self.rank = rank_of(plan, decision.rank)
        self.scales = by_field(plan.policy.scales)
        self.weights: tuple[tuple[str, int | None], ...] = self.rank.weights
        if decision.rank not in ("weighted", "balanced"):
            self.weights = tuple((name, None) for name in STRATEGIES[decision.rank].reads(self.rank))
        self.known_terms: dict[str, tuple[ScoreTerm, ...]] = {}
        self.lines = self._active()

    def _active(self) -> dict[str, list[Line]]:
        """The lines that apply, by name."""
        own: tuple[Line, ...] = () if self.matched is None else self.plan.rule_lines[self.matched]
        out: dict[str, list[Line]] = {}
        for line in self.plan.lines + own:
            if line.when is None or line.when(self.facts.values) is not False:
                out.setdefault(line.filter.name, []).append(line)
        return out

    # Candidates

    def ranking(self) -> list[int]:
        """All survivors, best first."""
        order = list(self.decision.order)
        rest = [index for index in range(len(self.targets)) if self.decision.survivors >> index & 1]
        if len(rest) <= len(order):
            return order
        module = STRATEGIES[self.decision.rank]
        keys = module.keys(module.scores(self.ask(rest)))
        return [rest[place] for place in sorted(range(len(rest)), key=keys.__getitem__)]

    def rejected(self) -> list[int]:
        """All others by id."""
        return [index for index in range(len(self.targets)) if not self.decision.survivors >> index & 1]

    def ask(self, indices: Sequence[int]) -> Ask:
        return Ask(self.plan.columns, self.rank, self.plan.policy.scales, indices, self.facts.grid)

    def candidate(self, index: int, place: int | None) -> CandidateProof:
        target, decision = self.targets[index], self.decision
        survives = bool(decision.survivors >> index & 1)
        score: int | None = None
        if survives:
            known = place is not None and place < len(decision.scores)
            score = decision.scores[place] if known and place is not None else self.score(index)
        return CandidateProof(
            target=target.id,
            state="selected"
            if index == decision.selected
            else "standby"
            if survives
            else "tried"
            if target.id in self.tried
            else "rejected",
            score=score,
            terms=self.terms(target) if survives else (),
            rejections=tuple(self.rejections(index)),
            estimated_nano_usd=self.facts.value("estimated.cost", target, self.facts.grid),
        )

    def score(self, index: int) -> int:
        return STRATEGIES[self.decision.rank].scores(self.ask([index]))[0]

    def terms(self, target: Target) -> tuple[ScoreTerm, ...]:
        """The terms of a weighted score; the one compared value of any other rank has weight and utility 0."""
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

    # Rejections

    def rejections(self, index: int) -> Iterator[Rejection]:
        target = self.targets[index]
        for name, mask in self.decision.rejections:
            if mask >> index & 1:
                rows = [_rejection(name, leaf) for leaf in self.failed(name, target)]
                yield from rows or [self.reserved(name, target)]

    def failed(self, name: str, target: Target) -> Iterator[Leaf]:
        """The comparisons at fault in the lines of that name."""
        for line in self.lines.get(name, ()):
            yield from leaves(line.filter.predicate, self.facts, target, kept=False)

    def reserved(self, name: str, target: Target) -> Rejection:
        """A rejection by a rule with a reserved name."""
        origin = self.facts.question.origin
        match name:
            case "tried":
                return Rejection(name, "target", "not in", target.id, "tried")
            case "cross_origin":
                return Rejection(name, "endpoint", "==", target.endpoint, origin.endpoint or origin.host)
            case "dialect":
                spoken = self.plan.catalog.endpoints[target.endpoint].dialect
                return Rejection(name, "dialect", "in", spoken, "dialects that can be spoken here")
            case "provider.credentials":
                return Rejection(name, "endpoint", "in", target.endpoint, "credentials")
            case "breaker":
                return Rejection(name, "target", "==", "open", "closed")
            case "need.context_window" | "need.max_output":
                return self.size(name, target)
        if name.startswith("need."):
            return Rejection(name, *self.need(name[5:], target), "")
        if name.startswith("rule.") and self.rule is not None and name == f"rule.{self.rule.name}":
            return Rejection(name, "target", "in", target.id, f"rule {self.rule.name}", _place(self.rule.at))
        return Rejection(name, "", "", "", "")

    def need(self, flag: str, target: Target) -> tuple[str, str, str]:
        """Which level a need failed on: field, operator, observed."""
        where = level(flag)
        if where == "endpoint":
            return "endpoint", "==", target.endpoint
        if where == "model" and flag not in target.capabilities:
            return "capabilities", "has", "absent"
        return "dialect", "has", self.facts.text("dialect", target) or UNKNOWN

    def size(self, name: str, target: Target) -> Rejection:
        values, features = self.facts.values, self.facts.question.features
        field, allowed = name[5:], values[MAX_OUTPUT]
        limit = exact = allowed
        if field == "context_window":
            limit = values[TOKENS_IN] + (values[TOKENS_OUT] if allowed is None else allowed)
            exact = features.tokens_input + (features.tokens_output if allowed is None else allowed)
        room = self.facts.value(field, target, self.facts.grid)
        return Rejection(
            name,
            field,
            ">=",
            UNKNOWN if room is None else shown(room, "count"),
            shown(limit, "count"),
            exact=None if exact == limit else shown(exact, "count"),
            margin_ppm=None if room is None or not limit else abs(room - limit) * MICRO // limit,
        )

    # The winner

    def passed(self, index: int) -> Iterator[Passed]:
        target, values = self.targets[index], self.facts.values
        for flag in values[FLAGS]:
            yield Passed(f"need.{flag}", f"{flag} ok")
        for name in ("need.context_window",) + (() if values[MAX_OUTPUT] is None else ("need.max_output",)):
            row = self.size(name, target)
            yield Passed(name, f"{row.field} {row.observed} >= {row.limit}")
        if self.rule is not None and self.rule.use is not None:
            yield Passed(f"rule.{self.rule.name}", f"in rule {self.rule.name}", _place(self.rule.at))
        for name, lines in self.lines.items():
            for line in lines:
                found = leaves(line.filter.predicate, self.facts, target, kept=True)
                text = " and ".join(_held(leaf) for leaf in found)
                yield Passed(name, text, _place(line.filter.predicate.at))

    def beats(self) -> Iterator[tuple[str, str]]:
        """Why the winner stands before each standby."""
        order, scores = self.decision.order, self.decision.scores
        for index, score in zip(order[1:], scores[1:], strict=True):
            yield self.targets[index].id, self.sentence(self.targets[order[0]], self.targets[index], scores[0], score)

    def sentence(self, winner: Target, other: Target, best: int, score: int) -> str:
        if best == score:
            return f"equal; {winner.id} comes first by id"
        if self.decision.rank not in ("weighted", "balanced"):
            (name,) = STRATEGIES[self.decision.rank].reads(self.rank)
            field, unit = RANKED[name]
            there = UNKNOWN if score < 0 else shown(score, unit)
            sign = ">" if name == "quality" else "<"
            return (
                f"{field} {shown(best, unit)}, the other's is unknown"
                if score < 0
                else (f"{field} {shown(best, unit)} {sign} {there}")
            )
        gains = [
            f"{mine.field} {_signed(mine.weight * mine.utility - theirs.weight * theirs.utility)}"
            for mine, theirs in zip(self.terms(winner), self.terms(other), strict=True)
        ]
        return f"score {decimal(best, MICRO)} > {decimal(score, MICRO)}: {', '.join(gains)}"


def _signed(product: int) -> str:
    """A difference of weighted utilities with four decimals."""
    sign = "-" if product < 0 else "+"
    return f"{sign}{decimal(abs(product) // (MICRO * 100), 10_000)}"


def _rejection(name: str, leaf: Leaf) -> Rejection:
    compare, seen = leaf.compare, leaf.seen
    op = compare.op if leaf.want else NEGATED[compare.op]
    return Rejection(
        name, compare.field, op, seen.observed, seen.limit, _place(compare.at), seen.exact, seen.margin_ppm
    )


def _held(leaf: Leaf) -> str:
    op = leaf.compare.op if leaf.want else NEGATED[leaf.compare.op]
    if leaf.compare.op == "has":
        return f"{leaf.compare.field} {op} {leaf.seen.limit}"
    return f"{leaf.compare.field} {leaf.seen.observed} {op} {leaf.seen.limit}"


def _place(at: Source) -> Source | None:
    return at if at.line else None
