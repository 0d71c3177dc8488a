"""Where a fact of one target may change the decision: the values at which it passes, fails, overtakes or falls behind.

Each test below is monotone in the fact, so the value at which it turns is found by halving.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from waypost.core.model.target import Target
from waypost.core.policy.beats import staying
from waypost.core.policy.case import RANKED, Case, Key
from waypost.core.policy.facts import holds
from waypost.core.policy.flip_knobs import ORDERED, Knob, comparisons
from waypost.core.policy.flip_numbers import Fact, facts_of
from waypost.core.policy.flip_points import OF_FACTS, Aim, Point
from waypost.core.policy.needs_call import fields_of
from waypost.core.policy.request import MAX_OUTPUT, TOKENS_IN, TOKENS_OUT
from waypost.core.policy.reserved import CEILINGS
from waypost.core.policy.tree import Compare, FieldTimes, Items, Number, Op

Test = Callable[[Target], object]
_REACHED: tuple[Op, ...] = (">=", ">")
MOST = 200
"""Of so many that pass, the best first, and of so many that do not, those that fail least first, facts are changed."""


def of_facts(aim: Aim) -> Iterator[Point]:
    """Every point of every number of every target that is not kept out by something else; of the nearest `MOST`."""
    for index in _changed(aim):
        yield from _of_target(aim, index, aim.case.targets[index])


def _changed(aim: Aim) -> list[int]:
    """Whose facts are changed; for one to win its own, and those of the one that it would follow."""
    if aim.wanted is None:
        blocked = sorted((len(names), index) for index, names in aim.blocked.items() if names is not None)
        return [*aim.case.ranked[:MOST], *(index for _, index in blocked[:MOST])]
    near = [aim.wanted, *aim.case.ranked[:1], *([] if aim.selected is None else [aim.selected])]
    return [index for index in dict.fromkeys(near) if index in aim.keys or aim.blocked[index] is not None]


def _of_target(aim: Aim, index: int, target: Target) -> Iterator[Point]:
    """The values of the target's numbers at which it passes or fails, or overtakes or is overtaken."""
    case = aim.case
    for fact, knob in facts_of(case, target):
        if index not in aim.keys and not _may_pass(aim, index, fact):
            continue
        for value in _values(aim, index, fact, knob=knob):
            if _useful(aim, index, fact.put(target, value)):
                yield Point(knob, value)


def _values(aim: Aim, index: int, fact: Fact, *, knob: Knob) -> set[int]:
    """Where something turns. Whoever passes already has to overtake, and only that is looked at while it suffices."""
    target, overtaking = aim.case.targets[index], list(_overtaking(aim, index, fact))
    if aim.simple and aim.wanted is None and index in aim.keys and index != aim.selected:
        found = _turns(fact, knob, target, overtaking)
        if all(_useful(aim, index, fact.put(target, value)) for value in found):
            return found
    return _turns(fact, knob, target, [*_tests(aim, index, fact), *overtaking])


def _may_pass(aim: Aim, index: int, fact: Fact) -> bool:
    """Whether a rejected candidate fails nothing that does not read the fact."""
    return all(any(fields & fact.fields for fields in _fields(aim.case, name)) for name in aim.blocked[index] or ())


def _fields(case: Case, name: str) -> Iterator[frozenset[str]]:
    if name in OF_FACTS:
        yield frozenset((name[5:],)) if name != "call.max_price" else frozenset(field for field, _ in CEILINGS)
    for line in case.lines.get(name, ()):
        yield frozenset(fields_of(line.filter.predicate))


def _useful(aim: Aim, index: int, changed: Target) -> bool:
    """Whether the change can be what is aimed at, as far as that is known without deciding."""
    passes = alive(aim.case, changed)
    if not aim.simple or aim.wanted is not None:
        return passes or index in aim.keys
    if index != aim.selected:
        return passes and aim.overtakes(changed)
    rest = aim.case.ranked[1:]
    return bool(rest) and (not passes or aim.keys[rest[0]] < aim.case.key(changed))


def alive(case: Case, target: Target) -> bool:
    """Whether ``target`` passes what its own numbers decide."""
    if not all(test(target) for _, test in sizes(case)):
        return False
    return all(
        holds(line.filter.predicate, case.facts, target) is True for lines in case.lines.values() for line in lines
    )


def sizes(case: Case) -> Iterator[tuple[str, Test]]:
    """The reserved rules about numbers, by the field that they read."""
    values, facts = case.facts.values, case.facts
    allowed = values[MAX_OUTPUT]
    total = values[TOKENS_IN] + (values[TOKENS_OUT] if allowed is None else allowed)
    yield "context_window", lambda target: target.context_window is not None and target.context_window >= total
    if allowed is not None:
        yield "max_output", lambda target: target.max_output is not None and target.max_output >= allowed
    for field, said in CEILINGS:
        limit = None if facts.question.context.narrow is None else getattr(facts.question.context.narrow, said)
        if limit is not None:
            yield field, _ceiling(case, field, limit)


def _ceiling(case: Case, field: str, limit: int) -> Test:
    def test(target: Target) -> bool:
        price = case.facts.value(field, target, case.facts.grid)
        return price is not None and price <= limit

    return test


def _tests(aim: Aim, index: int, fact: Fact) -> Iterator[Test]:
    """What may turn when the fact changes."""
    case = aim.case
    for compare in _comparisons(case):
        read = {compare.field} | ({compare.value.field} if isinstance(compare.value, FieldTimes) else set())
        if read & fact.fields:
            yield from _truths(case, compare)
    for field, test in sizes(case):
        if field in fact.fields:
            yield test
    if not aim.simple and case.facts.snapshot.warm is not None:
        yield _stays(case, index)


def _overtaking(aim: Aim, index: int, fact: Fact) -> Iterator[Test]:
    """Whether it comes before another one, if that depends on the fact."""
    if any(RANKED[name][0] in fact.fields for name, _ in aim.case.weights):
        for rival in aim.rivals(index):
            yield _before(aim.case, aim.keys[rival])


def _comparisons(case: Case) -> Iterable[Compare]:
    for lines in case.lines.values():
        for line in lines:
            yield from comparisons(line.filter.predicate)


def _truths(case: Case, compare: Compare) -> Iterator[Test]:
    """Whether it holds; of an equality, which is not monotone, whether each of its numbers is reached and is passed."""
    if compare.op in ORDERED:
        yield lambda target: case.facts.see(compare, target).truth
        return
    items = compare.value.items if isinstance(compare.value, Items) else (compare.value,)
    for one in items:
        if isinstance(one, Number | FieldTimes):
            for op in _REACHED:
                yield from _truths(case, replace(compare, op=op, value=one))


def _before(case: Case, key: Key) -> Test:
    return lambda target: case.key(target) < key


def _stays(case: Case, index: int) -> Test:
    """Whether affinity keeps the warm target, where the first or the warm one is changed."""
    facts, first = case.facts, case.targets[case.ranked[0]] if case.ranked else None
    warm = None if facts.snapshot.warm is None else case.plan.catalog.get(facts.snapshot.warm[0])
    cached = 0 if facts.snapshot.warm is None else facts.snapshot.warm[1]

    def test(target: Target) -> object:
        if warm is None or first is None or index >= len(case.targets):
            return None
        stays, leaves = (target if target.id == warm.id else warm), (target if target.id == first.id else first)
        stay, switch = staying(stays.price, facts.grid, cached), facts.value("estimated.cost", leaves, facts.grid)
        return None if stay is None or switch is None else stay <= switch

    return test


def _turns(fact: Fact, knob: Knob, target: Target, tests: Sequence[Test]) -> set[int]:
    """The values nearest to the present one at which a test turns, below and above it."""
    found: set[int] = set()
    for test in tests:
        now = test(target)
        for end in (0, knob.high):
            if end != knob.value and test(fact.put(target, end)) != now:
                found.add(_turn(lambda value: test(fact.put(target, value)) != now, knob.value, end))  # noqa: B023
    return found


def _turn(turned: Callable[[int], bool], here: int, there: int) -> int:
    """The value nearest to ``here`` that has turned; ``there`` has."""
    while abs(there - here) > 1:
        middle = (here + there) // 2
        if turned(middle):
            there = middle
        else:
            here = middle
    return there
