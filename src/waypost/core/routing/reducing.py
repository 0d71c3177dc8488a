"""Errors that another endpoint tells within a stream of the caller's own dialect, reduced to what kind they are of.

Their text is about an account that is not the caller's, and may repeat the key of it. A whole answer's error is told in
words of ours for the same reason. Pure: bytes in, bytes out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from waypost.core.codecs.json_text import dumps_ascii
from waypost.core.codecs.resealing import Change
from waypost.core.model.outcome import Failure
from waypost.core.routing.ports import Codec

_MARK: Final = b'"error"'
"""What stands in every frame that tells an error, and in hardly another."""
_ENDS: Final = (b"\n\n", b"\r\n\r\n")
_FRAMES: Final = re.compile(rb".*?(?:\r\n\r\n|\n\n|\Z)", re.DOTALL)
_WORD: Final = re.compile(r"[a-z_]{1,40}")
_LONGEST: Final = 8_388_608


class Reducer:
    """What goes on of a stream. A frame is held until it is whole; one without an error is not read.

    ``then`` changes what is left.
    """

    __slots__ = ("_codec", "_held", "_then")

    def __init__(self, codec: Codec, then: Change | None = None) -> None:
        self._codec = codec
        self._then = then
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """What goes on of ``data``."""
        if self._held or _MARK in data or not data.endswith(_ENDS):
            data = self._whole(self._held + data)
        return data if self._then is None else self._then.feed(data)

    def close(self) -> bytes:
        """The upstream has ended: what was held, and cannot be read any more."""
        held, self._held = self._held, b""
        rest = self._reduced(held)
        return rest if self._then is None else self._then.feed(rest) + self._then.close()

    def _whole(self, data: bytes) -> bytes:
        cut = max(at + len(end) if (at := data.rfind(end)) >= 0 else 0 for end in _ENDS)
        if len(data) - cut > _LONGEST:  # no frame of any provider: whoever reads it refuses it
            cut = len(data)
        whole, self._held = data[:cut], data[cut:]
        return self._reduced(whole)

    def _reduced(self, data: bytes) -> bytes:
        if _MARK not in data:
            return data
        return b"".join([self._frame(frame) for frame in _FRAMES.findall(data)])

    def _frame(self, frame: bytes) -> bytes:
        """One event, or a body that is no event; one that begins as an object and cannot be read is an error, too."""
        if _MARK not in frame:
            return frame
        lines = frame.splitlines(keepends=True)
        said = [line[5:].strip() for line in lines if line.startswith(b"data:")]
        text = b"\n".join(said) if said else frame.strip()
        try:
            event = json.loads(text)
        except ValueError:
            event = {"error": "half"} if text.startswith(b"{") else None
        made = self._made(event) if isinstance(event, dict) else None
        if made is None:
            return frame
        body = dumps_ascii(made).encode()
        if not said:
            return body
        other = [line for line in lines if not line.startswith(b"data:") and line.strip()]
        return b"".join(other) + b"data: " + body + (frame[len(frame.rstrip(b"\r\n")) :] or b"\n\n")

    def _made(self, event: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The event in words of ours; ``None`` where it tells no error."""
        held = event.get("response")
        if event.get("type") == "response.failed" and isinstance(held, Mapping):
            return {**event, "response": {**held, "error": self._of_response(held.get("error"))}}
        if event.get("type") == "error" and "error" not in event:
            return {**event, **self._words({"code": event.get("code")}), "type": "error"}
        return {**event, "error": self._words(event["error"])} if event.get("error") else None

    def _of_response(self, error: Any) -> dict[str, Any]:
        """Its code is a word of a closed list, which has few of those that errors have elsewhere."""
        words = self._words(error)
        code = error.get("code") if isinstance(error, Mapping) else None
        known = isinstance(code, str) and _WORD.fullmatch(code) is not None
        return {"code": code if known else words["code"], "message": words["message"]}

    def _words(self, error: Any) -> dict[str, Any]:
        told = self._codec.failure(None, {"error": error if isinstance(error, Mapping) else {}})
        _, body = self._codec.encode_error(Failure(told.kind, told.status, told.type), "")
        words: dict[str, Any] = body["error"]
        return words
