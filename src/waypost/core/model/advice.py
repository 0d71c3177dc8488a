"""What an advisor said of one call, as the decision sees it and the receipt keeps it. No text of a prompt is in it.

Scores are integers in micro-units of 0..1; a higher one is better. Times are nanoseconds.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from waypost.core.model.frozen import dataclass
from waypost.core.model.target import TargetId

Picks: TypeAlias = tuple[tuple[TargetId, int], ...]
"""Targets with their scores, best first."""

AdviceFailure = Literal["timeout", "error", "malformed", "empty", "resting", "missing", "unasked"]
"""Why there is no advice: it came too late; the advisor raised; it answered something else; it named nobody who may
answer; it failed so often that it was left alone; this process has none of that name; fewer than two could answer."""


@dataclass(frozen=True, slots=True)
class Advice:
    """``picks`` are empty where there is a ``failure``. ``because`` is the reason it gives, ``took_ns`` how long the
    call waited for it.
    """

    advisor: str
    version: str = ""
    picks: Picks = ()
    failure: AdviceFailure | None = None
    because: str = ""
    took_ns: int = 0
