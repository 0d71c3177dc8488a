"""Anthropic messages: the turns of a request and their blocks, as they are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from waypost.core.codecs.envelope import is_wrapped
from waypost.core.codecs.json_text import dumps
from waypost.core.codecs.sealing import opened, sealed, signed_history, stands_for
from waypost.core.codecs.wire import IMAGE_MIMES, Draft, as_list, as_map, as_text, opt_map, opt_text
from waypost.core.model.conversation import (
    NO_EXT,
    Blob,
    Message,
    Opaque,
    Part,
    Reasoning,
    Role,
    Text,
    ToolCall,
    ToolResult,
    Uri,
)

DIALECT: Final = "anthropic.messages"
_MESSAGE = frozenset({"role", "content"})
TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
JOINED: Final = "joined"
"""Marks a message that stands in the same wire message as the one before it."""


def read_system(draft: Draft, value: Any) -> None:
    ext: dict[str, Any] = {}
    parts = _content(draft, value, "system", ext)
    if parts:
        draft.ext["system"] = (Message("system", parts, None, ext or NO_EXT),)


def read_messages(draft: Draft, value: Any) -> None:
    found: list[Message] = []
    opened = False
    for index, item in enumerate(as_list(value, "messages")):
        path = f"messages[{index}]"
        raw = as_map(item, path)
        role = raw.get("role")
        if role == "system":
            draft.need("system.mid_conversation", path)
        elif role not in ("user", "assistant"):
            raise ValueError(f"{path}.role: not a role of this dialect")
        elif not opened:
            opened = True
            if role != "user":
                draft.need("turns.user_first", path)
        found += _message(draft, raw, role, path)
    if not opened:
        draft.need("turns.user_first", "messages")
    elif found[-1].role == "assistant":
        draft.need("prefill", "messages[-1]")
    signed_history(draft, found)
    draft.fields["messages"] = tuple(found)


def _message(draft: Draft, raw: Mapping[str, Any], role: Role, path: str) -> list[Message]:
    ext: dict[str, Any] = {"at": "messages"} if role == "system" else {}
    rest = _instruction(draft, raw, path) if role == "system" else draft.unknown(raw, _MESSAGE, path)
    if rest:
        ext["fields"] = rest
    parts = _content(draft, raw.get("content"), f"{path}.content", ext)
    if all(isinstance(part, Text) and not part.text.strip() for part in parts):
        draft.need("message.empty", path)
    if role == "assistant":
        _check_order(draft, parts, path)
        return [Message(role, parts, None, ext or NO_EXT)]
    if not any(isinstance(part, ToolResult) for part in parts):
        return [Message(role, parts, None, ext or NO_EXT)]
    return _split_results(parts, ext)


_OF_A_TURN: Mapping[str, str] = {"clear_at": "context_management", "output_config": "reasoning.turn_effort"}
"""What a system message between turns may say of the turn after it."""


def _instruction(draft: Draft, raw: Mapping[str, Any], path: str) -> dict[str, Any]:
    """What a system message between turns has beside its words."""
    rest = draft.unknown(raw, _MESSAGE | _OF_A_TURN.keys(), path)
    for name, flag in _OF_A_TURN.items():
        if (value := raw.get(name)) is not None:
            rest[name] = value
            if value not in ("never", {}):
                draft.need(flag, f"{path}.{name}")
    return rest


def _check_order(draft: Draft, parts: tuple[Part, ...], path: str) -> None:
    calls = [position for position, part in enumerate(parts) if isinstance(part, ToolCall)]
    if len(calls) > 1:
        draft.need("tools.parallel", f"{path}.content")
    if calls and any(not isinstance(part, ToolCall) and not stands_for(part) for part in parts[calls[0] :]):
        draft.need("message.part_order", f"{path}.content")


def _split_results(parts: tuple[Part, ...], ext: dict[str, Any]) -> list[Message]:
    """Each result becomes a tool turn of its own; what stands between and after them is the user's."""
    messages: list[Message] = []
    said: list[Part] = []
    ext = {**ext, "form": "parts"}
    joined = {**ext, JOINED: True}
    for part in parts:
        if not isinstance(part, ToolResult):
            said.append(part)
            continue
        if said:
            messages.append(Message("user", tuple(said), None, joined if messages else ext))
            said = []
        messages.append(Message("tool", (part,), None, joined if messages else ext))
    if said:
        messages.append(Message("user", tuple(said), None, joined))
    return messages


def _content(draft: Draft, content: Any, path: str, ext: dict[str, Any]) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (Text(content, NO_EXT),)
    if content is None:
        return ()
    parts = tuple(
        _block(draft, as_map(item, f"{path}[{index}]"), f"{path}[{index}]")
        for index, item in enumerate(as_list(content, path))
    )
    if len(parts) <= 1:
        ext["form"] = "parts"
    return parts


def _block(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    kind = raw.get("type")
    reader = _BLOCKS.get(kind) if isinstance(kind, str) else None
    if reader is not None:
        return reader(draft, raw, path)
    draft.need(_OPAQUE.get(str(kind), f"server_tool.{kind}"), path)
    return Opaque(DIALECT, raw)


_OPAQUE = {
    "search_result": "input.search_result",
    "container_upload": "server_state.container",
    "tool_reference": "tools.deferred",
    "compaction": "context_management",
}


def read_marks(
    draft: Draft, raw: Mapping[str, Any], known: frozenset[str], path: str
) -> tuple[Mapping[str, Any], str | None]:
    rest = draft.unknown(raw, known, path)
    mark = raw.get("cache_control")
    if mark is None:
        return (rest or NO_EXT), None
    cache = opt_text(as_map(mark, f"{path}.cache_control").get("ttl"), f"{path}.cache_control.ttl") or "default"
    draft.hint("cache.breakpoints", f"{path}.cache_control", cache)
    return (rest or NO_EXT), cache


_TEXT = frozenset({"type", "text", "cache_control", "citations"})


def _text(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    text = as_text(raw.get("text"), f"{path}.text")
    if len(raw) == 2:
        return Text(text, NO_EXT)
    ext, cache = read_marks(draft, raw, _TEXT, path)
    if raw.get("citations"):
        draft.hint("citations", f"{path}.citations")
        ext = {**ext, "citations": raw["citations"]}
    return Text(text, ext, cache)


_IMAGE = frozenset({"type", "source", "cache_control", "transformations"})


def _image(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    ext, cache = read_marks(draft, raw, _IMAGE, path)
    if raw.get("transformations"):
        draft.hint("image.transformations", f"{path}.transformations")
        ext = {**ext, "transformations": raw["transformations"]}
    source = as_map(raw.get("source"), f"{path}.source")
    kind = source.get("type")
    if kind == "base64":
        mime = as_text(source.get("media_type"), f"{path}.source.media_type")
        draft.need("input.image", path)
        if mime not in IMAGE_MIMES:
            draft.need("input.image.mime", path, mime)
        return Blob("image", mime, as_text(source.get("data"), f"{path}.source.data"), None, None, ext, cache)
    if kind == "url":
        draft.need("input.image.url", path)
        return Uri("image", as_text(source.get("url"), f"{path}.source.url"), None, None, ext, cache)
    draft.need("input.file_id" if kind == "file" else f"unknown_field.source.{kind}", path)
    return Opaque(DIALECT, raw)


_DOCUMENT = frozenset({"type", "source", "cache_control", "title", "context", "citations"})


def _document(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    ext, cache = read_marks(draft, raw, _DOCUMENT, path)
    if opt_map(raw.get("citations"), f"{path}.citations").get("enabled"):
        draft.need("citations.request", f"{path}.citations")
    if raw.get("context"):
        draft.need("input.document", f"{path}.context", "context")
    kept = {name: raw[name] for name in ("context", "citations") if raw.get(name) is not None}
    ext = {**ext, **kept} if kept else ext
    source = as_map(raw.get("source"), f"{path}.source")
    kind = source.get("type")
    title = opt_text(raw.get("title"), f"{path}.title")
    if kind == "base64":
        draft.need("input.pdf", path, "application/pdf")
        data = as_text(source.get("data"), f"{path}.source.data")
        return Blob("document", "application/pdf", data, title, None, ext, cache)
    if kind == "url":
        draft.need("input.pdf", path, "application/pdf")
        draft.need("input.pdf.url", path)
        if title is not None:
            draft.hint("document.title", f"{path}.title")
        url = as_text(source.get("url"), f"{path}.source.url")
        return Uri("document", url, "application/pdf", None, ext, cache, title)
    if kind == "text" and not kept.get("citations", {}).get("enabled"):
        if title is not None:
            draft.hint("document.title", f"{path}.title")
        draft.hint("input.document", path, "text")
        return Text(as_text(source.get("data"), f"{path}.source.data"), {**ext, "document": raw}, cache)
    draft.need("input.file_id" if kind == "file" else "input.document", path, str(kind))
    return Opaque(DIALECT, raw)


def _thinking_block(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    draft.unknown(raw, frozenset({"type", "thinking", "signature"}), path)
    signature = opt_text(raw.get("signature"), f"{path}.signature")
    text = as_text(raw.get("thinking"), f"{path}.thinking")
    if signature is not None and is_wrapped(signature):
        return opened(draft, signature, text, path, {"raw": raw})
    draft.signed = draft.signed or path
    return Reasoning(text, DIALECT, sealed(signature, DIALECT), False, NO_EXT)


def _redacted(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    draft.unknown(raw, frozenset({"type", "data"}), path)
    data = as_text(raw.get("data"), f"{path}.data")
    if is_wrapped(data):
        return opened(draft, data, "", path, {"raw": raw})
    draft.signed = draft.signed or path
    return Reasoning("", DIALECT, sealed(data, DIALECT), True, NO_EXT)


_USE = frozenset({"type", "id", "name", "input", "cache_control", "caller", "toolset_name"})


def _tool_use(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    ext, cache = read_marks(draft, raw, _USE, path)
    caller = raw.get("caller")
    if caller is not None:
        ext = {**ext, "caller": caller}
        if as_map(caller, f"{path}.caller").get("type") != "direct":
            draft.need("tools.programmatic", f"{path}.caller")
    if raw.get("toolset_name") is not None:
        draft.need("server_tool.toolset", f"{path}.toolset_name")
        ext = {**ext, "toolset_name": raw["toolset_name"]}
    name = as_text(raw.get("name"), f"{path}.name")
    if not TOOL_NAME.fullmatch(name):
        draft.need("tools.name_charset", f"{path}.name")
    arguments = dumps(as_map(raw.get("input"), f"{path}.input"))
    return ToolCall(as_text(raw.get("id"), f"{path}.id"), name, arguments, ext, cache)


_RESULT = frozenset({"type", "tool_use_id", "content", "is_error", "cache_control", "toolset_name"})


def _tool_result(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    found, cache = read_marks(draft, raw, _RESULT, path)
    ext = dict(found)
    if raw.get("toolset_name") is not None:
        draft.need("server_tool.toolset", f"{path}.toolset_name")
        ext["toolset_name"] = raw["toolset_name"]
    form: dict[str, Any] = {}
    parts = _content(draft, raw.get("content"), f"{path}.content", form)
    if form or raw.get("is_error") is False:
        ext["as"] = {"form": form.get("form"), "is_error": raw.get("is_error")}
    for part in parts:
        if isinstance(part, Blob | Uri):
            flag = "tool_result.image" if part.modality == "image" else "tool_result.document"
            draft.need(flag, f"{path}.content")
    if raw.get("is_error"):
        draft.need("tool_result.is_error", f"{path}.is_error")
    call_id = as_text(raw.get("tool_use_id"), f"{path}.tool_use_id")
    return ToolResult(call_id, parts, bool(raw.get("is_error")), None, ext or NO_EXT, cache)


_BLOCKS: Mapping[str, Callable[[Draft, Mapping[str, Any], str], Part]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "thinking": _thinking_block,
    "redacted_thinking": _redacted,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
}
