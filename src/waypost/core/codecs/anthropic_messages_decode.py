"""Anthropic messages: the request's wire dict to a conversation. Every field is mapped, a hint, or a need."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from waypost.core.codecs.schema import openai_strict, plain_object_root
from waypost.core.codecs.wire import (
    IMAGE_MIMES,
    Draft,
    Handler,
    as_list,
    as_map,
    as_number,
    as_text,
    dumps,
    read_fields,
)
from waypost.core.model.conversation import (
    NO_EXT,
    Blob,
    Conversation,
    Message,
    Opaque,
    Part,
    Reasoning,
    Role,
    Schema,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Uri,
)

DIALECT: Final = "anthropic.messages"

_MESSAGE = frozenset({"role", "content"})
_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SHARED_EFFORTS = frozenset({"low", "medium", "high", "xhigh", "max"})
JOINED: Final = "joined"
"""Marks a message that stands in the same wire message as the one before it."""


def decode_request(body: Mapping[str, Any]) -> Conversation:
    """Raises ValueError with a path where ``body`` is not a messages request."""
    draft = Draft()
    # Usage is always part of a stream here.
    draft.fields.update(model="", include_usage=True)
    read_fields(draft, body, _FIELDS)
    if "messages" not in draft.fields:
        raise ValueError("messages: expected an array, not nothing")
    system = draft.ext.pop("system", ())
    if system:
        draft.fields["messages"] = (*system, *draft.fields["messages"])
    _thinking_and_effort(draft)
    _undeclared_tools(draft)
    return draft.conversation(DIALECT)


# Messages.


def _system(draft: Draft, value: Any) -> None:
    ext: dict[str, Any] = {}
    parts = _content(draft, value, "system", ext)
    if parts:
        draft.ext["system"] = (Message("system", parts, None, ext or NO_EXT),)


def _messages(draft: Draft, value: Any) -> None:
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
    draft.fields["messages"] = tuple(found)


def _message(draft: Draft, raw: Mapping[str, Any], role: Role, path: str) -> list[Message]:
    ext: dict[str, Any] = {"at": "messages"} if role == "system" else {}
    rest = draft.unknown(raw, _MESSAGE, path)
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


def _check_order(draft: Draft, parts: tuple[Part, ...], path: str) -> None:
    calls = [position for position, part in enumerate(parts) if isinstance(part, ToolCall)]
    if len(calls) > 1:
        draft.need("tools.parallel", f"{path}.content")
    if calls and any(not isinstance(part, ToolCall) for part in parts[calls[0] :]):
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


def _marks(
    draft: Draft, raw: Mapping[str, Any], known: frozenset[str], path: str
) -> tuple[Mapping[str, Any], str | None]:
    rest = draft.unknown(raw, known, path)
    mark = raw.get("cache_control")
    if mark is None:
        return (rest or NO_EXT), None
    cache = as_map(mark, f"{path}.cache_control").get("ttl") or "default"
    draft.hint("cache.breakpoints", f"{path}.cache_control", cache)
    return (rest or NO_EXT), cache


_TEXT = frozenset({"type", "text", "cache_control", "citations"})


def _text(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    text = as_text(raw.get("text"), f"{path}.text")
    if len(raw) == 2:
        return Text(text, NO_EXT)
    ext, cache = _marks(draft, raw, _TEXT, path)
    if raw.get("citations"):
        draft.hint("citations", f"{path}.citations")
        ext = {**ext, "citations": raw["citations"]}
    return Text(text, ext, cache)


_IMAGE = frozenset({"type", "source", "cache_control", "transformations"})


def _image(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    ext, cache = _marks(draft, raw, _IMAGE, path)
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
    ext, cache = _marks(draft, raw, _DOCUMENT, path)
    if (raw.get("citations") or {}).get("enabled"):
        draft.need("citations.request", f"{path}.citations")
    if raw.get("context"):
        draft.need("input.document", f"{path}.context", "context")
    kept = {name: raw[name] for name in ("context", "citations") if raw.get(name) is not None}
    ext = {**ext, **kept} if kept else ext
    source = as_map(raw.get("source"), f"{path}.source")
    kind = source.get("type")
    if kind == "base64":
        draft.need("input.pdf", path, "application/pdf")
        data = as_text(source.get("data"), f"{path}.source.data")
        return Blob("document", "application/pdf", data, raw.get("title"), None, ext, cache)
    if kind == "url":
        draft.need("input.pdf", path, "application/pdf")
        draft.need("input.pdf.url", path)
        url = as_text(source.get("url"), f"{path}.source.url")
        return Uri("document", url, "application/pdf", None, ext, cache, raw.get("title"))
    draft.need("input.file_id" if kind == "file" else "input.document", path, str(kind))
    return Opaque(DIALECT, raw)


def _thinking_block(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    draft.need("reasoning.signature", path)
    draft.unknown(raw, frozenset({"type", "thinking", "signature"}), path)
    return Reasoning(as_text(raw.get("thinking"), f"{path}.thinking"), DIALECT, raw.get("signature"), False, NO_EXT)


def _redacted(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    draft.need("reasoning.signature", path)
    draft.unknown(raw, frozenset({"type", "data"}), path)
    return Reasoning("", DIALECT, as_text(raw.get("data"), f"{path}.data"), True, NO_EXT)


_USE = frozenset({"type", "id", "name", "input", "cache_control", "caller", "toolset_name"})


def _tool_use(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    ext, cache = _marks(draft, raw, _USE, path)
    caller = raw.get("caller")
    if caller is not None:
        ext = {**ext, "caller": caller}
        if as_map(caller, f"{path}.caller").get("type") != "direct":
            draft.need("tools.programmatic", f"{path}.caller")
    if raw.get("toolset_name") is not None:
        draft.need("server_tool.toolset", f"{path}.toolset_name")
        ext = {**ext, "toolset_name": raw["toolset_name"]}
    name = as_text(raw.get("name"), f"{path}.name")
    if not _TOOL_NAME.fullmatch(name):
        draft.need("tools.name_charset", f"{path}.name")
    arguments = dumps(as_map(raw.get("input"), f"{path}.input"))
    return ToolCall(as_text(raw.get("id"), f"{path}.id"), name, arguments, ext, cache)


_RESULT = frozenset({"type", "tool_use_id", "content", "is_error", "cache_control", "toolset_name"})


def _tool_result(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    found, cache = _marks(draft, raw, _RESULT, path)
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


# Tools.

_TOOL = frozenset(
    {
        *("type", "name", "description", "input_schema", "strict", "cache_control"),
        *("allowed_callers", "defer_loading", "eager_input_streaming", "input_examples"),
    }
)


def _tools(draft: Draft, value: Any) -> None:
    tools: list[Tool] = []
    others: list[tuple[int, Any]] = []
    for index, item in enumerate(as_list(value, "tools")):
        raw = as_map(item, f"tools[{index}]")
        kind = raw.get("type")
        if kind is None or kind == "custom":
            tools.append(_tool(draft, raw, f"tools[{index}]"))
        else:
            draft.need(f"server_tool.{str(kind).rpartition('_')[0] or kind}", f"tools[{index}]")
            others.append((index, raw))
    if tools:
        draft.need("tools", "tools")
        draft.fields["tools"] = tuple(tools)
    if others:
        draft.ext["other_tools"] = tuple(others)


def _tool(draft: Draft, raw: Mapping[str, Any], path: str) -> Tool:
    found, cache = _marks(draft, raw, _TOOL, path)
    ext = dict(found)
    for field in ("type", "allowed_callers", "defer_loading", "eager_input_streaming", "input_examples"):
        if raw.get(field) is not None:
            ext[field] = raw[field]
    if any(caller != "direct" for caller in raw.get("allowed_callers") or ()):
        draft.need("tools.programmatic", f"{path}.allowed_callers")
    if raw.get("defer_loading"):
        draft.need("tools.deferred", f"{path}.defer_loading")
    if raw.get("input_examples"):
        draft.need("tools.input_examples", f"{path}.input_examples")
    name = as_text(raw.get("name"), f"{path}.name")
    if not _TOOL_NAME.fullmatch(name):
        draft.need("tools.name_charset", f"{path}.name")
    schema = as_map(raw.get("input_schema"), f"{path}.input_schema")
    if not plain_object_root(schema):
        draft.need("schema.root", f"{path}.input_schema")
    if raw.get("strict"):
        draft.need("tools.strict", f"{path}.strict")
        if not openai_strict(schema):
            draft.need("schema.optional_properties", f"{path}.input_schema")
    return Tool(name, raw.get("description"), schema, raw.get("strict"), ext or NO_EXT, cache)


_CHOICES: Mapping[str, ToolChoice] = {
    "auto": ToolChoice("auto"),
    "none": ToolChoice("none"),
    "any": ToolChoice("required"),
}


def _tool_choice(draft: Draft, value: Any) -> None:
    choice = as_map(value, "tool_choice")
    kind = choice.get("type")
    draft.unknown(choice, frozenset({"type", "name", "disable_parallel_tool_use"}), "tool_choice")
    if kind == "tool":
        draft.fields["tool_choice"] = ToolChoice("named", as_text(choice.get("name"), "tool_choice.name"))
    elif isinstance(kind, str) and kind in _CHOICES:
        draft.fields["tool_choice"] = _CHOICES[kind]
    else:
        draft.need(f"unknown_field.tool_choice.{kind}", "tool_choice")
        draft.keep("tool_choice", value)
        return
    if kind in ("tool", "any"):
        draft.need("tool_choice.required", "tool_choice")
    single = choice.get("disable_parallel_tool_use")
    if single is not None:
        draft.fields["parallel_tools"] = not single
        if single:
            draft.need("tools.disable_parallel", "tool_choice.disable_parallel_tool_use")


def _undeclared_tools(draft: Draft) -> None:
    if "tools" in draft.fields or "other_tools" in draft.ext:
        return
    for index, message in enumerate(draft.fields["messages"]):
        if message.role == "tool" or any(isinstance(part, ToolCall) for part in message.parts):
            draft.need("tools.undeclared", f"messages[{index}]")
            draft.need("tools", f"messages[{index}]")
            return


# Generation parameters.


def _model(draft: Draft, value: Any) -> None:
    draft.fields["model"] = as_text(value, "model")


def _max_tokens(draft: Draft, value: Any) -> None:
    draft.sampling["max_output"] = value
    if value == 0:
        draft.need("cache.prewarm", "max_tokens")


def _stream(draft: Draft, value: Any) -> None:
    if value:
        draft.fields["stream"] = True
        draft.need("stream", "stream")


def _number(name: str, plain: float | None) -> Handler:
    def handle(draft: Draft, value: Any) -> None:
        draft.sampling[name] = as_number(value, name)
        if value != plain:
            draft.need(f"sampling.{name}", name)

    return handle


def _stop(draft: Draft, value: Any) -> None:
    stops = tuple(as_text(item, f"stop_sequences[{i}]") for i, item in enumerate(as_list(value, "stop_sequences")))
    if not stops:
        return
    draft.sampling["stop"] = stops
    draft.need("stop", "stop_sequences")
    draft.need("stop.report_match", "stop_sequences")
    if len(stops) > 4:
        draft.need("stop.max", "stop_sequences", str(len(stops)))


def _metadata(draft: Draft, value: Any) -> None:
    metadata = as_map(value, "metadata")
    if metadata.get("user_id") is not None:
        draft.fields["user"] = as_text(metadata["user_id"], "metadata.user_id")
    rest = {name: item for name, item in metadata.items() if name != "user_id"}
    if rest:
        draft.hint("metadata", "metadata")
        draft.ext["metadata"] = rest


def _output_config(draft: Draft, value: Any) -> None:
    config = as_map(value, "output_config")
    rest = draft.unknown(config, frozenset({"effort", "format"}), "output_config")
    if rest:
        draft.ext["output_config"] = rest
    effort = config.get("effort")
    if effort is not None:
        draft.sampling["reasoning_effort"] = as_text(effort, "output_config.effort")
        draft.need("reasoning.effort", "output_config.effort", effort)
        if effort not in _SHARED_EFFORTS:
            draft.need("unknown_field.output_config.effort", "output_config.effort")
    if config.get("format") is not None:
        _format(draft, as_map(config["format"], "output_config.format"))


def _format(draft: Draft, form: Mapping[str, Any]) -> None:
    if form.get("type") != "json_schema":
        draft.need(f"unknown_field.output_config.format.{form.get('type')}", "output_config.format")
    schema = as_map(form.get("schema"), "output_config.format.schema")
    draft.need("output.json_schema", "output_config.format")
    if not openai_strict(schema):
        draft.need("schema.optional_properties", "output_config.format.schema")
    draft.fields["output"] = Schema(schema, strict=True)


def _thinking(draft: Draft, value: Any) -> None:
    config = as_map(value, "thinking")
    kind = config.get("type")
    draft.keep("thinking", value)
    if config.get("display") is not None:
        draft.hint("reasoning.display", "thinking.display", str(config["display"]))
    if kind == "enabled":
        draft.need("reasoning.budget", "thinking.budget_tokens", str(config.get("budget_tokens")))
    elif kind != "disabled":
        draft.need("reasoning.adaptive", "thinking", str(kind))


def _thinking_and_effort(draft: Draft) -> None:
    thinking = draft.ext.get("fields", {}).get("thinking")
    if thinking is None or thinking.get("type") != "disabled":
        return
    if "reasoning_effort" in draft.sampling:
        draft.need("reasoning.adaptive", "thinking", "disabled")
        return
    draft.sampling["reasoning_effort"] = "none"
    draft.need("reasoning.effort", "thinking", "none")
    draft.need("reasoning.can_disable", "thinking")


def _cache_control(draft: Draft, value: Any) -> None:
    draft.keep("cache_control", value)
    draft.hint("cache.breakpoints", "cache_control", as_map(value, "cache_control").get("ttl") or "default")


def _kept(name: str, flag: str, *, hint: bool = False, plain: tuple[Any, ...] = ()) -> Handler:
    """A field without a common meaning: kept for its origin, and a need unless its value is one of ``plain``."""

    def handle(draft: Draft, value: Any) -> None:
        draft.keep(name, value)
        if value not in plain:
            word = value if isinstance(value, str) and len(value) <= 32 else None
            draft.need(flag, name, word, "hint" if hint else "required")

    return handle


_FIELDS: Mapping[str, Handler] = {
    "model": _model,
    "messages": _messages,
    "system": _system,
    "max_tokens": _max_tokens,
    "stream": _stream,
    "temperature": _number("temperature", 1),
    "top_p": _number("top_p", 1),
    "top_k": _number("top_k", None),
    "stop_sequences": _stop,
    "tools": _tools,
    "tool_choice": _tool_choice,
    "metadata": _metadata,
    "output_config": _output_config,
    "thinking": _thinking,
    "cache_control": _cache_control,
    "service_tier": _kept("service_tier", "service_tier", hint=True, plain=("auto",)),
    "speed": _kept("speed", "service_tier", plain=("standard",)),
    "container": _kept("container", "server_state.container"),
    "inference_geo": _kept("inference_geo", "data_residency"),
    "user_profile_id": _kept("user_profile_id", "server_state.user_profile"),
    "workspace_id": _kept("workspace_id", "server_state.workspace"),
    "diagnostics": _kept("diagnostics", "diagnostics", hint=True),
    "mcp_servers": _kept("mcp_servers", "server_tool.mcp"),
    "context_management": _kept("context_management", "context_management"),
}
