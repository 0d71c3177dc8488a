"""A plugin for the SDKs' own suites: switches Waypost on, twice, before their tests are collected.

``SUITE_SEAM`` names the SDK; without it nothing is done. A run in which nothing is wrapped stops: it would say nothing.
"""

from __future__ import annotations

import importlib
import os

import pytest

SEAMS = {
    "openai": ("openai._base_client", "SyncAPIClient", "request"),
    "anthropic": ("anthropic._base_client", "SyncAPIClient", "request"),
    "google": ("google.genai._api_client", "BaseApiClient", "request"),
}


def pytest_configure() -> None:
    name = os.environ.get("SUITE_SEAM")
    if not name:
        return
    import waypost

    waypost.auto_instrument()
    waypost.auto_instrument()
    module, kind, method = SEAMS[name]
    wrapped = vars(getattr(importlib.import_module(module), kind))[method]
    if not getattr(wrapped, "_waypost_wrapped", False):
        raise pytest.UsageError(f"nothing of {name} is wrapped")


def pytest_runtest_setup() -> None:
    """Each test begins in a world that knows nothing: what failed in another one closes no way here."""
    if os.environ.get("SUITE_SEAM"):
        from waypost.adapters.state.memory import MemoryState
        from waypost.runtime import instrument

        instrument.engine().state = MemoryState()


def pytest_report_header() -> str:
    return f"waypost: {os.environ.get('SUITE_SEAM') or 'off'}"
