"""What a provider that works would send: whole answers and streams of the four dialects, as text, as a tool call and as
JSON. The faults of `faults.table` break these."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from stub_provider import (
    RESET,
    chat_body,
    chat_chunks,
    chat_tool_body,
    generated_body,
    generated_calls,
    generated_chunks,
    message_body,
    message_events,
    message_tool_body,
    response_body,
    response_events,
)

CHAT, RESPONSES, MESSAGES, GOOGLE = "openai.chat", "openai.responses", "anthropic.messages", "google.generate_content"
DIALECTS = (CHAT, RESPONSES, MESSAGES, GOOGLE)

MODELS = {
    CHAT: "gpt-4o-mini",
    RESPONSES: "gpt-4o-mini",
    MESSAGES: "claude-haiku-4-5",
    GOOGLE: "gemini-2.5-flash",
}
WORDS = {"text": ["Gr\u00fc\u00df", " Gott"], "json": ['{"name": "Par', 'is", "country": "France"}']}
"""Answers by what they are, each in two pieces; with letters that are longer than a byte."""
CALL = ("where_is", {"city": "Paris"})


def whole(dialect: str, what: str) -> dict[str, Any]:
    """A whole answer: ``what`` is ``text``, ``json`` or ``tools``."""
    model = MODELS[dialect]
    if what == "tools":
        match dialect:
            case "openai.chat":
                return chat_tool_body([CALL], model)
            case "openai.responses":
                return response_body(calls=[CALL], model=model)
            case "anthropic.messages":
                return message_tool_body([CALL], model)
            case _:
                return generated_calls([CALL], model)
    text = "".join(WORDS[what])
    match dialect:
        case "openai.chat":
            return {**chat_body(text, model), "id": "chatcmpl-1"}
        case "openai.responses":
            return response_body(text, model)
        case "anthropic.messages":
            return message_body(text, model)
        case _:
            return generated_body(text, model)


@dataclass(frozen=True)
class Frames:
    """A stream: what comes before any content, the pieces of content, and what ends it. Frames are bytes."""

    opening: tuple[bytes, ...]
    content: tuple[bytes, ...]
    ending: tuple[bytes, ...]

    @property
    def all(self) -> tuple[bytes, ...]:
        return (*self.opening, *self.content, *self.ending)


def stream(dialect: str, what: str, *, usage: bool = True) -> Frames:
    """The same answer as a stream; ``usage`` is OpenAI's chunk of it, which is sent where somebody asked for it."""
    events, opening, content = _events(dialect, what, usage=usage)
    frames = tuple(framed(event) for event in events)
    return Frames(frames[:opening], frames[opening : opening + content], frames[opening + content :])


def framed(event: Any) -> bytes:
    """One server-sent event; one with a type is named by it."""
    if isinstance(event, str):
        return f"data: {event}\n\n".encode()
    name = f"event: {event['type']}\n" if "type" in event else ""
    return f"{name}data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def chunked(*steps: Any, end: bool = True, kind: str = "text/event-stream; charset=utf-8") -> list[Any]:
    """A body in chunks, each sent by itself; without ``end`` the connection closes before the body is whole."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    out: list[Any] = [head.encode()]
    for step in steps:
        if isinstance(step, bytes):
            out += [b"%x\r\n" % len(step) + step + b"\r\n"]
        else:
            out.append(step)
    return [*out, b"0\r\n\r\n"] if end and RESET not in steps else out


def _events(dialect: str, what: str, *, usage: bool) -> tuple[list[Any], int, int]:
    """The events, how many come before the content, and how many are content."""
    model = MODELS[dialect]
    if what == "tools":
        return _tool_events(dialect, model, usage=usage)
    words = WORDS[what]
    match dialect:
        case "openai.chat":
            return chat_chunks(words, model, usage=usage), 1, 2
        case "openai.responses":
            return response_events(words, model), 3, 2
        case "anthropic.messages":
            return message_events(words, model), 3, 2
        case _:
            return generated_chunks([*words, ""], model), 0, 2


def _tool_events(dialect: str, model: str, *, usage: bool) -> tuple[list[Any], int, int]:
    name, given = CALL
    text = json.dumps(given)
    pieces = [text[:5], text[5:]]
    match dialect:
        case "openai.chat":
            first, *_, last = chat_chunks([], model, usage=False)[:2]
            named = {"index": 0, "id": "call_0", "type": "function", "function": {"name": name, "arguments": ""}}
            deltas: list[dict[str, Any]] = [
                named,
                *({"index": 0, "function": {"arguments": piece}} for piece in pieces),
            ]
            body = [_chat_delta(first, {"tool_calls": [delta]}) for delta in deltas]
            last["choices"][0]["finish_reason"] = "tool_calls"
            tail = chat_chunks([], model, usage=usage)[2:]
            return [first, *body, last, *tail], 1, 3
        case "openai.responses":
            done = response_body(calls=[CALL], model=model)
            item = done["output"][0]
            place = {"item_id": item["id"], "output_index": 0}
            begun = {**item, "arguments": "", "status": "in_progress"}
            events = [
                response_events([], model)[0],
                {"type": "response.output_item.added", "output_index": 0, "item": begun},
                *({"type": "response.function_call_arguments.delta", "delta": piece, **place} for piece in pieces),
                {"type": "response.function_call_arguments.done", "arguments": text, "name": name, **place},
                {"type": "response.output_item.done", "output_index": 0, "item": item},
                {"type": "response.completed", "response": done},
            ]
            return [{**event, "sequence_number": at} for at, event in enumerate(events)], 1, 3
        case "anthropic.messages":
            start, *_, delta, stop = message_events([], model)
            block = {"type": "tool_use", "id": "toolu_0", "name": name, "input": {}}
            delta["delta"]["stop_reason"] = "tool_use"
            return (
                [
                    start,
                    {"type": "content_block_start", "index": 0, "content_block": block},
                    *(
                        {
                            "type": "content_block_delta",
                            "index": 0,
                            "delta": {"type": "input_json_delta", "partial_json": piece},
                        }
                        for piece in pieces
                    ),
                    {"type": "content_block_stop", "index": 0},
                    delta,
                    stop,
                ],
                1,
                3,
            )
        case _:
            return [generated_calls([CALL], model)], 0, 1


def _chat_delta(like: dict[str, Any], delta: dict[str, Any]) -> dict[str, Any]:
    return {**like, "choices": [{"index": 0, "delta": delta, "finish_reason": None, "logprobs": None}]}
