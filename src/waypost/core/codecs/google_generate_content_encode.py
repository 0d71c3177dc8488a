"""Google generate content: a conversation to the request's wire dict."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from waypost.core.codecs.google_generate_content_calls import SKIP_SIGNATURE
from waypost.core.codecs.google_generate_content_turns import DIALECT, JOINED, TIERS
from waypost.core.codecs.json_text import arguments_object
from waypost.core.codecs.schema import object_root
from waypost.core.codecs.schema_google import for_google, google_drops
from waypost.core.codecs.sealing import restored, seal_of, valid
from waypost.core.model.conversation import (
    Blob,
    Conversation,
    FileRef,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Uri,
)
from waypost.core.model.target import Target
from waypost.errors import Untranslatable

_IMAGES = frozenset({"image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,127}")
_OPEN = ToolChoice("auto")
_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY", "named": "ANY"}
_LEVELS = frozenset({"minimal", "low", "medium", "high", "xhigh"})
_MAX_STOPS = 5
_SEEDS = range(-(2**31), 2**31)

_REASONS = frozenset({"reasoning.effort", "reasoning.budget"})
_WANTS_NO_SIGNATURE = re.compile(r"(models/|publishers/google/models/)?gemini-[12]\b|.*gemma")


def encode_request(conversation: Conversation, target: Target, domain: str) -> dict[str, Any]:
    """The body for ``target`` at an endpoint of that signing domain, with ``model`` and ``stream`` in it.

    The needs are taken to have been looked at.

    Raises:
        Untranslatable: a value is beyond what this dialect takes, though the need as such is not.
    """
    native = conversation.dialect == DIALECT
    body: dict[str, Any] = {"model": target.model}
    if conversation.stream:
        body["stream"] = True
    system, messages = _leading(conversation.messages if native else restored(conversation.messages, DIALECT, domain))
    said = _system(system, native) if system else {}
    # A system message without a word is refused here, and says as much as none.
    if (native and system) or said.get("parts"):
        body["systemInstruction"] = said
    body["contents"] = _Turns(native, _WANTS_NO_SIGNATURE.match(target.model) is None, domain).of(messages)
    if native:
        body.update(conversation.ext.get("fields", {}))
        return body
    _tier(conversation, body)
    config = _generation_config(conversation)
    if conversation.sampling.show_reasoning and _REASONS & {*target.capabilities}:
        config["thinkingConfig"] = {**config.get("thinkingConfig", {}), "includeThoughts": True}
    if config:
        body["generationConfig"] = config
    if conversation.tools:
        body["tools"] = [{"functionDeclarations": [_tool(tool, at) for at, tool in enumerate(conversation.tools)]}]
        strict = any(tool.strict for tool in conversation.tools)
        if conversation.tool_choice is not None or strict:
            body["toolConfig"] = {"functionCallingConfig": _calling(conversation.tool_choice or _OPEN, strict)}
    return body


def _leading(messages: tuple[Message, ...]) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
    for index, message in enumerate(messages):
        if message.role not in ("system", "developer"):
            return messages[:index], messages[index:]
    return messages, ()


def _system(messages: tuple[Message, ...], native: bool) -> dict[str, Any]:
    raw: dict[str, Any] = {"parts": [_part(part) for message in messages for part in message.parts if _said(part)]}
    if native:
        ext = messages[0].ext
        if ext["role"] is not None:
            raw["role"] = ext["role"]
        raw.update(ext["fields"])
    return raw


# Generation parameters.


def _tier(conversation: Conversation, body: dict[str, Any]) -> None:
    tier = conversation.shared.get("service_tier", "default")
    if tier in TIERS:
        body["serviceTier"] = tier
    elif tier not in ("auto", "default"):
        raise Untranslatable("service_tier", DIALECT, "serviceTier")


def _generation_config(conversation: Conversation) -> dict[str, Any]:
    sampling = conversation.sampling
    if len(sampling.stop) > _MAX_STOPS:
        raise Untranslatable("stop.max", DIALECT, "generationConfig.stopSequences")
    if sampling.seed is not None and sampling.seed not in _SEEDS:
        raise Untranslatable("seed", DIALECT, "generationConfig.seed")
    values = {
        "maxOutputTokens": sampling.max_output,
        "temperature": sampling.temperature,
        "topP": sampling.top_p,
        "topK": sampling.top_k,
        "presencePenalty": sampling.presence_penalty,
        "frequencyPenalty": sampling.frequency_penalty,
        "seed": sampling.seed,
        "stopSequences": list(sampling.stop) or None,
    }
    config: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
    if sampling.reasoning_effort is not None:
        if sampling.reasoning_effort not in _LEVELS:
            raise Untranslatable("reasoning.effort", DIALECT, "generationConfig.thinkingConfig")
        config["thinkingConfig"] = {"thinkingLevel": sampling.reasoning_effort.upper()}
    if sampling.reasoning_budget is not None:
        config["thinkingConfig"] = {"thinkingBudget": sampling.reasoning_budget}
    if conversation.output is not None:
        config["responseMimeType"] = "application/json"
        if conversation.output.schema is not None:
            config["responseJsonSchema"] = _held(conversation.output.schema, "generationConfig.responseJsonSchema")
    return config


def _held(schema: Mapping[str, Any], path: str) -> dict[str, Any]:
    """``schema`` as one that is kept to. Raises Untranslatable where it would not be."""
    if google_drops(schema):
        raise Untranslatable("schema.constraints", DIALECT, path)
    return for_google(schema)


# Tools.


def _tool(tool: Tool, index: int) -> dict[str, Any]:
    if not _NAME.fullmatch(tool.name):
        raise Untranslatable("tools.name_charset", DIALECT, f"tools[0].functionDeclarations[{index}].name")
    raw: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        raw["description"] = tool.description
    if tool.strict:
        raw["parametersJsonSchema"] = _held(object_root(tool.parameters), "tools[0].functionDeclarations")
    elif tool.parameters is not None:
        raw["parametersJsonSchema"] = object_root(tool.parameters)
    return raw


def _calling(choice: ToolChoice, strict: bool) -> dict[str, Any]:
    """How tools may be called. Every tool is held to its schema where one has to be, and wherever a call is forced."""
    # A choice among some of the tools can be forced here, but not left open.
    if choice.allowed and choice.kind == "auto":
        raise Untranslatable("tool_choice.allowed_subset", DIALECT, "toolConfig.functionCallingConfig")
    names = [choice.name] if choice.kind == "named" else list(choice.allowed)
    raw: dict[str, Any] = {"mode": "VALIDATED" if strict and choice.kind == "auto" else _MODES[choice.kind]}
    if names:
        raw["allowedFunctionNames"] = names
    return raw


# Contents.


class _Turns:
    """Contents in order. The results of one turn's calls stand in the one content that follows it, by name and id."""

    def __init__(self, native: bool, signed: bool, domain: str) -> None:
        self.native = native
        self.domain = domain
        self.signed = signed
        self.out: list[dict[str, Any]] = []
        self.names: dict[str, str] = {}
        self.results = False

    def of(self, messages: Iterable[Message]) -> list[dict[str, Any]]:
        for message in messages:
            self._add(message)
        return self.out

    def _add(self, message: Message) -> None:
        if self.native:
            parts = [_part(part) for part in message.parts]
            joins = JOINED in message.ext
        else:
            parts = self._foreign(message)
            joins = self.results and message.role == "tool"
        if joins:
            self.out[-1]["parts"] += parts
        else:
            self.out.append(self._content(message, parts))
        self.results = message.role == "tool"

    def _content(self, message: Message, parts: list[Any]) -> dict[str, Any]:
        if not self.native:
            return {"role": "model" if message.role == "assistant" else "user", "parts": parts}
        raw = {} if message.ext["role"] is None else {"role": message.ext["role"]}
        return {**raw, "parts": parts, **message.ext.get("fields", {})}

    def _foreign(self, message: Message) -> list[Any]:
        parts: list[Any] = []
        called = False
        for part in message.parts:
            if isinstance(part, ToolResult):
                parts.append(self._result(part))
            elif isinstance(part, ToolCall):
                parts.append(self._call(part, first=not called))
                called = True
            elif isinstance(part, Reasoning):
                parts.append(_thought(part))
            elif _said(part):
                seal = valid(seal_of(part), DIALECT, self.domain)
                parts.append(_part(part) if seal is None else {**_part(part), "thoughtSignature": seal.data})
        return parts

    def _call(self, part: ToolCall, *, first: bool) -> dict[str, Any]:
        self.names[part.id] = part.name
        call = {"id": part.id, "name": part.name, "args": arguments_object(part.arguments, "args")}
        raw: dict[str, Any] = {"functionCall": call}
        seal = valid(part.seal, DIALECT, self.domain)
        # Only the first of several calls is signed.
        if seal is not None:
            raw["thoughtSignature"] = seal.data
        elif first and self.signed:
            raw["thoughtSignature"] = SKIP_SIGNATURE
        return raw

    def _result(self, part: ToolResult) -> dict[str, Any]:
        name = part.name or self.names.get(part.call_id)
        if name is None:
            raise Untranslatable("tool_result.unmatched", DIALECT, f"contents[{len(self.out)}]")
        texts = [one.text if isinstance(one, Text) else "" for one in part.parts]
        answer = {"error" if part.is_error else "output": "".join(texts)}
        raw: dict[str, Any] = {"id": part.call_id, "name": name, "response": answer}
        media = [_part(one) for one in part.parts if not isinstance(one, Text)]
        if media:
            raw["parts"] = media
        return {"functionResponse": raw}


def _thought(part: Reasoning) -> dict[str, Any]:
    """Reasoning that this endpoint has signed."""
    raw: dict[str, Any] = {"text": part.text, "thought": True}
    return raw if part.seal is None else {**raw, "thoughtSignature": part.seal.data}


def _said(part: Part) -> bool:
    """Whether ``part`` is sent: an empty text is refused here, and so is reasoning in a system message."""
    if isinstance(part, Reasoning):
        return False
    return not isinstance(part, Text) or bool(part.text)


def _part(part: Part) -> Any:
    match part:
        case Text(ext=ext) | Reasoning(ext=ext) | Blob(ext=ext) | Uri(ext=ext) | FileRef(ext=ext) if "raw" in ext:
            return ext["raw"]
        case ToolCall(ext=ext) | ToolResult(ext=ext) if "raw" in ext:
            return ext["raw"]
        case Text(text=text) | Refusal(text=text):
            return {"text": text}
        case Blob():
            return {"inlineData": _blob(part)}
        case Opaque(value=value):
            return value
        case _:
            raise TypeError(f"a part cannot be {type(part).__name__}")


def _blob(part: Blob) -> dict[str, Any]:
    mime = "image/jpeg" if part.mime == "image/jpg" else part.mime
    if part.modality == "image" and mime not in _IMAGES:
        raise Untranslatable("input.image.mime", DIALECT, "inlineData.mimeType")
    raw = {"mimeType": mime, "data": part.base64}
    if part.name is not None:
        raw["displayName"] = part.name
    return raw
