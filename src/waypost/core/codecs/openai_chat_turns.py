"""OpenAI chat: the messages of a request and their parts, as they are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from waypost.core.codecs.envelope import is_wrapped
from waypost.core.codecs.json_text import is_object_text
from waypost.core.codecs.sealing import opened, signed_history
from waypost.core.codecs.unwrapping import signature_of
from waypost.core.codecs.wire import IMAGE_MIMES, Draft, as_list, as_map, as_text, data_url, is_fetched, opt_text, wrong
from waypost.core.model.conversation import (
    NO_EXT,
    Blob,
    FileRef,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Role,
    Sealed,
    Text,
    ToolCall,
    ToolResult,
    Uri,
)

DIALECT: Final = "openai.chat"
_LEADING = frozenset({"system", "developer"})
_PLAIN: Mapping[str, Role] = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "assistant": "assistant",
}
_MESSAGE = frozenset({"role", "content", "name"})
_ASSISTANT = frozenset(
    {
        *("role", "content", "name", "refusal", "tool_calls", "audio", "function_call", "annotations"),
        *("reasoning_content", "reasoning"),
    }
)
_TOOL = frozenset({"role", "content", "tool_call_id", "name"})
_CALLED = frozenset({"name", "arguments"})
_CALL = frozenset({"id", "type", "function", "index"})
_EXTRA = "extra_content"
TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def read_messages(draft: Draft, value: Any) -> None:
    found: list[Message] = []
    opened = False
    for index, raw in enumerate(as_list(value, "messages")):
        if type(raw) is not dict and not isinstance(raw, Mapping):
            raise wrong(f"messages[{index}]", "an object", raw)
        role = raw.get("role")
        content = raw.get("content")
        if type(role) is not str:
            raise wrong(f"messages[{index}].role", "a string", role)
        if role in _LEADING:
            if opened:
                draft.need("system.mid_conversation", f"messages[{index}]")
        elif not opened:
            opened = True
            if role != "user":
                draft.need("turns.user_first", f"messages[{index}]")
        if len(raw) == 2 and role in _PLAIN and type(content) is str:
            if (not content or content.isspace()) and role not in _LEADING:
                draft.need("message.empty", f"messages[{index}]")
            found.append(Message(_PLAIN[role], (Text(content, NO_EXT),), None, NO_EXT))
        else:
            found.append(_message(draft, raw, role, f"messages[{index}]"))
    if not opened:
        draft.need("turns.user_first", "messages")
    if found and found[-1].role == "assistant":
        draft.need("prefill", f"messages[{len(found) - 1}]")
    signed_history(draft, found)
    draft.fields["messages"] = tuple(found)


def _message(draft: Draft, raw: Mapping[str, Any], role: str, path: str) -> Message:
    if role == "assistant":
        return _assistant(draft, raw, path)
    if role in _PLAIN:
        return _spoken(draft, raw, _PLAIN[role], path)
    if role == "tool":
        return _tool_result(draft, raw, path)
    if role == "function":
        draft.need("tools.legacy_functions", path)
        return Message("tool", (Opaque(DIALECT, raw),))
    raise ValueError(f"{path}.role: not a role of this dialect")


def _named(draft: Draft, raw: Mapping[str, Any], path: str) -> str | None:
    name = raw.get("name")
    if name is None:
        return None
    draft.need("message.name", f"{path}.name")
    return as_text(name, f"{path}.name")


def _spoken(draft: Draft, raw: Mapping[str, Any], role: Role, path: str) -> Message:
    ext: dict[str, Any] = {}
    rest = draft.unknown(raw, _MESSAGE, path)
    if rest:
        ext["fields"] = rest
    parts = _content(draft, raw.get("content"), f"{path}.content", ext)
    if _blank(parts) and role == "user":
        draft.need("message.empty", path)
    return Message(role, parts, _named(draft, raw, path), ext or NO_EXT)


def _blank(parts: tuple[Part, ...]) -> bool:
    return all(isinstance(part, Text) and not part.text.strip() for part in parts)


def _content(draft: Draft, content: Any, path: str, ext: dict[str, Any]) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (Text(content, NO_EXT),)
    if content is None:
        return ()
    parts = tuple(
        _part(draft, as_map(item, f"{path}[{index}]"), f"{path}[{index}]")
        for index, item in enumerate(as_list(content, path))
    )
    if len(parts) <= 1 or any(isinstance(part, Refusal) for part in parts):
        ext["form"] = "parts"
    if any(isinstance(part, Text) and part.text and part.text.isspace() for part in parts):
        draft.hint("text.blank", path)
    return parts


_TEXT_PART = frozenset({"type", "text", "prompt_cache_breakpoint"})


def _part(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    kind = raw.get("type")
    if kind == "text":
        text = as_text(raw.get("text"), f"{path}.text")
        return Text(text, NO_EXT) if len(raw) == 2 else Text(text, *_marks(draft, raw, _TEXT_PART, path))
    reader = _PARTS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        draft.need(f"unknown_field.content.{kind}", path)
        return Opaque(DIALECT, raw)
    return reader(draft, raw, path)


def _marks(
    draft: Draft, raw: Mapping[str, Any], known: frozenset[str], path: str
) -> tuple[Mapping[str, Any], str | None]:
    rest = draft.unknown(raw, known, path)
    mark = raw.get("prompt_cache_breakpoint")
    if mark is None:
        return (rest or NO_EXT), None
    cache = opt_text(as_map(mark, f"{path}.prompt_cache_breakpoint").get("ttl"), f"{path}.ttl") or "default"
    draft.hint("cache.breakpoints", f"{path}.prompt_cache_breakpoint", cache)
    return (rest or NO_EXT), cache


_IMAGE_URL = frozenset({"url", "detail"})
_IMAGE = frozenset({"type", "image_url", "prompt_cache_breakpoint"})


def _image(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    image = as_map(raw.get("image_url"), f"{path}.image_url")
    url = as_text(image.get("url"), f"{path}.image_url.url")
    detail = opt_text(image.get("detail"), f"{path}.image_url.detail")
    if detail not in (None, "auto"):
        draft.hint("image.detail", f"{path}.image_url.detail", detail)
    draft.unknown(image, _IMAGE_URL, f"{path}.image_url")
    ext, cache = _marks(draft, raw, _IMAGE, path)
    inline = data_url(url)
    if inline is not None:
        mime, start = inline
        draft.need("input.image", path)
        if mime not in IMAGE_MIMES:
            draft.need("input.image.mime", path, mime)
        return Blob("image", mime, url, None, detail, ext, cache, start)
    if not is_fetched(url):
        draft.need("input.data_url", path)
        return Opaque(DIALECT, raw)
    draft.need("input.image.url", path)
    return Uri("image", url, None, detail, ext, cache)


_FILE_DATA = frozenset({"file_data", "file_id", "filename"})
_FILE = frozenset({"type", "file", "prompt_cache_breakpoint"})


def _file(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    file = as_map(raw.get("file"), f"{path}.file")
    ext, cache = _marks(draft, raw, _FILE, path)
    draft.unknown(file, _FILE_DATA, f"{path}.file")
    if isinstance(file.get("file_id"), str):
        draft.need("input.file_id", path)
        return FileRef("document", file["file_id"], {"raw": raw})
    data = as_text(file.get("file_data"), f"{path}.file.file_data")
    inline = data_url(data)
    if inline is None:
        draft.need("input.data_url", path)
        return Opaque(DIALECT, raw)
    mime, start = inline
    draft.need("input.pdf" if mime == "application/pdf" else "input.file", path, mime)
    return Blob(
        "document", mime, data, opt_text(file.get("filename"), f"{path}.file.filename"), None, ext, cache, start
    )


_AUDIO = frozenset({"type", "input_audio", "prompt_cache_breakpoint"})


def _audio(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    audio = as_map(raw.get("input_audio"), f"{path}.input_audio")
    ext, cache = _marks(draft, raw, _AUDIO, path)
    draft.unknown(audio, frozenset({"data", "format"}), f"{path}.input_audio")
    draft.need("input.audio", path, str(audio.get("format")))
    data = as_text(audio.get("data"), f"{path}.input_audio.data")
    return Blob("audio", f"audio/{audio.get('format')}", data, None, None, ext, cache)


def _refusal(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    draft.unknown(raw, frozenset({"type", "refusal"}), path)
    return Refusal(as_text(raw.get("refusal"), f"{path}.refusal"))


_PARTS = {"image_url": _image, "file": _file, "input_audio": _audio, "refusal": _refusal}


def _assistant(draft: Draft, raw: Mapping[str, Any], path: str) -> Message:
    ext: dict[str, Any] = {}
    kept = draft.unknown(raw, _ASSISTANT, path)
    parts: list[Part] = []
    for field in ("reasoning_content", "reasoning"):
        if isinstance(raw.get(field), str) and raw[field]:
            draft.hint("reasoning.text", f"{path}.{field}")
            parts.append(Reasoning(raw[field], DIALECT, ext={"field": field}))
    parts += _content(draft, raw.get("content"), f"{path}.content", ext)
    if raw.get("refusal"):
        parts.append(Refusal(as_text(raw["refusal"], f"{path}.refusal")))
    for field, flag in (("audio", "server_state.audio"), ("function_call", "tools.legacy_functions")):
        if raw.get(field) is not None:
            draft.need(flag, f"{path}.{field}")
            kept[field] = raw[field]
    if raw.get("annotations"):
        draft.hint("citations", f"{path}.annotations")
        kept["annotations"] = raw["annotations"]
    calls = as_list(raw.get("tool_calls") or (), f"{path}.tool_calls")
    parts += [_call(draft, call, f"{path}.tool_calls[{index}]") for index, call in enumerate(calls)]
    if len(calls) > 1:
        draft.need("tools.parallel", f"{path}.tool_calls")
    if kept:
        ext["fields"] = kept
    if _blank(tuple(parts)) and not kept:
        draft.need("message.empty", path)
    return Message("assistant", tuple(parts), _named(draft, raw, path), ext or NO_EXT)


def _call(draft: Draft, call: Any, path: str) -> Part:
    raw = as_map(call, path)
    if raw.get("type", "function") != "function":
        return _custom_call(draft, raw, path)
    function = as_map(raw.get("function"), f"{path}.function")
    arguments = as_text(function.get("arguments"), f"{path}.function.arguments")
    signature = signature_of(raw)
    rest = draft.unknown(raw, _CALL if signature is None else _CALL | {_EXTRA}, path)
    draft.unknown(function, _CALLED, f"{path}.function")
    if arguments and not is_object_text(arguments):  # models call functions without parameters with empty text
        draft.need("tool_arguments.invalid_json", f"{path}.function.arguments")
    name = as_text(function.get("name"), f"{path}.function.name")
    if not TOOL_NAME.fullmatch(name):
        draft.need("tools.name_charset", f"{path}.function.name")
    call_id = as_text(raw.get("id"), f"{path}.id")
    if signature is None:
        return ToolCall(call_id, name, arguments, rest or NO_EXT)
    ext = {**rest, _EXTRA: raw[_EXTRA]}
    return ToolCall(call_id, name, arguments, ext, seal=_seal(draft, signature, f"{path}.{_EXTRA}"))


def _seal(draft: Draft, signature: str, path: str) -> Sealed | None:
    """A signature as Google writes it where it speaks this dialect."""
    if is_wrapped(signature):
        return opened(draft, signature, "", path).seal
    draft.signed = draft.signed or path
    return Sealed(signature, DIALECT)


def _custom_call(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    draft.need("tools.custom", path)
    if raw.get("type") != "custom":
        draft.need(f"unknown_field.tool_calls.{raw.get('type')}", path)
        return Opaque(DIALECT, raw)
    custom = as_map(raw.get("custom"), f"{path}.custom")
    rest = draft.unknown(raw, frozenset({"id", "type", "custom", "index"}), path)
    draft.unknown(custom, frozenset({"name", "input"}), f"{path}.custom")
    name = as_text(custom.get("name"), f"{path}.custom.name")
    if not TOOL_NAME.fullmatch(name):
        draft.need("tools.name_charset", f"{path}.custom.name")
    given = as_text(custom.get("input"), f"{path}.custom.input")
    return ToolCall(as_text(raw.get("id"), f"{path}.id"), name, given, rest or NO_EXT, free=True)


def _tool_result(draft: Draft, raw: Mapping[str, Any], path: str) -> Message:
    ext: dict[str, Any] = {}
    rest = draft.unknown(raw, _TOOL, path)
    if rest:
        ext["fields"] = rest
    name = opt_text(raw.get("name"), f"{path}.name")
    if name is not None:  # no longer in the reference, but clients send it, and it says nothing that the call does not
        ext["fields"] = {**rest, "name": name}
    parts = _content(draft, raw.get("content"), f"{path}.content", ext)
    if isinstance(raw.get("content"), str) and raw["content"].isspace():
        draft.hint("text.blank", f"{path}.content")
    call_id = as_text(raw.get("tool_call_id"), f"{path}.tool_call_id")
    return Message("tool", (ToolResult(call_id, parts, name=name, ext=NO_EXT),), None, ext or NO_EXT)
