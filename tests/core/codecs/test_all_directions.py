"""Safety is not refusal: what every provider can do crosses between all 12 directions, by the needs that a request
raises and by what is sent (S6.05)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from codec_meaning import common, common_reply, deltas_of, encode, fold, links, read, write
from generators_seeded import DIALECTS, A, C, G, R
from golden_validators import check_request
from waypost.core.codecs import CODECS
from waypost.core.model.conversation import Blob, Reply, Text, ToolCall
from waypost.core.model.outcome import Usage

CROSSING = [(source, target) for source in DIALECTS for target in DIALECTS if source != target]
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
PNG = "iVBORw0KGgo="
URL = f"data:image/png;base64,{PNG}"

FUNCTION = {"name": "weather", "description": "The weather.", "parameters": SCHEMA}
DECLARED = {"name": "weather", "description": "The weather.", "parametersJsonSchema": SCHEMA}
CALLED = {"functionCall": {"id": "call_1", "name": "weather", "args": {"city": "Rio"}}}
ANSWERED = {"functionResponse": {"id": "call_1", "name": "weather", "response": {"output": "sunny"}}}
FULL: Mapping[str, dict[str, Any]] = {
    C: {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": URL}}],
            },
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "weather", "arguments": '{"city": "Rio"}'},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
        ],
        "tools": [{"type": "function", "function": FUNCTION}],
        "tool_choice": "required",
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}},
        "max_completion_tokens": 100,
        "temperature": 0.5,
        "stream": True,
    },
    R: {
        "model": "m",
        "store": False,
        "instructions": "Be brief.",
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "What is it?"},
                    {"type": "input_image", "image_url": URL, "detail": "auto"},
                ],
            },
            {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": '{"city": "Rio"}'},
            {"type": "function_call_output", "call_id": "call_1", "output": "sunny"},
        ],
        "tools": [{"type": "function", "strict": False, **FUNCTION}],
        "tool_choice": "required",
        "text": {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA, "strict": True}},
        "max_output_tokens": 100,
        "temperature": 0.5,
        "stream": True,
    },
    A: {
        "model": "m",
        "system": "Be brief.",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is it?"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
                ],
            },
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Rio"}}],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "sunny"}],
            },
        ],
        "tools": [{"name": "weather", "description": "The weather.", "input_schema": SCHEMA}],
        "tool_choice": {"type": "any"},
        "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
        "max_tokens": 100,
        "temperature": 0.5,
        "stream": True,
    },
    G: {
        "model": "m",
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {
                "role": "user",
                "parts": [{"text": "What is it?"}, {"inlineData": {"mimeType": "image/png", "data": PNG}}],
            },
            {"role": "model", "parts": [CALLED]},
            {"role": "user", "parts": [ANSWERED]},
        ],
        "tools": [{"functionDeclarations": [DECLARED]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
        "generationConfig": {
            "maxOutputTokens": 100,
            "temperature": 0.5,
            "responseMimeType": "application/json",
            "responseJsonSchema": SCHEMA,
        },
        "stream": True,
    },
}
"""One request with all of it, in each dialect's own words."""

STOPS: Mapping[str, dict[str, Any]] = {
    C: {"stop": ["END"]},
    A: {"stop_sequences": ["END"]},
    G: {"generationConfig": {**FULL[G]["generationConfig"], "stopSequences": ["END"]}},
}
"""Anthropic's callers would learn which one matched, and elsewhere do not: that is a hint."""

directions = pytest.mark.parametrize(("source", "target"), CROSSING, ids=[f"{a}>{b}" for a, b in CROSSING])


@directions
def test_what_all_can_do_crosses(source: str, target: str) -> None:
    """Text, system, tools, results, images, JSON schema, sampling and streaming, in one request."""
    conversation = CODECS[source].decode_request(FULL[source])
    lacking = {need.flag for need in conversation.needs} - CODECS[target].expresses
    assert lacking == set()
    sent = encode(target, conversation)
    check_request(target, sent)
    arrived = CODECS[target].decode_request(sent)
    there, here = common(arrived), common(conversation)
    assert there == here
    assert links(arrived) == links(conversation) == [[0]]
    assert (there["rules"], len(there["turns"]), there["stream"]) == (["Be brief."], 3, True)
    assert there["turns"][0] == ("user", ["What is it?", ("image", "image/png", PNG, None)])
    assert there["schema"] == SCHEMA
    assert there["sampling"][:3] == (100, 0.5, None)
    assert isinstance(arrived.messages[-3].parts[1], Blob)


@pytest.mark.parametrize(("source", "target"), [way for way in CROSSING if way[0] in STOPS and way[1] != R])
def test_stop_sequences_cross(source: str, target: str) -> None:
    """Wherever the matrix has them; responses know none, and say so by the need's name."""
    conversation = CODECS[source].decode_request({**FULL[source], **STOPS[source]})
    lacking = {need.flag for need in conversation.needs if need.severity == "required"} - CODECS[target].expresses
    assert lacking == set()
    hinted = {need.flag for need in conversation.needs if need.severity == "hint"}
    assert ("stop.report_match" in hinted) == (source == A)
    arrived = CODECS[target].decode_request(encode(target, conversation))
    assert arrived.sampling.stop == ("END",)
    assert "stop" not in CODECS[R].expresses


@directions
def test_answers_and_usage_cross(source: str, target: str) -> None:
    """An answer of the target's with a text, a call and usage, whole and streamed, reaches a caller of the source."""
    usage = Usage(100, 50, cache_read=30, reasoning=20)
    reply = Reply("r1", "m", (Text("Hello."), ToolCall("call_1", "weather", '{"city":"Rio"}')), "tool_call", usage)
    upstream = CODECS[target].decode_response(CODECS[target].encode_response(reply))
    arrived = CODECS[source].decode_response(CODECS[source].encode_response(upstream))
    assert common_reply(arrived) == common_reply(reply)
    assert (arrived.finish, arrived.usage) == ("tool_call", usage)
    parts, counted = fold(read(source, [write(source, read(target, [write(target, deltas_of(reply, 3))]))]))
    assert [(kind, text) for kind, _, _, text in parts] == [("text", "Hello."), ("tool_call", '{"city":"Rio"}')]
    assert counted == usage
