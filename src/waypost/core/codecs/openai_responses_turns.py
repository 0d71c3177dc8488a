"""OpenAI responses: the items of a request and the turns that they make, as they are read.

What a model said in one turn stands in items of its own here: reasoning, a message, each call. They become one turn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from waypost.core.codecs.openai_responses_parts import DIALECT, is_blank, read_content
from waypost.core.codecs.wire import (
    Draft,
    as_list,
    as_map,
    as_text,
    is_object_text,
    opt_list,
    opt_map,
    opt_text,
    signed_history,
)
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

TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ROLES: Mapping[str, Role] = {"system": "system", "developer": "developer", "user": "user", "assistant": "assistant"}
_LEADING = ("system", "developer")
_MESSAGE = frozenset({"type", "role", "content", "id", "status", "phase"})
_FORM = ("type", "id", "status", "phase")
"""Members of items that say how they are stored, not what a model reads; they are kept for the origin."""

Item = tuple[tuple[Part, ...], dict[str, Any]]
"""The parts of an item of the assistant, and what its origin needs to write it again."""


def read_input(draft: Draft, value: Any) -> None:
    if isinstance(value, str):
        draft.ext["input"] = "text"
        if not value.strip():
            draft.need("message.empty", "input")
        draft.fields["messages"] = (Message("user", (Text(value, NO_EXT),), None, NO_EXT),)
        return
    draft.ext["input"] = "items"
    items = _Items(draft)
    for index, item in enumerate(as_list(value, "input")):
        items.read(as_map(item, f"input[{index}]"), f"input[{index}]")
    draft.fields["messages"] = items.turns()


class _Items:
    """Items in their order to turns."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.found: list[Message] = []
        self.opened = False
        self._parts: list[Part] = []
        self._items: list[Mapping[str, Any]] = []
        self._said = False
        self._calls: list[str] = []

    def read(self, raw: Mapping[str, Any], path: str) -> None:
        kind = raw.get("type")
        if kind is None:
            kind = "message" if "role" in raw else "item_reference"
        if kind == "message":
            self._message(raw, path)
        elif isinstance(kind, str) and kind in _ASSISTANT:
            parts, item = _ASSISTANT[kind](self.draft, raw, path)
            if self._said and not self._calls and kind == "reasoning":
                self._flush()
            if kind == "function_call":
                self._calls.append(path)
            self._take(parts, {**item, "type": kind}, path)
        elif kind == "function_call_output" and raw.get("call_id") is not None:
            self._add(_result(self.draft, raw, path), path)
        else:
            self.draft.need(_OPAQUE.get(str(kind), f"unknown_field.input.{kind}"), path)
            self._add(Message("assistant", (Opaque(DIALECT, raw),), None, {"items": ({"type": "opaque"},)}), path)

    def turns(self) -> tuple[Message, ...]:
        self._flush()
        if not self.opened:
            self.draft.need("turns.user_first", "input")
        if self.found and self.found[-1].role == "assistant":
            self.draft.need("prefill", "input[-1]")
        signed_history(self.draft, self.found)
        return tuple(self.found)

    def _message(self, raw: Mapping[str, Any], path: str) -> None:
        name = raw.get("role")
        role = _ROLES.get(name) if isinstance(name, str) else None
        if role is None:
            raise ValueError(f"{path}.role: not a role of this dialect")
        fields = self.draft.unknown(raw, _MESSAGE, path)
        fields.update((name, raw[name]) for name in _FORM if raw.get(name) is not None)
        if raw.get("phase") is not None:
            self.draft.hint("message.phase", f"{path}.phase", str(raw["phase"]))
        parts, as_parts = read_content(self.draft, raw.get("content"), f"{path}.content")
        if role not in _LEADING and is_blank(parts):
            self.draft.need("message.empty", path)
        if role == "assistant":
            if self._said and not self._calls:
                self._flush()
            if self._calls:
                self.draft.need("message.part_order", path)
            self._said = True
            self._take(parts, {"type": "message", "fields": fields, "parts": as_parts}, path)
            return
        ext: dict[str, Any] = {"fields": fields} if fields else {}
        if as_parts:
            ext["form"] = "parts"
        self._add(Message(role, parts, None, ext or NO_EXT), path)

    def _take(self, parts: tuple[Part, ...], item: Mapping[str, Any], path: str) -> None:
        self._open("assistant", path)
        self._parts += parts
        self._items.append({**item, "count": len(parts)})

    def _add(self, message: Message, path: str) -> None:
        self._flush()
        if message.role in _LEADING:
            if self.opened:
                self.draft.need("system.mid_conversation", path)
        else:
            self._open(message.role, path)
        self.found.append(message)

    def _open(self, role: Role, path: str) -> None:
        if not self.opened:
            self.opened = True
            if role != "user":
                self.draft.need("turns.user_first", path)

    def _flush(self) -> None:
        if not self._items:
            return
        if len(self._calls) > 1:
            self.draft.need("tools.parallel", self._calls[1])
        self.found.append(Message("assistant", tuple(self._parts), None, {"items": tuple(self._items)}))
        self._parts, self._items, self._calls, self._said = [], [], [], False


_CALL = frozenset({"type", "id", "call_id", "name", "arguments", "status", "caller", "namespace", "async"})


def _call(draft: Draft, raw: Mapping[str, Any], path: str) -> Item:
    fields = _outside(draft, raw, _CALL, path)
    if raw.get("async") is not None:
        fields["async"] = raw["async"]
        if raw["async"]:
            draft.need("tools.async", f"{path}.async")
    name = as_text(raw.get("name"), f"{path}.name")
    if not TOOL_NAME.fullmatch(name):
        draft.need("tools.name_charset", f"{path}.name")
    arguments = as_text(raw.get("arguments"), f"{path}.arguments")
    if arguments and not is_object_text(arguments):
        draft.need("tool_arguments.invalid_json", f"{path}.arguments")
    call = ToolCall(as_text(raw.get("call_id"), f"{path}.call_id"), name, arguments, NO_EXT)
    return (call,), {"fields": fields}


def _outside(draft: Draft, raw: Mapping[str, Any], known: frozenset[str], path: str) -> dict[str, Any]:
    """What surrounds a call or its result: its id and status, who called it, and the namespace of its tool."""
    fields = draft.unknown(raw, known, path)
    fields.update((name, raw[name]) for name in ("id", "status", "caller", "namespace") if raw.get(name) is not None)
    if opt_map(raw.get("caller"), f"{path}.caller").get("type", "direct") != "direct":
        draft.need("tools.programmatic", f"{path}.caller")
    if raw.get("namespace") is not None:
        draft.need("tools.deferred", f"{path}.namespace")
    return fields


_RESULT = frozenset({"type", "id", "call_id", "output", "status", "caller", "name", "namespace"})


def _result(draft: Draft, raw: Mapping[str, Any], path: str) -> Message:
    fields = _outside(draft, raw, _RESULT, path)
    name = opt_text(raw.get("name"), f"{path}.name")
    parts, as_parts = read_content(draft, raw.get("output"), f"{path}.output")
    for part in parts:
        if isinstance(part, Blob | Uri):
            flag = "tool_result.image" if part.modality == "image" else "tool_result.document"
            draft.need(flag, f"{path}.output")
    ext: dict[str, Any] = {"fields": fields} if fields else {}
    if as_parts:
        ext["form"] = "parts"
    result = ToolResult(as_text(raw["call_id"], f"{path}.call_id"), parts, False, name, NO_EXT)
    return Message("tool", (result,), None, ext or NO_EXT)


_REASONING = frozenset({"type", "id", "summary", "content", "encrypted_content", "status"})


def _reasoning(draft: Draft, raw: Mapping[str, Any], path: str) -> Item:
    fields = draft.unknown(raw, _REASONING, path)
    fields.update((name, raw[name]) for name in ("id", "status", "summary", "content") if raw.get(name) is not None)
    sealed = opt_text(raw.get("encrypted_content"), f"{path}.encrypted_content")
    if sealed:
        draft.signed = draft.signed or path
    else:
        draft.hint("reasoning.text", path)
    return (Reasoning(reasoning_text(raw, path), DIALECT, sealed),), {"fields": fields}


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


_ASSISTANT: Mapping[str, Callable[[Draft, Mapping[str, Any], str], Item]] = {
    "function_call": _call,
    "reasoning": _reasoning,
}

_OPAQUE: Mapping[str, str] = {
    "item_reference": "server_state.item_reference",
    "function_call_output": "server_state.tool_call",
    "web_search_call": "server_tool.web_search",
    "file_search_call": "server_tool.file_search",
    "code_interpreter_call": "server_tool.code_interpreter",
    "image_generation_call": "server_tool.image_generation",
    "computer_call": "server_tool.computer",
    "computer_call_output": "server_tool.computer",
    "local_shell_call": "server_tool.local_shell",
    "local_shell_call_output": "server_tool.local_shell",
    "shell_call": "server_tool.shell",
    "shell_call_output": "server_tool.shell",
    "apply_patch_call": "server_tool.apply_patch",
    "apply_patch_call_output": "server_tool.apply_patch",
    "mcp_list_tools": "server_tool.mcp",
    "mcp_approval_request": "server_tool.mcp",
    "mcp_approval_response": "server_tool.mcp",
    "mcp_call": "server_tool.mcp",
    "custom_tool_call": "tools.custom",
    "custom_tool_call_output": "tools.custom",
    "tool_search_call": "tools.deferred",
    "tool_search_output": "tools.deferred",
    "additional_tools": "tools.deferred",
    "program": "tools.programmatic",
    "program_output": "tools.programmatic",
    "compaction": "context_management",
    "compaction_trigger": "context_management",
    "configuration_update": "context_management",
}
"""What an item that only this dialect has needs; an item that is not here stays at home as well."""
