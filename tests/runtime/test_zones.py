"""The clock that budgets' periods follow."""

from __future__ import annotations

import pytest

from waypost.core.model.ask import period_key
from waypost.core.model.money import NANO
from waypost.errors import SettingsError
from waypost.runtime.settings import read
from waypost.runtime.zones import offset_of


@pytest.mark.parametrize(
    ("zone", "at", "hours"),
    [
        ("UTC", 1_795_219_200, 0),
        ("Europe/Berlin", 1_795_219_200, 1),  # 2026-11-21
        ("Europe/Berlin", 1_782_000_000, 2),  # 2026-06-21
        ("America/New_York", 1_795_219_200, -5),
    ],
)
def test_a_zone_is_ahead_by_its_own_rules(zone: str, at: int, hours: int) -> None:
    """Summer time too, and west of Greenwich."""
    assert offset_of(zone, "")(at * NANO) == hours * 3_600 * NANO


def test_a_day_begins_at_the_zones_midnight() -> None:
    """23:30 UTC of the 20th is half past midnight of the 21st in Berlin."""
    at_ns = 1_795_217_400 * NANO
    assert period_key("day", at_ns) == "2026-11-20"
    assert period_key("day", at_ns, offset_of("Europe/Berlin", "")(at_ns)) == "2026-11-21"


@pytest.mark.parametrize("zone", ["Europe/Berlinn", "../etc/passwd", "Europe", "\0"])
def test_an_unknown_zone_is_an_error_of_the_settings(zone: str) -> None:
    """It names the variable, and what to write instead."""
    with pytest.raises(SettingsError, match=r"WAYPOST_TIME_ZONE: .*Europe/Berlin"):
        read({"WAYPOST_TIME_ZONE": zone})


def test_without_a_setting_it_is_utc() -> None:
    """An empty variable says nothing."""
    assert [read(env).time_zone for env in ({}, {"WAYPOST_TIME_ZONE": ""}, {"WAYPOST_TIME_ZONE": "Asia/Tokyo"})] == [
        "UTC",
        "UTC",
        "Asia/Tokyo",
    ]
