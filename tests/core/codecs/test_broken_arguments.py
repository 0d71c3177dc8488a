"""Arguments of tools that are no JSON object: cut off, without an end, or without a bottom."""

from __future__ import annotations

import json
from typing import Any

import pytest

from waypost.core.codecs import CODECS
from waypost.core.codecs.citations import left_out
from waypost.core.model.conversation import Finish, Reply, Text, ToolCall
from waypost.core.model.deltas import Delta, Finished, PartDelta, PartStart, PartStop, Start
from waypost.core.model.outcome import Usage

C, R, A, G = "openai.chat", "openai.responses", "anthropic.messages", "google.generate_content"
HALF = '{"a": 12'
NO_JSON = {
    "not a number": '{"a":NaN}',
    "no end": '{"a":Infinity}',
    "beyond a float": '{"a":[-1e999]}',
    "beyond digits": '{"a":' + "1" * 5_000 + "}",
    "no bottom": '{"a":' + "[" * 2_000 + "]" * 2_000 + "}",
    "deep": '{"a":' * 300 + "1" + "}" * 300,
    "a list": "[1]",
}


def stream(finish: Finish, arguments: str = HALF) -> list[Delta]:
    first: list[Delta] = [PartStart(0, "tool_call", "c", "f"), PartDelta(0, arguments, "arguments"), PartStop(0)]
    return [Start("i", "m"), *first, Finished(finish, None, None, Usage(1, 2))]


def written(dialect: str, deltas: list[Delta]) -> list[dict[str, Any]]:
    writer = CODECS[dialect].writer(include_usage=True)
    wire = b"".join(writer.feed(delta) for delta in deltas).decode() + writer.close().decode()
    return [json.loads(line[6:]) for line in wire.splitlines() if line.startswith("data: {")]


@pytest.mark.parametrize("arguments", [HALF, ""])
def test_a_call_that_the_end_cuts_off_is_left_out_for_anthropic(arguments: str) -> None:
    """A whole answer ends by its length, without a call that a tool could be run with."""
    reply = Reply("i", "m", (Text("Adding."), ToolCall("c", "f", arguments)), "length", Usage(1, 2))
    body = CODECS[A].encode_response(reply)
    assert (body["stop_reason"], [block["type"] for block in body["content"]]) == ("max_tokens", ["text"])
    assert body["usage"]["output_tokens"] == 2
    assert left_out(reply, CODECS[A].expresses) == ("answer.tool_call",)


def test_a_call_that_the_end_cuts_off_is_left_out_for_google() -> None:
    """A whole answer ends by its length, and one of OpenAI's callers sees what came, as it would natively."""
    reply = Reply("i", "m", (ToolCall("c", "f", HALF),), "length", Usage(1, 2))
    body = CODECS[G].encode_response(reply)
    assert body["candidates"] == [{"content": {"role": "model"}, "index": 0, "finishReason": "MAX_TOKENS"}]
    assert left_out(reply, CODECS[G].expresses) == ("answer.tool_call",)
    called = CODECS[C].encode_response(reply)["choices"][0]["message"]["tool_calls"][0]
    assert called["function"]["arguments"] == HALF
    assert left_out(reply, CODECS[C].expresses) == left_out(reply, CODECS[R].expresses) == ()


def test_a_whole_call_before_the_end_stays() -> None:
    """Only the call that was cut off is left out."""
    reply = Reply("i", "m", (ToolCall("c", "f", '{"a":1}'), ToolCall("d", "f", HALF)), "length", None)
    assert [block["id"] for block in CODECS[A].encode_response(reply)["content"]] == ["c"]
    assert len(CODECS[G].encode_response(reply)["candidates"][0]["content"]["parts"]) == 1


def test_a_stream_that_its_end_cuts_off() -> None:
    """Anthropic's callers see the piece and that the answer was cut off, as they do natively; Google's see no call."""
    events = written(A, stream("length"))
    assert [event["type"] for event in events[-3:]] == ["content_block_stop", "message_delta", "message_stop"]
    assert events[-2]["delta"]["stop_reason"] == "max_tokens"
    (chunk,) = written(G, stream("length"))
    assert chunk["candidates"][0]["finishReason"] == "MAX_TOKENS"
    assert chunk["candidates"][0]["content"]["parts"] == [{"text": ""}]


@pytest.mark.parametrize("arguments", [HALF, *NO_JSON.values()], ids=["half", *NO_JSON])
def test_a_stream_with_broken_arguments_ends_with_an_error(arguments: str) -> None:
    """No block of a call is closed and nothing asks for its tool, for it would run with other arguments."""
    events = written(A, stream("tool_call", arguments))
    assert events[-1]["error"]["type"] == "api_error"
    assert not {"content_block_stop", "message_stop"} & {event["type"] for event in events}
    assert written(G, stream("tool_call", arguments))[-1]["error"]["status"] == "UNAVAILABLE"


@pytest.mark.parametrize("dialect", [A, G])
def test_calls_whose_pieces_are_mixed(dialect: str) -> None:
    """What comes for a call after another has begun is its own."""
    calls = [PartStart(at, "tool_call", f"c{at}", "f") for at in (0, 1)]
    pieces = [PartDelta(at, text, "arguments") for text in ('{"x":', "1}") for at in (0, 1)]
    deltas: list[Delta] = [
        Start("i", "m"),
        calls[0],
        PartStop(0),
        calls[1],
        *pieces,
        PartStop(1),
        Finished("tool_call"),
    ]
    events = written(dialect, deltas)
    if dialect == A:
        assert sorted(event["index"] for event in events if event["type"] == "content_block_stop") == [0, 1]
        assert events[-2]["delta"]["stop_reason"] == "tool_use"
        return
    parts = [part for event in events for part in event["candidates"][0]["content"]["parts"]]
    assert [part["functionCall"]["id"] for part in parts[:2]] == ["c0", "c1"]
    assert {json.dumps(part["functionCall"]["args"]) for part in parts[:2]} == {'{"x": 1}'}


@pytest.mark.parametrize("arguments", NO_JSON.values(), ids=list(NO_JSON))
@pytest.mark.parametrize("dialect", [A, G])
def test_an_answer_with_what_json_does_not_have(dialect: str, arguments: str) -> None:
    """It is a ValueError, which is an answer of its provider that is malformed, and no fault of ours."""
    with pytest.raises(ValueError):
        CODECS[dialect].encode_response(Reply("i", "m", (ToolCall("c", "f", arguments),), "tool_call", None))


@pytest.mark.parametrize("arguments", NO_JSON.values(), ids=list(NO_JSON))
def test_a_history_with_what_json_does_not_have(arguments: str) -> None:
    """It is a need of requests, which OpenAI's dialects alone can say."""
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}
    chat = {"model": "m", "messages": [{"role": "assistant", "tool_calls": [call]}]}
    item = {"type": "function_call", "call_id": "c", "name": "f", "arguments": arguments}
    for dialect, body in ((C, chat), (R, {"model": "m", "store": False, "input": [item]})):
        flags = {need.flag for need in CODECS[dialect].decode_request(body).needs}
        assert "tool_arguments.invalid_json" in flags, dialect
    assert "tool_arguments.invalid_json" not in CODECS[A].expresses | CODECS[G].expresses


def test_brackets_in_texts_are_no_levels() -> None:
    """How deep arguments are nested is not told by their texts."""
    reply = Reply("i", "m", (ToolCall("c", "f", json.dumps({"a": '\\"' + "[" * 500})),), "tool_call", None)
    assert CODECS[A].encode_response(reply)["content"][0]["input"] == {"a": '\\"' + "[" * 500}


def test_an_answer_of_anthropic_with_what_json_does_not_have() -> None:
    """What a provider says beyond JSON is not handed on as the text of arguments."""
    block = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": float("nan")}}
    with pytest.raises(ValueError):
        CODECS[A].decode_response({"content": [block]})
