"""Reasoning that is kept for calls of tools, in this process alone.

Chat completions has no room for state of a model's reasoning, so what another provider handed out with a call of a
tool is held here until its result comes. It is in memory only: nothing of it survives the process, and another process
does not have it. What was not asked back for longest goes first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Final

from waypost.core.model.conversation import Reasoning

ENTRIES: Final = 4_096
"""How many calls have something kept for them at most."""

BYTES: Final = 33_554_432
"""How many characters are kept at most, each of which is a byte in nearly all that is kept."""


class ReasoningMemory:
    """A `waypost.core.routing.ports.Memory`. Its lock is held for a look into a table, never while anything waits."""

    def __init__(self, entries: int = ENTRIES, limit: int = BYTES) -> None:
        self._entries = entries
        self._limit = limit
        self._lock = Lock()
        self._held: OrderedDict[tuple[str, str], tuple[tuple[Reasoning, ...], int]] = OrderedDict()
        self._size = 0

    def __bool__(self) -> bool:
        return bool(self._held)

    @property
    def size(self) -> int:
        """Characters that are kept now."""
        return self._size

    def keep(self, calls: Sequence[tuple[str, str]], parts: Sequence[Reasoning], /) -> None:
        whole = tuple(parts)
        size = sum(_size(part) for part in whole)
        if size > self._limit:
            return
        with self._lock:
            for call in calls:
                self._drop(call)
                self._held[call] = (whole, size)
                self._size += size
            while self._held and (len(self._held) > self._entries or self._size > self._limit):
                self._drop(next(iter(self._held)))

    def recall(self, call_id: str, name: str, /) -> Sequence[Reasoning]:
        with self._lock:
            found = self._held.get((call_id, name))
            if found is None:
                return ()
            self._held.move_to_end((call_id, name))
            return found[0]

    def _drop(self, call: tuple[str, str]) -> None:
        found = self._held.pop(call, None)
        if found is not None:
            self._size -= found[1]


def _size(part: Reasoning) -> int:
    return len(part.text) + (0 if part.seal is None else len(part.seal.data))
