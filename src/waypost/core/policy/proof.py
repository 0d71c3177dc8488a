"""Why a decision is what it is, row by row: derived only when somebody asks, from the decision's own masks.

Every failed rule of every candidate, with its place in the file, what was observed and what was asked for; what the
winner passed; and why it beat each standby.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from waypost.core.model.decision import CandidateProof, Decision, Passed, Proof, Rejection
from waypost.core.model.question import Question, Snapshot
from waypost.core.model.target import Target
from waypost.core.policy import spending
from waypost.core.policy.beats import beats
from waypost.core.policy.case import Case
from waypost.core.policy.facts import Facts, Leaf, leaves
from waypost.core.policy.gates import meeting
from waypost.core.policy.plan import Plan
from waypost.core.policy.reasons import NEGATED, reason
from waypost.core.policy.request import FLAGS, MAX_OUTPUT
from waypost.core.policy.reserved import CEILINGS, place
from waypost.core.policy.units import shown

__all__ = ["case_of", "prove", "reason", "rejections"]


def prove(
    plan: Plan, question: Question, snapshot: Snapshot, decision: Decision, *, only: Sequence[int] | None = None
) -> Proof:
    """The rows of ``decision``: the winner, the standby in order, then the rejected by id.

    ``only`` restricts the candidates to these indices, in that order.
    """
    case = case_of(plan, question, snapshot, decision)
    indices = case.ranking() + case.rejected() if only is None else only
    return Proof(
        decision=decision,
        candidates=tuple(_candidate(case, index) for index in indices),
        passed=() if decision.selected is None else tuple(_passed(case, case.targets[decision.selected])),
        beats=tuple(beats(case)),
    )


def case_of(plan: Plan, question: Question, snapshot: Snapshot, decision: Decision) -> Case:
    """The decision with what its rows are derived from."""
    return Case(plan, Facts(plan, question, snapshot), decision)


def _candidate(case: Case, index: int) -> CandidateProof:
    target, decision = case.targets[index], case.decision
    alive = case.alive(index)
    return CandidateProof(
        target=target.id,
        state="selected"
        if index == decision.selected
        else "standby"
        if alive
        else "tried"
        if target.id in decision.tried
        else "rejected",
        score=case.score(target) if alive else None,
        terms=case.terms(target) if alive else (),
        rejections=tuple(rejections(case, index)),
        estimated_nano_usd=case.facts.value("estimated.cost", target, case.facts.grid),
    )


def rejections(case: Case, index: int) -> Iterator[Rejection]:
    """Every failed rule of one candidate; a line has a row for each of its comparisons at fault."""
    target = case.targets[index]
    for name, mask in case.decision.rejections:
        if mask >> index & 1:
            rows = [_rejection(name, leaf) for leaf in _failed(case, name, target)]
            yield from rows or case.reserved.rows(name, target)


def _failed(case: Case, name: str, target: Target) -> Iterator[Leaf]:
    """The comparisons at fault in the lines of that name."""
    for line in case.lines.get(name, ()):
        yield from leaves(line.filter.predicate, case.facts, target, kept=False)


def _rejection(name: str, leaf: Leaf) -> Rejection:
    compare, seen = leaf.compare, leaf.seen
    op = compare.op if leaf.want else NEGATED[compare.op]
    return Rejection(name, compare.field, op, seen.observed, seen.limit, place(compare.at), seen.exact, seen.margin_ppm)


# The winner


def _passed(case: Case, target: Target) -> Iterator[Passed]:
    values = case.facts.values
    yield from _claims(case, target)
    yield from _spent(case)
    for flag in values[FLAGS]:
        met = meeting(case.plan, flag, values) >> case.plan.catalog.index[target.id] & 1
        yield Passed(f"need.{flag}", f"{flag} ok" if met else f"{flag} asked of this very model")
    for name in ("need.context_window",) + (() if values[MAX_OUTPUT] is None else ("need.max_output",)):
        row = case.reserved.size(name, target)
        yield Passed(name, f"{row.field} {row.observed} >= {row.limit}")
    yield from _listed(case)
    for name, lines in case.lines.items():
        for line in lines:
            found = leaves(line.filter.predicate, case.facts, target, kept=True)
            text = " and ".join(_held(leaf) for leaf in found)
            yield Passed(name, text, place(line.filter.predicate.at))


def _claims(case: Case, target: Target) -> Iterator[Passed]:
    """What the call says of who may answer it."""
    narrow = case.facts.question.context.narrow
    if narrow is None:
        return
    for name, entries in (("models", narrow.models), ("only", narrow.only)):
        if entries:
            yield Passed(f"call.{name}", f"named by the call's {name} [{', '.join(entries)}]")
    if narrow.ignore:
        yield Passed("call.ignore", f"not named by the call's ignore [{', '.join(narrow.ignore)}]")
    for field, said in CEILINGS:
        limit, price = getattr(narrow, said), case.facts.value(field, target, case.facts.grid)
        if limit is not None and price is not None:
            text = f"{field} {shown(price, 'usd_per_mtok')} <= the call's ceiling of {shown(limit, 'usd_per_mtok')}"
            yield Passed("call.max_price", text)


def _spent(case: Case) -> Iterator[Passed]:
    """Budgets that are used so far that they warn, and no further."""
    used = case.reserved.used
    for budget in case.plan.policy.budgets:
        at = spending.reached(budget, used)
        if at is not None and at[1] == "warn":
            text = f"{budget.rule} used {spending.share(used[budget.key])} of {spending.sum_of(budget)}: warns only"
            yield Passed(budget.rule, text, place(budget.at))


def _listed(case: Case) -> Iterator[Passed]:
    """The shortlist that it is on: the rule's, or what stands in its place."""
    aside, forced = case.decision.aside, case.facts.question.override
    if aside == "override" and forced is not None:
        yield Passed("override", f"forced by {forced.author}")
    elif aside is not None and case.reserved.strictest is not None:
        budget, action, _, at = case.reserved.strictest
        text = f"allowed by {budget.rule}: {action} at {spending.share(at)} of {spending.sum_of(budget)}"
        yield Passed(budget.rule, text, place(budget.at))
    elif case.rule is not None and case.rule.use is not None:
        yield Passed(f"rule.{case.rule.name}", f"on the list of rule {case.rule.name}", place(case.rule.at))


def _held(leaf: Leaf) -> str:
    op = leaf.compare.op if leaf.want else NEGATED[leaf.compare.op]
    if leaf.compare.op == "has":
        return f"{leaf.compare.field} {op} {leaf.seen.limit}"
    return f"{leaf.compare.field} {leaf.seen.observed} {op} {leaf.seen.limit}"
