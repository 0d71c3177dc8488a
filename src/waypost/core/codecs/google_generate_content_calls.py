"""Google generate content: the calls of functions and their results, as they are read, and which belong together."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, Final

from waypost.core.codecs.google_generate_content_media import MEDIA, OPTIONS, read_media, read_options
from waypost.core.codecs.ids import short_hash
from waypost.core.codecs.json_text import dumps
from waypost.core.codecs.wire import Draft, as_map, as_text, camel, opt_list, opt_map, opt_text
from waypost.core.model.conversation import NO_EXT, Blob, Part, Sealed, Text, ToolCall, ToolResult, Uri

SKIP_SIGNATURE: Final = "skip_thought_signature_validator"
"""What Google takes in the place of a signature that it never made, on a call out of another model's history."""

NO_SIGNATURES: Final = frozenset(
    written
    for word in (SKIP_SIGNATURE, "context_engineering_is_the_way_to_go")
    for written in (word, base64.b64encode(word.encode()).decode())
)
"""That, its older form, and both as its own SDK writes them, for which they are bytes."""

_CALL = frozenset({"id", "name", "args", "partialArgs", "willContinue"})
_RESPONSE = frozenset({"id", "name", "response", "parts", "willContinue", "scheduling"})
_RESPONSE_PART = frozenset({*MEDIA, "mediaResolution", *OPTIONS})
_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def read_name(draft: Draft, value: Any, path: str) -> str:
    """The name of a function. Dots and colons are Google's alone."""
    name = as_text(value, path)
    if not _TOOL_NAME.fullmatch(name):
        draft.need("tools.name_charset", path)
    return name


class Calls:
    """The calls of the last turn of the model that have no result yet.

    One without an id is given one that depends on its place alone, which never changes.
    """

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.open: list[tuple[str, str]] = []

    def call(self, call: Mapping[str, Any], path: str, ext: Mapping[str, Any], seal: Sealed | None) -> Part:
        path = f"{path}.functionCall"
        self.draft.unknown(call, _CALL, path)
        if call.get("partialArgs") or call.get("willContinue"):
            self.draft.need("tools.partial_arguments", path)
        name = read_name(self.draft, call.get("name"), f"{path}.name")
        arguments = dumps(opt_map(call.get("args"), f"{path}.args"))
        given = opt_text(call.get("id"), f"{path}.id")
        call_id = given or f"call_wp_{short_hash(path.removesuffix('.functionCall'))}"
        self.open.append((call_id, name))
        return ToolCall(call_id, name, arguments, ext, seal=seal)

    def response(self, raw: Mapping[str, Any], path: str, ext: Mapping[str, Any]) -> Part:
        path = f"{path}.functionResponse"
        draft = self.draft
        draft.unknown(raw, _RESPONSE, path)
        if raw.get("willContinue") or raw.get("scheduling"):
            draft.need("tools.async", path)
        name = as_text(raw.get("name"), f"{path}.name")
        given = opt_text(raw.get("id"), f"{path}.id")
        call_id = self._matching(given, name)
        if call_id is None:
            draft.need("tool_result.unmatched", path)
            call_id = given or f"call_wp_{short_hash(path)}"
        text, is_error = result_text(opt_map(raw.get("response"), f"{path}.response"))
        if is_error:
            draft.need("tool_result.is_error", f"{path}.response")
        media = [
            self._media(camel(as_map(item, f"{path}.parts[{at}]")), f"{path}.parts[{at}]")
            for at, item in enumerate(opt_list(raw.get("parts"), f"{path}.parts"))
        ]
        return ToolResult(call_id, (Text(text), *media), is_error, name, ext)

    def _media(self, raw: Mapping[str, Any], path: str) -> Part:
        self.draft.unknown(raw, _RESPONSE_PART, path)
        read_options(self.draft, raw, path)
        kind = "fileData" if raw.get("fileData") is not None else "inlineData"
        part = read_media(self.draft, raw, kind, path, NO_EXT)
        is_image = isinstance(part, Blob | Uri) and part.modality == "image"
        self.draft.need("tool_result.image" if is_image else "tool_result.document", path)
        return part

    def _matching(self, given: str | None, name: str) -> str | None:
        """The call that a result answers: by its id, else the first open one of that name."""
        for by_id in (True, False):
            for position, (call_id, called) in enumerate(self.open):
                if call_id == given if by_id else called == name:
                    del self.open[position]
                    return call_id
        return None


def result_text(response: Mapping[str, Any]) -> tuple[str, bool]:
    """What a function answered, and whether that is an error. Google's SDK writes plain values as ``result``."""
    if len(response) == 1:
        ((key, value),) = response.items()
        if key == "error":
            return (value if isinstance(value, str) else dumps(value)), True
        if key in ("output", "result") and isinstance(value, str):
            return value, False
    return dumps(response), False
