"""What is said once: budgets that have come to one of their thresholds, and the policy of calls that match none."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

from waypost.core.model.ask import Level
from waypost.core.model.money import format_usd
from waypost.core.policy.choose import last_resort
from waypost.core.policy.tree import Policy

if TYPE_CHECKING:
    from waypost.runtime.bundle import Bundle

log = logging.getLogger("waypost")

MAX_SAID = 1_000
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


class Gauge(Protocol):
    """Who measures how far budgets are used."""

    def budgets(self, policy: str, levels: Sequence[Level]) -> None: ...


_said: WeakKeyDictionary[Gauge, OrderedDict[tuple[str, str, int, str], None]] = WeakKeyDictionary()


def note(gauge: Gauge, policy: str, levels: Sequence[Level]) -> None:
    """Measure, and log a warning for each threshold whose action is ``warn``, once for each period.

    Nobody is named: the value of a scope may be a person.
    """
    gauge.budgets(policy, levels)
    for level in levels:
        for ppm, action in level.reached:
            if action == "warn":
                _say(_said.setdefault(gauge, OrderedDict()), policy, level, ppm)


def _say(said: OrderedDict[tuple[str, str, int, str], None], policy: str, level: Level, ppm: int) -> None:
    account = level.account
    key = (policy, account.key, ppm, level.period)
    if key in said:
        return
    said[key] = None
    while len(said) > MAX_SAID:
        said.popitem(last=False)
    log.warning(
        "budget %s of policy %s has reached %d %%: %s of %s in %s. Said once a period.",
        account.key,
        policy,
        ppm // 10_000,
        format_usd(level.used),
        format_usd(account.limit),
        level.period,
    )
