"""OpenAI responses: calls, their results and reasoning, as they are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from waypost.core.codecs.envelope import is_wrapped
from waypost.core.codecs.json_text import is_object_text
from waypost.core.codecs.openai_responses_parts import DIALECT, read_content
from waypost.core.codecs.sealing import opened
from waypost.core.codecs.wire import Draft, as_map, as_text, opt_list, opt_map, opt_text
from waypost.core.model.conversation import NO_EXT, Blob, Message, Part, Reasoning, Sealed, ToolCall, ToolResult, Uri

TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

Item = tuple[tuple[Part, ...], dict[str, Any]]
"""The parts of an item of the assistant, and what its origin needs to write it again."""

_AROUND = ("id", "status", "caller", "namespace", "async")
_CALL = frozenset({"type", "id", "call_id", "name", "arguments", "status", "caller", "namespace", "async"})


def read_call(draft: Draft, raw: Mapping[str, Any], path: str) -> Item:
    fields = _outside(draft, raw, _CALL, path)
    name = as_text(raw.get("name"), f"{path}.name")
    if not TOOL_NAME.fullmatch(name):
        draft.need("tools.name_charset", f"{path}.name")
    arguments = as_text(raw.get("arguments"), f"{path}.arguments")
    if arguments and not is_object_text(arguments):
        draft.need("tool_arguments.invalid_json", f"{path}.arguments")
    call = ToolCall(as_text(raw.get("call_id"), f"{path}.call_id"), name, arguments, NO_EXT)
    return (call,), {"fields": fields}


def _outside(draft: Draft, raw: Mapping[str, Any], known: frozenset[str], path: str) -> dict[str, Any]:
    """What surrounds a call or its result: its id and status, who called it, and how its tool is found and awaited."""
    fields = draft.unknown(raw, known, path)
    fields.update((name, raw[name]) for name in _AROUND if name in known and raw.get(name) is not None)
    if fields.get("async"):
        draft.need("tools.async", f"{path}.async")
    if opt_map(raw.get("caller"), f"{path}.caller").get("type", "direct") != "direct":
        draft.need("tools.programmatic", f"{path}.caller")
    if raw.get("namespace") is not None:
        draft.need("tools.deferred", f"{path}.namespace")
    return fields


_CUSTOM_CALL = frozenset({"type", "id", "call_id", "name", "input", "caller", "namespace", "async", "status"})


def read_custom_call(draft: Draft, raw: Mapping[str, Any], path: str) -> Item:
    """A call of a tool that takes a text."""
    draft.need("tools.custom", path)
    fields = _outside(draft, raw, _CUSTOM_CALL, path)
    name = as_text(raw.get("name"), f"{path}.name")
    if not TOOL_NAME.fullmatch(name):
        draft.need("tools.name_charset", f"{path}.name")
    given = as_text(raw.get("input"), f"{path}.input")
    call = ToolCall(as_text(raw.get("call_id"), f"{path}.call_id"), name, given, NO_EXT, free=True)
    return (call,), {"fields": fields}


_RESULT = frozenset({"type", "id", "call_id", "output", "status", "caller", "name", "namespace"})


def read_result(draft: Draft, raw: Mapping[str, Any], path: str) -> Message:
    fields = _outside(draft, raw, _RESULT, path)
    if raw["type"] == "custom_tool_call_output":
        draft.need("tools.custom", path)
        fields["type"] = raw["type"]
    name = opt_text(raw.get("name"), f"{path}.name")
    parts, as_parts = read_content(draft, raw.get("output"), f"{path}.output")
    if isinstance(raw.get("output"), str) and raw["output"].isspace():
        draft.hint("text.blank", f"{path}.output")
    for part in parts:
        if isinstance(part, Blob | Uri):
            flag = "tool_result.image" if part.modality == "image" else "tool_result.document"
            draft.need(flag, f"{path}.output")
    ext: dict[str, Any] = {"fields": fields} if fields else {}
    if as_parts:
        ext["form"] = "parts"
    result = ToolResult(as_text(raw["call_id"], f"{path}.call_id"), parts, False, name, NO_EXT)
    return Message("tool", (result,), None, ext or NO_EXT)


_SEALED = "encrypted_content"
_REASONING = frozenset({"type", "id", "summary", "content", "encrypted_content", "status"})


def read_reasoning(draft: Draft, raw: Mapping[str, Any], path: str) -> Item:
    fields = draft.unknown(raw, _REASONING, path)
    fields.update((name, raw[name]) for name in ("id", "status", "summary", "content") if raw.get(name) is not None)
    sealed = opt_text(raw.get("encrypted_content"), f"{path}.encrypted_content")
    if sealed and is_wrapped(sealed):
        return (opened(draft, sealed, reasoning_text(raw, path), path),), {"fields": {**fields, _SEALED: sealed}}
    if sealed:
        draft.signed = draft.signed or path
    else:
        draft.hint("reasoning.text", path)
    seal = Sealed(sealed, DIALECT, "", opt_text(raw.get("id"), f"{path}.id")) if sealed else None
    return (Reasoning(reasoning_text(raw, path), DIALECT, seal),), {"fields": fields}


def reasoning_text(raw: Mapping[str, Any], path: str) -> str:
    """The text of a reasoning item: the reasoning itself where it is shown, else its summary."""
    for name in ("content", "summary"):
        texts = [
            as_text(as_map(item, f"{path}.{name}[{index}]").get("text"), f"{path}.{name}[{index}].text")
            for index, item in enumerate(opt_list(raw.get(name), f"{path}.{name}"))
        ]
        if texts:
            return "\n\n".join(texts)
    return ""
