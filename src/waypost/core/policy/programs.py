"""Rules and filters: which rule matches, which lines apply, and whom they reject.

What depends on the catalog alone is a mask since the policy was compiled; the rest is evaluated once for all calls that
show a line the same facts.
"""

from __future__ import annotations

from waypost.core.policy.bits import joined, mask_of, remember
from waypost.core.policy.plan import MAX_CELLS, Entries, Failing, Line, Plan, Program, Step
from waypost.core.policy.request import Values, taker
from waypost.core.policy.world import World


def program_of(plan: Plan, values: Values) -> Program:
    """What holds for a call by the rules' and the filters' conditions."""
    key = None if plan.when_key is None else plan.when_key(values)
    found = plan.outcomes.get(key)
    if found is None:
        found = remember(plan.outcomes, key, _outcome(plan, values), MAX_CELLS)
    return found


def _outcome(plan: Plan, values: Values) -> Program:
    """Which rule matches and which lines apply."""
    matched = next((index for index, when in enumerate(plan.whens) if when is None or when(values) is True), None)
    own = () if matched is None else plan.rule_lines[matched]
    active = tuple(line for line in plan.lines + own if line.when is None or line.when(values) is not False)
    key = (matched, tuple(line.number for line in active))
    found = plan.programs.get(key)
    if found is None:
        found = remember(plan.programs, key, _compose(plan, matched, active), MAX_CELLS)
    return found


def _compose(plan: Plan, matched: int | None, active: tuple[Line, ...]) -> Program:
    full, index = plan.columns.full, plan.catalog.index
    rule = None if matched is None else plan.policy.rules[matched]
    shortlist: Entries = ()
    dead = unlisted = 0
    if rule is not None and rule.use is not None:
        listed = mask_of((index[target] for target in rule.use if target in index), plan.columns.size)
        dead = unlisted = full & ~listed
        shortlist = ((f"rule.{rule.name}", unlisted),)
    steps = tuple(_named(active))
    for step in steps:
        dead |= step.fixed
    places = {place for step in steps for line in step.lines for place in line.places}
    return Program(rule, shortlist, unlisted, steps, dead, taker(places))


def _named(active: tuple[Line, ...]) -> list[Step]:
    """The lines that apply, by name."""
    named: dict[str, list[Line]] = {}
    for line in active:
        named.setdefault(line.filter.name, []).append(line)
    steps = []
    for name, lines in named.items():
        fixed = 0
        for line in lines:
            fixed |= line.fixed or 0
        steps.append(Step(name, fixed, tuple(line for line in lines if line.fixed is None)))
    return steps


def filtered(plan: Plan, program: Program, values: Values, world: World) -> Failing:
    """Whom the lines of a program reject."""
    key = (program, None if program.key is None else program.key(values))
    found = world.steps.get(key)
    if found is None:
        entries = []
        for step in program.steps:
            failing = step.fixed
            for line in step.lines:
                failing |= _failing(plan, line, values, world)
            entries.append((step.name, failing))
        found = remember(world.steps, key, joined(entries), MAX_CELLS)
    return found


def _failing(plan: Plan, line: Line, values: Values, world: World) -> int:
    """The candidates for which a line is not true."""
    assert line.evaluate is not None
    key = None if line.key is None else line.key(values)
    if line.of_world:
        mask = world.lines.get((line.number, key))
        if mask is None:
            mask = plan.columns.full & ~line.evaluate(values, world)[0]
            remember(world.lines, (line.number, key), mask, MAX_CELLS)
        return mask
    mask = line.memo.get(key)
    if mask is None:
        mask = remember(line.memo, key, plan.columns.full & ~line.evaluate(values, world)[0], MAX_CELLS)
    return mask
