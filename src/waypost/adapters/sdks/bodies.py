"""A whole native answer as plain data, taken before the caller gets it: the caller may change what it gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from waypost.adapters.sdks.native import DECISION, response_under

_OURS = frozenset((DECISION, "sdk_http_response"))


def body_of(value: Any) -> Any:
    """What a native answer says, in containers of its own; bytes where it is a response whose body has been read."""
    if {"headers", "body"} <= getattr(type(value), "model_fields", {}).keys():  # an HTTP response of Google's SDK
        return (value.body or "").encode("utf-8", "replace")
    response = response_under(value)
    if response is None:
        return plain(value)
    return bytes(response.content) if response.is_closed or response.is_stream_consumed else None


def plain(value: Any) -> Any:
    """Models and containers as dicts and lists, all the way down; what cannot be changed as it is."""
    if isinstance(value, str | int | float | bool | None):
        return value
    if hasattr(type(value), "model_fields"):
        value = {**value.__dict__, **(value.__pydantic_extra__ or {})}
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items() if name not in _OURS}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bytes | bytearray):
        return f"<{len(value):,} bytes>"
    return str(value)
