"""Who answered last, by a key that says whose conversation it is. No clock, no lock."""

from __future__ import annotations

from collections import OrderedDict

from waypost.core.model.ask import Keep
from waypost.core.model.target import TargetId


class Affinities:
    """The ``most`` keys that were used last."""

    __slots__ = ("_kept", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[str, Keep] = OrderedDict()

    def warm(self, key: str, now_ns: int) -> tuple[TargetId, int] | None:
        """The target that answered last and the prompt tokens of it, until its time is over."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept.until_ns <= now_ns:
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return kept.target, kept.tokens

    def keep(self, keep: Keep) -> None:
        self._kept[keep.key] = keep
        self._kept.move_to_end(keep.key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
