"""Helpers for tests of applications that use Waypost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from waypost.errors import SettingsError
from waypost.runtime.instrument import engine


@contextmanager
def strict() -> Iterator[None]:
    """Inside the block whatever breaks in Waypost raises, in place of failing open.

    Raises:
        SettingsError: Waypost is not switched on.
    """
    found = engine()
    if found is None:
        raise SettingsError(
            "Waypost is not switched on", where="waypost.testing.strict", remedy="call waypost.auto_instrument() first"
        )
    before = found.faults.strict
    found.faults.strict = True
    try:
        yield
    finally:
        found.faults.strict = before
