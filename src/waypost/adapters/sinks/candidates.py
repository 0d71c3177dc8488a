"""The candidates of a decision as they are shown: the few that matter of many, with what they failed.

All of it comes from the decision's masks, because to prove a decision takes longer than the rest of the call.
"""

from __future__ import annotations

from itertools import islice

from waypost.adapters.sinks import names
from waypost.adapters.sinks.attributes import Attributes
from waypost.core.model.decision import Decision
from waypost.core.model.events import Decided
from waypost.core.model.frozen import dataclass
from waypost.core.model.money import NANO

MAX_CANDIDATES = 24
MAX_LISTED = 6
"""Of these, how many stand in the arrays: five elements of arrays cost three times what one flat attribute costs."""

MAX_NAMED = 8
"""And how many of the rejected have an attribute of their own."""

TRIED = "tried"
NO_KEY = "provider.credentials"

MAX_KNOWN = 256
_known: dict[tuple[str, tuple[int, ...], tuple[tuple[str, int], ...]], Shown] = {}
"""Few decisions differ in more than their scores and estimates; emptied when full."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of all decisions with the same order and the same rejections.

    ``indices`` are the candidates of the arrays, of which the first ``survivors`` have scores. ``facts`` are the
    attributes that do not depend on the call, ``rejected`` those of single candidates.
    """

    indices: tuple[int, ...]
    survivors: int
    facts: Attributes
    rejected: Attributes


def candidates(decided: Decided, room: int) -> Attributes:
    """The parallel arrays, and one attribute per rejected candidate while ``room`` attributes are left."""
    decision = decided.decision
    key = (decision.catalog, decision.order, decision.rejections)
    shown = _known.get(key)
    if shown is None:
        if len(_known) >= MAX_KNOWN:
            _known.clear()
        shown = _known[key] = _show(decided)
    out = dict(shown.facts)
    if shown.survivors:
        scores = decision.scores[: shown.survivors]
        out[names.CANDIDATE_SCORES] = [*scores, *[-1] * (len(shown.indices) - len(scores))]
    out[names.CANDIDATE_ESTIMATED_COSTS] = _estimates(decided, shown.indices)
    left = room - len(out)
    if left >= len(shown.rejected):
        out.update(shown.rejected)
    elif left > 0:
        out.update(islice(shown.rejected.items(), left))
    return out


def _show(decided: Decided) -> Shown:
    decision, target_of = decided.decision, decided.target_of
    failed, count = shortlist(decision)
    survivors = decision.order[: MAX_LISTED - 1 if failed else MAX_LISTED]
    rejected = dict(islice(failed.items(), MAX_LISTED - len(survivors)))
    indices = (*survivors, *rejected)
    outcomes = ["selected", *["standby"] * (len(survivors) - 1)] if survivors else []
    facts: Attributes = {
        names.CANDIDATE_COUNT: count,
        names.CANDIDATE_IDS: [target_of(index) for index in indices],
        names.CANDIDATE_OUTCOMES: outcomes + ["tried" if rule == TRIED else "rejected" for rule in rejected.values()],
    }
    if rejected:
        facts[names.CANDIDATE_REASONS] = [*[""] * len(survivors), *rejected.values()]
    if count > len(indices):
        facts[names.CANDIDATE_TRUNCATED] = count - len(indices)
    named: Attributes = {
        names.REJECTED_PREFIX + target_of(index): rule for index, rule in islice(failed.items(), MAX_NAMED)
    }
    return Shown(indices, len(survivors), facts, named)


def shortlist(decision: Decision) -> tuple[dict[int, str], int]:
    """The rejected candidates that are shown, each with the first rule that it failed; and how many candidates are.

    Those tried come first, then those that failed one rule only, then the others, and at last those that nobody has a
    key for; each by index. With the survivors they are 24 at most.
    """
    failed = twice = tried = no_key = 0
    for rule, mask in decision.rejections:
        twice |= failed & mask
        failed |= mask
        if rule == TRIED:
            tried = mask
        elif rule == NO_KEY:
            no_key = mask
    room = max(MAX_CANDIDATES - len(decision.order), 0)
    shown: list[int] = []
    left = failed
    for group in (tried, ~(twice | no_key), ~no_key, -1):
        found = left & group
        left ^= found
        while found and len(shown) < room:
            bit = found & -found
            shown.append(bit.bit_length() - 1)
            found ^= bit
    return _first_rules(decision, shown), (failed | decision.survivors).bit_count()


def _first_rules(decision: Decision, indices: list[int]) -> dict[int, str]:
    """The name of the first failed rule of each of these candidates."""
    out: dict[int, str] = {}
    for index in indices:
        bit = 1 << index
        for rule, failed in decision.rejections:
            if failed & bit:
                out[index] = rule
                break
    return out


def _estimates(decided: Decided, indices: tuple[int, ...]) -> list[float]:
    if decided.estimates is not None:
        found = decided.estimates(indices)
    else:
        by_id = {row.target: row.estimated_nano_usd for row in decided.prove().candidates}
        found = [by_id.get(decided.target_of(index)) for index in indices]
    return [-1.0 if nano_usd is None else nano_usd / NANO for nano_usd in found]
