"""JSON as text, in the forms that the wire wants, and the arguments of tools, which are JSON within JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from waypost.core.codecs.wire import as_map, as_text
from waypost.core.model.conversation import ToolCall

dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""JSON as the providers' servers write it."""

dumps_ascii = json.JSONEncoder(separators=(",", ":")).encode
"""JSON for frames: escaped, because a stream may cut a character into halves that are no UTF-8 by themselves."""


quoted = json.encoder.encode_basestring_ascii
"""The same of one string."""


def encoded(body: Any) -> bytes:
    """JSON as the SDKs send it; half a character, which JSON may hold and UTF-8 may not, stays escaped."""
    try:
        return dumps(body).encode()
    except UnicodeEncodeError:
        return dumps_ascii(body).encode()


def loads(text: str) -> Any:
    """The JSON of a frame. Raises ValueError where it is none."""
    try:
        value, end = _scan(text, 0)
    except StopIteration:
        end = -1
    return value if end == len(text) else _decoder.decode(text)


_decoder = json.JSONDecoder()
_scan = _decoder.scan_once  # type: ignore[attr-defined]


def as_json_text(value: Any, path: str) -> str:
    """Tool arguments as the text that they should be; some vendors send the object itself."""
    if isinstance(value, Mapping):
        return arguments_text(value, path)
    return "" if value is None else as_text(value, path)


def arguments_text(value: Mapping[str, Any], path: str) -> str:
    """The object of a call's arguments as text. Raises ValueError where JSON has no words for it."""
    try:
        return _strict_dumps(value)
    except RecursionError:
        raise ValueError(f"{path}: expected JSON of {_DEEPEST} levels at most") from None


def arguments_object(text: str, path: str) -> Mapping[str, Any]:
    """A call's arguments as the object that they are, an empty one where nothing is said.

    Raises:
        ValueError: ``text`` is no JSON object; one with NaN or a number without end in it, which Python would read, is
            none, nor is one that is nested so deeply that it could not be written again.
    """
    if not text:
        return {}
    if text.count("[") + text.count("{") > _DEEPEST and _depth(text) > _DEEPEST:
        raise ValueError(f"{path}: expected JSON of {_DEEPEST} levels at most")
    return as_map(_strict.decode(text), path)


_DEEPEST = 200
_strict_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")


def _depth(text: str) -> int:
    depth = deepest = 0
    for found in _BRACKETS.finditer(_STRINGS.sub("", text)):
        depth += 1 if found[0] in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("expected numbers that have an end")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"expected JSON, which has no {name}")


_strict = json.JSONDecoder(parse_float=_finite, parse_constant=_no_constant)


def is_object_text(text: str) -> bool:
    """Whether ``text`` is a JSON object; see `arguments_object`."""
    try:
        arguments_object(text, "")
    except ValueError:
        return False
    return bool(text)


def cut_off(call: ToolCall, finish: str) -> bool:
    """Whether the end of an answer cut a call off, so that there is nothing yet that a tool could be called with.
    Of a free-form one nobody knows."""
    return finish == "length" and (call.free or not is_object_text(call.arguments))


def object_text(text: str) -> str:
    """The input of a free-form call where arguments are objects: as it is, where it is one, else as the one argument of
    a function with an ``input``, as which such a tool is declared where there are none."""
    return text if is_object_text(text) else dumps_ascii({"input": text})
