"""What an advisor is asked, and what it answers. Frozen; no text of a prompt is in either.

An advisor outside of this package needs nothing else of it: `Inquiry`, `Opinion`, and the facts of targets.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from waypost.core.model.advice import Picks
from waypost.core.model.frozen import dataclass
from waypost.core.model.money import MICRO
from waypost.core.model.question import Context, Features
from waypost.core.model.target import Target, TargetId

MAX_PICKS = 16
"""So many of an answer are kept: no decision names more than eight, and each stands on the receipt."""
MAX_BECAUSE = 200
"""Characters of an advisor's reason that are kept."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What an advisor is asked. ``targets`` are those who may answer, with the catalog's facts of each, by id.

    ``needs`` are the flags of required needs, sorted. The context is without the person and the session.
    """

    features: Features
    context: Context
    needs: tuple[str, ...]
    streaming: bool
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What an advisor answers: some of the inquiry's targets with their scores, in any order, and why.

    Who is not named comes after all who are, in the order of the policy's own rank.
    """

    picks: Picks
    because: str = ""


MAX_SAID = 10_000
"""So many picks are looked at; an answer may have no end."""


def picked(said: Iterable[tuple[TargetId, int]], known: Iterable[TargetId]) -> Picks:
    """What of an answer counts: each of ``known`` once, the first time, with a score of 0..1; the best `MAX_PICKS`.

    Raises:
        TypeError, ValueError: it is not made of pairs of a target's id and a whole number.
    """
    targets, found = frozenset(known), dict[TargetId, int]()
    for target, score in islice(said, MAX_SAID):
        if not isinstance(target, str) or not isinstance(score, int) or isinstance(score, bool):
            raise TypeError(f"a pick is ({type(target).__name__}, {type(score).__name__}), not (str, int)")
        if target in targets:
            found.setdefault(target, min(max(score, 0), MICRO))
    return tuple(sorted(found.items(), key=lambda pick: (-pick[1], pick[0]))[:MAX_PICKS])
