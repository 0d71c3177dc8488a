"""OpenAI responses: parts as they are written, and a caller's own items out of the turns that were made of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from waypost.core.model.conversation import (
    Blob,
    FileRef,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Uri,
)

# Lifetimes of a cached prefix in other dialects, and the nearest of this one; None is the dialect's default.
_CACHE = {"default": None, "5m": None, "1h": "30m", "30m": "30m", "12h": "12h"}


def part_out(part: Part, *, native: bool) -> dict[str, Any]:
    """One part of an item's content."""
    match part:
        case Text(text=text):
            raw: dict[str, Any] = {"type": "input_text", "text": text}
        case Blob(modality="image") | Uri(modality="image"):
            url = part.uri if isinstance(part, Uri) else _data_url(part)
            raw = _detailed({"type": "input_image", "image_url": url}, part, native)
        case Blob():
            raw = {"type": "input_file", "file_data": _data_url(part)}
            name = part.name if native else part.name or "document.pdf"
            if name is not None:
                raw["filename"] = name
            raw = _detailed(raw, part, True)
        case Uri(uri=url):
            raw = _detailed({"type": "input_file", "file_url": url}, part, True)
            # A name and an address exclude each other at some servers; the caller's own stand as they came.
            if native and part.name is not None:
                raw["filename"] = part.name
        case FileRef(ext=ext) if native:
            return dict(ext["raw"])
        case Refusal(text=text):
            return {"type": "refusal", "refusal": text}
        case Opaque(value=value) if native:
            return dict(value)
        case _:
            raise TypeError(f"a content part cannot be {type(part).__name__}")
    if part.cache is not None:
        ttl = part.cache if native else _CACHE.get(part.cache)
        mark = {"mode": "explicit"} if ttl is None or ttl == "default" else {"mode": "explicit", "ttl": ttl}
        raw["prompt_cache_breakpoint"] = mark
    return {**raw, **part.ext} if native else raw


def _detailed(raw: dict[str, Any], part: Blob | Uri, native: bool) -> dict[str, Any]:
    detail = part.detail if native else part.detail or "auto"
    if detail is not None:
        raw["detail"] = detail
    return raw


def _data_url(blob: Blob) -> str:
    return blob.data if blob.start else f"data:{blob.mime};base64,{blob.data}"


def native_items(message: Message) -> Iterator[dict[str, Any]]:
    """The items that a turn of this dialect was made of."""
    ext = message.ext
    if message.role == "assistant":
        at = 0
        for item in ext["items"]:
            count = item.get("count", 1)
            yield _item(item, message.parts[at : at + count])
            at += count
        return
    as_parts = ext.get("form") == "parts"
    if message.role == "tool":
        (result,) = message.parts
        assert isinstance(result, ToolResult)
        output = _content(result.parts, as_parts)
        raw = {"type": "function_call_output", "call_id": result.call_id, "output": output}
        if result.name is not None:
            raw["name"] = result.name
    else:
        raw = {"role": message.role, "content": _content(message.parts, as_parts)}
    yield {**raw, **ext.get("fields", {})}


def _content(parts: tuple[Part, ...], as_parts: bool) -> str | list[dict[str, Any]]:
    if as_parts:
        return [part_out(part, native=True) for part in parts]
    (part,) = parts
    assert isinstance(part, Text)
    return part.text


def _item(item: dict[str, Any], parts: tuple[Part, ...]) -> dict[str, Any]:
    match item["type"], parts:
        case "message", _:
            raw: dict[str, Any] = {"role": "assistant", "content": _content(parts, item["parts"])}
        case "custom_tool_call", (ToolCall() as call,):
            raw = {"type": "custom_tool_call", "call_id": call.id, "name": call.name, "input": call.arguments}
        case _, (ToolCall() as call,):
            raw = {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments}
        case _, (Reasoning() as reasoning,):
            raw = {"type": "reasoning", "encrypted_content": reasoning.seal.data if reasoning.seal else None}
        case _, (Opaque(value=value),):
            return dict(value)
        case _:
            raise TypeError(f"an item cannot be {item['type']}")
    return {**raw, **item["fields"]}
