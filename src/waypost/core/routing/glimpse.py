"""What the first and the last bytes of an answer say of it, where nobody reads the whole: id, model, usage, finish.
And whether the body of one that came as a success is one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from waypost.core.codecs import CODECS
from waypost.core.codecs.usage import later
from waypost.core.model.outcome import Failure, Usage
from waypost.core.routing.effects import Observed
from waypost.core.routing.ports import Codec

_decode = json.JSONDecoder().raw_decode
_MARKS = tuple(codec.marks for codec in CODECS.values())


def observe_bytes(codec: Codec, head: bytes, tail: bytes) -> Observed:
    """Id and model from the first bytes, usage and finish reason from the last; of a stream or of a whole body.

    The last usage may leave out what the first has said.
    """
    marks = codec.marks
    found_id, model = marks.id.search(head), marks.model.search(head) or marks.model.search(tail)
    reason = marks.finish(tail)
    usage = _last_usage(codec, tail)
    return Observed(
        usage=None if usage is None else later(_first_usage(codec, head), usage),
        response_id=found_id[1].decode() if found_id else None,
        response_model=model[1].decode() if model else None,
        finish_reasons=() if reason is None else (reason.decode(),),
    )


def _first_usage(codec: Codec, head: bytes) -> Usage | None:
    """The first usage object of the head."""
    at = head.find(b'"usage')
    return None if at < 0 else _usage_at(codec, head, at)


def _last_usage(codec: Codec, tail: bytes) -> Usage | None:
    """The last usage object of the tail; only that object is parsed."""
    end = len(tail)
    while (at := tail.rfind(b'"usage', 0, end)) >= 0:
        end = at
        usage = _usage_at(codec, tail, at)
        if usage is not None:
            return usage
    return None


def _usage_at(codec: Codec, data: bytes, at: int) -> Usage | None:
    found = codec.marks.usage.match(data, at)
    if found is None:
        return None
    try:
        return codec.usage({found[1].decode(): _decode(data[found.end() :].decode(errors="replace"))[0]})
    except ValueError:
        return None


def told_its_end(tail: bytes) -> bool:
    """Whether somewhere in the last bytes the answer says how it ended."""
    return any(marks.finish(tail) is not None for marks in _MARKS)


def wrong_with(body: Any, status: int, codec: Codec) -> Failure | None:
    """What is wrong with the body of an answer whose status is that of a success: no object, or an error."""
    if not isinstance(body, Mapping):
        return Failure("malformed", status)
    if not isinstance(body.get("error"), Mapping):
        return None
    told = codec.failure(status, body)
    # An error that is none of the dialect's own; a stream it was not.
    return replace(told, kind="malformed") if told.kind == "stream_error" else told
