"""Canonical form v1: one byte string for one meaning, and its fingerprint.

UTF-8 in NFC, keys sorted by code point, no white space, integers only. A float is refused, because two machines
may print it differently. Fingerprints are sha256 of the canonical bytes, as lower-case hex.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TypeAlias

JSON: TypeAlias = "None | bool | int | str | Sequence[JSON] | Mapping[str, JSON]"

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False).encode


def canonical(value: JSON) -> bytes:
    """The canonical bytes of ``value``.

    Raises:
        TypeError: a float, or a type JSON does not have, is inside; the message has the path.
        ValueError: two keys of one mapping are equal after normalisation.
    """
    return _encode(_normal(value, "$")).encode()


def fingerprint(value: JSON) -> str:
    """sha256 over the canonical bytes, 64 hex digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _plain_words(value: Sequence[JSON]) -> bool:
    """Whether all are ASCII text, as in the long lists of targets that a document may have; then they are normal."""
    try:
        return "".join(value).isascii()  # type: ignore[arg-type]
    except TypeError:
        return False


def _normal(value: JSON, path: str) -> JSON:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return value if value.isascii() else unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        out: dict[str, JSON] = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"{path}: canonical form has text keys only, not {type(key).__name__}")
            name = unicodedata.normalize("NFC", key)
            if name in out:
                raise ValueError(f"{path}: two keys are both {name!r} after normalisation")
            out[name] = _normal(item, f"{path}.{name}")
        return out
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        if _plain_words(value):
            return value
        return [_normal(item, f"{path}[{index}]") for index, item in enumerate(value)]
    raise TypeError(f"{path}: canonical form has no {type(value).__name__}")
