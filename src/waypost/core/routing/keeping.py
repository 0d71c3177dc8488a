"""What is kept of a call as one document of bounded size: what was asked and what was answered, redacted or in full."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from waypost.core.features.redaction import Redactor
from waypost.core.model.frozen import dataclass

SOMEBODY = "[USER]"
_NAMING = frozenset(("user", "safety_identifier", "prompt_cache_key"))
MARK = "\u2026"
"""Ends a text that was cut."""

_SHORT = 400
_BLANK = re.compile(r"\s")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=repr).encode


@dataclass(frozen=True, slots=True)
class Document:
    """``data`` is JSON: an object of ``asked`` and ``answered``. ``cut`` are characters that there was no room for."""

    data: bytes
    cut: int
    redactions: tuple[tuple[str, int], ...]


def document_of(asked: str, answered: Any, *, redact: bool, limit: int) -> Document:
    """The document of a request's text and of an answer, in about ``limit`` characters."""
    whole: Any = {"asked": json.loads(asked), "answered": answered}
    cut, counts = 0, dict[str, int]()
    if redact:  # of what will be cut no more is looked at than that takes
        redactor = Redactor(_level(sorted(map(_words, _texts(whole))), limit))
        whole["asked"], named = _nameless(whole["asked"])
        whole = redactor.tree(whole)
        cut, counts = redactor.cut, redactor.counts
        if named:
            counts["id"] = counts.get("id", 0) + named
    whole, more = fitted(whole, limit)
    text = _encode(whole)
    return Document(text.encode("utf-8", "replace"), cut + more, tuple(sorted(counts.items())))


def _nameless(asked: Any) -> tuple[Any, int]:
    """A request without the members that say who its user is, and how many those were. Whatever they hold names
    somebody, and need not look like it."""
    if not isinstance(asked, Mapping):
        return asked, 0
    out, named = dict(asked), 0
    for name in _NAMING & out.keys():
        out[name], named = SOMEBODY, named + 1
    about = out.get("metadata")
    if isinstance(about, Mapping):
        users = [name for name in about if "user" in str(name).lower()]
        out["metadata"], named = {**about, **dict.fromkeys(users, SOMEBODY)}, named + len(users)
    return out, named


def fitted(value: Any, limit: int) -> tuple[Any, int]:
    """``value`` in about ``limit`` characters of JSON, and how many were cut off.

    The longest texts are cut, all at the same length, so that a picture does not cost a conversation its words.
    """
    text = _encode(value)
    if len(text) <= limit:
        return value, 0
    lengths = sorted(map(len, _texts(value)))
    room = limit - (len(text) - sum(lengths))
    if room < len(lengths):  # it is not the texts that are long
        return {"asked": text[:limit] + MARK, "answered": None}, len(text) - limit
    level = _level(lengths, room)
    return _cut(value, level), sum(max(length - level, 0) for length in lengths)


def _level(lengths: Sequence[int], room: int) -> int:
    """At which length texts of these lengths, in order, are cut so that all of them have room."""
    left = room
    for position, length in enumerate(lengths):
        level = left // (len(lengths) - position)
        if length > level:
            return level
        left -= length
    return room


def _words(text: str) -> int:
    """How long a text is where it is one; data as base64 becomes a placeholder, and takes no words' room."""
    return len(text) if len(text) < _SHORT or _BLANK.search(text, 0, _SHORT) else 0


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for item in value.values():
                yield from _texts(item)
        case list() | tuple():
            for item in value:
                yield from _texts(item)


def _cut(value: Any, level: int) -> Any:
    match value:
        case str():
            return value if len(value) <= level else value[:level] + MARK
        case Mapping():
            return {name: _cut(item, level) for name, item in value.items()}
        case list() | tuple():
            return [_cut(item, level) for item in value]
        case _:
            return value
