"""The usage frame of a stream of chat completions, taken out where we asked for it and the caller did not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

_EMPTY, _SPACED = b'"choices":[]', b'"choices": []'
_ANNOUNCED = re.compile(rb'"usage"\s*:\s*null')


class UsageStrip:
    """The bytes of one stream without that frame."""

    __slots__ = ("held",)

    def __init__(self) -> None:
        self.held = b""

    def feed(self, data: bytes, said_first: Callable[[], bytes]) -> bytes:
        """What goes on of ``data``; the bytes of a frame that is not whole yet are held back. ``said_first`` gives what
        the stream began with."""
        data = self.held + data
        cut = data.rfind(b"\n\n")
        width = 2
        if cut < 0:
            cut, width = data.rfind(b"\r\n\r\n"), 4
        if cut < 0:
            self.held = data
            return b""
        whole, self.held = data[: cut + width], data[cut + width :]
        if _EMPTY not in whole and _SPACED not in whole:
            return whole
        mark = b"\r\n\r\n" if width == 4 else b"\n\n"
        return b"".join(frame + mark for frame in whole.split(mark)[:-1] if not _asked_for(frame, said_first))

    def close(self) -> bytes:
        """The upstream has ended: what was held."""
        held, self.held = self.held, b""
        return held


def _asked_for(frame: bytes, said_first: Callable[[], bytes]) -> bool:
    """Whether a frame is there because we asked for usage.

    One that tells moderation, too, would have come without us, unless OpenAI has said ``"usage": null`` before:
    it does so where usage was asked for, and only there.
    """
    body = _usage_chunk(frame)
    if body is None:
        return False
    if "moderation" not in body:
        return True
    return body["moderation"] is None and _ANNOUNCED.search(said_first()) is not None


def _usage_chunk(frame: bytes) -> dict[str, Any] | None:
    """A chunk of chat completions without a choice and with usage."""
    _, _, data = frame.partition(b"data:")
    try:
        body = json.loads(data)
    except ValueError:
        return None
    return body if isinstance(body, dict) and body.get("choices") == [] and body.get("usage") else None
