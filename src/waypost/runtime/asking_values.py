"""One value of a feature as somebody writes it, in YAML, in JSON or on a command line. All raise SettingsError."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from waypost.core.policy.fields import FIELDS, nearest
from waypost.errors import SettingsError
from waypost.runtime.feature_names import known_words


def tokens(value: Any) -> dict[str, Any]:
    """``1200``, ``[1200, 300]``, ``"1200:300"`` or ``{input: ..., output: ...}``."""
    if isinstance(value, Mapping):
        return {f"tokens.{side}": count for side, count in value.items()}
    parts = value.split(":") if isinstance(value, str) else value if isinstance(value, list | tuple) else [value]
    if len(parts) > 2:
        raise SettingsError(f"{value!r} is no pair", where="tokens", remedy="give input, or input and output")
    return dict(zip(("tokens.input", "tokens.output"), parts, strict=False))


def count(key: str, value: Any) -> int:
    """A count as a number, or as text such as ``8k`` and ``1M``."""
    found: int | None = value if isinstance(value, int) and not isinstance(value, bool) else None
    if isinstance(value, str):
        digits, scale = value.strip().replace("_", ""), 1
        if digits[-1:] in ("k", "M"):
            digits, scale = digits[:-1], 1_000 if digits[-1] == "k" else 1_000_000
        if digits.isascii() and digits.isdigit() and len(digits) < 16:
            found = int(digits) * scale
    if found is None or not 0 <= found <= 2**53:
        raise SettingsError(f"{value!r} is not a count", where=key, remedy="give a whole number such as 1200 or 8k")
    return found


def word(key: str, value: Any) -> str:
    """A word that the field ``key`` can have."""
    field = FIELDS[key]
    words = known_words(key)
    if isinstance(value, str) and (field.can_be(value) if field.values else not words or value in words):
        return value
    raise SettingsError(f"it is never {value!r}", where=key, remedy=nearest(str(value), words))


def listed(key: str, value: Any) -> list[str]:
    """A list of words, or their comma-separated text."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list | tuple | set | frozenset) or not all(isinstance(item, str) for item in items):
        raise SettingsError(f"{value!r} is no list of words", where=key, remedy="give [a, b] or a,b")
    return list(dict.fromkeys(text for item in items if (text := item.strip())))


def flag(keys: Mapping[str, Any], key: str, *, default: bool) -> bool:
    """``keys[key]`` as true or false."""
    value = keys.get(key, default)
    if value in ("true", "false"):
        return bool(value == "true")
    if not isinstance(value, bool):
        raise SettingsError(f"{value!r} is neither true nor false", where=key, remedy="give true or false")
    return value


def text(keys: Mapping[str, Any], key: str) -> str | None:
    """``keys[key]`` as text; ``None`` where it is absent or empty."""
    value = keys.get(key)
    if value is not None and not isinstance(value, str):
        raise SettingsError(f"{value!r} is no text", where=key, remedy="give a name")
    return value or None
