"""The decision: filter, rank, select. Same plan, question, snapshot, seed and tried: same decision, everywhere.

docs/decision.md is its meaning. Every rule is evaluated for every candidate; nothing here reads a clock or a file.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Sequence
from hashlib import blake2b
from typing import get_args

from waypost.core.model.decision import Cause, Decision
from waypost.core.model.needs import level
from waypost.core.model.question import Mode, Question, Snapshot
from waypost.core.policy.bits import bits, mask_of, remember
from waypost.core.policy.plan import Entries, Line, Plan, Program, Ranked, Step, View
from waypost.core.policy.rank import BALANCED, PREFERRED, STRATEGIES, Ask
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
from waypost.core.policy.tree import Rank
from waypost.core.policy.world import World

MAX_VIEWS = 16_384
MAX_CELLS = 16_384
MAX_WHOLE = 32
MAX_WORLDS = 3
TOP = 128
"""How many of a cell's best candidates are kept in order; more are ranked only when none of them survives."""
_SHORT = 16
_LADDER: tuple[Mode, ...] = get_args(Mode)


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


def choose(plans: Sequence[Plan], question: Question) -> Plan:
    """The plan that the context names, else the first that matches, else the first without ``match``, else the last.

    Raises:
        ValueError: there are no plans.
    """
    if not plans:
        raise ValueError("there are no plans")
    named = question.context.policy
    if named is not None:
        for plan in plans:
            if plan.policy.name == named:
                return plan
    for plan in plans:
        if plan.match is not None and plan.matches(question):
            return plan
    return next((plan for plan in plans if plan.match is None), plans[-1])


def mode_of(plan: Plan, question: Question, seed: bytes) -> tuple[Mode, Cause]:
    """How far this call goes on the ladder, with cause ``rollout`` where a share decided."""
    spec, asked = plan.policy.mode, question.context.mode
    mode = spec.mode
    if asked is not None and (_LADDER.index(asked) < _LADDER.index(mode) or (mode == "advise" and asked == "route")):
        mode = asked
    if question.auto and mode != "off":
        return "route", "policy"
    if mode != "route" or spec.mode != "route" or spec.share_ppm >= 1_000_000:
        return mode, "policy"
    return ("route" if _pick(plan, question, seed) < spec.share_ppm else "advise"), "rollout"


def _pick(plan: Plan, question: Question, seed: bytes) -> int:
    """0..999_999 by a keyed hash, the same for one user (session, ...) under one policy."""
    value = _context(question, plan.policy.mode.by)
    key = seed if value is None else value.encode()
    digest = blake2b(key + b"\0" + plan.policy.fingerprint.encode() + b"\0rollout", digest_size=8).digest()
    return int.from_bytes(digest, "big") % 1_000_000


def _context(question: Question, by: str | None) -> str | None:
    if by is None:
        return None
    if by.startswith("context."):
        return question.context.labels.get(by[8:])
    value: str | None = getattr(question.context, by)
    return value


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
    order, scores = _order(plan, program, strategy, values, survivors)
    return View(tuple(out), survivors, order, scores, program, strategy)


def _without(plan: Plan, view: View, values: Values, tried: frozenset[str]) -> View:
    """``view`` when some targets have been tried already."""
    index = plan.catalog.index
    mask = mask_of((index[target] for target in tried if target in index), plan.columns.size)
    if not mask:
        return view
    survivors = view.survivors & ~mask
    order, scores = _order(plan, view.program, view.strategy, values, survivors)
    return View((("tried", mask), *view.rejections), survivors, order, scores, view.program, view.strategy)


def _origin(plan: Plan, values: Values) -> tuple[Entries, int]:
    """``cross_origin`` and ``provider.credentials``."""
    key = values[ENDPOINT : CREDENTIALS + 1]
    found = plan.origins.get(key)
    if found is not None:
        return found
    endpoint, host, granted, pinned, credentials = key
    columns, policy = plan.columns, plan.policy
    home = columns.endpoints.get(endpoint, 0) if endpoint is not None else 0
    known = endpoint is not None or any(may_leave(host, entry) for entry in policy.leave)
    leaves = granted and not pinned and policy.cross_origin == "auto" and known
    keyed = home
    for name in credentials:
        keyed |= columns.endpoints.get(name, 0)
    masks = (("cross_origin", 0 if leaves else columns.full & ~home), ("provider.credentials", columns.full & ~keyed))
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


# Rank and select


def _strategy(plan: Plan, values: Values) -> str:
    preference = values[PREFERENCE]
    return plan.policy.rank.strategy if preference is None else PREFERRED[preference]


def rank_of(plan: Plan, strategy: str) -> Rank:
    """The rank that ``strategy`` works with: the policy's, or the house's own weights."""
    rank = plan.policy.rank
    if strategy == "balanced" and not rank.weights:
        return Rank(strategy, BALANCED, rank.at)
    return rank


def _order(
    plan: Plan, program: Program, strategy: str, values: Values, survivors: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The best eight survivors, best first, with their scores."""
    if not survivors:
        return (), ()
    reads = plan.reads.get(strategy)
    if reads is None:
        fields = STRATEGIES[strategy].reads(rank_of(plan, strategy))
        reads = remember(plan.reads, strategy, ("cost" in fields, "cost" in fields or "latency" in fields), MAX_CELLS)
    cell = (values[TOKENS_IN] if reads[0] else 0, values[TOKENS_OUT] if reads[1] else 0)
    key = (program, strategy, *cell)
    ranked = plan.ranked.get(key)
    if ranked is None:
        ranked = remember(plan.ranked, key, _rank(plan, strategy, program.candidates, cell, TOP), MAX_CELLS)
    order, scores = _walk(ranked, survivors, plan.standby)
    if len(order) == plan.standby or ranked.complete:
        return order, scores
    if survivors.bit_count() <= TOP:
        ranked = _rank(plan, strategy, tuple(bits(survivors)), cell, plan.standby)
        return tuple(ranked.order), tuple(ranked.scores)
    whole = plan.whole.get(key)
    if whole is None:
        everyone = _rank(plan, strategy, program.candidates, cell, len(program.candidates))
        whole = remember(plan.whole, key, everyone, MAX_WHOLE)
    return _walk(whole, survivors, plan.standby)


def _rank(plan: Plan, strategy: str, indices: Sequence[int], cell: tuple[int, int], top: int) -> Ranked:
    """The best ``top`` of ``indices``, which ascend, so that a stable sort breaks ties by target id."""
    module = STRATEGIES[strategy]
    found = module.scores(Ask(plan.columns, rank_of(plan, strategy), plan.policy.scales, indices, cell))
    keys = module.keys(found)
    places = range(len(indices))
    complete = len(indices) <= top
    best = sorted(places, key=keys.__getitem__) if complete else heapq.nsmallest(top, places, keys.__getitem__)
    return Ranked(tuple([indices[place] for place in best]), _packed([found[place] for place in best]), complete)


def _packed(scores: list[int]) -> Sequence[int]:
    """Eight bytes a score where they fit."""
    try:
        return array("q", scores)
    except OverflowError:
        return scores


def _walk(ranked: Ranked, survivors: int, standby: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The first ``standby`` of the order that survive."""
    if len(ranked.order) <= _SHORT:
        pairs = [pair for pair in zip(ranked.order, ranked.scores, strict=True) if survivors >> pair[0] & 1][:standby]
        return tuple([index for index, _ in pairs]), tuple([score for _, score in pairs])
    octets = survivors.to_bytes((survivors.bit_length() + 7) >> 3, "little")
    limit = len(octets) << 3
    order: list[int] = []
    scores: list[int] = []
    for place, index in enumerate(ranked.order):
        if index < limit and octets[index >> 3] >> (index & 7) & 1:
            order.append(index)
            scores.append(ranked.scores[place])
            if len(order) == standby:
                break
    return tuple(order), tuple(scores)
