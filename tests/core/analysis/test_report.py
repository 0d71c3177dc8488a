"""Sums in groups, and a rollout's control group."""

from __future__ import annotations

from statistics import NormalDist

import pytest

from waypost.core.analysis.report import LEAST, Spend, holdbacks, rows, total


def spend(cost: int | None, group: str = "a", **more: object) -> Spend:
    return Spend(group, "p", cost, more.pop("requested", None), more.pop("baseline", None), **more)  # type: ignore[arg-type]


def test_a_baseline_is_compared_with_the_same_calls_only() -> None:
    """S6.07, S6.08: an unpriced call is in neither side of a comparison, and is counted."""
    found = total([
        spend(10, requested=30, baseline=40),
        spend(5, requested=None, baseline=10),
        spend(None, requested=99, baseline=99),
        spend(7, failed=True, hops=3),
    ])  # fmt: skip
    assert (found.calls, found.failed, found.fell_back, found.unpriced) == (4, 1, 1, 1)
    assert (found.cost, found.requested, found.of_requested) == (22, 30, 10)
    assert (found.baseline, found.of_baseline) == (50, 15)


def test_the_dearest_group_comes_first() -> None:
    """Who asks where the money went reads from the top."""
    found = rows([spend(1, "b"), spend(1, "a"), spend(5, "c"), spend(4, "b")])
    assert [(row.group, row.cost) for row in found] == [("b", 5), ("c", 5), ("a", 1)]


def test_a_rollout_is_measured_against_its_control() -> None:
    """S2.18: means of both sides, and the interval of their difference as any textbook has it."""
    routed = [spend(100 + place % 3, controlled=False) for place in range(60)]
    control = [spend(200 + place % 5, controlled=True) for place in range(40)]
    (found,) = holdbacks([*routed, *control, spend(9_999), spend(9_999, failed=True, controlled=True)])
    assert (found.routed, found.control) == (60, 40)
    assert (found.routed_mean, found.control_mean, found.difference) == (101.0, 202.0, -101.0)
    spread = 40 / 59 / 60 + 80 / 39 / 40
    reach = NormalDist().inv_cdf(0.975) * spread**0.5
    assert found.low == pytest.approx(-101 - reach)
    assert found.high == pytest.approx(-101 + reach)
    assert found.says == "saves"


def test_without_a_difference_none_is_claimed() -> None:
    """An interval that holds zero says nothing, and a small group has none."""
    same = [spend(100 + place % 7, controlled=bool(place % 2)) for place in range(4 * LEAST)]
    assert holdbacks(same)[0].says == "open"
    few = same[: LEAST + 4]
    assert (holdbacks(few)[0].low, holdbacks(few)[0].says) == (None, "few")
    assert holdbacks([spend(1, controlled=True)]) == ()
    dear = [spend(300 if place % 2 else 100 + place % 3, controlled=not place % 2) for place in range(100)]
    assert holdbacks(dear)[0].says == "costs"
