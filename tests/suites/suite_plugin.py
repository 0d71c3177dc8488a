"""A plugin for the SDKs' own suites: switches Waypost on, twice, before their tests are collected.

``SUITE_SEAM`` names the SDK; without it nothing is done. A run in which nothing is wrapped stops: it would say nothing.

``SUITE_AWAY`` says that every call goes to another vendor. Most generated tests of OpenAI's send a lone developer
message, or a response that OpenAI is to store, and neither exists elsewhere: such calls get a user's turn and
``store=False`` then, so that the types of what comes back can be looked at.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

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
    if os.environ.get("SUITE_AWAY"):
        for colour in ("SyncAPIClient", "AsyncAPIClient"):
            _complete(getattr(importlib.import_module(module), colour))


def _complete(kind: Any) -> None:
    """Put in, above our own wrapper, what a call needs to be understood elsewhere."""
    wrapped = kind.request

    def request(self: Any, *args: Any, **kwargs: Any) -> Any:
        options = args[1] if len(args) > 1 else kwargs["options"]
        if options.method.lower() == "post" and isinstance(options.json_data, dict):
            options.json_data = portable(options.url.partition("?")[0], options.json_data)
        return wrapped(self, *args, **kwargs)

    kind.request = request


def portable(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """The body of a call that another vendor may answer, as far as it does not say otherwise itself."""
    if path == "/chat/completions" and all(each.get("role") != "user" for each in body["messages"]):
        return {**body, "messages": [*body["messages"], {"role": "user", "content": "Hello?"}]}
    return {"store": False, "input": "Hello?", **body} if path == "/responses" else body


def pytest_runtest_setup() -> None:
    """Each test begins in a world that knows nothing: what failed in another one closes no way here."""
    if os.environ.get("SUITE_SEAM"):
        from waypost.adapters.state.memory import MemoryState
        from waypost.runtime import instrument

        instrument.engine().state = MemoryState()


def pytest_report_header() -> str:
    return f"waypost: {os.environ.get('SUITE_SEAM') or 'off'}"
