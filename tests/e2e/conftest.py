"""Fixtures of the end-to-end tests."""

from e2e.backends import stack

__all__ = ["stack"]
