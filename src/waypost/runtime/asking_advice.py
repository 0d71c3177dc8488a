"""What an advisor says in a dry run: what somebody wrote down, or the advisor itself where asking it sends nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, get_args

from waypost.core.catalog.table import Catalog
from waypost.core.model.advice import Advice, AdviceFailure, Picks
from waypost.core.model.inquiry import MAX_PICKS
from waypost.core.model.money import MICRO
from waypost.core.model.question import Question, Snapshot
from waypost.core.model.target import TargetId
from waypost.core.policy.fields import nearest
from waypost.core.policy.plan import Plan
from waypost.core.policy.words import near_target
from waypost.core.routing.advising import consults, inquiry_of
from waypost.core.routing.effects import Consult
from waypost.errors import SettingsError
from waypost.runtime import advisors

Said: TypeAlias = "Advice | Mapping[str, Any] | Sequence[str] | str"
"""Targets with scores from 0 to 1, targets from the best to the worst, or a word of `FAILURES`."""
FAILURES: tuple[AdviceFailure, ...] = get_args(AdviceFailure)
STEP = MICRO // 100
"""From one to the next in a list without scores."""
_SCORE = re.compile(r"[01](?:\.[0-9]{1,6})?\Z")


def with_advice(
    plan: Plan,
    question: Question,
    snapshot: Snapshot,
    *,
    said: Said | None = None,
    seed: bytes = b"",
    tried: Iterable[TargetId] = (),
) -> Question:
    """The question with what the advisor of the plan's rank says of it: ``said``, or its own word where it answers in
    this process and sends nothing (its ``local`` is true). Unchanged where no advisor has a part.

    Raises:
        SettingsError: ``said`` cannot be read, or the policy asks no advisor.
    """
    name = plan.policy.rank.advisor
    if said is not None:
        if name is None:
            what = f"policy {plan.policy.name!r} asks no advisor"
            raise SettingsError(what, where="advice", remedy="leave it out, or rank by one: `rank: heuristic`")
        return replace(question, advice=_said(said, plan.catalog, name))
    if name is None or not consults(plan, question):
        return question
    counsel = advisors.find(name)
    if getattr(counsel.advisor, "local", False) is not True:
        return question
    inquiry = inquiry_of(plan, question, snapshot, seed=seed, tried=frozenset(tried))
    if len(inquiry.targets) < 2:
        return replace(question, advice=Advice(name, failure="unasked"))
    advice = counsel.ask(Consult(name, inquiry, plan.policy.rank.within_ns), "sync", _ignore)
    return replace(question, advice=replace(advice, took_ns=0)) if isinstance(advice, Advice) else question


def _ignore(_error: Exception) -> None:
    """What went wrong stands in the advice."""


def _said(said: Said, catalog: Catalog, advisor: str) -> Advice:
    if isinstance(said, Advice):
        return said
    if isinstance(said, str):
        if said in FAILURES:
            return Advice(advisor, "given", failure=said)
        said = _pairs(said)
    scored = isinstance(said, Mapping)
    entries = said.items() if isinstance(said, Mapping) else ((name, None) for name in said)
    picks = {
        target_id(name, catalog): score(value, f"the advice for {name}") if scored else MICRO - STEP * place
        for place, (name, value) in enumerate(entries)
    }
    return given(advisor, picks)


def given(advisor: str, picks: Mapping[TargetId, int]) -> Advice:
    """An advice that somebody wrote down."""
    ordered: Picks = tuple(sorted(picks.items(), key=lambda pick: (-pick[1], pick[0]))[:MAX_PICKS])
    return Advice(advisor, "given", ordered, None if ordered else "empty")


def _pairs(text: str) -> Mapping[str, Any] | Sequence[str]:
    """``a=0.9,b=0.7``, or ``a,b`` from the best to the worst."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not any("=" in part for part in parts):
        return parts
    pairs = [part.rpartition("=") for part in parts]
    bare = next((score for name, equals, score in pairs if not equals), None)
    if bare is not None:
        raise SettingsError(f"{bare!r} has no score", where="advice", remedy="give all a score, or none: a=0.9,b=0.7")
    return {name.strip(): score.strip() for name, _, score in pairs}


def target_id(name: object, catalog: Catalog) -> TargetId:
    """The id that ``name`` means. Raises SettingsError."""
    if not isinstance(name, str):
        raise SettingsError(f"{name!r} is no name of a target", where="advice", remedy="write provider/model")
    found = name if name in catalog.index else catalog.aliases.get(name)
    if found is None:
        remedy = near_target(catalog, name) or nearest(name, catalog.index)
        failing = f"; or a failure: {', '.join(FAILURES)}"
        raise SettingsError(f"unknown target {name!r}", where="advice", remedy=f"{remedy}{failing}")
    return found


def score(value: Any, what: str) -> int:
    """A score from 0 to 1 in micro-units. Raises SettingsError."""
    text = value if isinstance(value, str) else f"{value:.6f}" if isinstance(value, float) else str(value)
    whole, _, rest = text.strip().partition(".")
    found = int(whole) * MICRO + int(f"{rest:0<6}") if _SCORE.match(text.strip()) else MICRO + 1
    if found > MICRO:
        raise SettingsError(f"{what} is {text!r}", where="advice", remedy="write a score from 0 to 1: 0.85")
    return found
