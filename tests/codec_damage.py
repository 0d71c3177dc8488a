"""Bodies and events that somebody has damaged: one or two places hold something that does not belong there."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st

from waypost.core.codecs import CODECS

JUNK = st.sampled_from(
    [None, True, 0, -1, 2.5, "", "x", [], ["x"], [[]], {}, {"type": "text"}, {"text": "x"}, {"x": [{}]}]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all that is in ``value``, its own first."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def damaged(value: Any, path: tuple[Any, ...], junk: Any) -> Any:
    """A copy with ``junk`` at ``path``."""
    if not path:
        return junk
    value = copy.deepcopy(value)
    spot = value
    for key in path[:-1]:
        spot = spot[key]
    spot[path[-1]] = junk
    return value


@st.composite
def damage(draw: st.DrawFn, bodies: st.SearchStrategy[Any]) -> Any:
    """One of ``bodies``, damaged."""
    body = json.loads(json.dumps(draw(bodies)))
    for _ in range(draw(st.integers(1, 2))):
        body = damaged(body, draw(st.sampled_from(places(body)[1:])), draw(JUNK))
    return body


def refusal(read: Any, *args: Any) -> str:
    """What a refusal says; ``":"`` where nothing was refused."""
    try:
        read(*args)
    except ValueError as error:
        return str(error)
    return ":"


def read_damaged(dialect: str, events: list[Any], data: st.DataObject) -> None:
    """The stream's events, some of them damaged, are read or refused with a ValueError, and whatever was read can be
    written everywhere."""
    reader = CODECS[dialect].reader()
    writers = [codec.writer(include_usage=True) for codec in CODECS.values()]
    for event in events:
        if data.draw(st.booleans()):
            event = damaged(event, data.draw(st.sampled_from(places(event))), data.draw(JUNK))
        try:
            deltas = reader.feed(None, json.dumps(event))
        except ValueError:
            return
        for delta in deltas:
            assert all(isinstance(writer.feed(delta), bytes) for writer in writers)
    reader.close()
