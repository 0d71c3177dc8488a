"""Bytes that the transport has not decoded yet, made plain for who only looks at them."""

from __future__ import annotations

import zlib
from collections.abc import Callable


def inflating(encoding: str | None) -> Callable[[bytes], bytes] | None:
    """A decompressor for what the transport has not decoded; nothing is observed of an encoding we do not know."""
    match (encoding or "identity").lower():
        case "identity" | "":
            return None
        case "gzip":
            inflate = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress
        case "deflate":
            inflate = zlib.decompressobj().decompress
        case _:
            return lambda _: b""

    def safe(data: bytes) -> bytes:
        try:
            return inflate(data)
        except zlib.error:  # the caller's SDK will say so natively; here it only means that nothing is observed
            return b""

    return safe
