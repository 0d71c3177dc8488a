"""The shortlist's place: the matched rule's own, or what an override or a budget puts there instead.

Both are soft. Where nobody would be left by them, the shortlist is the rule's. Whom the call's own claims take away
has no part in that, or a claim could let in whom they keep out.
"""

from __future__ import annotations

from waypost.core.model.decision import Cause
from waypost.core.model.needs import stays
from waypost.core.policy.bits import joined
from waypost.core.policy.dues import below
from waypost.core.policy.ordering import Ranking, best_among, best_of, own_standing
from waypost.core.policy.plan import Base, Dues, Entries, Plan, View
from waypost.core.policy.request import FLAGS, PINNED, PREFERENCE, STRATEGY


def settle(plan: Plan, base: Base, due: Dues, *, gone: int = 0, forced: int | None = None) -> View:
    """``base`` with a shortlist and ranked. ``gone`` was tried already; ``forced`` is whom an override names."""
    room = base.open & ~gone
    full, program = plan.columns.full, base.program
    if forced is not None and room >> forced & 1:
        return _aside(plan, base, gone, due, ("override", full & ~(1 << forced)))
    plain = room & ~program.unlisted
    survivors = plain & ~base.claimed
    if due.steering:
        order = best_of(plan, _by_policy(plan, base), plain)[0]
        steered = _steered(plan, due, order[0] if order else None)
        if steered is not None:
            rule, allowed = steered
            entry = (rule, full & ~allowed)
            if order and allowed >> order[0] & 1:
                survivors &= allowed
                return _plain(base, gone, due, survivors, best_among(plan, base, survivors), entry)
            if room & allowed:
                return _aside(plan, base, gone, due, entry)
    return _plain(base, gone, due, survivors, best_of(plan, base, survivors))


def _by_policy(plan: Plan, base: Base) -> Base:
    """``base`` as the policy itself ranks: nor does a call's strategy or preference move a budget's threshold."""
    if base.values[PREFERENCE] is None and base.values[STRATEGY] is None:
        return base
    strategy, behind, lead = own_standing(plan, base.program.rule, base.values)
    return base._replace(strategy=strategy, behind=behind, lead=lead)


def _steered(plan: Plan, due: Dues, best: int | None) -> tuple[str, int] | None:
    """The reached budget that allows the fewest, and whom; the first of equals."""
    found: tuple[str, int] | None = None
    for rule, allowed in due.steering:
        if allowed is None:
            allowed = None if best is None else below(plan, best)
        if allowed is not None and (found is None or allowed.bit_count() < found[1].bit_count()):
            found = rule, allowed
    return found


def _plain(base: Base, gone: int, due: Dues, survivors: int, ranked: Ranking, *more: tuple[str, int]) -> View:
    """The rule's own shortlist in its place, perhaps with a budget's beside it."""
    rule = base.program.rule
    because = None if rule is None else rule.because
    entries = _entries(base, gone, (*base.program.shortlist, *more))
    return View(entries, survivors, *ranked, _cause(base, due, ranked[0], None), None, because, base)


def _cause(base: Base, due: Dues, order: tuple[int, ...], aside: str | None) -> Cause:
    """Why the first of ``order`` is, or why nobody is."""
    rule, values = base.program.rule, base.values
    if not order and due.cause is not None:
        return due.cause
    if values[PINNED]:
        return "pinned"
    if aside == "override":
        return "override"
    if aside is not None and order:
        return "budget"
    if any(map(stays, values[FLAGS])):
        return "non_portable"
    if values[PREFERENCE] is not None or values[STRATEGY] is not None:
        return "preference"
    if advises(base, order):
        return "advisor"
    return "policy" if rule is None else "rule"


def advises(base: Base, order: tuple[int, ...]) -> bool:
    """Whether the best of the survivors is there because an advice names it."""
    return bool(order) and base.strategy == "advisor" and order[0] in dict(base.lead)


def _aside(plan: Plan, base: Base, gone: int, due: Dues, entry: tuple[str, int]) -> View:
    """The rule's shortlist set aside; somebody is left, but perhaps by no claim of the call."""
    rule = base.program.rule
    survivors = base.open & ~gone & ~entry[1] & ~base.claimed
    because = None if rule is None else rule.because
    ranked = best_among(plan, base, survivors)
    cause = _cause(base, due, ranked[0], entry[0])
    return View(_entries(base, gone, (entry,)), survivors, *ranked, cause, entry[0], because, base)


def _entries(base: Base, gone: int, own: Entries) -> Entries:
    """All rejections in their order, each name once."""
    return joined((("tried", gone), *base.above, *own, *base.below))[0]
