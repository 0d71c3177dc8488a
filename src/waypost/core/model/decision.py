"""A decision holds masks and an order, never rows; rows are derived when somebody reads them.

A candidate's index is its position in the id-sorted catalog; masks are integers over those indices.
"""

from __future__ import annotations

from typing import Literal

from waypost.core.model.frozen import dataclass
from waypost.core.model.target import TargetId

ENGINE = 1
"""Version of the decision's meaning; on every receipt."""

Cause = Literal[
    "policy",
    "rule",
    "preference",
    "pinned",
    "non_portable",
    "affinity",
    "advisor",
    "rollout",
    "holdback",
    "override",
    "budget",
    "limit",
    "fallback",
    "provider_side",
    "passthrough",
    "default",
]


@dataclass(frozen=True, slots=True)
class Decision:
    """What one evaluation of one plan yields.

    ``rejections`` has one ``(rule name, mask of the candidates that fail it)`` per rule with a failing candidate, in
    the order of evaluation; every rule is evaluated for every candidate, so masks overlap. ``order`` is the ranked
    survivors, best first, cut at the plan's standby length; ``scores`` are micro-units beside it. ``selected`` is
    ``order[0]``, or ``None`` where nobody survived. ``rule`` is the name of the policy rule that matched.
    """

    policy: str
    """Fingerprint of the policy."""
    catalog: str
    """Fingerprint of the catalog."""
    seed: bytes
    rejections: tuple[tuple[str, int], ...]
    survivors: int
    order: tuple[int, ...]
    scores: tuple[int, ...]
    selected: int | None
    cause: Cause
    rule: str | None = None
    because: str | None = None
    rank: str = ""
    tried: tuple[TargetId, ...] = ()
    propensity_ppm: int = 1_000_000
    engine: int = ENGINE
    chance: Literal["", "weighted", "explore", "canary"] = ""
    """What took a random part in the selection; ``propensity_ppm`` is how likely the selected was."""
    aside: str | None = None
    """The reserved name (``override``, ``budget.user``) that set the rule's shortlist aside and chose its own."""


@dataclass(frozen=True, slots=True)
class Source:
    """A place in a file; lines and columns count from 1."""

    file: str
    line: int
    column: int
    length: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Rejection:
    """One failed rule of one candidate. ``observed`` and ``limit`` are as shown to people, with units.

    ``observed`` is ``unknown`` where the fact is absent. ``exact`` is the value before the grid where they differ.
    ``margin_ppm`` is the distance to the limit in millionths of it, for numbers.
    """

    rule: str
    field: str
    op: str
    observed: str
    limit: str
    source: Source | None = None
    exact: str | None = None
    margin_ppm: int | None = None

    def __str__(self) -> str:
        if self.rule.startswith("need."):
            return f"no {self.rule[5:]}" if not self.limit else f"{self.field} {self.observed} {self.op} {self.limit}"
        return f"{self.field} {self.observed} fails {self.op} {self.limit}".strip()


@dataclass(frozen=True, slots=True)
class Passed:
    """One rule that the winner passed: ``quality 0.61 >= 0.5``."""

    rule: str
    text: str
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class ScoreTerm:
    """One term of a score: ``weight_micro * utility_micro``, both micro-units."""

    field: str
    weight: int
    utility: int
    observed: str


@dataclass(frozen=True, slots=True)
class CandidateProof:
    """One candidate of one decision, as people read it."""

    target: TargetId
    state: Literal["selected", "standby", "rejected", "tried"]
    score: int | None
    terms: tuple[ScoreTerm, ...]
    rejections: tuple[Rejection, ...]
    estimated_nano_usd: int | None


@dataclass(frozen=True, slots=True)
class Proof:
    """Why the decision is what it is: the winner first, standby in order, then the rejected by id."""

    decision: Decision
    candidates: tuple[CandidateProof, ...]
    passed: tuple[Passed, ...]
    beats: tuple[tuple[TargetId, str], ...]
    """Why the winner beat each standby: ``(standby id, sentence)``."""


@dataclass(frozen=True, slots=True)
class Flip:
    """The change of one number that would have chosen another target.

    ``what`` is a comparison, a share or a budget (``limit``), a field of the rank or a target of ``select``
    (``weight``), a fact and its target (``fact``), or a ceiling of the call (``claim``); ``source`` the line of the
    first two. ``change_ppm`` is the change in millionths of the old value, rounded up. Of the kind ``none``, where no
    such change was found, ``what`` may say why, and nothing else anything.
    """

    kind: Literal["limit", "weight", "fact", "claim", "none"]
    what: str = ""
    source: Source | None = None
    from_text: str = ""
    to_text: str = ""
    change_ppm: int = 0
    selected: TargetId | None = None
