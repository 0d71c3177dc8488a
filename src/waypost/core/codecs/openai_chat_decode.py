"""OpenAI chat: the request's wire dict to a conversation. Every field is mapped, a hint, or a need with its path."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from waypost.core.codecs.schema import anthropic_drops, plain_object_root
from waypost.core.codecs.wire import (
    IMAGE_MIMES,
    Draft,
    Handler,
    as_list,
    as_map,
    as_number,
    as_text,
    read_fields,
    wrong,
)
from waypost.core.model.conversation import (
    NO_EXT,
    Blob,
    Conversation,
    FileRef,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Role,
    Schema,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
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
_TOOL = frozenset({"role", "content", "tool_call_id"})
_CALL = frozenset({"id", "type", "function", "index"})
_FUNCTION = frozenset({"name", "description", "parameters", "strict"})
_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_EFFORTS = frozenset({"none", "minimal", "low", "medium", "high", "xhigh", "max"})


def decode_request(body: Mapping[str, Any]) -> Conversation:
    """Raises ValueError with a path where ``body`` is not a chat completion request."""
    draft = Draft()
    draft.fields["model"] = ""
    read_fields(draft, body, _FIELDS)
    if "messages" not in draft.fields:
        raise ValueError("messages: expected an array, not nothing")
    _safety_identifier(draft)
    _undeclared_tools(draft)
    return draft.conversation(DIALECT)


# Messages.


def _messages(draft: Draft, value: Any) -> None:
    found: list[Message] = []
    opened = False
    for index, raw in enumerate(as_list(value, "messages")):
        if not isinstance(raw, Mapping):
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
    cache = as_map(mark, f"{path}.prompt_cache_breakpoint").get("ttl") or "default"
    draft.hint("cache.breakpoints", f"{path}.prompt_cache_breakpoint", cache)
    return (rest or NO_EXT), cache


def data_url(url: str) -> tuple[str, int] | None:
    """MIME type of a base64 data URL, and where its base64 begins; ``None`` for any other URL."""
    comma = url.find(",", 5, 256) if url.startswith("data:") else -1
    if comma < 0:
        return None
    mime, _, options = url[5:comma].partition(";")
    return (mime.lower(), comma + 1) if options == "base64" or options.endswith(";base64") else None


_IMAGE = frozenset({"type", "image_url", "prompt_cache_breakpoint"})


def _image(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    image = as_map(raw.get("image_url"), f"{path}.image_url")
    url = as_text(image.get("url"), f"{path}.image_url.url")
    detail = image.get("detail")
    if detail not in (None, "auto"):
        draft.hint("image.detail", f"{path}.image_url.detail", str(detail))
    draft.unknown(image, frozenset({"url", "detail"}), f"{path}.image_url")
    ext, cache = _marks(draft, raw, _IMAGE, path)
    inline = data_url(url)
    if inline is not None:
        mime, start = inline
        draft.need("input.image", path)
        if mime not in IMAGE_MIMES:
            draft.need("input.image.mime", path, mime)
        return Blob("image", mime, url, None, detail, ext, cache, start)
    if url.startswith("data:"):
        draft.need("input.data_url", path)
        return Opaque(DIALECT, raw)
    draft.need("input.image.url", path)
    return Uri("image", url, None, detail, ext, cache)


_FILE = frozenset({"type", "file", "prompt_cache_breakpoint"})


def _file(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    file = as_map(raw.get("file"), f"{path}.file")
    ext, cache = _marks(draft, raw, _FILE, path)
    draft.unknown(file, frozenset({"file_data", "file_id", "filename"}), f"{path}.file")
    if isinstance(file.get("file_id"), str):
        draft.need("input.file_id", path)
        return FileRef("document", file["file_id"], {"raw": raw})
    data = as_text(file.get("file_data"), f"{path}.file.file_data")
    inline = data_url(data)
    if inline is None:
        draft.need("input.data_url", path)
        return Opaque(DIALECT, raw)
    mime, start = inline
    draft.need("input.pdf" if mime == "application/pdf" else "input.document", path, mime)
    return Blob("document", mime, data, file.get("filename"), None, ext, cache, start)


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
        draft.need("tools.custom", path)
        return Opaque(DIALECT, raw)
    function = as_map(raw.get("function"), f"{path}.function")
    arguments = as_text(function.get("arguments"), f"{path}.function.arguments")
    rest = draft.unknown(raw, _CALL, path)
    draft.unknown(function, frozenset({"name", "arguments"}), f"{path}.function")
    if not _is_object(arguments):
        draft.need("tool_arguments.invalid_json", f"{path}.function.arguments")
    name = as_text(function.get("name"), f"{path}.function.name")
    if not _TOOL_NAME.fullmatch(name):
        draft.need("tools.name_charset", f"{path}.function.name")
    return ToolCall(as_text(raw.get("id"), f"{path}.id"), name, arguments, rest or NO_EXT)


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _tool_result(draft: Draft, raw: Mapping[str, Any], path: str) -> Message:
    ext: dict[str, Any] = {}
    rest = draft.unknown(raw, _TOOL, path)
    if rest:
        ext["fields"] = rest
    parts = _content(draft, raw.get("content"), f"{path}.content", ext)
    call_id = as_text(raw.get("tool_call_id"), f"{path}.tool_call_id")
    return Message("tool", (ToolResult(call_id, parts, ext=NO_EXT),), None, ext or NO_EXT)


# Tools.


def _tools(draft: Draft, value: Any) -> None:
    tools: list[Tool] = []
    others: list[tuple[int, Any]] = []
    for index, item in enumerate(as_list(value, "tools")):
        raw = as_map(item, f"tools[{index}]")
        kind = raw.get("type")
        if kind == "function":
            tools.append(_function(draft, as_map(raw.get("function"), f"tools[{index}].function"), index))
            draft.unknown(raw, frozenset({"type", "function"}), f"tools[{index}]")
        else:
            draft.need("tools.custom" if kind == "custom" else f"server_tool.{kind}", f"tools[{index}]")
            others.append((index, raw))
    if tools:
        draft.need("tools", "tools")
        draft.fields["tools"] = tuple(tools)
    if others:
        draft.ext["other_tools"] = tuple(others)


def _function(draft: Draft, function: Mapping[str, Any], index: int) -> Tool:
    path = f"tools[{index}].function"
    name = as_text(function.get("name"), f"{path}.name")
    parameters = function.get("parameters")
    rest = draft.unknown(function, _FUNCTION, path)
    if not _TOOL_NAME.fullmatch(name):
        draft.need("tools.name_charset", f"{path}.name")
    if parameters is not None and not plain_object_root(as_map(parameters, f"{path}.parameters")):
        draft.need("schema.root", f"{path}.parameters")
    if function.get("strict"):
        draft.need("tools.strict", f"{path}.strict")
        _constraints(draft, parameters or {"type": "object", "properties": {}}, f"{path}.parameters")
    return Tool(name, function.get("description"), parameters, function.get("strict"), rest or NO_EXT)


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
    else:
        draft.need("tools.custom" if kind == "custom" else f"unknown_field.tool_choice.{kind}", "tool_choice")
        draft.keep("tool_choice", value)


def _allowed(draft: Draft, allowed: Mapping[str, Any]) -> None:
    mode = "required" if allowed.get("mode") == "required" else "auto"
    draft.need("tool_choice.allowed_subset", "tool_choice", mode)
    if mode == "required":
        draft.need("tool_choice.required", "tool_choice")
    names: list[str] = []
    for index, item in enumerate(as_list(allowed.get("tools"), "tool_choice.allowed_tools.tools")):
        tool = as_map(item, f"tool_choice.allowed_tools.tools[{index}]")
        if tool.get("type") == "function":
            names.append(str(as_map(tool.get("function"), "tool_choice.allowed_tools.tools").get("name")))
        else:
            draft.need("tools.custom", f"tool_choice.allowed_tools.tools[{index}]")
    draft.fields["tool_choice"] = ToolChoice("required" if mode == "required" else "auto", None, tuple(names))


def _parallel(draft: Draft, value: Any) -> None:
    draft.fields["parallel_tools"] = bool(value)
    if value:
        draft.hint("tools.parallel", "parallel_tool_calls")
    else:
        draft.need("tools.disable_parallel", "parallel_tool_calls")


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


def _stream(draft: Draft, value: Any) -> None:
    if value:
        draft.fields["stream"] = True
        draft.need("stream", "stream")


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
    draft.sampling["max_output"] = value


def _temperature(draft: Draft, value: Any) -> None:
    draft.sampling["temperature"] = as_number(value, "temperature")
    if value != 1:
        draft.need("sampling.temperature", "temperature")
        if value > 1:
            draft.need("sampling.temperature.above_1", "temperature", str(value))


def _top_p(draft: Draft, value: Any) -> None:
    draft.sampling["top_p"] = as_number(value, "top_p")
    if value != 1:
        draft.need("sampling.top_p", "top_p")


def _penalty(name: str) -> Handler:
    def handle(draft: Draft, value: Any) -> None:
        draft.sampling[name] = as_number(value, name)
        if value:
            draft.need("sampling.penalties", name)

    return handle


def _seed(draft: Draft, value: Any) -> None:
    draft.sampling["seed"] = value
    draft.need("seed", "seed")


def _n(draft: Draft, value: Any) -> None:
    draft.sampling["n"] = value
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
    draft.sampling["top_logprobs"] = value
    if value:
        draft.need("logprobs", "top_logprobs", str(value))


def _effort(draft: Draft, value: Any) -> None:
    effort = as_text(value, "reasoning_effort")
    draft.sampling["reasoning_effort"] = effort
    draft.need("reasoning.effort", "reasoning_effort", effort)
    if effort == "none":
        draft.need("reasoning.can_disable", "reasoning_effort")
    elif effort == "minimal":
        draft.need("reasoning.effort.minimal", "reasoning_effort")
    elif effort not in _EFFORTS:
        draft.need("unknown_field.reasoning_effort", "reasoning_effort")


def _verbosity(draft: Draft, value: Any) -> None:
    draft.sampling["verbosity"] = value
    if value != "medium":
        draft.hint("verbosity", "verbosity", str(value))


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
        schema = as_map(raw.get("schema") or {}, "response_format.json_schema.schema")
        draft.need("output.json_schema", "response_format")
        if raw.get("description"):
            draft.hint("output.schema_name", "response_format.json_schema.description")
        _constraints(draft, schema, "response_format.json_schema.schema")
        draft.fields["output"] = Schema(schema, raw.get("name"), raw.get("description"), raw.get("strict"))
    else:
        if kind != "text":
            draft.need(f"unknown_field.response_format.{kind}", "response_format")
        draft.keep("response_format", value)


def _user(draft: Draft, value: Any) -> None:
    draft.fields["user"] = as_text(value, "user")


def _safety_identifier(draft: Draft) -> None:
    value = draft.ext.get("fields", {}).get("safety_identifier")
    if value is None:
        return
    if "user" in draft.fields:
        draft.hint("user", "safety_identifier")
    else:
        draft.fields["user"] = as_text(value, "safety_identifier")
        draft.ext["user"] = "safety_identifier"


def _modalities(draft: Draft, value: Any) -> None:
    draft.keep("modalities", value)
    if any(item != "text" for item in as_list(value, "modalities")):
        draft.need("output.audio", "modalities")


def _kept(name: str, flag: str | None = None, *, hint: bool = False, plain: tuple[Any, ...] = ()) -> Handler:
    """A field without a common meaning: kept for its origin, and a need unless its value is one of ``plain``."""

    def handle(draft: Draft, value: Any) -> None:
        draft.keep(name, value)
        if flag is not None and value not in plain:
            word = value if isinstance(value, str) and len(value) <= 32 else None
            draft.need(flag, name, word, "hint" if hint else "required")

    return handle


_FIELDS: Mapping[str, Handler] = {
    "model": _model,
    "messages": _messages,
    "stream": _stream,
    "stream_options": _stream_options,
    "max_completion_tokens": _limit,
    "max_tokens": _limit,
    "temperature": _temperature,
    "top_p": _top_p,
    "frequency_penalty": _penalty("frequency_penalty"),
    "presence_penalty": _penalty("presence_penalty"),
    "seed": _seed,
    "n": _n,
    "stop": _stop,
    "logprobs": _logprobs,
    "top_logprobs": _top_logprobs,
    "tools": _tools,
    "tool_choice": _tool_choice,
    "parallel_tool_calls": _parallel,
    "response_format": _response_format,
    "reasoning_effort": _effort,
    "verbosity": _verbosity,
    "user": _user,
    "safety_identifier": _kept("safety_identifier"),
    "modalities": _modalities,
    "audio": _kept("audio", "output.audio"),
    "logit_bias": _kept("logit_bias", "logit_bias", plain=({},)),
    "prediction": _kept("prediction", "prediction", hint=True),
    "metadata": _kept("metadata", "metadata", hint=True, plain=({},)),
    "prompt_cache_key": _kept("prompt_cache_key", "cache.key", hint=True),
    "prompt_cache_retention": _kept("prompt_cache_retention", "cache.key", hint=True),
    "prompt_cache_options": _kept("prompt_cache_options", "cache.key", hint=True),
    "service_tier": _kept("service_tier", "service_tier", plain=("auto", "default")),
    "store": _kept("store", "server_state.store", plain=(False,)),
    "moderation": _kept("moderation", "safety.settings"),
    "web_search_options": _kept("web_search_options", "server_tool.web_search"),
    "functions": _kept("functions", "tools.legacy_functions"),
    "function_call": _kept("function_call", "tools.legacy_functions"),
}
