"""The beginning of a stream of bytes, up to a limit; what is beyond it is only counted."""

from __future__ import annotations


class Tape:
    """``data`` is what was taken, ``beyond`` how many bytes came after it."""

    __slots__ = ("_parts", "_seen", "_size", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._seen = 0

    def take(self, whole: bytes, again: int) -> None:
        """Take ``whole``, without its beginning that was taken before; its last ``again`` bytes will come again."""
        fresh = len(whole) - self._seen
        if self._size < self.limit and fresh > 0:
            self._parts.append(whole[self._seen : self._seen + self.limit - self._size])
        self._size += fresh
        self._seen = again

    @property
    def data(self) -> bytes:
        return b"".join(self._parts)

    @property
    def beyond(self) -> int:
        return max(self._size - self.limit, 0)
