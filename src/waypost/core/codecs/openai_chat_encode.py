"""OpenAI chat: a conversation to the request's wire dict, for OpenAI itself and for vendors that speak its dialect."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from waypost.core.codecs import expression
from waypost.core.codecs.ids import fit_call_id
from waypost.core.codecs.openai_chat_turns import DIALECT
from waypost.core.codecs.sealing import restored
from waypost.core.codecs.unwrapping import extra_content
from waypost.core.model.conversation import (
    Blob,
    Conversation,
    FileRef,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Schema,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Uri,
)
from waypost.core.model.target import Endpoint, Target

CALL_ID = re.compile(r"[\x21-\x7e]{1,40}")
"""Ids of tool calls that this dialect takes."""

# Lifetimes of a cached prefix in other dialects, and the nearest of this one; None is the dialect's default.
_CACHE = {"default": None, "5m": None, "1h": "30m", "30m": "30m", "12h": "12h"}
# Metadata is taken only with what is stored.
_SHARED = ("service_tier", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options")
_NAME = re.compile(r"[^A-Za-z0-9_-]")


def encode_request(conversation: Conversation, target: Target, endpoint: Endpoint) -> dict[str, Any]:
    """The body for ``target`` at ``endpoint``; the needs are taken to have been looked at."""
    native = conversation.dialect == DIALECT
    body: dict[str, Any] = {"model": target.model}
    messages = conversation.messages if native else restored(conversation.messages, DIALECT, endpoint.domain)
    body["messages"] = [raw for message in messages for raw in _message(message, native)]
    if conversation.stream:
        body["stream"] = True
        if not native:
            body["stream_options"] = {"include_usage": True}
    _parameters(conversation, target, endpoint, body)
    if conversation.tools:
        body["tools"] = [_tool(tool, native) for tool in conversation.tools]
    if conversation.tool_choice is not None and (conversation.tools or native):
        free = frozenset(tool.name for tool in conversation.tools if tool.free)
        body["tool_choice"] = _tool_choice(conversation.tool_choice, free)
    if conversation.parallel_tools is not None and (conversation.tools or native):
        body["parallel_tool_calls"] = conversation.parallel_tools
    if conversation.output is not None:
        body["response_format"] = _response_format(conversation.output)
    if native:
        _restore(conversation, body)
    else:
        body.update((name, conversation.shared[name]) for name in _SHARED if name in conversation.shared)
        _without_hints(body, target)
    for name in endpoint.drops:
        body.pop(name, None)
    if _MARK in endpoint.drops:
        body["messages"] = _unmarked(body["messages"])
    return body


def _parameters(conversation: Conversation, target: Target, endpoint: Endpoint, body: dict[str, Any]) -> None:
    sampling = conversation.sampling
    values = {
        endpoint.max_tokens_field: sampling.max_output,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "frequency_penalty": sampling.frequency_penalty,
        "presence_penalty": sampling.presence_penalty,
        "seed": sampling.seed,
        "n": sampling.n,
        "stop": list(sampling.stop) or None,
        "logprobs": sampling.logprobs,
        "top_logprobs": sampling.top_logprobs,
        "reasoning_effort": sampling.reasoning_effort,
        "verbosity": sampling.verbosity,
        "user": conversation.user,
    }
    body.update((name, value) for name, value in values.items() if value is not None)
    if conversation.dialect == DIALECT:
        return
    # 1 is the default everywhere, and some models refuse to be told.
    for name in ("temperature", "top_p"):
        if body.get(name) == 1 and f"sampling.{name}" not in target.capabilities:
            del body[name]


def _restore(conversation: Conversation, body: dict[str, Any]) -> None:
    ext = conversation.ext
    body.update(ext.get("fields", {}))
    body.update(conversation.shared)
    if ext.get("user") == "safety_identifier":
        body.pop("user", None)
    if ext.get("stop") == "text":
        body["stop"] = body["stop"][0]
    if conversation.include_usage:
        body["stream_options"] = {"include_usage": True}
    if "stream_options" in ext:
        body["stream_options"] = {**body.get("stream_options", {}), **ext["stream_options"]}
    for index, raw in ext.get("other_tools", ()):
        body.setdefault("tools", []).insert(index, raw)


# Messages.


def _message(message: Message, native: bool) -> Iterable[dict[str, Any]]:
    if message.role == "tool":
        for part in message.parts:
            yield _tool_result(part, message, native)
        return
    raw: dict[str, Any] = {"role": message.role}
    if message.role == "assistant":
        _assistant(message, raw, native)
    else:
        raw["content"] = _content(message.parts, message.ext, native)
    if message.name is not None:
        raw["name"] = message.name
    if native:
        raw.update(message.ext.get("fields", {}))
    yield raw


def _tool_result(part: Part, message: Message, native: bool) -> dict[str, Any]:
    match part:
        case ToolResult():
            content = _content(part.parts, message.ext, native)
            call_id = part.call_id if native else fit_call_id(part.call_id, CALL_ID)
            raw = {"role": "tool", "tool_call_id": call_id, "content": content}
            return {**raw, **message.ext.get("fields", {})} if native else raw
        case Opaque(value=value):
            return dict(value)
        case _:
            raise TypeError(f"a tool turn holds {type(part).__name__}")


def _content(parts: tuple[Part, ...], ext: Mapping[str, Any], native: bool) -> str | list[dict[str, Any]]:
    shown = [part for part in parts if not isinstance(part, Reasoning)]
    if native and ext.get("form") == "parts":
        return [_part(part, native) for part in shown]
    if not shown:
        return ""
    if len(shown) == 1 and isinstance(shown[0], Text) and shown[0].cache is None:
        return shown[0].text
    return [_part(part, native) for part in shown]


def _part(part: Part, native: bool) -> dict[str, Any]:
    match part:
        case Text(text=text):
            raw: dict[str, Any] = {"type": "text", "text": text}
        case Blob(modality="image"):
            raw = {"type": "image_url", "image_url": _image(_data_url(part), part.detail)}
        case Blob(modality="audio"):
            raw = {"type": "input_audio", "input_audio": {"data": part.base64, "format": part.mime.partition("/")[2]}}
        case Blob():
            raw = {"type": "file", "file": _file(part, native)}
        case Uri(modality="image", uri=uri):
            raw = {"type": "image_url", "image_url": _image(uri, part.detail)}
        case FileRef(ext=ext):
            return dict(ext["raw"])
        case Refusal(text=text):
            return {"type": "refusal", "refusal": text}
        case Opaque(value=value):
            return dict(value)
        case _:
            raise TypeError(f"a content part cannot be {type(part).__name__}")
    if part.cache is not None:
        ttl = part.cache if native else _CACHE.get(part.cache)
        mark = {"mode": "explicit"} if ttl is None or ttl == "default" else {"mode": "explicit", "ttl": ttl}
        raw["prompt_cache_breakpoint"] = mark
    return {**raw, **part.ext} if native else raw


def _image(url: str, detail: str | None) -> dict[str, Any]:
    return {"url": url} if detail is None else {"url": url, "detail": detail}


def _data_url(blob: Blob) -> str:
    return blob.data if blob.start else f"data:{blob.mime};base64,{blob.data}"


def _file(blob: Blob, native: bool) -> dict[str, Any]:
    file = {"file_data": _data_url(blob)}
    if blob.name is not None:
        file["filename"] = blob.name
    elif not native:
        file["filename"] = "document.pdf"
    return file


def _assistant(message: Message, raw: dict[str, Any], native: bool) -> None:
    parts_form = native and message.ext.get("form") == "parts"
    content: list[Part] = []
    calls: list[dict[str, Any]] = []
    refusals: list[str] = []
    for part in message.parts:
        match part:
            case ToolCall() | Opaque():
                calls.append(_call(part, native))
            case Refusal(text=text) if not parts_form:
                refusals.append(text)
            case Reasoning():
                if native:
                    raw[part.ext["field"]] = part.text
            case _:
                content.append(part)
    raw["content"] = _content(tuple(content), message.ext, native) if content else ([] if parts_form else None)
    if refusals:
        raw["refusal"] = "\n".join(refusals)
    if calls:
        raw["tool_calls"] = calls


def _call(part: ToolCall | Opaque, native: bool) -> dict[str, Any]:
    if isinstance(part, Opaque):
        return dict(part.value)
    call_id = part.id if native else fit_call_id(part.id, CALL_ID)
    if part.free:
        raw: dict[str, Any] = {"id": call_id, "type": "custom", "custom": {"name": part.name, "input": part.arguments}}
    else:
        function = {"name": part.name, "arguments": part.arguments}
        raw = {"id": call_id, "type": "function", "function": function}
        if part.seal is not None and part.seal.dialect == DIALECT:
            raw.update(extra_content(part.seal.data))
    return {**raw, **part.ext} if native else raw


# Tools and output.


def _tool(tool: Tool, native: bool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    if tool.free:
        if tool.grammar is not None:
            function["format"] = {"type": "grammar", "grammar": tool.grammar}
        return {"type": "custom", "custom": {**function, **tool.ext} if native else function}
    if tool.parameters is not None:
        function["parameters"] = tool.parameters
    if tool.strict is not None:
        function["strict"] = tool.strict
    if native:
        function.update(tool.ext)
    return {"type": "function", "function": function}


def _tool_choice(choice: ToolChoice, free: frozenset[str]) -> str | dict[str, Any]:
    if choice.kind == "named":
        return _named(choice.name, free)
    if choice.allowed:
        tools = [_named(name, free) for name in choice.allowed]
        return {"type": "allowed_tools", "allowed_tools": {"mode": choice.kind, "tools": tools}}
    return choice.kind


def _named(name: str | None, free: frozenset[str]) -> dict[str, Any]:
    kind = "custom" if name in free else "function"
    return {"type": kind, kind: {"name": name}}


def _response_format(output: Schema) -> dict[str, Any]:
    if output.schema is None:
        return {"type": "json_object"}
    title = output.schema.get("title")
    derived = _NAME.sub("_", title)[:64] if isinstance(title, str) and title else "response"
    form: dict[str, Any] = {"name": output.name or derived}
    if output.description is not None:
        form["description"] = output.description
    form["schema"] = output.schema
    if output.strict is not None:
        form["strict"] = output.strict
    return {"type": "json_schema", "json_schema": form}


_MARK = "prompt_cache_breakpoint"
"""On parts of messages; an endpoint that lists it among what it refuses is sent none."""

_HINTS = {"prediction": "prediction", "verbosity": "verbosity", "parallel_tool_calls": "tools.parallel"}
"""Fields that change no answer's meaning, to the capability without which they are refused."""


def _without_hints(body: dict[str, Any], target: Target) -> None:
    """Take out of a new ``body`` what ``target`` would refuse and nobody relies on; parallel calls are forbidden in
    earnest, and allowed as a hint."""
    for name, flag in _HINTS.items():
        if name in body and body[name] is not False and flag not in target.capabilities:
            del body[name]


def retarget(body: Mapping[str, Any], target: Target, endpoint: Endpoint) -> dict[str, Any]:
    """The caller's own dict for another endpoint of the same dialect: model, name of the limit, refused fields, and
    hints that its model cannot take.

    ``body`` is not changed; what it holds is shared with the result.
    """
    out = expression.retarget(body, target, endpoint)
    _without_hints(out, target)
    if _MARK in endpoint.drops and "messages" in out:
        out["messages"] = _unmarked(out["messages"])
    field = endpoint.max_tokens_field
    for name in ("max_completion_tokens", "max_tokens"):
        limit = out.pop(name, None) if name != field else None
        if limit is not None and out.get(field) is None:
            out[field] = limit
    # The developer role came together with max_completion_tokens; servers without the one do not know the other.
    if field == "max_tokens" and any(message.get("role") == "developer" for message in out.get("messages", ())):
        out["messages"] = [_as_system(message) for message in out["messages"]]
    return out


def ask_usage(body: Mapping[str, Any], drops: Sequence[str]) -> Mapping[str, Any] | None:
    """``body`` of a stream that tells its usage; ``None`` where it asks for that already, or must not."""
    options = body.get("stream_options") or {}
    if "stream_options" in drops or options.get("include_usage"):
        return None
    return {**body, "stream_options": {**options, "include_usage": True}}


def _unmarked(messages: Sequence[Any]) -> Sequence[Any]:
    """The turns without marks for OpenAI's prompt cache; the same object where none has one."""

    def plain(turn: Any) -> Any:
        parts = turn.get("content") if isinstance(turn, Mapping) else None
        if not isinstance(parts, list) or not any(isinstance(part, Mapping) and _MARK in part for part in parts):
            return turn
        return {**turn, "content": [_without_mark(part) for part in parts]}

    made = [plain(turn) for turn in messages]
    return messages if all(new is old for new, old in zip(made, messages, strict=True)) else made


def _without_mark(part: Any) -> Any:
    return {name: value for name, value in part.items() if name != _MARK} if isinstance(part, Mapping) else part


def _as_system(message: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**message, "role": "system"} if message.get("role") == "developer" else message
