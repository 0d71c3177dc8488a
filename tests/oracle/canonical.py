"""Canonical form v1 and its fingerprint, written from docs/vectors.md: one byte string for one meaning."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence

SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def canonical(value: object) -> bytes:
    """The bytes of ``value``; ``TypeError`` for anything but null, booleans, integers, text, lists and objects."""
    return _text(value).encode("utf-8")


def fingerprint(value: object) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()


def _text(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        members = sorted((unicodedata.normalize("NFC", key), item) for key, item in value.items())
        return "{" + ",".join(f"{_quoted(key)}:{_text(item)}" for key, item in members) + "}"
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return "[" + ",".join(_text(item) for item in value) + "]"
    raise TypeError(type(value).__name__)


def _quoted(text: str) -> str:
    """As is, but for quote, backslash and the control characters below U+0020."""
    return '"' + "".join(_char(char) for char in unicodedata.normalize("NFC", text)) + '"'


def _char(char: str) -> str:
    if char in SHORT:
        return SHORT[char]
    return f"\\u{ord(char):04x}" if ord(char) < 0x20 else char
