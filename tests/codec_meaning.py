"""What requests, answers and streams mean whatever dialect they are in, for property tests of the codecs.

`common` and `common_reply` are the fidelity: what must be the same on both sides of a translation.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from waypost.core.codecs import CODECS
from waypost.core.codecs.framing import SseParser
from waypost.core.model.conversation import Blob, Conversation, Part, Refusal, Reply, Text, ToolCall, ToolResult, Uri
from waypost.core.model.deltas import Delta, Finished, PartDelta, PartStart, PartStop, Start
from waypost.core.model.outcome import Usage
from waypost.core.model.target import Endpoint, Target

TARGET = Target(
    "p/m",
    "p",
    "m",
    "e",
    max_output=64000,
    capabilities=("sampling.temperature", "sampling.top_p", "tools.parallel", "verbosity"),
)


def endpoint(dialect: str) -> Endpoint:
    return Endpoint("e", "p", dialect, "https://e.test", "/v1")


def encode(dialect: str, conversation: Conversation) -> dict[str, Any]:
    return CODECS[dialect].encode_request(conversation, TARGET, endpoint(dialect))


def common(conversation: Conversation) -> dict[str, Any]:
    sampling = conversation.sampling
    rules = [
        text for m in conversation.messages if m.role in ("system", "developer") for text in map(common_part, m.parts)
    ]
    turns = [
        (message.role, [common_part(part) for part in message.parts])
        for message in conversation.messages
        if message.role not in ("system", "developer")
    ]
    output = conversation.output
    return {
        "rules": rules,
        "turns": turns,
        "tools": [(t.name, t.description, t.parameters, bool(t.strict)) for t in conversation.tools],
        "choice": conversation.tool_choice,
        "parallel": False if conversation.parallel_tools is False and _may_call(conversation) else None,
        "schema": output and output.schema,
        "sampling": (
            sampling.max_output,
            *(None if value == 1 else value for value in (sampling.temperature, sampling.top_p)),
            sampling.stop,
            sampling.reasoning_effort,
        ),
        "stream": conversation.stream,
        "user": conversation.user,
    }


def _may_call(conversation: Conversation) -> bool:
    return conversation.tool_choice is None or conversation.tool_choice.kind != "none"


def common_part(part: Part) -> Any:
    match part:
        case Text(text=text) | Refusal(text=text):
            return text
        case ToolCall():
            return ("call", part.name, json.loads(part.arguments))
        case ToolResult():
            return ("result", [common_part(inner) for inner in part.parts])
        case Blob():
            return (part.modality, part.mime, part.base64, part.name)
        case Uri():
            return (part.modality, part.uri)
        case _:
            raise AssertionError(f"{type(part).__name__} is not portable")


def links(conversation: Conversation) -> list[list[int]]:
    """Which result answers which call, whatever the ids are."""
    calls = [p.id for m in conversation.messages for p in m.parts if isinstance(p, ToolCall)]
    results = [p.call_id for m in conversation.messages for p in m.parts if isinstance(p, ToolResult)]
    return [[place for place, call in enumerate(calls) if call == result] for result in results]


def common_reply(reply: Reply) -> Any:
    # Chat cannot say how long a cached prefix lives.
    usage = reply.usage and replace(reply.usage, cache_write_1h=0)
    return [common_part(part) for part in reply.parts], [p.id for p in reply.parts if isinstance(p, ToolCall)], usage


def deltas_of(reply: Reply, cuts: int) -> list[Delta]:
    out: list[Delta] = [Start(reply.id, reply.model)]
    for index, part in enumerate(reply.parts):
        match part:
            case ToolCall():
                start, kind, text = PartStart(index, "tool_call", part.id, part.name), "arguments", part.arguments
            case Refusal():
                start, kind, text = PartStart(index, "refusal"), "refusal", part.text
            case Text():
                start, kind, text = PartStart(index, "text"), "text", part.text
            case _:
                raise AssertionError(part)
        pieces = [text[i : i + cuts] for i in range(0, len(text), cuts)]
        out += [start, *(PartDelta(index, piece, kind) for piece in pieces), PartStop(index)]
    return [*out, Finished(reply.finish, None, None, reply.usage)]


def fold(deltas: list[Delta]) -> tuple[list[Any], Usage | None]:
    parts: dict[int, list[Any]] = {}
    usage = None
    for delta in deltas:
        match delta:
            case PartStart():
                parts[delta.index] = [delta.kind, delta.id, delta.name, ""]
            case PartDelta():
                parts[delta.index][3] += delta.text
            case Finished():
                usage = delta.usage
    return [parts[index] for index in sorted(parts)], usage


def read(dialect: str, chunks: list[bytes]) -> list[Delta]:
    parser, reader = SseParser(), CODECS[dialect].reader()
    out = [d for chunk in chunks for name, data in parser.feed(chunk) for d in reader.feed(name, data)]
    return [*out, *reader.close()]


def write(dialect: str, deltas: list[Delta]) -> bytes:
    writer = CODECS[dialect].writer(include_usage=True)
    return b"".join([*map(writer.feed, deltas), writer.close()])
