"""Google generate content: a call whose arguments come in pieces, each at its place in the object."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from waypost.core.codecs.wire import as_map, as_text, camel

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d{1,6})\]|\['([^']*)'\]|\[\"([^\"]*)\"\]")
_VALUES = ("stringValue", "numberValue", "boolValue", "nullValue")


class PartialCall:
    """The arguments so far. A text whose piece says that it continues is made longer by the next one."""

    __slots__ = ("args", "id", "name", "sealed")

    def __init__(self, name: str, call_id: str | None) -> None:
        self.name = name
        self.id = call_id
        self.sealed: str | None = None
        self.args: dict[str, Any] = {}

    def add(self, pieces: Sequence[Any], path: str) -> None:
        """Put pieces into their places. Raises ValueError where one has none."""
        for index, item in enumerate(pieces):
            where = f"{path}[{index}]"
            piece = camel(as_map(item, where))
            steps = _steps(as_text(piece.get("jsonPath"), f"{where}.jsonPath"), f"{where}.jsonPath")
            self._put(steps, piece, where)

    def _put(self, steps: Sequence[str | int], piece: Mapping[str, Any], where: str) -> None:
        room: Any = self.args
        for step, following in pairwise(steps):
            room = _enter(room, step, [] if isinstance(following, int) else {}, where)
        last = steps[-1]
        before = _enter(room, last, None, where)
        text = piece.get("stringValue")
        if isinstance(text, str):
            room[last] = before + text if isinstance(before, str) else text
            return
        for name in _VALUES[1:]:
            if piece.get(name) is not None:
                room[last] = None if name == "nullValue" else piece[name]


def _steps(json_path: str, where: str) -> list[str | int]:
    steps: list[str | int] = []
    at = 1
    while at < len(json_path):
        found = _STEP.match(json_path, at)
        if found is None:
            break
        name, number, single, double = found.groups()
        steps.append(int(number) if number is not None else next(x for x in (name, single, double) if x is not None))
        at = found.end()
    if not json_path.startswith("$") or at != len(json_path) or not steps or isinstance(steps[0], int):
        raise ValueError(f"{where}: expected a path like $.name[0], not another text")
    return steps


def _enter(room: Any, step: str | int, fresh: Any, where: str) -> Any:
    """What stands at ``step``; made anew where nothing does. Lists grow by one at a time."""
    if isinstance(step, int):
        if not isinstance(room, list) or step > len(room):
            raise ValueError(f"{where}.jsonPath: expected a place in a list, not beyond it")
        if step == len(room):
            room.append(fresh)
        return room[step]
    if not isinstance(room, dict):
        raise ValueError(f"{where}.jsonPath: expected a member of an object, not of {type(room).__name__}")
    if room.get(step) is None:
        room[step] = fresh
    return room[step]
