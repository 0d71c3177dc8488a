"""AES-256-GCM over compressed data, by the library `cryptography` (extra ``content``, ADR 0013)."""

from __future__ import annotations

import os
import zlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12
MOST = 128_000_000
"""No data are unpacked beyond that: they were written by us, and are smaller."""


def seal(data: bytes, key: bytes, *, bound: str) -> bytes:
    """``data`` sealed under a key of 32 bytes; it opens only with the same ``bound``."""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, zlib.compress(data), _associated(bound))


def unseal(sealed: bytes, key: bytes, *, bound: str) -> bytes | None:
    """What was sealed; ``None`` where this is not it."""
    try:
        packed = AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], _associated(bound))
        return zlib.decompressobj().decompress(packed, MOST)
    except (InvalidTag, zlib.error, ValueError):
        return None


def _associated(bound: str) -> bytes:
    return f"waypost content/v1 {bound}".encode()
