"""Anthropic messages: a conversation to the request's wire dict."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from waypost.core.codecs.anthropic_messages_turns import DIALECT, JOINED
from waypost.core.codecs.ids import fit_call_id
from waypost.core.codecs.json_text import arguments_object
from waypost.core.codecs.schema import for_anthropic, object_root
from waypost.core.codecs.sealing import restored
from waypost.core.model.conversation import (
    Blob,
    Conversation,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    Uri,
)
from waypost.core.model.target import Target
from waypost.errors import Untranslatable

CALL_ID = re.compile(r"[A-Za-z0-9_-]+")
"""Ids of tool calls that this dialect takes."""

_CACHE = {"default": None, "5m": "5m", "30m": "1h", "1h": "1h", "12h": "1h"}
_MAX_MARKS = 4
_CHOICE = {"auto": "auto", "none": "none", "required": "any"}


_LEAST_BUDGET = 1_024
"""Of tokens for thinking; and it must be smaller than the limit of the answer, which it is a part of."""


def encode_request(conversation: Conversation, target: Target, domain: str) -> dict[str, Any]:
    """The body for ``target`` at an endpoint of that signing domain; the needs are taken to have been looked at.

    Raises:
        Untranslatable: neither the caller nor the catalog says how long an answer may be, which is required here.
    """
    native = conversation.dialect == DIALECT
    body: dict[str, Any] = {"model": target.model}
    limit = conversation.sampling.max_output
    if limit is None and not native:
        limit = target.max_output
        if limit is None:
            raise Untranslatable("max_output", DIALECT, "max_tokens")
    if limit is not None:
        body["max_tokens"] = limit
    system, messages = _leading(conversation.messages if native else restored(conversation.messages, DIALECT, domain))
    rules = _system(system, native)
    if rules:
        body["system"] = rules
    body["messages"] = _Turns(native).of(messages)
    _parameters(conversation, target, body)
    _tools(conversation, native, body)
    if native:
        _restore(conversation, body)
    else:
        _settle_marks(body)
    return body


def _leading(messages: tuple[Message, ...]) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
    for index, message in enumerate(messages):
        if message.role not in ("system", "developer") or message.ext.get("at") == "messages":
            return messages[:index], messages[index:]
    return messages, ()


def _parameters(conversation: Conversation, target: Target, body: dict[str, Any]) -> None:
    native = conversation.dialect == DIALECT
    sampling = conversation.sampling
    alone = sampling.temperature is None or sampling.top_p is None
    for name, value in (("temperature", sampling.temperature), ("top_p", sampling.top_p)):
        # 1 is the default everywhere; newer models refuse to be told, and those before them to be told both.
        told = native or value != 1 or (alone and f"sampling.{name}" in target.capabilities)
        if value is not None and told:
            body[name] = value
    if sampling.top_k is not None:
        body["top_k"] = sampling.top_k
    if sampling.stop:
        body["stop_sequences"] = list(sampling.stop)
    if conversation.stream:
        body["stream"] = True
    if conversation.user is not None:
        body["metadata"] = {"user_id": conversation.user}
    if not native and conversation.shared.get("service_tier") == "default":
        body["service_tier"] = "standard_only"
    config: dict[str, Any] = {}
    if sampling.reasoning_budget is not None:
        body["thinking"] = _budgeted(sampling.reasoning_budget, body.get("max_tokens"), native)
        if sampling.show_reasoning and not native:
            body["thinking"]["display"] = "summarized"
    if sampling.reasoning_effort == "none":
        body["thinking"] = {"type": "disabled"}
    elif sampling.reasoning_effort is not None:
        config["effort"] = sampling.reasoning_effort
    if conversation.output is not None and conversation.output.schema is not None:
        schema = conversation.output.schema
        config["format"] = {"type": "json_schema", "schema": schema if native else for_anthropic(schema)}
    if config:
        body["output_config"] = config


def _budgeted(budget: int, limit: int | None, native: bool) -> dict[str, Any]:
    if not native and (budget < _LEAST_BUDGET or (limit is not None and budget >= limit)):
        raise Untranslatable("reasoning.budget", DIALECT, "thinking.budget_tokens")
    return {"type": "enabled", "budget_tokens": budget}


def _restore(conversation: Conversation, body: dict[str, Any]) -> None:
    ext = conversation.ext
    body.update(ext.get("fields", {}))
    for name in ("metadata", "output_config"):
        if name in ext:
            body[name] = {**body.get(name, {}), **ext[name]}
    for index, raw in ext.get("other_tools", ()):
        body.setdefault("tools", []).insert(index, raw)


# Tools.


def _tools(conversation: Conversation, native: bool, body: dict[str, Any]) -> None:
    if conversation.tools:
        body["tools"] = [_tool(tool, native) for tool in conversation.tools]
    elif not native:
        return
    choice = conversation.tool_choice
    parallel = conversation.parallel_tools
    if choice is None:
        if parallel is not False:
            return
        form: dict[str, Any] = {"type": "auto"}
    elif choice.kind == "named":
        form = {"type": "tool", "name": choice.name}
    else:
        form = {"type": _CHOICE[choice.kind]}
    if form["type"] != "none" and (parallel is False or (native and parallel is not None)):
        form["disable_parallel_tool_use"] = not parallel
    body["tool_choice"] = form


def _tool(tool: Tool, native: bool) -> dict[str, Any]:
    raw: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        raw["description"] = tool.description
    if native:
        raw["input_schema"] = tool.parameters
        if tool.strict is not None:
            raw["strict"] = tool.strict
        raw.update(tool.ext)
    else:
        schema = object_root(tool.parameters)
        raw["input_schema"] = for_anthropic(schema) if tool.strict else schema
        if tool.strict:
            raw["strict"] = True
    return _marked(raw, tool.cache, native)


# Messages.


def _marked(raw: dict[str, Any], cache: str | None, native: bool) -> dict[str, Any]:
    if cache is not None:
        ttl = (cache if cache != "default" else None) if native else _CACHE.get(cache)
        raw["cache_control"] = {"type": "ephemeral"} if ttl is None else {"type": "ephemeral", "ttl": ttl}
    return raw


def _settle_marks(body: dict[str, Any]) -> None:
    """At most four marks, the last ones; and none lives shorter than one that comes after it."""
    marked = [block for block in _marked_blocks(body) if "cache_control" in block]
    for block in marked[:-_MAX_MARKS]:
        del block["cache_control"]
    long_lived = False
    for block in reversed(marked[-_MAX_MARKS:]):
        long_lived = long_lived or block["cache_control"].get("ttl") == "1h"
        if long_lived:
            block["cache_control"] = {"type": "ephemeral", "ttl": "1h"}


def _marked_blocks(body: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    yield from body.get("tools", ())
    if isinstance(body.get("system"), list):
        yield from body["system"]
    for message in body["messages"]:
        if isinstance(message["content"], list):
            yield from message["content"]


def _system(messages: Iterable[Message], native: bool) -> str | list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    as_parts = False
    for message in messages:
        as_parts = as_parts or (native and message.ext.get("form") == "parts")
        blocks += _blocks(message.parts, native)
    return _shortest(blocks, as_parts)


def _shortest(blocks: list[dict[str, Any]], as_parts: bool) -> str | list[dict[str, Any]]:
    if len(blocks) == 1 and not as_parts and blocks[0].keys() == {"type", "text"}:
        text: str = blocks[0]["text"]
        return text
    return blocks


class _Turns:
    """Messages in order; all results of one turn's calls stand first in the one user message that follows it."""

    def __init__(self, native: bool) -> None:
        self.native = native
        self.out: list[dict[str, Any]] = []
        self.results = False

    def of(self, messages: Iterable[Message]) -> list[dict[str, Any]]:
        for message in messages:
            self._add(message)
        return self.out

    def _add(self, message: Message) -> None:
        blocks = _blocks(message.parts, self.native)
        joins = JOINED in message.ext if self.native else self.results and message.role in ("tool", "user")
        if joins:
            self.out[-1]["content"] += blocks
        elif blocks or self.native or message.role != "assistant":  # a piece of a turn may have nothing to say
            role = "user" if message.role == "tool" else message.role
            as_parts = message.role == "tool" or (self.native and message.ext.get("form") == "parts")
            raw: dict[str, Any] = {"role": role, "content": _shortest(blocks, as_parts)}
            if self.native:
                raw.update(message.ext.get("fields", {}))
            self.out.append(raw)
        self.results = message.role == "tool"


def _blocks(parts: tuple[Part, ...], native: bool) -> list[dict[str, Any]]:
    if not native:
        parts = _without_blanks(parts)
    return [block for part in parts if (block := _block(part, native)) is not None]


def _without_blanks(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """No text part of white space alone, which is refused here: it is joined to a neighbour, or left out if empty."""
    if not any(isinstance(part, Text) and not part.text.strip() for part in parts):
        return parts
    out: list[Part] = []
    pending = ""
    for part in parts:
        if not isinstance(part, Text):
            pending = ""
        elif not part.text.strip():
            if out and isinstance(out[-1], Text):
                out[-1] = Text(out[-1].text + part.text, out[-1].ext, part.cache or out[-1].cache)
            else:
                pending += part.text
            continue
        elif pending:
            part = Text(pending + part.text, part.ext, part.cache)
            pending = ""
        out.append(part)
    return tuple(out)


def _block(part: Part, native: bool) -> dict[str, Any] | None:
    match part:
        case Text(ext=ext) if native and "document" in ext:
            return dict(ext["document"])
        case Text(text=text):
            raw: dict[str, Any] = {"type": "text", "text": text}
        case Blob(modality="image", mime=mime):
            mime = "image/jpeg" if mime == "image/jpg" and not native else mime
            raw = {"type": "image", "source": {"type": "base64", "media_type": mime, "data": part.base64}}
        case Blob():
            source = {"type": "base64", "media_type": part.mime, "data": part.base64}
            raw = _titled({"type": "document", "source": source}, part.name)
        case Uri(modality="image", uri=uri):
            raw = {"type": "image", "source": {"type": "url", "url": uri}}
        case Uri(uri=uri):
            raw = _titled({"type": "document", "source": {"type": "url", "url": uri}}, part.name)
        case ToolCall():
            raw = _tool_use(part, native)
        case ToolResult():
            return _tool_result(part, native)
        case Reasoning(ext=ext) if native and "raw" in ext:
            return dict(ext["raw"])
        case Reasoning():
            return _thinking(part)
        case Refusal(text=text):
            return {"type": "text", "text": text}
        case Opaque(value=value):
            return dict(value)
        case _:
            raise TypeError(f"a content block cannot be {type(part).__name__}")
    if native:
        raw.update(part.ext)
    return _marked(raw, part.cache, native)


def _titled(raw: dict[str, Any], title: str | None) -> dict[str, Any]:
    if title is not None:
        raw["title"] = title
    return raw


def _thinking(part: Reasoning) -> dict[str, Any] | None:
    # Signatures are valid at their origin only, so reasoning of another one is left out.
    if part.origin != DIALECT:
        return None
    data = part.seal.data if part.seal else ""
    if part.redacted:
        return {"type": "redacted_thinking", "data": data}
    return {"type": "thinking", "thinking": part.text, "signature": data}


def _tool_use(part: ToolCall, native: bool) -> dict[str, Any]:
    call_id = part.id if native else fit_call_id(part.id, CALL_ID)
    return {"type": "tool_use", "id": call_id, "name": part.name, "input": arguments_object(part.arguments, "input")}


def _tool_result(part: ToolResult, native: bool) -> dict[str, Any]:
    call_id = part.call_id if native else fit_call_id(part.call_id, CALL_ID)
    raw: dict[str, Any] = {"type": "tool_result", "tool_use_id": call_id}
    form: Mapping[str, Any] = part.ext.get("as", {}) if native else {}
    blocks = _blocks(part.parts, native)
    if blocks or form.get("form") == "parts":
        raw["content"] = _shortest(blocks, form.get("form") == "parts")
    if part.is_error:
        raw["is_error"] = True
    elif form.get("is_error") is False:
        raw["is_error"] = False
    if native:
        raw.update((name, value) for name, value in part.ext.items() if name != "as")
    return _marked(raw, part.cache, native)
