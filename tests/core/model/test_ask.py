"""Period keys: the calendar in integers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.core.model.ask import Place, period_key
from waypost.core.model.money import NANO


@given(st.datetimes(datetime(1970, 1, 1), datetime(2999, 12, 31)), st.integers(-14 * 3600, 14 * 3600))
def test_periods_are_those_of_the_calendar(at: datetime, ahead: int) -> None:
    """Days, weeks from Monday and months as the standard library has them, in any zone."""
    at_ns = int((at.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(seconds=1)) * NANO
    local = at.replace(microsecond=0) + timedelta(seconds=ahead)
    monday = local - timedelta(days=local.weekday())
    offset = ahead * NANO
    assert period_key("day", at_ns, offset) == local.strftime("%Y-%m-%d")
    assert period_key("month", at_ns, offset) == local.strftime("%Y-%m")
    assert period_key("week", at_ns, offset) == monday.strftime("%Y-%m-%d")


def test_a_week_begins_on_monday_at_midnight() -> None:
    """2026-11-23 is a Monday: one nanosecond before it is still the week before."""
    midnight = 1_795_392_000 * NANO
    assert [period_key("week", midnight + by) for by in (-1, 0)] == ["2026-11-16", "2026-11-23"]


def test_a_place_has_a_value_for_each_scope_of_a_candidate() -> None:
    """A scope of the call is none of its."""
    place = Place("azure/gpt-4o@eu", "azure-eu", "azure")
    assert [place.value(scope) for scope in ("target", "endpoint", "provider")] == [  # type: ignore[arg-type]
        "azure/gpt-4o@eu",
        "azure-eu",
        "azure",
    ]
    with pytest.raises(ValueError, match="call"):
        place.value("call")
