"""Numbers that are compared for equality, alone or in lists: there only who has just that number makes a difference.

So the values that matter are those that somebody has, and the nearest on both sides that nobody has.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from waypost.core.model.money import MICRO
from waypost.core.model.target import Target
from waypost.core.policy.facts import Facts
from waypost.core.policy.flip_knobs import ORDERED, Limited, limits
from waypost.core.policy.flip_points import Aim, Point, turning
from waypost.core.policy.tree import Compare, FieldTimes


def of_equal(aim: Aim) -> Iterator[Point]:
    """Every point of a number that a filter line compares for equality."""
    for limited in limits(aim.case):
        if limited.compare.op in ORDERED:
            continue
        having = _having(aim, limited)
        now = limited.knob.value
        values = {*having, _free(having, now, -1), _free(having, now, 1)} - {now}
        for value in sorted(values):
            touched = having.get(now, set()) | having.get(value, set())
            if 0 <= value <= limited.knob.high and _matters(aim, limited, touched):
                yield Point(limited.knob, value)


def turns(facts: Facts, compare: Compare, now: int) -> Iterator[int]:
    """The values with which a comparison of the request, with ``now`` on its right side, becomes what it is not."""
    anybody = facts.plan.catalog.targets[0]
    if compare.op in ORDERED:
        new = turning(facts, compare, anybody)
        yield from () if new is None else (new,)
        return
    has = _has(facts, compare, anybody)
    if has is not None:
        yield from (now - 1, now + 1) if has == now else (has,)


def _having(aim: Aim, limited: Limited) -> dict[int, set[int]]:
    """Candidates by the value with which they would be equal."""
    found: dict[int, set[int]] = {}
    for index, target in enumerate(aim.case.targets):
        value = _has(aim.case.facts, limited.compare, target)
        if value is not None:
            found.setdefault(value, set()).add(index)
    return found


def _has(facts: Facts, compare: Compare, target: Target) -> int | None:
    left: Any = facts.value(compare.field, target, facts.grid)
    if not isinstance(left, int):
        return None
    if not isinstance(compare.value, FieldTimes):
        return left
    right: Any = facts.value(compare.value.field, target, facts.grid)
    return left * MICRO // right if right and left * MICRO % right == 0 else None


def _free(having: dict[int, set[int]], now: int, step: int) -> int:
    """The nearest value that nobody has."""
    value = now + step
    while value in having:
        value += step
    return value


def _matters(aim: Aim, limited: Limited, touched: set[int]) -> bool:
    """Whether somebody who passes, or fails that line alone, is among those for whom it turns."""
    alone = frozenset((limited.line.filter.name,))
    if any(aim.blocked.get(index) == alone for index in touched):
        return True
    return aim.selected in touched if aim.simple and aim.wanted is None else any(index in aim.keys for index in touched)
