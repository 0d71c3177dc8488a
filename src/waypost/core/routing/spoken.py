"""How much a stream has said that does not say it itself: an estimate from the text that stands in its frames."""

from __future__ import annotations

import json
import re

from waypost.core.features.tokens import estimate

_PIECE = re.compile(rb'"delta"\s*:\s*"([^"\\]*(?:\\.[^"\\]*)*)"')
_SAID = re.compile(
    rb'"(?:content|text|arguments|partial_json|thinking|reasoning_content|refusal)"\s*:\s*"([^"\\]*(?:\\.[^"\\]*)*)"'
)


def spoken_tokens(frames: bytes) -> int | None:
    """About how many tokens of answer are in ``frames``; ``None`` where no text of an answer can be seen in them."""
    # Streams whose deltas are plain texts say everything again when a part and the whole are done.
    said = _PIECE.findall(frames) or _SAID.findall(frames)
    return estimate(_unescaped(b"".join(said))) if said else None


def _unescaped(data: bytes) -> str:
    """The text of pieces of JSON strings; as it is where they cannot be read."""
    text = data.decode(errors="replace")
    if "\\" not in text:
        return text
    try:
        found = json.loads(f'"{text}"', strict=False)
    except ValueError:
        return text
    return found if isinstance(found, str) else text
