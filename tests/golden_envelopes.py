"""Envelopes in golden pairs, made by hand: the format is written here a second time, from its description alone.

A text ``envelope:`` and the JSON array that is in it stands for the envelope.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any


def envelope(said: str) -> str:
    """``waypost1``, and base64url of 6 bytes of BLAKE2b and the array, which blanks make a multiple of 3 long."""
    data = said.encode()
    while len(data) % 3:
        data += b" "
    return "waypost1" + base64.urlsafe_b64encode(hashlib.blake2b(data, digest_size=6).digest() + data).decode()


def expanded(value: Any) -> Any:
    """``value`` with its envelopes."""
    if isinstance(value, dict):
        return {name: expanded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [expanded(item) for item in value]
    if isinstance(value, str) and value.startswith("envelope:"):
        return envelope(value.removeprefix("envelope:"))
    return value
