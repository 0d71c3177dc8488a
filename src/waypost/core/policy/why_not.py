"""Why a target was not chosen, and what would have to change for it to be.

One number where a single one suffices (found and decided again by `waypost.core.policy.flip`), else everything that
stands in its way, together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from waypost.core.model.decision import Decision, Flip, Rejection, Source
from waypost.core.model.frozen import dataclass
from waypost.core.model.question import Question, Snapshot
from waypost.core.model.target import TargetId
from waypost.core.policy.beats import beats, ranked
from waypost.core.policy.case import Case
from waypost.core.policy.facts import UNKNOWN
from waypost.core.policy.flip import NO_FLIP, smallest
from waypost.core.policy.flip_match import Beside
from waypost.core.policy.plan import Plan
from waypost.core.policy.proof import case_of, rejections
from waypost.core.policy.render import render
from waypost.core.policy.tree import Not, Or


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that would have to be otherwise, with the line that asks for it where a line does."""

    text: str
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class WhyNot:
    """``ahead`` are the survivors that come before the target and why; ``rejections`` all rules that it failed.

    ``single`` is the smallest change of one number with which it is selected; where there is none (``kind`` ``none``)
    ``together`` are all the changes that it would take.
    """

    target: TargetId
    selected: TargetId | None
    state: Literal["selected", "standby", "rejected", "tried"]
    rejections: tuple[Rejection, ...]
    ahead: tuple[tuple[TargetId, str], ...]
    single: Flip
    together: tuple[Change, ...]


def why_not(
    plan: Plan,
    question: Question,
    snapshot: Snapshot,
    decision: Decision,
    target: TargetId,
    beside: Beside | None = None,
) -> WhyNot:
    """What stands between ``target`` and being selected; ``beside`` are all policies in force, where they are known.

    Raises:
        KeyError: the catalog has no such target.
    """
    case = case_of(plan, question, snapshot, decision)
    index = plan.catalog.index[target]
    chosen = None if decision.selected is None else case.targets[decision.selected].id
    if index == decision.selected:
        return WhyNot(target, chosen, "selected", (), (), NO_FLIP, ())
    rows = tuple(rejections(case, index))
    single = smallest(case, index, beside)
    together = () if single.kind != "none" else (*_required(case, rows), *_overtaken(case, index, rows))
    return WhyNot(
        target,
        chosen,
        "standby" if case.alive(index) else "tried" if target in decision.tried else "rejected",
        rows,
        tuple(_ahead(case, index)),
        single,
        together,
    )


def _ahead(case: Case, index: int) -> Iterator[tuple[TargetId, str]]:
    """The selected first, then the others that rank higher; of a rejected target those that would."""
    target, told = case.targets[index], dict(beats(case))
    chosen = case.decision.selected
    mine = case.key(target)
    for other in case.ranking():
        one = case.targets[other]
        if other == chosen and target.id in told:
            yield one.id, told[target.id]
        elif other != index and case.key(one) < mine:
            yield one.id, ranked(case, one, target)


def _overtaken(case: Case, index: int, rows: tuple[Rejection, ...]) -> Iterator[Change]:
    """That it must come first among those that pass, where it would not and is not to be alone."""
    if any(_own_rule(case, row) for row in rows):
        return
    before = [other for other in case.ranked if case.key(case.targets[other]) < case.key(case.targets[index])]
    if before:
        first, count = case.targets[before[0]], len(before)
        more = "" if count == 1 else f" and {count - 1} more"
        why = ranked(case, first, case.targets[index])
        yield Change(f"it must rank before {first.id}{more}, which has {why}")
    elif case.alive(index):
        yield Change("the selection must not take another one than the first")


def _required(case: Case, rows: tuple[Rejection, ...]) -> Iterator[Change]:
    """A change for each failed rule; where a line offers alternatives, one of them suffices."""
    for name in dict.fromkeys(row.rule for row in rows):
        mine = [row for row in rows if row.rule == name]
        either = any(_alternatives(line.filter.predicate) for line in case.lines.get(name, ()))
        text = (" or " if either else " and ").join(required(row) for row in mine)
        yield Change(_own_rule(case, mine[0]) or text, mine[0].source)


def _own_rule(case: Case, row: Rejection) -> str | None:
    """For the list of a rule that comes by ``extends``, out of a file that the policy's owner may be unable to edit."""
    rule, files = case.rule, case.plan.policy.sources
    inherited = row.field == "target" and row.source is not None and files and row.source.file != files[0]
    if rule is None or not inherited or row.rule != f"rule.{rule.name}":
        return None
    when = "" if rule.when is None else f" when `{render(rule.when)}`"
    return f"a rule of your own before {rule.name}, in {files[0]}, must use it alone{when}"


def _alternatives(predicate: object) -> bool:
    return isinstance(predicate, Or) or (isinstance(predicate, Not) and not isinstance(predicate.term, Or))


def required(row: Rejection) -> str:
    """What a failed rule asks for, as something that must be: ``quality must be >= 0.5, it is 0.42``."""
    observed, limit = row.observed, row.limit
    match row.rule:
        case "tried":
            return "it must not have failed already in this call"
        case "cross_origin":
            return f"the call must be allowed to leave {limit}"
        case "dialect":
            return f"something here must speak {observed}"
        case "provider.credentials":
            return f"there must be a key for {observed}"
        case "breaker":
            return "its breaker must be closed"
        case "override":
            return f"the override that forces {limit} must end"
        case "call.models" | "call.only":
            return f"the call's {row.rule[5:]} must name it, not only {limit}"
        case "call.ignore":
            return f"the call's ignore must not name it by {limit}"
    kind, _, rest = row.rule.partition(".")
    if kind == "need" and not limit:
        return f"it must support {rest}"
    if kind == "rule" and row.field == "target":
        return f"the list of {limit} must have it"
    if kind in ("budget", "limit") or not row.field:
        return f"{row.rule} must let it through"
    if row.op in ("has", "has no"):
        return f"{row.field} must have {'no ' if row.op == 'has no' else ''}{limit}"
    seen = "not known" if observed == UNKNOWN else observed
    return f"{row.field} must be {row.op} {limit}, it is {seen}"
