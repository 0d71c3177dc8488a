"""OpenAI chat: the request's wire dict to a conversation. Every field is mapped, a hint, or a need with its path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from waypost.core.codecs.openai_chat_turns import DIALECT, TOOL_NAME, read_messages
from waypost.core.codecs.openai_fields import ALIKE, effort, settle_user
from waypost.core.codecs.schema import anthropic_drops, plain_object_root
from waypost.core.codecs.wire import (
    Draft,
    Handler,
    as_int,
    as_list,
    as_map,
    as_number,
    as_text,
    kept,
    opt_map,
    opt_text,
    read_fields,
    undeclared_tools,
)
from waypost.core.model.conversation import (
    NO_EXT,
    Conversation,
    Schema,
    Tool,
    ToolChoice,
)

_TOOL = frozenset({"type", "function"})
_CUSTOM = frozenset({"type", "custom"})
_FUNCTION = frozenset({"name", "description", "parameters", "strict"})


def decode_request(body: Mapping[str, Any]) -> Conversation:
    """Raises ValueError with a path where ``body`` is not a chat completion request."""
    draft = Draft()
    draft.fields["model"] = ""
    read_fields(draft, body, _FIELDS)
    if "messages" not in draft.fields:
        raise ValueError("messages: expected an array, not nothing")
    settle_user(draft)
    undeclared_tools(draft)
    return draft.conversation(DIALECT)


# Tools.


def _tools(draft: Draft, value: Any) -> None:
    tools: list[Tool] = []
    others: list[tuple[int, Any]] = []
    for index, item in enumerate(as_list(value, "tools")):
        raw = as_map(item, f"tools[{index}]")
        kind = raw.get("type")
        if kind == "function":
            tools.append(_function(draft, as_map(raw.get("function"), f"tools[{index}].function"), index))
            draft.unknown(raw, _TOOL, f"tools[{index}]")
        elif kind == "custom":
            tools.append(_custom(draft, as_map(raw.get("custom"), f"tools[{index}].custom"), f"tools[{index}].custom"))
            draft.unknown(raw, _CUSTOM, f"tools[{index}]")
        else:
            draft.need(f"server_tool.{kind}", f"tools[{index}]")
            others.append((index, raw))
    if tools:
        draft.need("tools", "tools")
        draft.fields["tools"] = tuple(tools)
    if others:
        draft.ext["other_tools"] = tuple(others)


def _custom(draft: Draft, custom: Mapping[str, Any], path: str) -> Tool:
    ext = draft.unknown(custom, frozenset({"name", "description", "format"}), path)
    draft.need("tools.custom", path)
    name = as_text(custom.get("name"), f"{path}.name")
    if not TOOL_NAME.fullmatch(name):
        draft.need("tools.name_charset", f"{path}.name")
    form = opt_map(custom.get("format"), f"{path}.format")
    if form:
        ext["format"] = form
    grammar = as_map(form.get("grammar"), f"{path}.format.grammar") if form.get("type") == "grammar" else None
    about = opt_text(custom.get("description"), f"{path}.description")
    return Tool(name, about, None, None, ext or NO_EXT, free=True, grammar=grammar)


def _function(draft: Draft, function: Mapping[str, Any], index: int) -> Tool:
    path = f"tools[{index}].function"
    name = as_text(function.get("name"), f"{path}.name")
    parameters = function.get("parameters")
    rest = draft.unknown(function, _FUNCTION, path)
    if not TOOL_NAME.fullmatch(name):
        draft.need("tools.name_charset", f"{path}.name")
    if parameters is not None and not plain_object_root(as_map(parameters, f"{path}.parameters")):
        draft.need("schema.root", f"{path}.parameters")
    if function.get("strict"):
        draft.need("tools.strict", f"{path}.strict")
        _constraints(draft, parameters or {"type": "object", "properties": {}}, f"{path}.parameters")
    about = opt_text(function.get("description"), f"{path}.description")
    return Tool(name, about, parameters, function.get("strict"), rest or NO_EXT)


def _constraints(draft: Draft, schema: Mapping[str, Any], path: str) -> None:
    # What another dialect drops is found here once, because a need is raised before any target is known.
    lost = anthropic_drops(schema)
    if lost:
        draft.need("schema.constraints", path, ",".join(lost))


def _tool_choice(draft: Draft, value: Any) -> None:
    if value == "required":
        draft.need("tool_choice.required", "tool_choice")
    if value in ("auto", "none", "required"):
        draft.fields["tool_choice"] = ToolChoice(value)
        return
    choice = as_map(value, "tool_choice")
    kind = choice.get("type")
    if kind == "function":
        name = as_text(as_map(choice.get("function"), "tool_choice.function").get("name"), "tool_choice.function.name")
        draft.need("tool_choice.required", "tool_choice")
        draft.fields["tool_choice"] = ToolChoice("named", name)
    elif kind == "allowed_tools":
        _allowed(draft, as_map(choice.get("allowed_tools"), "tool_choice.allowed_tools"))
        draft.keep("tool_choice", value)
    elif kind == "custom":
        name = as_text(as_map(choice.get("custom"), "tool_choice.custom").get("name"), "tool_choice.custom.name")
        draft.need("tools.custom", "tool_choice")
        draft.need("tool_choice.required", "tool_choice")
        draft.fields["tool_choice"] = ToolChoice("named", name)
        draft.keep("tool_choice", value)
    else:
        draft.need(f"unknown_field.tool_choice.{kind}", "tool_choice")
        draft.keep("tool_choice", value)


def _allowed(draft: Draft, allowed: Mapping[str, Any]) -> None:
    mode = "required" if allowed.get("mode") == "required" else "auto"
    draft.need("tool_choice.allowed_subset", "tool_choice", mode)
    if mode == "required":
        draft.need("tool_choice.required", "tool_choice")
    names: list[str] = []
    for index, item in enumerate(as_list(allowed.get("tools"), "tool_choice.allowed_tools.tools")):
        tool = as_map(item, f"tool_choice.allowed_tools.tools[{index}]")
        kind = "custom" if tool.get("type") == "custom" else "function"
        names.append(str(as_map(tool.get(kind), "tool_choice.allowed_tools.tools").get("name")))
        if kind == "custom":
            draft.need("tools.custom", f"tool_choice.allowed_tools.tools[{index}]")
    draft.fields["tool_choice"] = ToolChoice("required" if mode == "required" else "auto", None, tuple(names))


# Generation parameters.


def _stream_options(draft: Draft, value: Any) -> None:
    options = as_map(value, "stream_options")
    draft.fields["include_usage"] = bool(options.get("include_usage"))
    rest = {name: item for name, item in options.items() if name != "include_usage" and item is not None}
    draft.unknown(options, frozenset({"include_usage", "include_obfuscation"}), "stream_options")
    if rest:
        draft.ext["stream_options"] = rest


def _limit(draft: Draft, value: Any) -> None:
    if draft.sampling.get("max_output", value) != value:
        draft.need("unknown_field.max_tokens", "max_tokens")
    draft.sampling["max_output"] = as_int(value, "max_tokens")


def _penalty(name: str) -> Handler:
    def handle(draft: Draft, value: Any) -> None:
        draft.sampling[name] = as_number(value, name)
        if value:
            draft.need("sampling.penalties", name)

    return handle


def _seed(draft: Draft, value: Any) -> None:
    draft.sampling["seed"] = as_int(value, "seed")
    draft.need("seed", "seed")


def _n(draft: Draft, value: Any) -> None:
    draft.sampling["n"] = as_int(value, "n")
    if value != 1:
        draft.need("n", "n", str(value))


def _stop(draft: Draft, value: Any) -> None:
    if isinstance(value, str):
        draft.ext["stop"] = "text"
        stops: tuple[str, ...] = (value,)
    else:
        stops = tuple(as_text(item, f"stop[{index}]") for index, item in enumerate(as_list(value, "stop")))
    if not stops:
        return
    draft.sampling["stop"] = stops
    draft.need("stop", "stop")
    if len(stops) > 4:
        draft.need("stop.max", "stop", str(len(stops)))
    if not all(item.strip() for item in stops):
        draft.need("stop.blank", "stop")


def _logprobs(draft: Draft, value: Any) -> None:
    draft.sampling["logprobs"] = bool(value)
    if value:
        draft.need("logprobs", "logprobs")


def _top_logprobs(draft: Draft, value: Any) -> None:
    draft.sampling["top_logprobs"] = as_int(value, "top_logprobs")
    if value:
        draft.need("logprobs", "top_logprobs", str(value))


def _effort(draft: Draft, value: Any) -> None:
    effort(draft, value, "reasoning_effort")


def _verbosity(draft: Draft, value: Any) -> None:
    draft.sampling["verbosity"] = as_text(value, "verbosity")
    if value != "medium":
        draft.hint("verbosity", "verbosity", value)


def _response_format(draft: Draft, value: Any) -> None:
    form = as_map(value, "response_format")
    kind = form.get("type")
    if kind == "json_object":
        draft.need("output.json_object", "response_format")
        draft.fields["output"] = Schema(None)
    elif kind == "json_schema":
        raw = as_map(form.get("json_schema"), "response_format.json_schema")
        known = frozenset({"name", "description", "schema", "strict"})
        draft.unknown(raw, known, "response_format.json_schema")
        schema = as_map(raw.get("schema", {}), "response_format.json_schema.schema")
        draft.need("output.json_schema", "response_format")
        if raw.get("description"):
            draft.hint("output.schema_name", "response_format.json_schema.description")
        _constraints(draft, schema, "response_format.json_schema.schema")
        name, about = (opt_text(raw.get(key), f"response_format.json_schema.{key}") for key in ("name", "description"))
        draft.fields["output"] = Schema(schema, name, about, raw.get("strict"))
    else:
        if kind != "text":
            draft.need(f"unknown_field.response_format.{kind}", "response_format")
        draft.keep("response_format", value)


def _modalities(draft: Draft, value: Any) -> None:
    draft.keep("modalities", value)
    if any(item != "text" for item in as_list(value, "modalities")):
        draft.need("output.audio", "modalities")


_FIELDS: Mapping[str, Handler] = {
    **ALIKE,
    "messages": read_messages,
    "stream_options": _stream_options,
    "max_completion_tokens": _limit,
    "max_tokens": _limit,
    "frequency_penalty": _penalty("frequency_penalty"),
    "presence_penalty": _penalty("presence_penalty"),
    "seed": _seed,
    "n": _n,
    "stop": _stop,
    "logprobs": _logprobs,
    "top_logprobs": _top_logprobs,
    "tools": _tools,
    "tool_choice": _tool_choice,
    "response_format": _response_format,
    "reasoning_effort": _effort,
    "verbosity": _verbosity,
    "modalities": _modalities,
    "audio": kept("audio", "output.audio"),
    "logit_bias": kept("logit_bias", "logit_bias", plain=({},)),
    "prediction": kept("prediction", "prediction", hint=True),
    "prompt_cache_options": kept("prompt_cache_options", "cache.key", hint=True, shared=True),
    "store": kept("store", "server_state.store", plain=(False,)),
    "web_search_options": kept("web_search_options", "server_tool.web_search"),
    "functions": kept("functions", "tools.legacy_functions"),
    "function_call": kept("function_call", "tools.legacy_functions"),
}
