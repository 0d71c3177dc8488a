"""OpenAI responses: tools and the choice among them, as they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from waypost.core.codecs.openai_responses_calls import TOOL_NAME
from waypost.core.codecs.schema import anthropic_drops, plain_object_root
from waypost.core.codecs.wire import Draft, as_list, as_map, as_text, opt_list, opt_map, opt_text
from waypost.core.model.conversation import NO_EXT, Tool, ToolChoice

_HOSTED: Mapping[str, str] = {
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
        elif raw.get("type") == "custom":
            tools.append(_custom(draft, raw, f"tools[{index}]"))
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


_CUSTOM = frozenset({"type", "name", "description", "format", "allowed_callers", "defer_loading", "async"})


def _custom(draft: Draft, raw: Mapping[str, Any], path: str) -> Tool:
    ext = _called(draft, raw, _CUSTOM, ("allowed_callers", "defer_loading", "async", "format"), path)
    draft.need("tools.custom", path)
    form = opt_map(raw.get("format"), f"{path}.format")
    grammar = None
    if form.get("type") == "grammar":
        draft.unknown(form, frozenset({"type", "syntax", "definition"}), f"{path}.format")
        grammar = {"syntax": form.get("syntax"), "definition": form.get("definition")}
    about = opt_text(raw.get("description"), f"{path}.description")
    return Tool(_name(draft, raw, path), about, None, None, ext or NO_EXT, free=True, grammar=grammar)


def _name(draft: Draft, raw: Mapping[str, Any], path: str) -> str:
    name = as_text(raw.get("name"), f"{path}.name")
    if not TOOL_NAME.fullmatch(name):
        draft.need("tools.name_charset", f"{path}.name")
    return name


def _called(
    draft: Draft, raw: Mapping[str, Any], known: frozenset[str], fields: tuple[str, ...], path: str
) -> dict[str, Any]:
    """What only this dialect says of a tool: by whom, when and how it may be called."""
    ext = draft.unknown(raw, known, path)
    ext.update((field, raw[field]) for field in fields if raw.get(field) is not None)
    if any(caller != "direct" for caller in opt_list(raw.get("allowed_callers"), f"{path}.allowed_callers")):
        draft.need("tools.programmatic", f"{path}.allowed_callers")
    if raw.get("defer_loading"):
        draft.need("tools.deferred", f"{path}.defer_loading")
    if raw.get("async"):
        draft.need("tools.async", f"{path}.async")
    return ext


def _function(draft: Draft, raw: Mapping[str, Any], path: str) -> Tool:
    ext = _called(draft, raw, _FUNCTION, ("allowed_callers", "defer_loading", "output_schema", "async", "strict"), path)
    if opt_map(raw.get("output_schema"), f"{path}.output_schema"):
        draft.need("tools.output_schema", f"{path}.output_schema")
    name = _name(draft, raw, path)
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
    elif kind == "custom":
        draft.unknown(choice, frozenset({"type", "name"}), "tool_choice")
        draft.need("tools.custom", "tool_choice")
        draft.need("tool_choice.required", "tool_choice")
        draft.fields["tool_choice"] = ToolChoice("named", as_text(choice.get("name"), "tool_choice.name"))
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
        if tool.get("type") in ("function", "custom"):
            names.append(as_text(tool.get("name"), f"tool_choice.tools[{index}].name"))
            if tool["type"] == "custom":
                draft.need("tools.custom", f"tool_choice.tools[{index}]")
        else:
            draft.need(_hosted(tool.get("type")), f"tool_choice.tools[{index}]")
    draft.fields["tool_choice"] = ToolChoice("required" if required else "auto", None, tuple(names))
