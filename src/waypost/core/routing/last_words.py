"""Whether a stream that passed by unread ended in an error: in one that it told, or in something that nobody can read.

The SDKs raise at such an event and close the stream, which looks like a caller who has heard enough. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from waypost.core.codecs.framing import SseParser
from waypost.core.model.outcome import Failure
from waypost.core.routing.ports import Codec

_LAST = 4_096


def last_words(tail: bytes, codec: Codec, *, whole: bool, over: bool) -> Failure | None:
    """The failure that ``tail``, the last bytes of a stream, ends in.

    ``whole``: it begins where a frame begins. ``over``: the stream was read to its end, so that only an error that it
    told is one; what the SDK cannot read would have ended it before.
    """
    if over and codec.marks.error.search(tail, max(len(tail) - _LAST, 0)) is None:
        return None
    events = SseParser().feed(tail)
    for _, data in events if whole else events[1:]:
        failure = _failure(data, codec, over=over)
        if failure is not None:
            return failure
    return None


def _failure(data: str, codec: Codec, *, over: bool) -> Failure | None:
    if data.startswith("[DONE]"):
        return None
    try:
        body = json.loads(data)
    except ValueError:
        return None if over else Failure("malformed", committed=True)
    error = codec.marks.error_of(body) if isinstance(body, Mapping) else None
    if error is None:
        return None
    told = codec.failure(None, error)
    return Failure("stream_error", told.status, told.type, committed=True)
