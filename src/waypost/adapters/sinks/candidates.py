"""The candidates of a decision as they are shown: the few that matter of many, with what they failed.

All of it comes from the decision's masks, because to prove a decision takes longer than the rest of the call.
"""

from __future__ import annotations

from collections.abc import Iterator

from waypost.adapters.sinks import names
from waypost.adapters.sinks.attributes import Attributes, usd
from waypost.core.model.decision import Decision
from waypost.core.model.events import Decided

MAX_CANDIDATES = 24
MAX_LISTED = 12
"""Of these, how many stand in the arrays: five elements of arrays cost three times what one flat attribute costs."""

TRIED = "tried"
NO_KEY = "provider.credentials"


def candidates(decided: Decided, room: int) -> Attributes:
    """The parallel arrays, and one attribute per rejected candidate while ``room`` attributes are left."""
    decision, target_of = decided.decision, decided.target_of
    shown, count = shortlist(decision)
    survivors = len(decision.order)
    reasons = [first_rule(decision, index) for index in shown[survivors:]]
    ids = [target_of(index) for index in shown]
    listed = len(shown[:MAX_LISTED])
    missing = max(listed - survivors, 0)
    outcomes = ["selected", *["standby"] * (survivors - 1)] if survivors else []
    outcomes += ["tried" if reason == TRIED else "rejected" for reason in reasons]
    out: Attributes = {
        names.CANDIDATE_COUNT: count,
        names.CANDIDATE_IDS: ids[:listed],
        names.CANDIDATE_OUTCOMES: outcomes[:listed],
        names.CANDIDATE_REASONS: [*[""] * survivors, *reasons][:listed],
        names.CANDIDATE_SCORES: [*decision.scores, *[-1] * missing][:listed],
        names.CANDIDATE_ESTIMATED_COSTS: _estimates(decided, shown[:listed]),
    }
    if count > listed:
        out[names.CANDIDATE_TRUNCATED] = count - listed
    left = max(room - len(out), 0)
    for target, reason in zip(ids[survivors:][:left], reasons[:left], strict=True):
        out[f"{names.REJECTED_PREFIX}{target}"] = reason
    return out


def shortlist(decision: Decision) -> tuple[tuple[int, ...], int]:
    """The candidates that are shown, and how many there are in all.

    The winner and the standby come first, then those tried, then those that failed one rule only, then the others,
    and at last those that nobody has a key for; each by index.
    """
    failed = failed_twice = tried = no_key = 0
    for rule, mask in decision.rejections:
        failed_twice |= failed & mask
        failed |= mask
        if rule == TRIED:
            tried = mask
        elif rule == NO_KEY:
            no_key = mask
    shown = list(decision.order[:MAX_CANDIDATES])
    left = failed
    for group in (tried, failed & ~failed_twice & ~no_key, failed & ~no_key, failed):
        shown.extend(_lowest(group & left, MAX_CANDIDATES - len(shown)))
        left &= ~group
    return tuple(shown), (failed | decision.survivors).bit_count()


def first_rule(decision: Decision, index: int) -> str:
    """The name of the first rule that a rejected candidate failed."""
    return next(rule for rule, mask in decision.rejections if mask >> index & 1)


def _lowest(mask: int, count: int) -> Iterator[int]:
    while mask and count > 0:
        bit = mask & -mask
        yield bit.bit_length() - 1
        mask ^= bit
        count -= 1


def _estimates(decided: Decided, indices: tuple[int, ...]) -> list[float]:
    if decided.estimates is not None:
        found = decided.estimates(indices)
    else:
        by_id = {row.target: row.estimated_nano_usd for row in decided.prove().candidates}
        found = [by_id.get(decided.target_of(index)) for index in indices]
    return [-1.0 if nano_usd is None else usd(nano_usd) for nano_usd in found]
