"""The decision: filter, rank, select. Same plan, question, snapshot, seed and tried: same decision, everywhere.

docs/decision.md is its meaning. Every rule is evaluated for every candidate; nothing here reads a clock or a file.
Calls that show a plan the same facts in the same world share one `View`, and nothing is evaluated for them again.
"""

from __future__ import annotations

from collections.abc import Sequence

from waypost.core.model.decision import ENGINE, Decision
from waypost.core.model.frozen import factory
from waypost.core.model.money import grid
from waypost.core.model.question import Question, Snapshot
from waypost.core.policy.bits import mask_of, remember
from waypost.core.policy.choose import choose, mode_of
from waypost.core.policy.dues import NO_DUES, dues_of
from waypost.core.policy.gates import may_leave, meeting, needs, origin, sizes
from waypost.core.policy.narrowing import narrowed
from waypost.core.policy.ordering import rank_of, score_of, standing_of
from waypost.core.policy.plan import Base, Dues, Failing, Plan, View
from waypost.core.policy.programs import filtered, program_of
from waypost.core.policy.request import FLAGS, NARROW, Values
from waypost.core.policy.select import NOBODY, take
from waypost.core.policy.shortlist import settle
from waypost.core.policy.standbys import lined_up
from waypost.core.policy.world import World, facts_of, state_of

__all__ = ["choose", "decide", "estimates", "may_leave", "meeting", "mode_of", "rank_of"]

MAX_VIEWS = 16_384
MAX_WORLDS = 3
NO_CLAIMS: Failing = ((), 0)

_new_decision = factory(Decision)


def decide(plan: Plan, question: Question, snapshot: Snapshot, seed: bytes, tried: frozenset[str]) -> Decision:
    """Who answers ``question``, who stands by, and which rules rejected whom."""
    state, world, due = plan.current
    if state != state_of(snapshot):
        world, due = _moment(plan, snapshot)
    values = plan.reader.read(question)
    key = values if due is NO_DUES else (due, values)
    view = world.views.get(key)
    if view is None:
        view = remember(world.views, key, settle(plan, _base(plan, world, values, due), due), MAX_VIEWS)
    if tried or question.override is not None:
        view = _again(plan, view, due, question, tried)
    rejections, survivors, order, scores, cause, aside, because, base = view
    taken = NOBODY
    if plan.selects and order and not tried and not question.pinned and aside != "override":
        taken = take(plan, view, question, snapshot, seed)
        if taken.place != order[0]:
            order, scores = _moved(plan, view, taken.place)
        if taken.cause is not None and aside is None:
            cause = taken.cause
    if question.context.fallbacks and order:
        order, scores = lined_up(plan, view, (order, scores), question.context.fallbacks, hop=bool(tried))
    rule = base.program.rule
    return _new_decision(
        plan.policy.fingerprint,
        plan.catalog.fingerprint,
        seed,
        rejections,
        survivors,
        order,
        scores,
        order[0] if order else None,
        cause,
        None if rule is None else rule.name,
        because,
        base.strategy,
        tuple(sorted(tried)) if tried else (),
        taken.propensity_ppm,
        ENGINE,
        taken.chance,
        aside,
    )


def estimates(plan: Plan, question: Question, indices: Sequence[int]) -> Sequence[int | None]:
    """What candidates are estimated to cost, in nano-USD, on the grid; ``None`` is unpriced."""
    features = question.features
    return plan.columns.costs(indices, grid(features.tokens_input), grid(features.tokens_output))


def _moment(plan: Plan, snapshot: Snapshot) -> tuple[World, Dues]:
    """What the snapshot makes of the candidates, and of this caller; the plan keeps the last at hand."""
    state = state_of(snapshot)
    world = plan.current[1]
    if world.facts != facts_of(snapshot):
        key = facts_of(snapshot)
        found = plan.worlds.get(key)
        world = remember(plan.worlds, key, World(snapshot, plan.columns), MAX_WORLDS) if found is None else found
    due = dues_of(plan, snapshot)
    plan.current = state, world, due
    return world, due


def _base(plan: Plan, world: World, values: Values, due: Dues) -> Base:
    """All rules for all candidates, in the order of docs/decision.md, but for the shortlist."""
    above, dead = origin(plan, values)
    dead |= world.breaker
    if world.breaker:
        above += (("breaker", world.breaker),)
    claims, claimed = narrowed(plan.columns, values[NARROW]) if values[NARROW] is not None else NO_CLAIMS
    above += claims
    gates = [(due.entries, due.dead)]
    if values[FLAGS]:
        gates.append(needs(plan, values))
    gates.append(sizes(plan, values))
    for entries, failing in gates:
        above += entries
        dead |= failing
    program = program_of(plan, values)
    below, failing = filtered(plan, program, values, world)
    standing = standing_of(plan, program, values)
    return Base(program, *standing, values, above, below, plan.columns.full & ~(dead | failing), claimed)


def _again(plan: Plan, view: View, due: Dues, question: Question, tried: frozenset[str]) -> View:
    """``view`` where some targets have been tried already, or where somebody forces one."""
    index, override = plan.catalog.index, question.override
    gone = mask_of((index[target] for target in tried if target in index), plan.columns.size)
    forced = None if override is None else index.get(override.target)
    if gone or forced is not None:
        view = settle(plan, view.base, due, gone=gone, forced=forced)
    if override is not None and view.aside == "override":
        view = view._replace(because=override.reason)
    hop = tried and (view.order or due.cause is None)
    return view._replace(cause="fallback") if hop else view


def _moved(plan: Plan, view: View, index: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The order with ``index`` before all others, also where it was not among the first."""
    order, scores = list(view.order), list(view.scores)
    if index in order:
        place = order.index(index)
        order.pop(place)
        score = scores.pop(place)
    else:
        score = score_of(plan, view.base, index)
    return (index, *order)[: plan.standby], (score, *scores)[: plan.standby]
