"""Where a change of the policy may change the decision: the values at which a line turns or one overtakes another.

Between two of them nothing changes, so the smallest change that chooses otherwise is at one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from waypost.core.model.frozen import dataclass
from waypost.core.model.money import MICRO
from waypost.core.model.target import Target
from waypost.core.policy.case import WEIGHTED, Case
from waypost.core.policy.facts import Facts, holds
from waypost.core.policy.flip_knobs import ORDERED, Knob, Limited, limits, weights
from waypost.core.policy.flip_weights import Race, first_ahead
from waypost.core.policy.plan import Line
from waypost.core.policy.tree import Compare, FieldTimes

OF_FACTS = ("need.context_window", "need.max_output", "call.max_price")
"""The reserved rules that a number of a target can change."""
SHORTLISTS = ("rule.", "budget.", "override")
"""Of these one takes the place of the other as long as somebody is left by it."""


@dataclass(frozen=True, slots=True)
class Point:
    """One number at one value, and how far that is from what it is now, as a share of it."""

    knob: Knob
    value: int

    @property
    def change(self) -> Fraction:
        return Fraction(abs(self.value - self.knob.value), self.knob.value)

    @property
    def change_ppm(self) -> int:
        return -(-abs(self.value - self.knob.value) * MICRO // self.knob.value)


class Aim:
    """Whom a change is to bring about: ``wanted``, or with ``None`` anybody but the selected.

    ``simple`` says that rank and filters alone decide, so that a point can be told to be of no use without deciding.
    """

    def __init__(self, case: Case, wanted: int | None) -> None:
        self.case = case
        self.wanted = wanted
        self.selected = case.decision.selected
        self.simple = _simple(case)
        self.keys = {index: case.key(case.targets[index]) for index in case.ranked}
        self.blocked = self._blocked()
        """By rejected candidate the lines that it fails; ``None`` where something fails it that no number changes."""

    def _blocked(self) -> dict[int, frozenset[str] | None]:
        found: dict[int, set[str]] = {}
        stuck, facts = 0, self.case.facts
        gives_way = facts.question.override is not None or bool(facts.snapshot.used)
        for name, mask in self.case.decision.rejections:
            if name not in self.case.lines and name not in OF_FACTS:
                stuck |= 0 if gives_way and name.startswith(SHORTLISTS) else mask
                continue
            for index in self.case.rejected():
                if mask >> index & 1:
                    found.setdefault(index, set()).add(name)
        return {
            index: None if stuck >> index & 1 else frozenset(found.get(index, ())) for index in self.case.rejected()
        }

    def rivals(self, index: int) -> list[int]:
        """Whose place ``index`` may take, or lose to."""
        ranked = self.case.ranked
        if not ranked:
            return []
        if self.wanted is not None:
            found = [ranked[0], *([] if self.selected is None else [self.selected])]
            if index != self.wanted:
                found = [self.wanted] if self.wanted in self.keys else []
            return [other for other in dict.fromkeys(found) if other != index]
        found = [ranked[0], *([] if self.selected is None else [self.selected])]
        if index in found or not self.simple:
            found += ranked[1 : 2 if self.simple else 3]
        return [other for other in dict.fromkeys(found) if other != index]

    def overtakes(self, target: Target) -> bool:
        """Whether ``target``, in the place of a candidate that is not selected, would come before the selected."""
        if not self.simple or self.wanted is not None or self.selected is None:
            return True
        return self.case.key(target) < self.keys[self.selected]


def _simple(case: Case) -> bool:
    policy, question = case.plan.policy, case.facts.question
    reorders = policy.select is not None and policy.select.kind != "best"
    keeps = policy.affinity is not None and case.facts.snapshot.warm is not None
    still = bool(case.decision.tried) or question.pinned
    plain = case.decision.aside is None and question.override is None and case.reserved.strictest is None
    return plain and (still or not (reorders or keeps))


def of_policy(aim: Aim) -> Iterator[Point]:
    """Every point of every number that the policy says."""
    for limited in limits(aim.case):
        if limited.compare.op not in ORDERED:
            continue  # `flip_equal`
        yield from _of_limit(aim, limited) if aim.wanted is None else _for_wanted(aim, limited, aim.wanted)
    yield from _of_weights(aim)


# Limits


def _of_limit(aim: Aim, limited: Limited) -> Iterator[Point]:
    """The values at which the line turns for somebody whom it alone decides upon."""
    case, name = aim.case, limited.line.filter.name
    alone = frozenset((name,))
    seen: set[int] = set()
    for index, target in enumerate(case.targets):
        alive = index in aim.keys
        if not alive and aim.blocked[index] != alone:
            continue
        if alive and aim.simple and index != aim.selected:
            continue
        value = turning(case.facts, limited.compare, target)
        if value is None or not 0 <= value <= limited.knob.high or value in seen:
            continue
        holds_then = holds(limited.predicate(value), case.facts, target) is True
        if holds_then is alive or (not alive and not _passes(case, name, limited.line, target)):
            continue
        if alive or aim.overtakes(target):
            seen.add(value)
            yield Point(limited.knob, value)


def _for_wanted(aim: Aim, limited: Limited, wanted: int) -> Iterator[Point]:
    """The value that lets ``wanted`` in, or those that keep out some or all that come before it."""
    case, ranked = aim.case, aim.case.ranked
    if wanted in aim.keys:
        before = ranked[: ranked.index(wanted)] or [index for index in ranked if index == aim.selected]
        for index in before:
            value = turning(case.facts, limited.compare, case.targets[index])
            if value is not None and 0 <= value <= limited.knob.high:
                yield Point(limited.knob, value)
    elif aim.blocked[wanted] == frozenset((limited.line.filter.name,)):
        value = turning(case.facts, limited.compare, case.targets[wanted])
        if value is not None and 0 <= value <= limited.knob.high:
            yield Point(limited.knob, value)


def _passes(case: Case, name: str, changed: Line, target: Target) -> bool:
    """Whether the other lines of that name let ``target`` through."""
    others = (line for line in case.lines[name] if line is not changed)
    return all(holds(line.filter.predicate, case.facts, target) is True for line in others)


def turning(facts: Facts, compare: Compare, target: Target) -> int | None:
    """The value nearest to a comparison's limit with which it turns for ``target``; ``None`` where none does."""
    left = facts.value(compare.field, target, facts.grid)
    if left is None:
        return None
    low = high = int(left)
    if isinstance(compare.value, FieldTimes):
        right = facts.value(compare.value.field, target, facts.grid)
        if not right:
            return None
        low, high = int(left) * MICRO // right, -(-int(left) * MICRO // right)
    true = facts.see(compare, target).truth
    match compare.op:
        case "<=":
            return high - 1 if true else high
        case "<":
            return low if true else low + 1
        case ">=":
            return low + 1 if true else low
        case ">":
            return high if true else high - 1
        case _:
            return None


# Weights


def _of_weights(aim: Aim) -> Iterator[Point]:
    if aim.case.behind not in WEIGHTED or aim.selected is None:
        return
    sums = {index: _sums(aim.case, aim.case.targets[index]) for index in aim.keys}
    for field, knob in weights(aim.case):
        for index, rival in races(aim):
            if aim.keys[index][0] != aim.keys[rival][0] or not aim.keys[index][0]:
                continue  # one of them is put in front, whatever the weights are
            mine, theirs = sums[index], sums[rival]
            for sign, most in ((1, knob.high - knob.value), (-1, knob.value)):
                race = Race(
                    mine[0], sign * mine[1][field], theirs[0], sign * theirs[1][field], _first(aim, index, rival)
                )
                steps = first_ahead(race, most)
                if steps is not None:
                    yield Point(knob, knob.value + sign * steps)


def races(aim: Aim) -> Iterator[tuple[int, int]]:
    """Who might overtake whom: each the one before it, or the wanted all of those before it."""
    if aim.wanted is not None:
        before = aim.case.ranked[: aim.case.ranked.index(aim.wanted)] if aim.wanted in aim.keys else []
        yield from ((aim.wanted, rival) for rival in before)
        return
    for index in aim.keys:
        for rival in aim.rivals(index) if index != aim.selected or not aim.simple else ():
            if aim.keys[index] > aim.keys[rival]:
                yield index, rival


def _first(aim: Aim, index: int, rival: int) -> bool:
    return aim.case.targets[index].id < aim.case.targets[rival].id


def _sums(case: Case, target: Target) -> tuple[int, dict[str, int]]:
    """The sum of weights times utilities, and the utilities by field."""
    worths = dict(zip((name for name, _ in case.weights), case.worths(target), strict=True))
    return sum(weight * worth for weight, worth in worths.values()), {
        name: worth for name, (_, worth) in worths.items()
    }
