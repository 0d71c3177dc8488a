"""What of an answer has no place in another dialect is on the receipt, and what has one is not lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from waypost.core.codecs import CODECS
from waypost.core.model.conversation import Reply, ToolCall
from waypost.core.model.deltas import Delta, Finished, PartDelta, PartStart, PartStop, Start
from waypost.core.model.target import Endpoint, Target

C, A, G = "openai.chat", "anthropic.messages", "google.generate_content"
LEGACY = {"name": "add", "arguments": '{"a":1}'}


def chat(message: dict[str, Any], finish: str = "stop", *others: dict[str, Any]) -> dict[str, Any]:
    first = {"index": 0, "message": {"role": "assistant", "content": None, **message}, "finish_reason": finish}
    return {"id": "c", "model": "m", "choices": [first, *others]}


def deltas(*events: dict[str, Any]) -> list[Delta]:
    reader = CODECS[C].reader()
    read = [delta for event in events for delta in reader.feed(None, json.dumps({"id": "c", "model": "m", **event}))]
    return [*read, *reader.feed(None, "[DONE]")]


def test_a_legacy_call_is_a_call() -> None:
    """The deprecated ``function_call`` of a whole answer reaches other callers as the call of a tool."""
    body = CODECS[A].encode_response(CODECS[C].decode_response(chat({"function_call": LEGACY}, "function_call")))
    assert body["stop_reason"] == "tool_use"
    assert [(block["name"], block["input"]) for block in body["content"]] == [("add", {"a": 1})]


def test_a_legacy_call_in_a_stream_is_a_call() -> None:
    """The same in pieces."""
    pieces = [{"name": "add", "arguments": ""}, {"arguments": '{"a"'}, {"arguments": ":1}"}]
    events = [{"choices": [{"index": 0, "delta": {"function_call": piece}}]} for piece in pieces]
    read = deltas(*events, {"choices": [{"index": 0, "delta": {}, "finish_reason": "function_call"}]})
    assert [delta.name for delta in read if isinstance(delta, PartStart)] == ["add"]
    assert "".join(delta.text for delta in read if isinstance(delta, PartDelta)) == '{"a":1}'
    assert isinstance(read[-1], Finished)
    assert read[-1].finish == "tool_call"


def test_other_choices_and_audio_are_named() -> None:
    """Nobody else can say them: `left_out` does, whole and streamed."""
    second = {"index": 1, "message": {"role": "assistant", "content": "b"}, "finish_reason": "stop"}
    assert CODECS[C].decode_response(chat({"content": "a"}, "stop", second)).left_out == ("answer.choices",)
    assert CODECS[C].decode_response(chat({"audio": {"id": "a"}})).left_out == ("answer.audio",)
    assert CODECS[C].decode_response(chat({"content": "a"})).left_out == ()
    end = deltas(
        {"choices": [{"index": 0, "delta": {"content": "a", "audio": {"data": "AA"}}}]},
        {"choices": [{"index": 1, "delta": {"content": "b"}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    )[-1]
    assert isinstance(end, Finished)
    assert end.left_out == ("answer.audio", "answer.choices")


@pytest.mark.parametrize("content", ["", [{"type": "text", "text": ""}]])
def test_an_empty_system_message_is_none_to_google(content: Any) -> None:
    """Google refuses an instruction without parts."""
    body = {"model": "m", "messages": [{"role": "system", "content": content}, {"role": "user", "content": "Hi"}]}
    conversation = CODECS[C].decode_request(body)
    endpoint = Endpoint("e", "p", G, "https://e.test", "/v1")
    sent = CODECS[G].encode_request(conversation, Target("p/m", "p", "m", "e"), endpoint)
    assert "systemInstruction" not in sent


def test_calls_with_one_id_are_told_apart() -> None:
    """Anthropic's callers answer each call by its id: a later one gets one of its own, always the same."""
    reply = Reply("i", "m", (ToolCall("c", "f", "{}"), ToolCall("c", "g", "{}")), "tool_call", None)
    ids = [block["id"] for block in CODECS[A].encode_response(reply)["content"]]
    assert ids[0] == "c"
    assert len(set(ids)) == 2
    read: list[Delta] = [Start("i", "m")]
    for at, name in enumerate("fg"):
        read += [PartStart(at, "tool_call", "c", name), PartDelta(at, "{}", "arguments"), PartStop(at)]
    writer = CODECS[A].writer(include_usage=True)
    wire = b"".join(map(writer.feed, read)).decode()
    events = [json.loads(line[6:]) for line in wire.splitlines() if line.startswith("data: ")]
    assert [event["content_block"]["id"] for event in events if event["type"] == "content_block_start"] == ids
    assert [block["id"] for block in CODECS[A].encode_response(reply)["content"]] == ids
