"""Budgets that have come to one of their thresholds: measured every time, said once."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol
from weakref import WeakKeyDictionary

from waypost.core.model.ask import Level
from waypost.core.model.money import format_usd

log = logging.getLogger("waypost")

MAX_SAID = 1_000


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
