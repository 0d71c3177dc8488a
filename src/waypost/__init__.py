"""OpenTelemetry-native, in-process routing for LLM calls, with a receipt for every decision.

    from waypost import auto_instrument
    auto_instrument()

Everything below is imported when it is first used, so that importing Waypost costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from waypost._version import __version__

if TYPE_CHECKING:
    from waypost import policy as policy
    from waypost.runtime.context import context as context
    from waypost.runtime.context import suppress as suppress
    from waypost.runtime.instrument import auto_instrument as auto_instrument
    from waypost.runtime.instrument import clear_override as clear_override
    from waypost.runtime.instrument import feedback as feedback
    from waypost.runtime.instrument import flush as flush
    from waypost.runtime.instrument import override as override
    from waypost.runtime.instrument import receipt as receipt
    from waypost.runtime.instrument import reload as reload
    from waypost.runtime.instrument import uninstrument as uninstrument
    from waypost.runtime.instrument import use as use
    from waypost.runtime.receipts import Receipt as Receipt
    from waypost.surfaces import testing as testing

_HOMES = {
    "auto_instrument": "waypost.runtime.instrument",
    "uninstrument": "waypost.runtime.instrument",
    "flush": "waypost.runtime.instrument",
    "receipt": "waypost.runtime.instrument",
    "feedback": "waypost.runtime.instrument",
    "reload": "waypost.runtime.instrument",
    "override": "waypost.runtime.instrument",
    "clear_override": "waypost.runtime.instrument",
    "use": "waypost.runtime.instrument",
    "context": "waypost.runtime.context",
    "suppress": "waypost.runtime.context",
    "Receipt": "waypost.runtime.receipts",
}
_MODULES = {"testing": "waypost.surfaces.testing", "policy": "waypost.policy"}

__all__ = [
    "Receipt",
    "__version__",
    "auto_instrument",
    "clear_override",
    "context",
    "feedback",
    "flush",
    "override",
    "policy",
    "receipt",
    "reload",
    "suppress",
    "testing",
    "uninstrument",
    "use",
]


def __getattr__(name: str) -> Any:
    import importlib

    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'waypost' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
