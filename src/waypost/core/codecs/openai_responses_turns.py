"""OpenAI responses: the items of a request and the turns that they make, as they are read.

What a model said in one turn stands in items of its own here: reasoning, a message, each call. They become one turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from waypost.core.codecs.ids import INFIX
from waypost.core.codecs.openai_responses_calls import (
    Item,
    read_call,
    read_custom_call,
    read_reasoning,
    read_result,
)
from waypost.core.codecs.openai_responses_parts import DIALECT, is_blank, read_content
from waypost.core.codecs.sealing import signed_history
from waypost.core.codecs.wire import Draft, as_list, as_map
from waypost.core.model.conversation import NO_EXT, Message, Opaque, Part, Role, Text

_ROLES: Mapping[str, Role] = {"system": "system", "developer": "developer", "user": "user", "assistant": "assistant"}
_LEADING = ("system", "developer")
_MESSAGE = frozenset({"type", "role", "content", "id", "status", "phase"})
_FORM = ("type", "id", "status", "phase")
"""Members of items that say how they are stored, not what a model reads; they are kept for the origin."""


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
        path = f"input[{index}]"
        items.read(as_map(item, path), path)
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
        found = raw.get("type")
        kind = ("message" if "role" in raw else "item_reference") if found is None else str(found)
        if kind == "message":
            self._message(raw, path)
        elif kind in _ASSISTANT:
            parts, item = _ASSISTANT[kind](self.draft, raw, path)
            if self._said and not self._calls and kind == "reasoning":
                self._flush()
            if kind != "reasoning":
                self._calls.append(path)
            item.update(type=kind, count=len(parts))
            self._take(parts, item, path)
        elif kind in _RESULTS and raw.get("call_id") is not None:
            self._add(read_result(self.draft, raw, path), path)
        else:
            if kind == "item_reference" and f"_{INFIX}" in str(raw.get("id")):
                raise ValueError(f"{path}.id: that item came from another provider, which keeps none; send the item")
            self.draft.need(_OPAQUE.get(kind, f"unknown_field.input.{kind}"), path)
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
        content = raw.get("content")
        if len(raw) == 2 and type(content) is str:  # most are as plain as that
            parts: tuple[Part, ...] = (Text(content, NO_EXT),)
            fields, as_parts, blank = NO_EXT, False, not content or content.isspace()
        else:
            fields = self._around(raw, path)
            parts, as_parts = read_content(self.draft, content, f"{path}.content")
            blank = is_blank(parts)
        if blank and role not in _LEADING:
            self.draft.need("message.empty", path)
        if role == "assistant":
            if self._said and not self._calls:
                self._flush()
            if self._calls:
                self.draft.need("message.part_order", path)
            self._said = True
            self._take(parts, {"type": "message", "fields": fields, "parts": as_parts, "count": len(parts)}, path)
            return
        ext: dict[str, Any] = {"fields": fields} if fields else {}
        if as_parts:
            ext["form"] = "parts"
        self._add(Message(role, parts, None, ext or NO_EXT), path)

    def _around(self, raw: Mapping[str, Any], path: str) -> Mapping[str, Any]:
        """What surrounds the content of a message."""
        fields = self.draft.unknown(raw, _MESSAGE, path)
        fields.update((name, raw[name]) for name in _FORM if raw.get(name) is not None)
        if raw.get("phase") is not None:
            self.draft.hint("message.phase", f"{path}.phase", str(raw["phase"]))
        return fields

    def _take(self, parts: tuple[Part, ...], item: Mapping[str, Any], path: str) -> None:
        self._open("assistant", path)
        self._parts += parts
        self._items.append(item)

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


_RESULTS = frozenset({"function_call_output", "custom_tool_call_output"})

_ASSISTANT: Mapping[str, Callable[[Draft, Mapping[str, Any], str], Item]] = {
    "function_call": read_call,
    "custom_tool_call": read_custom_call,
    "reasoning": read_reasoning,
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
    "custom_tool_call_output": "server_state.tool_call",
    "tool_search_call": "tools.deferred",
    "tool_search_output": "tools.deferred",
    "additional_tools": "tools.deferred",
    "program": "tools.programmatic",
    "program_output": "tools.programmatic",
    "compaction": "context_management",
    "compaction_trigger": "context_management",
    "configuration_update": "context_management",
    "agent_message": "server_tool.multi_agent",
    "multi_agent_call": "server_tool.multi_agent",
    "multi_agent_call_output": "server_tool.multi_agent",
}
"""What an item that only this dialect has needs; an item that is not here stays at home as well."""
