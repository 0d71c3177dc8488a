"""The decision: filter, rank, select. Same plan, question, snapshot, seed and tried: same decision, everywhere.

docs/decision.md is its meaning. Every rule is evaluated for every candidate; nothing here reads a clock or a file.
"""

from __future__ import annotations

from collections.abc import Sequence

from waypost.core.model.decision import Cause, Decision
from waypost.core.model.money import grid
from waypost.core.model.needs import level
from waypost.core.model.question import Question, Snapshot
from waypost.core.policy.bits import bits, mask_of, remember
from waypost.core.policy.choose import choose, mode_of
from waypost.core.policy.ordering import best_of, rank_of
from waypost.core.policy.plan import MAX_CELLS, Entries, Line, Plan, Program, Step, View
from waypost.core.policy.rank import PREFERRED
from waypost.core.policy.request import (
    CREDENTIALS,
    DIALECT,
    ENDPOINT,
    FLAGS,
    MAX_OUTPUT,
    PREFERENCE,
    TOKENS_IN,
    TOKENS_OUT,
    Values,
    taker,
)
from waypost.core.policy.world import World

__all__ = ["choose", "decide", "estimates", "may_leave", "meeting", "mode_of", "rank_of"]

MAX_VIEWS = 16_384
MAX_WORLDS = 3


def decide(plan: Plan, question: Question, snapshot: Snapshot, seed: bytes, tried: frozenset[str]) -> Decision:
    """Who answers ``question``, who stands by, and which rules rejected whom."""
    world = plan.world
    if world is None or not world.same(snapshot):
        world = _world(plan, snapshot)
    values = plan.reader.read(question)
    view = world.views.get(values)
    if view is None:
        view = remember(world.views, values, _view(plan, world, values), MAX_VIEWS)
    if tried:
        view = _without(plan, view, values, tried)
    rule = view.program.rule
    order = view.order
    return Decision(
        plan.policy.fingerprint,
        plan.catalog.fingerprint,
        seed,
        view.rejections,
        view.survivors,
        order,
        view.scores,
        order[0] if order else None,
        _cause(question, rule is not None, bool(tried)),
        None if rule is None else rule.name,
        None if rule is None else rule.because,
        view.strategy,
        tuple(sorted(tried)) if tried else (),
    )


def estimates(plan: Plan, question: Question, indices: Sequence[int]) -> Sequence[int | None]:
    """What candidates are estimated to cost, in nano-USD, on the grid; ``None`` is unpriced."""
    features = question.features
    return plan.columns.costs(indices, grid(features.tokens_input), grid(features.tokens_output))


def _cause(question: Question, matched: bool, again: bool) -> Cause:
    if again:
        return "fallback"
    if question.pinned:
        return "pinned"
    if question.context.preference is not None:
        return "preference"
    return "rule" if matched else "policy"


# The world


def _world(plan: Plan, snapshot: Snapshot) -> World:
    key = (snapshot.broken, snapshot.disabled, snapshot.latency_p95_ns)
    world = plan.worlds.get(key)
    if world is None:
        world = remember(plan.worlds, key, World(snapshot, plan.columns), MAX_WORLDS)
    plan.world = world
    return world


# Filter


def _view(plan: Plan, world: World, values: Values) -> View:
    """All rules for all candidates, in the order of docs/decision.md, and the survivors ranked."""
    out: list[tuple[str, int]] = []
    entries, dead = _origin(plan, values)
    out.extend(entries)
    if world.breaker:
        out.append(("breaker", world.breaker))
    if values[FLAGS]:
        entries, failing = _needs(plan, values)
        out.extend(entries)
        dead |= failing
    dead |= world.breaker | _sizes(plan, values, out)
    program = _program(plan, values)
    entries, failing = _steps(plan, program, values, world)
    out.extend(entries)
    dead |= failing
    survivors = plan.columns.full & ~dead
    strategy = _strategy(plan, values)
    order, scores = best_of(plan, program, strategy, values, survivors)
    return View(tuple(out), survivors, order, scores, program, strategy)


def _without(plan: Plan, view: View, values: Values, tried: frozenset[str]) -> View:
    """``view`` when some targets have been tried already."""
    index = plan.catalog.index
    mask = mask_of((index[target] for target in tried if target in index), plan.columns.size)
    if not mask:
        return view
    survivors = view.survivors & ~mask
    order, scores = best_of(plan, view.program, view.strategy, values, survivors)
    return View((("tried", mask), *view.rejections), survivors, order, scores, view.program, view.strategy)


def _origin(plan: Plan, values: Values) -> tuple[Entries, int]:
    """``cross_origin``, ``dialect`` and ``provider.credentials``."""
    key = (values[DIALECT], *values[ENDPOINT : CREDENTIALS + 1])
    found = plan.origins.get(key)
    if found is not None:
        return found
    dialect, endpoint, host, granted, pinned, credentials = key
    columns, policy = plan.columns, plan.policy
    home = columns.endpoints.get(endpoint, 0) if endpoint is not None else 0
    known = endpoint is not None or any(may_leave(host, entry) for entry in policy.leave)
    leaves = granted and not pinned and policy.cross_origin == "auto" and known
    keyed = home
    for name in credentials:
        keyed |= columns.endpoints.get(name, 0)
    mute = 0
    for name, mask in columns.dialects.items():
        if name != dialect and name not in plan.expresses:
            mute |= mask
    masks = (
        ("cross_origin", 0 if leaves else columns.full & ~home),
        ("dialect", mute),
        ("provider.credentials", columns.full & ~keyed),
    )
    return remember(plan.origins, key, _summed(masks), MAX_CELLS)


def may_leave(host: str, entry: str) -> bool:
    """Whether an entry of ``leave`` names ``host``: equal, or ``*.`` and a parent domain of it."""
    return host == entry or (entry.startswith("*.") and host.endswith(entry[1:]))


def _needs(plan: Plan, values: Values) -> tuple[Entries, int]:
    """``need.<flag>`` for each required flag, on the level that it is met on."""
    key = (values[FLAGS], values[DIALECT], values[ENDPOINT])
    found = plan.needs.get(key)
    if found is None:
        masks = tuple((f"need.{flag}", plan.columns.full & ~meeting(plan, flag, key[1], key[2])) for flag in key[0])
        found = remember(plan.needs, key, _summed(masks), MAX_CELLS)
    return found


def meeting(plan: Plan, flag: str, dialect: str, endpoint: str | None) -> int:
    """The candidates that meet a need of a request in ``dialect`` at ``endpoint``."""
    columns = plan.columns
    where = level(flag)
    if where == "endpoint":
        return columns.endpoints.get(endpoint, 0) if endpoint is not None else 0
    spoken = 0
    for name, mask in columns.dialects.items():
        if name == dialect or flag in plan.expresses.get(name, ()):
            spoken |= mask
    return spoken if where == "dialect" else spoken & columns.capabilities.get(flag, 0)


def _summed(masks: Entries) -> tuple[Entries, int]:
    dead = 0
    for _, mask in masks:
        dead |= mask
    return tuple(entry for entry in masks if entry[1]), dead


def _sizes(plan: Plan, values: Values, out: list[tuple[str, int]]) -> int:
    """``need.context_window`` and ``need.max_output``."""
    allowed = values[MAX_OUTPUT]
    total = values[TOKENS_IN] + (values[TOKENS_OUT] if allowed is None else allowed)
    dead = plan.windows.get(total)
    if dead is None:
        dead = remember(plan.windows, total, _too_small(plan, "context_window", total), MAX_CELLS)
    if dead:
        out.append(("need.context_window", dead))
    if allowed is None:
        return dead
    failing = plan.outputs.get(allowed)
    if failing is None:
        failing = remember(plan.outputs, allowed, _too_small(plan, "max_output", allowed), MAX_CELLS)
    if failing:
        out.append(("need.max_output", failing))
    return dead | failing


def _too_small(plan: Plan, field: str, limit: int) -> int:
    return plan.columns.full & ~plan.columns.sorted(field).compare(">=", limit * 1_000_000)


# Rules and filters


def _program(plan: Plan, values: Values) -> Program:
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
    steps: list[Step] = []
    dead = 0
    if rule is not None and rule.use is not None:
        listed = mask_of((index[target] for target in rule.use if target in index), plan.columns.size)
        steps.append(Step(f"rule.{rule.name}", full & ~listed, ()))
    named: dict[str, list[Line]] = {}
    for line in active:
        named.setdefault(line.filter.name, []).append(line)
    for name, lines in named.items():
        fixed = 0
        for line in lines:
            fixed |= line.fixed or 0
        steps.append(Step(name, fixed, tuple(line for line in lines if line.fixed is None)))
    for step in steps:
        dead |= step.fixed
    places = {place for step in steps for line in step.lines for place in line.places}
    return Program(rule, tuple(steps), dead, tuple(bits(full & ~dead)), taker(places))


def _steps(plan: Plan, program: Program, values: Values, world: World) -> tuple[Entries, int]:
    """The shortlist and the lines of a program."""
    key = (program, None if program.key is None else program.key(values))
    found = world.steps.get(key)
    if found is None:
        entries = []
        for step in program.steps:
            failing = step.fixed
            for line in step.lines:
                failing |= _failing(plan, line, values, world)
            entries.append((step.name, failing))
        found = remember(world.steps, key, _summed(tuple(entries)), MAX_CELLS)
    return found


def _failing(plan: Plan, line: Line, values: Values, world: World) -> int:
    """The candidates for which a line is not true."""
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


def _strategy(plan: Plan, values: Values) -> str:
    preference = values[PREFERENCE]
    return plan.policy.rank.strategy if preference is None else PREFERRED[preference]
