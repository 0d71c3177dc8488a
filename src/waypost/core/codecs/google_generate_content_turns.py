"""Google generate content: the contents of a request and their parts, as they are read.

Names of members may be in camel or in snake case, and Google's own SDK sends both in one body.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from waypost.core.codecs.google_generate_content_media import file_data, inline_data
from waypost.core.codecs.ids import short_hash
from waypost.core.codecs.wire import (
    Draft,
    as_list,
    as_map,
    as_text,
    camel,
    dumps,
    opt_list,
    opt_map,
    opt_text,
)
from waypost.core.model.conversation import (
    NO_EXT,
    Blob,
    Message,
    Opaque,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    Uri,
)

DIALECT: Final = "google.generate_content"
JOINED: Final = "joined"
"""Marks a message that stands in the same wire content as the one before it."""

_ROLES = {None: "user", "": "user", "user": "user", "function": "user", "tool": "user", "model": "model"}
_CONTENT = frozenset({"role", "parts"})
# What a part says; the other members say how it is to be taken.
_KINDS = (
    *("text", "inlineData", "fileData", "functionCall", "functionResponse"),
    *("executableCode", "codeExecutionResult", "toolCall", "toolResponse", "audioTranscription"),
)
_MEDIA = ("inlineData", "fileData")
_OPAQUE = {
    "executableCode": "server_tool.code_execution",
    "codeExecutionResult": "server_tool.code_execution",
    "audioTranscription": "input.media_options",
}
_OPTIONS = (
    *("videoMetadata", "mediaProcessing", "speechMetadata"),
    *("documentMetadata", "spreadsheetMetadata", "audioMetadata"),
)
_DETAILS = {
    "MEDIA_RESOLUTION_LOW": "low",
    "MEDIA_RESOLUTION_HIGH": "high",
    "MEDIA_RESOLUTION_ULTRA_HIGH": "high",
}
_PART = frozenset({*_KINDS, *_OPTIONS, "thought", "thoughtSignature", "mediaResolution", "partMetadata"})
_CALL = frozenset({"id", "name", "args", "partialArgs", "willContinue"})
_RESPONSE = frozenset({"id", "name", "response", "parts", "willContinue", "scheduling"})
_RESPONSE_PART = frozenset({"inlineData", "fileData", "mediaResolution", *_OPTIONS})


TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def read_name(draft: Draft, value: Any, path: str) -> str:
    """The name of a function. Dots and colons are Google's alone."""
    name = as_text(value, path)
    if not TOOL_NAME.fullmatch(name):
        draft.need("tools.name_charset", path)
    return name


def read_system(draft: Draft, value: Any) -> None:
    path = "systemInstruction"
    raw = camel(as_map(value, path))
    ext: dict[str, Any] = {"role": raw.get("role"), "fields": draft.unknown(raw, _CONTENT, path)}
    parts: list[Part] = []
    for index, item in enumerate(opt_list(raw.get("parts"), f"{path}.parts")):
        part = camel(as_map(item, f"{path}.parts[{index}]"))
        draft.unknown(part, _PART, f"{path}.parts[{index}]")
        if part.keys() != {"text"}:
            draft.need("system.parts", f"{path}.parts[{index}]")
            parts.append(Opaque(DIALECT, item))
        else:
            parts.append(Text(as_text(part["text"], f"{path}.parts[{index}].text"), NO_EXT))
    if parts:
        draft.ext["system"] = (Message("system", tuple(parts), None, ext),)


def read_contents(draft: Draft, value: Any) -> None:
    reader = _Contents(draft)
    for index, item in enumerate(as_list(value, "contents")):
        reader.content(item, index)
    reader.end()
    draft.fields["messages"] = tuple(reader.found)


class _Contents:
    """Contents in order. Calls without ids are given ones that depend on their place alone, which never changes."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.found: list[Message] = []
        self._open: list[tuple[str, str]] = []
        self._asked = -1
        self._signed: tuple[int, str] | None = None

    def content(self, item: Any, index: int) -> None:
        path = f"contents[{index}]"
        raw = camel(as_map(item, path))
        role = raw.get("role")
        if not (role is None or isinstance(role, str)) or role not in _ROLES:
            raise ValueError(f"{path}.role: not a role of this dialect")
        spoken = _ROLES[role]
        if index == 0 and spoken == "model":
            self.draft.need("turns.user_first", path)
        ext: dict[str, Any] = {"role": role}
        rest = self.draft.unknown(raw, _CONTENT, path)
        if rest:
            ext["fields"] = rest
        items = opt_list(raw.get("parts"), f"{path}.parts")
        if spoken == "model":
            self._open = []
        parts = tuple(self._part(part, spoken, index, f"{path}.parts[{at}]") for at, part in enumerate(items))
        if all(isinstance(part, Reasoning) or (isinstance(part, Text) and not part.text.strip()) for part in parts):
            self.draft.need("message.empty", path)
        if spoken == "model":
            self._model(parts, ext, path)
        else:
            self._user(parts, ext, index)

    def _model(self, parts: tuple[Part, ...], ext: dict[str, Any], path: str) -> None:
        calls = [position for position, part in enumerate(parts) if isinstance(part, ToolCall)]
        if len(calls) > 1:
            self.draft.need("tools.parallel", path)
        if calls and any(not isinstance(part, ToolCall) for part in parts[calls[0] :]):
            self.draft.need("message.part_order", path)
        if any(isinstance(part, Blob | Uri) for part in parts):
            self.draft.need("output.image", path)
        self.found.append(Message("assistant", parts, None, ext))

    def _user(self, parts: tuple[Part, ...], ext: dict[str, Any], index: int) -> None:
        """Each result becomes a tool turn of its own; what stands between and after them is the user's."""
        said: list[Part] = []
        joined = {**ext, JOINED: True}
        first = True
        for part in (*parts, None):
            if part is not None and not isinstance(part, ToolResult):
                said.append(part)
                continue
            if said or (part is None and first):
                self.found.append(Message("user", tuple(said), None, ext if first else joined))
                self._asked, first, said = index, False, []
            if part is not None:
                self.found.append(Message("tool", (part,), None, ext if first else joined))
                first = False

    def end(self) -> None:
        draft = self.draft
        if not self.found:
            draft.need("turns.user_first", "contents")
            return
        if self.found[-1].role == "assistant":
            draft.need("prefill", "contents[-1]")
        if self._signed is None:
            return
        # Signatures are asked back while a tool turn is open; in a closed one they only make the next thought better.
        index, path = self._signed
        is_open = self.found[-1].role == "tool" and index > self._asked
        draft.need("reasoning.signature", path, None, "required" if is_open else "hint")

    def _part(self, item: Any, role: str, index: int, path: str) -> Part:
        raw = as_map(item, path)
        if raw.keys() == {"text"}:
            return Text(as_text(raw["text"], f"{path}.text"), NO_EXT)
        raw = camel(raw)
        self._options(raw, path)
        signature = opt_text(raw.get("thoughtSignature"), f"{path}.thoughtSignature")
        if signature is not None:
            self._signed = (index, path)
        kinds = [kind for kind in _KINDS if raw.get(kind) is not None]
        if len(kinds) > 1:
            raise ValueError(f"{path}: expected one kind of content, not {len(kinds)}")
        kind = kinds[0] if kinds else "text"
        if kind not in _MEDIA and raw.get("mediaResolution"):
            self.draft.hint("input.media_resolution", f"{path}.mediaResolution")
        ext = {"raw": item}
        if kind == "text":
            text = opt_text(raw.get("text"), f"{path}.text") or ""
            if raw.get("thought") or (signature is not None and not kinds):
                if text:
                    self.draft.hint("reasoning.text", path)
                return Reasoning(text, DIALECT, signature, False, ext)
            return Text(text, ext)
        if kind == "functionCall":
            if role != "model":
                raise ValueError(f"{path}.functionCall: expected in a turn of the model, not of the user")
            return self._call(camel(as_map(raw[kind], f"{path}.{kind}")), path, ext)
        if kind == "functionResponse":
            if role == "model":
                raise ValueError(f"{path}.functionResponse: expected in a turn of the user, not of the model")
            return self._response(camel(as_map(raw[kind], f"{path}.{kind}")), path, ext)
        if kind in _MEDIA:
            read = inline_data if kind == "inlineData" else file_data
            detail = self._detail(raw, kind, path)
            return read(self.draft, camel(as_map(raw[kind], f"{path}.{kind}")), path, ext, detail=detail)
        self.draft.need(_OPAQUE.get(kind) or _tool_flag(raw[kind]), path)
        return Opaque(DIALECT, item)

    def _options(self, raw: Mapping[str, Any], path: str) -> None:
        draft = self.draft
        draft.unknown(raw, _PART, path)
        for name in _OPTIONS:
            if raw.get(name):
                draft.need("input.media_options", f"{path}.{name}", name)
        if raw.get("partMetadata"):
            draft.hint("metadata.labels", f"{path}.partMetadata")

    def _detail(self, raw: Mapping[str, Any], kind: str, path: str) -> str | None:
        """How closely a picture is to be looked at, where others say that too."""
        path = f"{path}.mediaResolution"
        level = camel(opt_map(raw.get("mediaResolution"), path)).get("level")
        if raw.get("mediaResolution") is None:
            return None
        mime = camel(opt_map(raw.get(kind), f"{path}.{kind}")).get("mimeType")
        detail = _DETAILS.get(level) if isinstance(level, str) and str(mime).startswith("image/") else None
        self.draft.hint("input.media_resolution" if detail is None else "image.detail", path, detail)
        return detail

    def _call(self, call: Mapping[str, Any], path: str, ext: Mapping[str, Any]) -> Part:
        path = f"{path}.functionCall"
        self.draft.unknown(call, _CALL, path)
        if call.get("partialArgs") or call.get("willContinue"):
            self.draft.need("tools.partial_arguments", path)
        name = read_name(self.draft, call.get("name"), f"{path}.name")
        arguments = dumps(opt_map(call.get("args"), f"{path}.args"))
        given = opt_text(call.get("id"), f"{path}.id")
        call_id = given or f"call_wp_{short_hash(path.removesuffix('.functionCall'))}"
        self._open.append((call_id, name))
        return ToolCall(call_id, name, arguments, ext)

    def _response(self, raw: Mapping[str, Any], path: str, ext: Mapping[str, Any]) -> Part:
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
        self._options({name: raw[name] for name in raw.keys() & _PART}, path)
        read, kind = (file_data, "fileData") if raw.get("fileData") is not None else (inline_data, "inlineData")
        detail = self._detail(raw, kind, path)
        part = read(self.draft, camel(as_map(raw.get(kind), f"{path}.{kind}")), path, NO_EXT, detail=detail)
        is_image = isinstance(part, Blob | Uri) and part.modality == "image"
        self.draft.need("tool_result.image" if is_image else "tool_result.document", path)
        return part

    def _matching(self, given: str | None, name: str) -> str | None:
        """The call that a result answers: by its id, else the first open one of that name."""
        for by_id in (True, False):
            for position, (call_id, called) in enumerate(self._open):
                if call_id == given if by_id else called == name:
                    del self._open[position]
                    return call_id
        return None


def _tool_flag(value: Any) -> str:
    kind = camel(value).get("toolType") if isinstance(value, Mapping) else None
    return f"server_tool.{kind.lower()}" if isinstance(kind, str) and kind else "server_tool.unknown"


def result_text(response: Mapping[str, Any]) -> tuple[str, bool]:
    """What a function answered, and whether that is an error. Google's SDK writes plain values as ``result``."""
    if len(response) == 1:
        ((key, value),) = response.items()
        if key == "error":
            return (value if isinstance(value, str) else dumps(value)), True
        if key in ("output", "result") and isinstance(value, str):
            return value, False
    return dumps(response), False
