"""OpenAI responses: a conversation to the request's wire dict."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from waypost.core.codecs import expression
from waypost.core.codecs.ids import fit_call_id, short_hash
from waypost.core.codecs.openai_responses_items import native_items, part_out
from waypost.core.codecs.openai_responses_parts import DIALECT
from waypost.core.codecs.schema import object_root
from waypost.core.codecs.sealing import restored
from waypost.core.model.conversation import (
    Conversation,
    Message,
    Part,
    Reasoning,
    Refusal,
    Schema,
    Sealed,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from waypost.core.model.target import Endpoint, Target
from waypost.errors import Untranslatable

CALL_ID = re.compile(r"[\x21-\x7e]{1,64}")
"""Ids of tool calls that this dialect takes."""

_NAME = re.compile(r"[^A-Za-z0-9_-]")
_SHOWN = ("summary", "generate_summary", "context")
_SEALED = "reasoning.encrypted_content"
_LEAST = 16
"""The API refuses a limit of fewer output tokens."""


def encode_request(conversation: Conversation, target: Target, endpoint: Endpoint) -> dict[str, Any]:
    """The body for ``target`` at ``endpoint``; the needs are taken to have been looked at.

    What comes from another dialect is not stored: its caller has not asked for that.

    Raises:
        Untranslatable: the caller's limit is smaller than this dialect takes.
    """
    native = conversation.dialect == DIALECT
    body: dict[str, Any] = {"model": target.model}
    if native:
        _native_input(conversation, body)
    else:
        free = frozenset(
            part.id for one in conversation.messages for part in one.parts if isinstance(part, ToolCall) and part.free
        )
        messages = restored(conversation.messages, DIALECT, endpoint.domain)
        body["input"] = [item for message in messages for item in _items(message, free)]
        body["store"] = False
    if conversation.stream:
        body["stream"] = True
    _parameters(conversation, target, body)
    if conversation.tools:
        body["tools"] = [_tool(tool, native) for tool in conversation.tools]
    if conversation.tool_choice is not None and (conversation.tools or native):
        named = {tool.name: "custom" for tool in conversation.tools if tool.free}
        body["tool_choice"] = _tool_choice(conversation.tool_choice, named)
    if conversation.parallel_tools is not None and (conversation.tools or native):
        body["parallel_tool_calls"] = conversation.parallel_tools
    body.update(conversation.shared)
    if native:
        _restore(conversation, body)
    else:
        _without_hints(body, target)
    for name in endpoint.drops:
        body.pop(name, None)
    return body


def _without_hints(body: dict[str, Any], target: Target) -> None:
    """Take out of a new ``body`` what ``target`` would refuse and nobody relies on. What is in it is not changed."""
    if body.get("parallel_tool_calls") and "tools.parallel" not in target.capabilities:
        del body["parallel_tool_calls"]
    text = body.get("text")
    if isinstance(text, Mapping) and text.get("verbosity") is not None and "verbosity" not in target.capabilities:
        rest = {name: value for name, value in text.items() if name != "verbosity"}
        if rest:
            body["text"] = rest
        else:
            del body["text"]
    if "reasoning.effort" not in target.capabilities:
        _without_reasoning(body)


def _without_reasoning(body: dict[str, Any]) -> None:
    """Models that do not reason refuse to be asked to show it. What else is said of reasoning is a need, and stays."""
    reasoning, included = body.get("reasoning"), body.get("include")
    if isinstance(reasoning, Mapping):
        rest = {name: value for name, value in reasoning.items() if name not in _SHOWN and value is not None}
        if rest:
            body["reasoning"] = rest
        else:
            del body["reasoning"]
    if isinstance(included, list) and _SEALED in included:
        body["include"] = [name for name in included if name != _SEALED]


def retarget(body: Mapping[str, Any], target: Target, endpoint: Endpoint) -> dict[str, Any]:
    """The caller's own dict for another endpoint of the same dialect: model, without refused fields and without hints
    that its model cannot take.

    ``body`` is not changed; what it holds is shared with the result.
    """
    out = expression.retarget(body, target, endpoint)
    _without_hints(out, target)
    return out


def _parameters(conversation: Conversation, target: Target, body: dict[str, Any]) -> None:
    native = conversation.dialect == DIALECT
    sampling = conversation.sampling
    if not native and sampling.max_output is not None and sampling.max_output < _LEAST:
        raise Untranslatable("max_output.small", DIALECT, "max_output_tokens")
    values = {
        "max_output_tokens": sampling.max_output,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_logprobs": sampling.top_logprobs,
        "user": conversation.user,
    }
    body.update((name, value) for name, value in values.items() if value is not None)
    if sampling.reasoning_effort is not None:
        body["reasoning"] = {"effort": sampling.reasoning_effort}
    if sampling.show_reasoning and not native and "reasoning.effort" in target.capabilities:
        body["reasoning"] = {**body.get("reasoning", {}), "summary": "auto"}
    text: dict[str, Any] = {}
    if conversation.output is not None:
        text["format"] = _format(conversation.output)
    if sampling.verbosity is not None:
        text["verbosity"] = sampling.verbosity
    if text:
        body["text"] = text
    if native:
        return
    included = ["message.output_text.logprobs"] if sampling.logprobs else []
    # What is not stored can be thought on only by who has it; models that do not reason refuse to be asked.
    if "reasoning.effort" in target.capabilities:
        included.append(_SEALED)
    if included:
        body["include"] = included
    # 1 is the default everywhere, and some models refuse to be told.
    for name in ("temperature", "top_p"):
        if body.get(name) == 1 and f"sampling.{name}" not in target.capabilities:
            del body[name]


def _native_input(conversation: Conversation, body: dict[str, Any]) -> None:
    messages = conversation.messages
    if "instructions" in conversation.ext:
        body["instructions"] = conversation.ext["instructions"]
        messages = messages[1:]
    if conversation.ext.get("input") == "text":
        (part,) = messages[0].parts
        body["input"] = getattr(part, "text", "")
    elif conversation.ext.get("input") == "items":
        body["input"] = [item for message in messages for item in native_items(message)]


def _restore(conversation: Conversation, body: dict[str, Any]) -> None:
    ext = conversation.ext
    for name in ("reasoning", "text"):
        if name in ext:
            body[name] = {**body.get(name, {}), **ext[name]}
    body.update(ext.get("fields", {}))
    if ext.get("user") == "safety_identifier":
        body.pop("user", None)
    for index, raw in ext.get("other_tools", ()):
        body.setdefault("tools", []).insert(index, raw)


# Items out of turns of other dialects.


def _items(message: Message, free: frozenset[str]) -> Iterator[dict[str, Any]]:
    """``free`` are the ids of calls of tools that take a text, whose results are told apart here."""
    if message.role == "tool":
        yield from (_result(part, free) for part in message.parts)
    elif message.role == "assistant":
        yield from _said(message.parts)
    else:
        yield {"role": message.role, "content": _content(message.parts)}


def _said(parts: tuple[Part, ...]) -> Iterator[dict[str, Any]]:
    """A turn of the model. What it said at a stretch is one text, wherever its own dialect cuts it."""
    texts: list[str] = []
    for part in parts:
        match part:
            case Text(text=text) | Refusal(text=text):
                texts.append(text)
            case ToolCall():
                if texts:
                    yield {"role": "assistant", "content": "".join(texts)}
                    texts = []
                yield _call(part)
            case Reasoning(seal=seal) if seal is not None and seal.dialect == DIALECT:
                if texts:
                    yield {"role": "assistant", "content": "".join(texts)}
                    texts = []
                yield _reasoning(part, seal)
            case Reasoning():
                continue
            case _:
                raise TypeError(f"a turn of the model cannot hold {type(part).__name__}")
    if texts or not any(isinstance(part, ToolCall | Reasoning) for part in parts):
        yield {"role": "assistant", "content": "".join(texts)}


def _reasoning(part: Reasoning, seal: Sealed) -> dict[str, Any]:
    """Reasoning that this endpoint has sealed; an item of it has an id here, which nobody looks up."""
    summary = [{"type": "summary_text", "text": part.text}] if part.text else []
    made = seal.item or f"rs_{short_hash(seal.data)}"
    return {"type": "reasoning", "id": made, "summary": summary, "encrypted_content": seal.data}


def _call(part: ToolCall) -> dict[str, Any]:
    call_id = fit_call_id(part.id, CALL_ID)
    if part.free:
        return {"type": "custom_tool_call", "call_id": call_id, "name": part.name, "input": part.arguments}
    return {"type": "function_call", "call_id": call_id, "name": part.name, "arguments": part.arguments}


def _result(part: Part, free: frozenset[str]) -> dict[str, Any]:
    if not isinstance(part, ToolResult):
        raise TypeError(f"a tool turn holds {type(part).__name__}")
    call_id = fit_call_id(part.call_id, CALL_ID)
    kind = "custom_tool_call_output" if part.call_id in free else "function_call_output"
    return {"type": kind, "call_id": call_id, "output": _content(part.parts)}


def _content(parts: tuple[Part, ...]) -> str | list[dict[str, Any]]:
    if not parts:
        return ""
    if len(parts) == 1 and isinstance(parts[0], Text) and parts[0].cache is None:
        return parts[0].text
    return [part_out(part, native=False) for part in parts if not isinstance(part, Reasoning)]


# Tools and output.


def _tool(tool: Tool, native: bool) -> dict[str, Any]:
    raw: dict[str, Any] = {"type": "custom" if tool.free else "function", "name": tool.name}
    if tool.description is not None:
        raw["description"] = tool.description
    if tool.free:
        if tool.grammar is not None:
            raw["format"] = {"type": "grammar", **tool.grammar}
        return {**raw, **tool.ext} if native else raw
    if native:
        raw["parameters"] = tool.parameters
        return {**raw, **tool.ext}
    raw["parameters"] = _strict_root(tool) if tool.strict else object_root(tool.parameters)
    # Where nothing is said a schema is made strict here by changing it, which nowhere else happens.
    raw["strict"] = bool(tool.strict)
    return raw


def _strict_root(tool: Tool) -> Mapping[str, Any]:
    if tool.parameters:
        return object_root(tool.parameters)
    return {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def _tool_choice(choice: ToolChoice, kinds: Mapping[str, str]) -> str | dict[str, Any]:
    if choice.kind == "named":
        return {"type": kinds.get(choice.name or "", "function"), "name": choice.name}
    if choice.allowed:
        tools = [{"type": kinds.get(name, "function"), "name": name} for name in choice.allowed]
        return {"type": "allowed_tools", "mode": choice.kind, "tools": tools}
    return choice.kind


def _format(output: Schema) -> dict[str, Any]:
    if output.schema is None:
        return {"type": "json_object"}
    title = output.schema.get("title")
    derived = _NAME.sub("_", title)[:64] if isinstance(title, str) and title else "response"
    form: dict[str, Any] = {"type": "json_schema", "name": output.name or derived, "schema": output.schema}
    if output.description is not None:
        form["description"] = output.description
    if output.strict is not None:
        form["strict"] = output.strict
    return form
