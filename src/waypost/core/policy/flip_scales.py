"""The ends of the scales on which a rank measures: the values at which one candidate overtakes another.

Where there are few values all are looked at. Of many, the crossing is found by halving between the places where a
utility begins or ceases to be held within 0..1; it is true, and the nearest up to the rounding of scores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

from waypost.core.model.money import MICRO
from waypost.core.policy.case import RANKED, WEIGHTED
from waypost.core.policy.flip_knobs import Knob, again, top
from waypost.core.policy.flip_points import Aim, Point, races
from waypost.core.policy.plan import Plan
from waypost.core.policy.rank import lg, utility
from waypost.core.policy.tree import Scale

STEPS = 2_500
"""So many values times candidates are looked at one by one."""
ENDS: tuple[Literal["low", "high"], ...] = ("low", "high")


def of_scales(aim: Aim) -> Iterator[Point]:
    """Every point of an end of a scale that has a part in the scores."""
    if aim.case.behind not in WEIGHTED or aim.selected is None:
        return
    weighed = dict(aim.case.weights)
    for place, scale in enumerate(aim.case.plan.policy.scales):
        if weighed.get(scale.field):
            for name in ENDS:
                if getattr(scale, name):
                    yield from _of_end(aim, _End(aim, place, name))


class _End:
    """One end of one scale, and the scores that its values make."""

    def __init__(self, aim: Aim, place: int, name: Literal["low", "high"]) -> None:
        self.case = aim.case
        self.scale = scale = aim.case.plan.policy.scales[place]
        self.name = name
        self.indices = [index for index, key in aim.keys.items() if key[0]]
        """All whose place depends on their score."""
        value = getattr(scale, name)
        at = scale.at if scale.at.line else None
        what = f"the {name} end of the scale of {scale.field}"
        self.knob = Knob("limit", what, at, value, RANKED[scale.field][1], top(value), self._plan(place))
        self.seen: dict[int, int | None] = {}
        self.rest: dict[int, int] = {}
        names = [field for field, _ in self.case.weights]
        for index in self.indices:
            target = self.case.targets[index]
            self.seen[index] = self.case.facts.value(RANKED[scale.field][0], target, self.case.facts.grid)
            terms = zip(names, self.case.worths(target), strict=True)
            self.rest[index] = sum(weight * worth for field, (weight, worth) in terms if field != scale.field)
        self.weight = dict(self.case.weights)[scale.field] or 0

    def _plan(self, place: int) -> Callable[[int], Plan]:
        plan, scales = self.case.plan, self.case.plan.policy.scales

        def made(value: int) -> Plan:
            changed = (*scales[:place], self.changed(value), *scales[place + 1 :])
            return again(plan, replace(plan.policy, scales=changed))

        return made

    def changed(self, value: int) -> Scale:
        return replace(self.scale, low=value) if self.name == "low" else replace(self.scale, high=value)

    def possible(self, value: int) -> bool:
        """Whether a policy could have that scale."""
        scale = self.changed(value)
        if scale.field == "quality":
            return 0 <= scale.low < scale.high
        return scale.low >= 1 and lg(scale.low) < lg(scale.high)

    def key(self, index: int, value: int) -> tuple[int, str]:
        worth = utility(self.seen[index], self.changed(value))
        return -((self.rest[index] + self.weight * worth) // MICRO), self.case.targets[index].id

    def order(self, value: int) -> list[int]:
        return sorted(self.indices, key=lambda index: self.key(index, value))

    def ahead(self, index: int, rival: int, value: int) -> bool:
        return self.key(index, value) < self.key(rival, value)

    def last(self, sign: int) -> int:
        """The farthest value that is possible, upwards or downwards."""
        here, there = self.knob.value, self.knob.high if sign > 0 else 0
        if self.possible(there):
            return there
        while abs(there - here) > 1:
            middle = (here + there) // 2
            here, there = (middle, there) if self.possible(middle) else (here, middle)
        return here


def _of_end(aim: Aim, end: _End) -> Iterator[Point]:
    if len(end.indices) < 2:  # nobody there is to overtake
        return
    for sign in (1, -1):
        last = end.last(sign)
        if abs(last - end.knob.value) * len(end.indices) <= STEPS:
            yield from _walked(aim, end, last=last, sign=sign)
            continue
        for index, rival in races(aim):
            if aim.keys[index][0] and aim.keys[rival][0] and _may(end, index, rival, last=last):
                value = _crossing(end, index, rival, last=last)
                if value is not None:
                    yield Point(end.knob, value)


def _walked(aim: Aim, end: _End, *, last: int, sign: int) -> Iterator[Point]:
    """Every value at which the order is another; the first with another first, where that alone decides."""
    before = end.order(end.knob.value)
    for value in range(end.knob.value + sign, last + sign, sign):
        order = end.order(value)
        if order != before and (not aim.simple or order[0] != before[0]):
            yield Point(end.knob, value)
            if aim.simple and aim.wanted in (None, order[0]):
                return
        before = order


def _may(end: _End, index: int, rival: int, *, last: int) -> bool:
    """Whether the best that the one can be is before the worst of the other; each moves in one direction only."""
    now = end.knob.value
    return min(end.key(index, now), end.key(index, last)) < max(end.key(rival, now), end.key(rival, last))


def _crossing(end: _End, index: int, rival: int, *, last: int) -> int | None:
    """The value nearest to the present one at which ``index`` is ahead; between marks scores part or meet evenly."""
    low, high = sorted((end.knob.value, last))
    around = [one + by for one in (end.seen[index], end.seen[rival]) if one is not None for by in (-1, 0, 1)]
    marks = sorted({last, *(mark for mark in around if low < mark < high)}, reverse=last < end.knob.value)
    here = end.knob.value
    for there in marks:
        if end.ahead(index, rival, there):
            while abs(there - here) > 1:
                middle = (here + there) // 2
                here, there = (here, middle) if end.ahead(index, rival, middle) else (middle, there)
            return there
        here = there
    return None
