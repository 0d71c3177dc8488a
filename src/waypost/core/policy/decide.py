"""The decision: filter, rank, select. Same plan, question, snapshot, seed and tried: same decision, everywhere.

docs/decision.md is its meaning. Every rule is evaluated for every candidate; nothing here reads a clock or a file.
Calls that show a plan the same facts in the same world share one `View`, and nothing is evaluated for them again.
"""

from __future__ import annotations

from collections.abc import Sequence

from waypost.core.model.decision import Cause, Decision
from waypost.core.model.money import MICRO, grid
from waypost.core.model.question import Question, Snapshot
from waypost.core.policy.bits import mask_of, remember
from waypost.core.policy.choose import choose, mode_of
from waypost.core.policy.dues import NO_DUES, NOTHING_OWED, dues_of, owed
from waypost.core.policy.gates import may_leave, meeting, needs, origin, sizes
from waypost.core.policy.narrowing import narrowed
from waypost.core.policy.ordering import rank_of, score_of, strategy_of
from waypost.core.policy.plan import Base, Dues, Plan, View
from waypost.core.policy.programs import filtered, program_of
from waypost.core.policy.request import FLAGS, NARROW, Values
from waypost.core.policy.select import Taken, take
from waypost.core.policy.shortlist import settle
from waypost.core.policy.world import World, facts_of

__all__ = ["choose", "decide", "estimates", "may_leave", "meeting", "mode_of", "rank_of"]

MAX_VIEWS = 16_384
MAX_WORLDS = 3


def decide(plan: Plan, question: Question, snapshot: Snapshot, seed: bytes, tried: frozenset[str]) -> Decision:
    """Who answers ``question``, who stands by, and which rules rejected whom."""
    world = plan.world
    if world is None or world.facts != facts_of(snapshot):
        world = _world(plan, snapshot)
    values = plan.reader.read(question)
    due = NO_DUES if owed(snapshot) == NOTHING_OWED else dues_of(plan, snapshot)
    key = values if due is NO_DUES else (due, values)
    view = world.views.get(key)
    if view is None:
        view = remember(world.views, key, settle(plan, _base(plan, world, values, due), due), MAX_VIEWS)
    override = question.override
    if tried or override is not None:
        view = _again(plan, view, due, question, tried)
    order, scores = view.order, view.scores
    taken: Taken | None = None
    if plan.selects and order and _free(question, view, tried):
        taken = take(plan, view, question, snapshot, seed)
        if taken.place != order[0]:
            order, scores = _moved(plan, view, taken.place)
    rule = view.base.program.rule
    because = None if rule is None else rule.because
    return Decision(
        plan.policy.fingerprint,
        plan.catalog.fingerprint,
        seed,
        view.rejections,
        view.survivors,
        order,
        scores,
        order[0] if order else None,
        _cause(question, view, due, taken, bool(tried)),
        None if rule is None else rule.name,
        override.reason if override is not None and view.aside == "override" else because,
        view.base.strategy,
        tuple(sorted(tried)) if tried else (),
        MICRO if taken is None else taken.propensity_ppm,
        chance="" if taken is None else taken.chance,
        aside=view.aside,
    )


def estimates(plan: Plan, question: Question, indices: Sequence[int]) -> Sequence[int | None]:
    """What candidates are estimated to cost, in nano-USD, on the grid; ``None`` is unpriced."""
    features = question.features
    return plan.columns.costs(indices, grid(features.tokens_input), grid(features.tokens_output))


def _world(plan: Plan, snapshot: Snapshot) -> World:
    key = facts_of(snapshot)
    world = plan.worlds.get(key)
    if world is None:
        world = remember(plan.worlds, key, World(snapshot, plan.columns), MAX_WORLDS)
    plan.world = world
    return world


def _base(plan: Plan, world: World, values: Values, due: Dues) -> Base:
    """All rules for all candidates, in the order of docs/decision.md, but for the shortlist."""
    above, dead = origin(plan, values)
    dead |= world.breaker
    if world.breaker:
        above += (("breaker", world.breaker),)
    gates = [narrowed(plan.columns, values[NARROW])] if values[NARROW] is not None else []
    gates.append((due.entries, due.dead))
    if values[FLAGS]:
        gates.append(needs(plan, values))
    gates.append(sizes(plan, values))
    for entries, failing in gates:
        above += entries
        dead |= failing
    program = program_of(plan, values)
    below, failing = filtered(plan, program, values, world)
    return Base(program, strategy_of(plan, values), values, above, below, plan.columns.full & ~(dead | failing))


def _again(plan: Plan, view: View, due: Dues, question: Question, tried: frozenset[str]) -> View:
    """``view`` where some targets have been tried already, or where somebody forces one."""
    index, override = plan.catalog.index, question.override
    gone = mask_of((index[target] for target in tried if target in index), plan.columns.size)
    forced = None if override is None else index.get(override.target)
    return view if not gone and forced is None else settle(plan, view.base, due, gone=gone, forced=forced)


def _free(question: Question, view: View, tried: frozenset[str]) -> bool:
    """Whether another than the best may be taken."""
    return not tried and not question.pinned and view.aside != "override"


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


def _cause(question: Question, view: View, due: Dues, taken: Taken | None, again: bool) -> Cause:
    """The first that holds."""
    if not view.order and due.cause is not None:
        return due.cause
    if again:
        return "fallback"
    if question.pinned:
        return "pinned"
    if view.aside is not None:
        return "override" if view.aside == "override" else "budget"
    if taken is not None and taken.cause is not None:
        return taken.cause
    context = question.context
    if context.preference is not None or context.strategy is not None:
        return "preference"
    return "policy" if view.base.program.rule is None else "rule"
