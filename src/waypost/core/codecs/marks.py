"""The names that a dialect gives what an answer says of itself, as they stand in its bytes: for those who look at the
first and the last of them, and read no more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from waypost.core.model.frozen import dataclass

Event: TypeAlias = Mapping[str, Any]


def text(*names: str, most: int = 200) -> re.Pattern[bytes]:
    """A member of one of these names that is a short text."""
    return re.compile(rb'"(?:%b)"\s*:\s*"([^"\\]{1,%d})"' % ("|".join(names).encode(), most))


def error_itself(event: Event) -> Event | None:
    """An event that has an error, or is of that type."""
    if isinstance(event.get("error"), Mapping):
        return event
    return {"error": {"code": event.get("code")}} if event.get("type") == "error" else None


ID, MODEL = text("id"), text("model")
USAGE = re.compile(rb'"(usage)"\s*:\s*(?=\{)')
ERROR = re.compile(rb'"error"\s*:\s*\{|"type"\s*:\s*"error"')


@dataclass(frozen=True, slots=True)
class Marks:
    """``usage`` stands before an object; its group is the object's name. ``finishes`` are why an answer ended, the most
    telling first: what each begins with, and its pattern. ``error`` says that somewhere an error is told, ``error_of``
    makes of an event that is one what an answer would say."""

    finishes: tuple[tuple[bytes, re.Pattern[bytes]], ...]
    id: re.Pattern[bytes] = ID
    model: re.Pattern[bytes] = MODEL
    usage: re.Pattern[bytes] = USAGE
    error: re.Pattern[bytes] = ERROR
    error_of: Callable[[Event], Event | None] = error_itself

    def finish(self, tail: bytes) -> bytes | None:
        """The last finish reason that is not null, sought from the end: it stands in the last frames."""
        for start, pattern in self.finishes:
            end = len(tail)
            while (at := tail.rfind(start, 0, end)) >= 0:
                found = pattern.match(tail, at)
                if found is not None:
                    return found[1]
                end = at
        return None


def finish(name: str) -> tuple[tuple[bytes, re.Pattern[bytes]], ...]:
    """The finish reasons of a dialect that has one name for them."""
    return ((f'"{name}"'.encode(), text(name, most=60)),)
