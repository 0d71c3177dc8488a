"""Fixtures of the tests of the runtime."""

from process_site import site

__all__ = ["site"]
