"""OpenAI responses: tools and the choice among them, as they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from waypost.core.codecs.openai_responses_turns import TOOL_NAME
from waypost.core.codecs.schema import anthropic_drops, plain_object_root
from waypost.core.codecs.wire import Draft, as_list, as_map, as_text, opt_list, opt_map, opt_text
from waypost.core.model.conversation import NO_EXT, Tool, ToolChoice

_HOSTED: Mapping[str, str] = {
    "custom": "tools.custom",
    "namespace": "tools.deferred",
    "tool_search": "tools.deferred",
    "programmatic_tool_calling": "tools.programmatic",
    "web_search_preview": "server_tool.web_search",
    "web_search_preview_2025_03_11": "server_tool.web_search",
    "web_search_2025_08_26": "server_tool.web_search",
    "computer_use": "server_tool.computer",
    "computer_use_preview": "server_tool.computer",
}


def read_tools(draft: Draft, value: Any) -> None:
    tools: list[Tool] = []
    others: list[tuple[int, Any]] = []
    for index, item in enumerate(as_list(value, "tools")):
        raw = as_map(item, f"tools[{index}]")
        if raw.get("type") == "function":
            tools.append(_function(draft, raw, f"tools[{index}]"))
        else:
            draft.need(_hosted(raw.get("type")), f"tools[{index}]")
            others.append((index, raw))
    if tools:
        draft.need("tools", "tools")
        draft.fields["tools"] = tuple(tools)
    if others:
        draft.ext["other_tools"] = tuple(others)


def _hosted(kind: Any) -> str:
    return _HOSTED.get(str(kind), f"server_tool.{kind}")


_FUNCTION = frozenset(
    {
        *("type", "name", "description", "parameters", "strict"),
        *("allowed_callers", "defer_loading", "output_schema", "async"),
    }
)


def _function(draft: Draft, raw: Mapping[str, Any], path: str) -> Tool:
    ext = draft.unknown(raw, _FUNCTION, path)
    for field in ("allowed_callers", "defer_loading", "output_schema", "async", "strict"):
        if raw.get(field) is not None:
            ext[field] = raw[field]
    if any(caller != "direct" for caller in opt_list(raw.get("allowed_callers"), f"{path}.allowed_callers")):
        draft.need("tools.programmatic", f"{path}.allowed_callers")
    if raw.get("defer_loading"):
        draft.need("tools.deferred", f"{path}.defer_loading")
    if raw.get("async"):
        draft.need("tools.async", f"{path}.async")
    if opt_map(raw.get("output_schema"), f"{path}.output_schema"):
        draft.need("tools.output_schema", f"{path}.output_schema")
    name = as_text(raw.get("name"), f"{path}.name")
    if not TOOL_NAME.fullmatch(name):
        draft.need("tools.name_charset", f"{path}.name")
    parameters = raw.get("parameters")
    if parameters is not None and not plain_object_root(as_map(parameters, f"{path}.parameters")):
        draft.need("schema.root", f"{path}.parameters")
    _strict(draft, raw, path)
    about = opt_text(raw.get("description"), f"{path}.description")
    return Tool(name, about, parameters, True if raw.get("strict") else None, ext or NO_EXT)


def _strict(draft: Draft, raw: Mapping[str, Any], path: str) -> None:
    """Where nothing is said, this dialect makes a schema strict by changing it; others leave it as it is."""
    if raw.get("strict") is None:
        draft.hint("tools.strict", f"{path}.strict", "default")
    elif raw["strict"]:
        draft.need("tools.strict", f"{path}.strict")
        lost = anthropic_drops(raw.get("parameters") or {"type": "object", "properties": {}})
        if lost:
            draft.need("schema.constraints", f"{path}.parameters", ",".join(lost))


def read_tool_choice(draft: Draft, value: Any) -> None:
    if value == "required":
        draft.need("tool_choice.required", "tool_choice")
    if value in ("auto", "none", "required"):
        draft.fields["tool_choice"] = ToolChoice(value)
        return
    choice = as_map(value, "tool_choice")
    kind = choice.get("type")
    if kind == "function":
        draft.unknown(choice, frozenset({"type", "name"}), "tool_choice")
        draft.need("tool_choice.required", "tool_choice")
        draft.fields["tool_choice"] = ToolChoice("named", as_text(choice.get("name"), "tool_choice.name"))
        return
    draft.keep("tool_choice", value)
    if kind == "allowed_tools":
        _allowed(draft, choice)
    else:
        draft.need(_hosted(kind), "tool_choice")


def _allowed(draft: Draft, choice: Mapping[str, Any]) -> None:
    draft.unknown(choice, frozenset({"type", "mode", "tools"}), "tool_choice")
    required = choice.get("mode") == "required"
    draft.need("tool_choice.allowed_subset", "tool_choice", "required" if required else "auto")
    if required:
        draft.need("tool_choice.required", "tool_choice")
    names: list[str] = []
    for index, item in enumerate(as_list(choice.get("tools"), "tool_choice.tools")):
        tool = as_map(item, f"tool_choice.tools[{index}]")
        if tool.get("type") == "function":
            names.append(as_text(tool.get("name"), f"tool_choice.tools[{index}].name"))
        else:
            draft.need(_hosted(tool.get("type")), f"tool_choice.tools[{index}]")
    draft.fields["tool_choice"] = ToolChoice("required" if required else "auto", None, tuple(names))
