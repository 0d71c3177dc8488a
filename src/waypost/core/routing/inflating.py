"""Bytes that the transport has not decoded yet, made plain for who only looks at them."""

from __future__ import annotations

import zlib
from collections.abc import Callable


class Inflating:
    """A decompressor that never raises; nothing is seen of an encoding that we do not know."""

    __slots__ = ("_inflate", "broken")

    def __init__(self, encoding: str) -> None:
        self.broken = False
        """Whether the bytes are not what their encoding says: who reads them is told so by the SDK."""
        self._inflate: Callable[[bytes], bytes] | None = None
        match encoding:
            case "gzip":
                self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress
            case "deflate":
                self._inflate = zlib.decompressobj().decompress

    def feed(self, data: bytes) -> bytes:
        """``data`` as it is meant, as far as it can be read."""
        if self._inflate is None:
            return b""
        try:
            return self._inflate(data)
        except zlib.error:
            self.broken = True
            return b""


def inflating(encoding: str | None) -> Inflating | None:
    """The decompressor for a ``content-encoding``; ``None`` where there is nothing to do."""
    name = (encoding or "identity").lower()
    return None if name in ("identity", "") else Inflating(name)
