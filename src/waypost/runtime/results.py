"""Which receipt a native result belongs to, without a mark on the result.

Results are found by identity while they live, by the HTTP response under them, and by the id in the answer.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from waypost.adapters.sdks.native import is_model

_BELOW = ("http_response", "response", "_raw_stream", "_response")


class Results:
    """Weak: an entry goes with its result."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[Any], str]] = {}

    def remember(self, value: Any, receipt: str) -> None:
        """``value`` and what stands under it belong to ``receipt``; values that cannot be referred to are left out."""
        for item in _layers(value):
            key = id(item)
            try:
                reference = weakref.ref(item, self._forget(key))
            except TypeError:
                continue
            self._known[key] = (reference, receipt)

    def _forget(self, key: int) -> Callable[[weakref.ref[Any]], object]:
        known = self._known
        return lambda _: known.pop(key, None)

    def find(self, value: Any) -> str | None:
        for item in _layers(value):
            entry = self._known.get(id(item))
            if entry is not None and entry[0]() is item:
                return entry[1]
        return None


def _layers(value: Any) -> list[Any]:
    """The value, and the responses and raw streams that it stands on; a parsed answer stands on nothing."""
    out = [value]
    if is_model(value):
        return out
    for item in out:
        if len(out) > 6 or isinstance(item, str | bytes | int | dict | list | None.__class__):
            continue
        for name in _BELOW:
            below = getattr(item, "__dict__", {}).get(name)
            if below is None and name == "http_response":
                below = getattr(item, name, None) if hasattr(type(item), name) else None
            if below is not None and not any(below is known for known in out):
                out.append(below)
    return out


def response_id(value: Any) -> str | None:
    """The receipt that an answer's headers name, or the id that a provider gave to it, for results that were made from
    one we saw."""
    if isinstance(value, dict):
        found = value.get("id")
    else:
        under = getattr(value, "sdk_http_response", None)
        headers = getattr(under, "headers", None) or {}
        found = headers.get("x-waypost-receipt") or getattr(value, "id", None)
    return found if isinstance(found, str) else None
