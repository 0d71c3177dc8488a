"""Failures that a provider answers to an account: of a lent client they say nothing about the endpoint to others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from waypost.core.model.outcome import Attempt, Failure, FailureKind
from waypost.core.model.target import Target, TargetId
from waypost.core.routing.prepare import Stage

OF_AN_ACCOUNT: Final[frozenset[FailureKind]] = frozenset({"auth", "rate_limited", "not_found", "bad_request"})
"""A bad key, too much of it or no credit left, no access to a model, an account that is not set up."""


def is_own(stage: Stage, target: Target | None, failure: Failure | None) -> bool:
    """Whether ``failure`` at ``target`` is of the client's account that the call was lent."""
    if not stage.call.lent or target is None or failure is None or failure.kind not in OF_AN_ACCOUNT:
        return False
    # At home it was the caller's own client that was asked.
    return target.endpoint in stage.call.lent and target.endpoint != stage.call.origin.endpoint


def of_everybody(stage: Stage, attempts: Iterable[Attempt]) -> tuple[Attempt, ...]:
    """The attempts that the world may learn from."""
    if not stage.call.lent:
        return tuple(attempts)
    get = stage.plan.catalog.get
    return tuple(one for one in attempts if one.target is None or not is_own(stage, get(one.target), one.failure))


def at(stage: Stage, endpoint: str) -> frozenset[TargetId]:
    """The targets of an endpoint."""
    return frozenset(target.id for target in stage.plan.catalog.targets if target.endpoint == endpoint)
