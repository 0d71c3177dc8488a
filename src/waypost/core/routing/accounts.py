"""Failures that a provider answers to an account: they say nothing about the endpoint to who has another there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from waypost.core.model.outcome import Attempt, Failure, FailureKind
from waypost.core.model.target import Target, TargetId
from waypost.core.routing.prepare import Stage

OF_AN_ACCOUNT: Final[frozenset[FailureKind]] = frozenset({"auth", "rate_limited", "not_found", "bad_request"})
"""A bad key, too much of it or no credit left, no access to a model, an account that is not set up."""


OF_THE_CALLER: Final = OF_AN_ACCOUNT - {"rate_limited"}
"""The same of the caller's own client; that there is too much of it is told to others, who mostly share its account."""


def is_own(stage: Stage, target: Target | None, failure: Failure | None) -> bool:
    """Whether ``failure`` at ``target`` is of the account of the caller's client, or of one that the call was lent."""
    if target is None or failure is None:
        return False
    if target.endpoint == stage.call.origin.endpoint:
        return failure.kind in OF_THE_CALLER
    return target.endpoint in stage.call.lent and failure.kind in OF_AN_ACCOUNT


def of_everybody(stage: Stage, attempts: Iterable[Attempt]) -> tuple[Attempt, ...]:
    """The attempts that the world may learn from."""
    attempts = tuple(attempts)
    if all(one.failure is None for one in attempts):
        return attempts
    get = stage.plan.catalog.get
    return tuple(one for one in attempts if one.target is None or not is_own(stage, get(one.target), one.failure))


def at(stage: Stage, endpoint: str) -> frozenset[TargetId]:
    """The targets of an endpoint."""
    return frozenset(target.id for target in stage.plan.catalog.targets if target.endpoint == endpoint)
