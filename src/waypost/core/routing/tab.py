"""What one call wants of the mutable world: what it asks, reserves, gives back, and comes to in the end.

A policy without budgets, limits and affinity asks for nothing, and a call under it does none of this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from waypost.core.model.ask import NOTHING, Ask, Bill, Demand, Keep, Place, Sight, Standing
from waypost.core.model.events import Attempted
from waypost.core.model.frozen import dataclass
from waypost.core.model.money import grid
from waypost.core.model.outcome import Attempt, Settlement
from waypost.core.model.question import Snapshot
from waypost.core.model.target import Target, TargetId
from waypost.core.policy.columns import estimated_cost
from waypost.core.policy.spending import most_cost
from waypost.core.routing.accounts import of_everybody
from waypost.core.routing.effects import Release, Reserve, Settle
from waypost.core.routing.ports import Refusal
from waypost.core.routing.prepare import Stage

LEASE_NS = 600_000_000_000
"""How long a reservation holds that nobody settles: as long as the SDKs wait for an answer."""


@dataclass(slots=True)
class Tab:
    """What the call has taken so far.

    ``refused``, ``limited`` and ``broken`` are what reserving was told, as a snapshot has them; newer than any look.
    Among the broken are those at whose endpoint the call's own account, lent to it, was turned away.
    """

    ask: Ask | None
    lease: Any = None
    reserved: bool = False
    """Whether a lease was ever had, so that its requests have been counted."""
    refused: tuple[tuple[str, TargetId], ...] = ()
    limited: frozenset[tuple[str, str]] = frozenset()
    broken: frozenset[TargetId] = frozenset()
    half_open: tuple[TargetId, ...] = ()
    standings: tuple[Standing, ...] = ()
    """How the budgets with a ceiling stand, by the last look."""
    frees_ns: int | None = None
    """In how long there is room again where a limit or a budget stops everybody, by the last look."""
    refused_ns: int | None = None
    """In how long the first budget that refused a reservation has room again."""
    told: int = 0
    """How many attempts the world has learnt from already."""
    blocking: bool = False
    """A stream has ended, on whichever thread: from here on nothing can be awaited."""


def asked(tab: Tab) -> Ask | None:
    """What the next look asks: a call's request counts once, so that it does not stand in the way of its own hops."""
    ask = tab.ask
    if ask is None or not tab.reserved or not ask.meters:
        return ask
    return replace(ask, meters=tuple(m for m in ask.meters if m.scope != "call" or m.of != "requests"))


def seen(tab: Tab, sight: Sight) -> Snapshot:
    """The snapshot that decides: what was seen, and what reserving was told since."""
    tab.half_open, tab.frees_ns, tab.standings = sight.half_open, sight.frees_ns, sight.standings
    snapshot = sight.snapshot
    if not (tab.refused or tab.limited or tab.broken):
        return snapshot
    return replace(
        snapshot,
        refused=tab.refused,
        limited=tuple(sorted(tab.limited.union(snapshot.limited))),
        broken=tuple(sorted(tab.broken.union(snapshot.broken))),
    )


def room_ns(tab: Tab) -> int | None:
    """In how many nanoseconds the next call may find room, as far as that is known."""
    return min((ns for ns in (tab.frees_ns, tab.refused_ns) if ns is not None), default=None)


def place_of(target: Target) -> Place:
    return Place(target.id, target.endpoint, target.provider)


def likely(stage: Stage, target: Target) -> int:
    """What a call may cost at ``target`` in nano-USD: `most` where the caller set a bound, else the estimate.

    0 where the target has no price: a budget cannot count what nobody knows.
    """
    features = stage.question.features
    if features.max_output is not None:
        return most(stage, target)
    return estimated_cost(target.price, grid(features.tokens_input), grid(features.tokens_output)) or 0


def most(stage: Stage, target: Target) -> int:
    """The most that a call can cost at ``target`` in nano-USD: each answer that it asks for as long as the caller
    allows it, or where that is not said as long as the target's answers get.

    0 where the target has no price; ceilings reject those.
    """
    answers = max(stage.conversation.sampling.n or 1, 1)
    return most_cost(target, stage.question.features, answers) or 0


def reserve(stage: Stage, tab: Tab, target: Target, order: Sequence[Target]) -> Any:
    """Take what a send to ``target`` needs; ``True`` where it may go, else ``tab`` says who may not.

    A budget that has no room for one has none for the dearer ones of ``order`` either. A world that does not answer
    stands in nobody's way.
    """
    probe = target.id in tab.half_open
    ask = asked(tab)
    if tab.lease is not None or not (probe or (ask is not None and (ask.accounts or ask.meters))):
        return True
    amounts = likely(stage, target), most(stage, target)
    answer = yield Reserve(Demand(ask, place_of(target), *amounts, probe), LEASE_NS)
    if getattr(answer, "rule", None) is None:
        tab.lease = answer
        tab.reserved |= answer is not None
        return True
    _learn(stage, tab, answer, target, order)
    return False


def _learn(stage: Stage, tab: Tab, refusal: Refusal, target: Target, order: Sequence[Target]) -> None:
    rule = refusal.rule
    if rule == "breaker":
        tab.broken |= {target.id}
    elif rule.startswith("limit."):
        tab.limited |= {(rule, refusal.value)}
    else:
        amount = most(stage, target)
        dearer = [item.id for item in order if most(stage, item) >= amount]
        names = dict.fromkeys((target.id, *dearer))
        waits = [ns for ns in (tab.refused_ns, refusal.retry_ns) if ns is not None]
        tab.refused_ns = min(waits, default=None)
        tab.refused += tuple((rule, name) for name in names if (rule, name) not in tab.refused)


def give_back(stage: Stage, tab: Tab, past: tuple[Attempted, ...]) -> Any:
    """What was sent failed and was not billed. The world learns of it at once, so that it knows how a probe ended."""
    lease, tab.lease = tab.lease, None
    if lease is not None:
        told, tab.told = tab.told, len(past)
        yield Release(lease, of_everybody(stage, (item.attempt for item in past[told:])))


def forfeit(tab: Tab) -> Any:
    """What the call came to cannot be told, but it was sent: it is charged what was reserved."""
    lease, tab.lease = tab.lease, None
    if lease is not None:
        yield Settle(lease, Bill(None, lease.nano_usd, 0), (), tab.blocking)


def bill(stage: Stage, tab: Tab, result: Settlement) -> Bill:
    """What the world is to count of an ended call."""
    ask = tab.ask
    if ask is None:
        return NOTHING
    last = result.attempts[-1] if result.attempts else None
    target = None if last is None or last.target is None else stage.routes.catalog.get(last.target)
    usage = result.usage
    nano_usd, tokens = charged(stage, result, target), 0 if usage is None else usage.input + usage.output
    if tab.reserved and tab.lease is None:
        ask = replace(ask, meters=())  # what was sent has been counted, and was given back
    if last is None:
        ask = replace(ask, meters=())
    return Bill(ask, nano_usd, tokens, None if target is None else place_of(target), _keep(stage, ask, result, last))


def charged(stage: Stage, result: Settlement, target: Target | None) -> int:
    """What budgets are charged, in nano-USD: the cost; the estimate where an answer was cut or cannot be priced."""
    if result.cost.nano_usd is not None:
        return result.cost.nano_usd
    known = 0
    for attempt in result.attempts:
        known += attempt.cost.nano_usd or 0
    last = result.attempts[-1] if result.attempts else None
    if last is None or target is None or last.cost.nano_usd is not None or _failed(last):
        return known
    features, usage = stage.question.features, last.usage
    tokens = (features.tokens_input, features.tokens_output) if usage is None else (usage.input, usage.output)
    return known + (estimated_cost(target.price, *tokens) or 0)


def _failed(attempt: Attempt) -> bool:
    """Whether it ended without an answer, which nobody bills."""
    return attempt.failure is not None and attempt.usage is None


def _keep(stage: Stage, ask: Ask, result: Settlement, last: Attempt | None) -> Keep | None:
    affinity = stage.plan.policy.affinity
    if affinity is None or ask.warm is None or result.outcome != "ok" or last is None or last.target is None:
        return None
    usage = result.usage
    tokens = stage.question.features.tokens_input if usage is None else usage.input
    return Keep(ask.warm, last.target, tokens, result.ended_ns + affinity.for_ns)
