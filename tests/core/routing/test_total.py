"""What a call cost in all, where more than one attempt was billed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from receipt_cases import ANSWERED
from waypost.core.model.outcome import UNPRICED, Cost, CostBasis
from waypost.core.routing.settle import total


def bills(*costs: tuple[int | None, CostBasis]) -> Cost:
    return total([replace(ANSWERED, cost=Cost(amount, basis, (), "2026-01-01")) for amount, basis in costs])


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ([(5, "computed"), (7, "computed")], Cost(12, "computed", (), "2026-01-01")),
        ([(5, "estimated"), (7, "computed")], Cost(12, "estimated", (), "2026-01-01")),
        ([(5, "computed"), (7, "estimated")], Cost(12, "estimated", (), "2026-01-01")),
        ([(5, "computed"), (0, "local")], Cost(5, "computed", (), "2026-01-01")),
        ([(None, "unpriced"), (7, "computed")], UNPRICED),
        ([], UNPRICED),
    ],
)
def test_a_sum_is_as_sure_as_its_least_sure_part(costs: list[tuple[int | None, CostBasis]], expected: Cost) -> None:
    """A stream that broke is billed by our own count of tokens: what the next attempt was told does not change that."""
    assert bills(*costs) == expected


def test_one_bill_stays_as_it_is() -> None:
    """With its lines."""
    assert total([ANSWERED]) == ANSWERED.cost
