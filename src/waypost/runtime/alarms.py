"""What is said once: budgets that have come to one of their thresholds, the policy of calls that match none, and
servers that nobody knows."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import local
from typing import TYPE_CHECKING, Protocol, TypeAlias
from weakref import WeakKeyDictionary

from waypost.core.model.ask import Level
from waypost.core.model.money import format_usd
from waypost.core.policy.choose import last_resort
from waypost.core.policy.tree import Policy

if TYPE_CHECKING:
    from waypost.runtime.bundle import Bundle

log = logging.getLogger("waypost")

Key: TypeAlias = tuple[str, str, int, str, str]
MAX_SAID = 1_000
NAMED = ("department", "workflow")
"""Scopes whose values are no persons, and are told."""
ACTIONS = {
    "warn": "a warning",
    "downgrade": "a lower tier from here on",
    "fail": "calls are refused from here on",
}
UNMATCHED_REMEDY = "put a policy without `match` behind it, such as the packaged `default`"


def unmatched(last: Policy) -> str:
    """That every policy has a ``match``, and which one decides nevertheless."""
    return f"every policy has a `match`: calls that match none are decided by the last one, {last.name!r}"


class Unmatched:
    """Says of a bundle that its last policy decides what none was written for, once for each such policy."""

    def __init__(self) -> None:
        self._said: str | None = None

    def note(self, bundle: Bundle) -> None:
        last = last_resort([plan.policy for plan in bundle.routes.plans])
        if last is not None and last.name != self._said:
            self._said = last.name
            log.warning("%s; %s", unmatched(last), UNMATCHED_REMEDY)


class Strangers:
    """Says of a server that the catalog does not know that ``auto`` went there as it is, once for each."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def note(self, host: str, model: str) -> None:
        if host in self._said or len(self._said) >= MAX_SAID:
            return
        self._said.add(host)
        log.warning(
            "model %r was sent to %s as it is, because no endpoint of the catalog is there; to have such calls routed, "
            "put it under `endpoints` of a catalog of your own. Said once for each host.",
            model,
            host,
        )


class Gauge(Protocol):
    """Who measures how far budgets are used."""

    def budgets(self, policy: str, levels: Sequence[Level]) -> None: ...


_said: WeakKeyDictionary[Gauge, OrderedDict[Key, None]] = WeakKeyDictionary()


class _Noting(local):
    """Whether this thread is in `note`."""

    now = False


_noting = _Noting()


def note(gauge: Gauge, policy: str, levels: Sequence[Level], defer: Callable[..., object]) -> None:
    """Measure, and log a warning for each threshold, once for each period, and of departments and workflows for each.

    Nobody is named: any other value of a scope may be a person, and then only the first of them is told. A finaliser
    that comes in the middle of this has it done later, by ``defer``: OpenTelemetry's locks let nobody in twice.
    """
    if _noting.now:
        defer(note, gauge, policy, levels, defer)
        return
    _noting.now = True
    try:
        gauge.budgets(policy, levels)
        for level in levels:
            for ppm, action in level.reached:
                _say(_said.setdefault(gauge, OrderedDict()), policy, level, (ppm, action))
    finally:
        _noting.now = False


def _say(said: OrderedDict[Key, None], policy: str, level: Level, threshold: tuple[int, str]) -> None:
    account, (ppm, action) = level.account, threshold
    scope = account.key.partition("/")[0]
    key = (policy, account.key, ppm, level.period, account.value if scope in NAMED else "")
    if key in said:
        return
    said[key] = None
    while len(said) > MAX_SAID:
        said.popitem(last=False)
    log.warning(
        "budget %s of policy %s has reached %d %%%s, %s: %s of %s in %s. Said once a period.",
        account.key,
        policy,
        ppm // 10_000,
        _whose(scope, account.value),
        ACTIONS.get(action, f"tier {action} from here on"),
        format_usd(level.used),
        format_usd(account.limit),
        level.period,
    )


def _whose(scope: str, value: str) -> str:
    if scope in ("all", "policy"):
        return ""
    if not value:
        return f" for calls without a {scope}"
    return f" for {scope} {value}" if scope in NAMED else f" for one {scope}"
