"""Helpers for building and testing Waypost. None of them is part of the wheel."""
