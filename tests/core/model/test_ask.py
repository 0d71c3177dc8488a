"""Period keys: the calendar in integers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.core.model.ask import Place, minute_of, period_end, period_key
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


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2999, 12, 1)),
    st.integers(-14 * 60, 14 * 60),
    st.sampled_from(["day", "week", "month"]),
)
def test_a_period_ends_where_the_next_one_begins(at: datetime, ahead: int, period: Any) -> None:
    """One nanosecond before its end it is still the same, and at its end another."""
    at_ns = int((at.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(seconds=1)) * NANO
    offset = ahead * 60 * NANO
    end = period_end(period, at_ns, lambda _: offset)
    own = period_key(period, at_ns, offset)
    assert at_ns < end
    assert period_key(period, end - 1, offset) == own
    assert period_key(period, end, offset) != own


def test_a_period_ends_at_the_midnight_of_the_clock_that_holds_then() -> None:
    """Summer time ends in between: the day has 25 hours."""
    hour, day = 3_600 * NANO, 86_400 * NANO
    change = 1_792_890_000 * NANO  # 2026-10-25T01:00Z, Berlin's clocks go back

    def berlin(at_ns: int) -> int:
        return hour if at_ns >= change else 2 * hour

    begun = change - 3 * hour  # 2026-10-25T00:00 in Berlin
    assert period_end("day", begun, berlin) == begun + day + hour
    assert minute_of(begun + day + hour) == "2026-10-25T23:00Z"


@given(st.datetimes(datetime(1970, 1, 1), datetime(2999, 12, 31)))
def test_minutes_are_those_of_the_calendar(at: datetime) -> None:
    """As the standard library writes them."""
    at_ns = int((at.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(seconds=1)) * NANO
    assert minute_of(at_ns) == at.strftime("%Y-%m-%dT%H:%MZ")


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
