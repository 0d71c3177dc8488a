"""Google generate content: the tools of a request, and which of them may or must be called, as they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from waypost.core.codecs.google_generate_content_calls import read_name
from waypost.core.codecs.schema import anthropic_drops, object_root, openai_strict, plain_object_root
from waypost.core.codecs.schema_google import closed, from_openapi
from waypost.core.codecs.wire import Draft, as_list, as_map, as_text, camel, opt_list, opt_map, opt_text
from waypost.core.model.conversation import NO_EXT, Tool, ToolChoice

SERVER_TOOLS: Mapping[str, str] = {
    "googleSearch": "server_tool.web_search",
    "googleSearchRetrieval": "server_tool.web_search",
    "enterpriseWebSearch": "server_tool.web_search",
    "parallelAiSearch": "server_tool.web_search",
    "exaAiSearch": "server_tool.web_search",
    "codeExecution": "server_tool.code_execution",
    "urlContext": "server_tool.url_context",
    "googleMaps": "server_tool.maps",
    "fileSearch": "server_tool.file_search",
    "computerUse": "server_tool.computer",
    "retrieval": "server_tool.retrieval",
    "mcpServers": "server_tool.mcp",
}
"""Tools that Google runs, by their member of a tool."""

_TOOL = frozenset({*SERVER_TOOLS, "functionDeclarations"})
_FUNCTION = frozenset(
    {"name", "description", "parameters", "parametersJsonSchema", "response", "responseJsonSchema", "behavior"}
)
_CONFIG = frozenset({"functionCallingConfig", "retrievalConfig", "includeServerSideToolInvocations"})
_CALLING = frozenset({"mode", "allowedFunctionNames", "streamFunctionCallArguments"})


def read_tools(draft: Draft, value: Any) -> None:
    tools: list[Tool] = []
    draft.keep("tools", value)
    for index, item in enumerate(as_list(value, "tools")):
        path = f"tools[{index}]"
        raw = camel(as_map(item, path))
        draft.unknown(raw, _TOOL, path)
        for name in raw.keys() & SERVER_TOOLS.keys():
            # An empty object is how most of them are asked for.
            if raw[name] is not None:
                draft.need(SERVER_TOOLS[name], f"{path}.{name}")
                draft.ext["other_tools"] = True
        declared = opt_list(raw.get("functionDeclarations"), f"{path}.functionDeclarations")
        tools += [_function(draft, each, f"{path}.functionDeclarations[{at}]") for at, each in enumerate(declared)]
    if tools:
        draft.need("tools", "tools")
        draft.fields["tools"] = tuple(tools)


def _function(draft: Draft, item: Any, path: str) -> Tool:
    raw = camel(as_map(item, path))
    draft.unknown(raw, _FUNCTION, path)
    name = read_name(draft, raw.get("name"), f"{path}.name")
    schema: Mapping[str, Any] | None = None
    if raw.get("parametersJsonSchema") is not None:
        schema = as_map(raw["parametersJsonSchema"], f"{path}.parametersJsonSchema")
    elif raw.get("parameters") is not None:
        schema = from_openapi(raw["parameters"], f"{path}.parameters")
    if schema is not None and not plain_object_root(schema):
        draft.need("schema.root", f"{path}.parameters")
    for member in ("response", "responseJsonSchema"):
        if raw.get(member) is not None:
            draft.hint("tools.output_schema", f"{path}.{member}")
    if raw.get("behavior") not in (None, "UNSPECIFIED", "BLOCKING"):
        draft.need("tools.async", f"{path}.behavior")
    return Tool(name, opt_text(raw.get("description"), f"{path}.description"), schema, None, NO_EXT)


def hold_tools(draft: Draft) -> None:
    """Where calls are validated, all tools are held to their schemas."""
    if not draft.ext.pop("validated", False) or "tools" not in draft.fields:
        return
    held: list[Tool] = []
    for index, tool in enumerate(draft.fields["tools"]):
        schema = closed(object_root(tool.parameters), f"tools[{index}]")
        need_of_schema(draft, schema, f"tools[{index}]")
        held.append(replace(tool, parameters=schema, strict=True))
    draft.fields["tools"] = tuple(held)
    draft.need("tools.strict", "toolConfig.functionCallingConfig.mode")


def need_of_schema(draft: Draft, schema: Mapping[str, Any], path: str) -> None:
    """What a schema that is held strictly asks of others."""
    if not openai_strict(schema):
        draft.need("schema.optional_properties", path)
    lost = anthropic_drops(schema)
    if lost:
        draft.need("schema.constraints", path, ",".join(lost))


def read_tool_config(draft: Draft, value: Any) -> None:
    draft.keep("toolConfig", value)
    raw = camel(as_map(value, "toolConfig"))
    draft.unknown(raw, _CONFIG, "toolConfig")
    if raw.get("retrievalConfig"):
        draft.need("server_tool.retrieval_config", "toolConfig.retrievalConfig")
    if raw.get("includeServerSideToolInvocations"):
        draft.need("server_tool.invocations", "toolConfig.includeServerSideToolInvocations")
    path = "toolConfig.functionCallingConfig"
    calling = camel(opt_map(raw.get("functionCallingConfig"), path))
    draft.unknown(calling, _CALLING, path)
    if calling.get("streamFunctionCallArguments"):
        draft.hint("tools.eager_streaming", f"{path}.streamFunctionCallArguments")
    names = opt_list(calling.get("allowedFunctionNames"), f"{path}.allowedFunctionNames")
    allowed = tuple(as_text(name, f"{path}.allowedFunctionNames[{at}]") for at, name in enumerate(names))
    _mode(draft, opt_text(calling.get("mode"), f"{path}.mode"), allowed, path)


def _mode(draft: Draft, mode: str | None, allowed: tuple[str, ...], path: str) -> None:
    match mode:
        case None | "" | "MODE_UNSPECIFIED":
            return
        case "AUTO":
            draft.fields["tool_choice"] = ToolChoice("auto")
        case "NONE":
            draft.fields["tool_choice"] = ToolChoice("none")
        case "ANY":
            draft.need("tool_choice.required", f"{path}.mode")
            if len(allowed) == 1:
                draft.fields["tool_choice"] = ToolChoice("named", allowed[0])
                return
            draft.fields["tool_choice"] = ToolChoice("required", None, allowed)
            if allowed:
                draft.need("tool_choice.allowed_subset", f"{path}.allowedFunctionNames", "required")
        case "VALIDATED":
            draft.ext["validated"] = True
            draft.fields["tool_choice"] = ToolChoice("auto", None, allowed)
            if allowed:
                draft.need("tool_choice.allowed_subset", f"{path}.allowedFunctionNames", "auto")
        case _:
            draft.need(f"unknown_field.mode.{mode}", f"{path}.mode")
