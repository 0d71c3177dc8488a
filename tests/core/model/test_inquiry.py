"""What of an advisor's answer counts."""

from __future__ import annotations

from typing import Any

import pytest

from waypost.core.model.inquiry import MAX_PICKS, picked

KNOWN = ("a/one", "a/two", "b/three")


def test_picks_are_sorted_and_bounded() -> None:
    """The best first, ties by id, each once, scores within 0..1, and nobody who was not asked about."""
    said = [("b/three", 5), ("a/two", 2_000_000), ("gone/x", 9), ("a/one", 5), ("b/three", 7), ("a/one", -3)]
    assert picked(said, KNOWN) == (("a/two", 1_000_000), ("a/one", 5), ("b/three", 5))
    assert picked([("a/one", -3)], KNOWN) == (("a/one", 0),)


def test_only_so_many_are_kept() -> None:
    """Each of them stands on the receipt."""
    ids = [f"a/m{number:03}" for number in range(40)]
    assert [target for target, _ in picked(((name, 1) for name in ids), ids)] == ids[:MAX_PICKS]


@pytest.mark.parametrize("said", [[("a/one", 0.5)], [("a/one", True)], [(1, 1)], ["a/one"], [("a/one",)], 5, [None]])
def test_what_is_not_made_of_picks_is_refused(said: Any) -> None:
    """A float, a name alone, or no list at all: told, so that it is noticed."""
    with pytest.raises((TypeError, ValueError)):
        picked(said, KNOWN)
