"""The clock that budgets' days, weeks and months follow."""

from __future__ import annotations

from collections.abc import Callable

from waypost.core.model.money import NANO
from waypost.errors import SettingsError

UTC = "UTC"


def offset_of(zone: str, where: str) -> Callable[[int], int]:
    """How many nanoseconds the clock of ``zone`` (``Europe/Berlin``) is ahead of UTC at a time in epoch nanoseconds.

    Raises:
        SettingsError: this machine knows no such zone; ``where`` names who says it.
    """
    if zone == UTC:
        return lambda _: 0
    from datetime import datetime  # only who asks for a zone pays for the tables
    from zoneinfo import ZoneInfo

    try:
        info = ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        remedy = "give a name such as Europe/Berlin; where the machine has no zones, install tzdata"
        raise SettingsError(f"{zone!r} is no time zone here", where=where, remedy=remedy) from error

    def offset_ns(at_ns: int) -> int:
        ahead = datetime.fromtimestamp(at_ns // NANO, info).utcoffset()
        return 0 if ahead is None else (ahead.days * 86_400 + ahead.seconds) * NANO

    return offset_ns
