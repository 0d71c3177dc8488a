"""What of an answer has no place in another dialect is on the receipt, and what has one is not lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from waypost.core.codecs import CODECS, EXPRESSES
from waypost.core.codecs.citations import left_out
from waypost.core.codecs.handout import Signer
from waypost.core.model.conversation import Finish, Reasoning, Reply, Text, ToolCall
from waypost.core.model.deltas import Delta, Finished, PartDelta, PartStart, PartStop, Start
from waypost.core.model.target import Endpoint, Target
from waypost.core.routing.observe import Watch

C, A, G = "openai.chat", "anthropic.messages", "google.generate_content"
R = "openai.responses"
ALL = (C, R, A, G)
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


def left(dialect: str, reply: Reply, *, shown: bool = False) -> tuple[str, ...]:
    """What a whole answer leaves out for callers of a dialect."""
    return left_out(reply, EXPRESSES[dialect], shown=shown)


def streamed(dialect: str, read: list[Delta], *, shown: bool = False) -> tuple[list[Any], tuple[str, ...]]:
    """The events that callers of a dialect get of a stream, and what it leaves out for them."""
    writer = CODECS[dialect].writer(include_usage=True, signer=Signer(C, "x", shown))
    watch = Watch(reader=CODECS[C].reader(), writer=writer, strip_usage=False)
    wire = b"".join(writer.feed(watch._note(delta)) for delta in read).decode()
    lines = [line[6:] for line in wire.splitlines() if line.startswith("data: {")]
    return [json.loads(line) for line in lines], watch.observed(CODECS[C]).left_out


PAUSED = Reply("i", "m", (Text("Hm."),), "other", None, raw_finish="pause_turn")


@pytest.mark.parametrize(("dialect", "names"), [(C, ("answer.finish",)), (R, ("answer.finish",)), (G, ())])
def test_an_end_with_a_reason_of_its_own_is_named(dialect: str, names: tuple[str, ...]) -> None:
    """``pause_turn`` is no ``stop``: where there is no other word, the receipt says so. Google has one."""
    assert left(dialect, PAUSED) == names
    read: list[Delta] = [
        Start("i", "m"),
        PartStart(0, "text"),
        PartDelta(0, "Hm."),
        PartStop(0),
        Finished("other", "pause_turn", None, None),
    ]
    assert streamed(dialect, read)[1] == names
    assert left(dialect, Reply("i", "m", (Text("Hm."),), "stop", None, raw_finish="end_turn")) == ()


@pytest.mark.parametrize("shown", [False, True])
@pytest.mark.parametrize("dialect", ALL)
def test_reasoning_that_is_not_shown_is_named(dialect: str, shown: bool) -> None:
    """Chat completions has no field for it, and the others show it to those who asked."""
    names = () if shown and dialect != C else ("answer.reasoning",)
    assert left(dialect, Reply("i", "m", (Reasoning("why", C), Text("x")), "stop", None), shown=shown) == names
    read: list[Delta] = [
        Start("i", "m"),
        PartStart(0, "reasoning"),
        PartDelta(0, "why", "reasoning"),
        PartStop(0),
        PartStart(1, "text"),
        PartDelta(1, "x"),
        PartStop(1),
        Finished("stop", "stop", None, None),
    ]
    assert streamed(dialect, read, shown=shown)[1] == names
    assert left(dialect, Reply("i", "m", (Reasoning("", C), Text("x")), "stop", None)) == ()


def call(arguments: str, finish: Finish, *, free: bool = False) -> list[Delta]:
    return [
        Start("i", "m"),
        PartStart(0, "tool_call", "c", "run", free=free),
        PartDelta(0, arguments[:3], "arguments"),
        PartDelta(0, arguments[3:], "arguments"),
        PartStop(0),
        Finished(finish, finish, None, None),
    ]


def test_a_call_that_the_end_of_a_stream_cuts_off_is_named() -> None:
    """Google's callers get whole calls, or none; of a whole answer the same is said."""
    events, names = streamed(G, call('{"a": 1, "b', "length"))
    assert "functionCall" not in json.dumps(events)
    assert names == ("answer.tool_call",) == left(G, Reply("i", "m", (ToolCall("c", "run", '{"a'),), "length", None))
    assert streamed(G, call('{"a": 1}', "length"))[1] == ()


GIVEN = [('ls -l "x"\n\u00e9', {"input": 'ls -l "x"\n\u00e9'}), ('{"a": 1}', {"a": 1}), ("[1]", {"input": "[1]"})]


@pytest.mark.parametrize(("text", "given"), GIVEN)
def test_a_free_form_call_is_a_call(text: str, given: dict[str, Any]) -> None:
    """Arguments are objects at Anthropic's and Google's: a text is the input of the call, and an object is itself."""
    reply = Reply("i", "m", (ToolCall("c", "run", text, free=True),), "tool_call", None)
    body = CODECS[A].encode_response(reply)
    assert [(block["name"], block["input"]) for block in body["content"]] == [("run", given)]
    assert body["stop_reason"] == "tool_use"
    (part,) = CODECS[G].encode_response(reply)["candidates"][0]["content"]["parts"]
    assert (part["functionCall"]["name"], part["functionCall"]["args"]) == ("run", given)
    events, names = streamed(A, call(text, "tool_call", free=True))
    pieces = [event["delta"].get("partial_json", "") for event in events if event["type"] == "content_block_delta"]
    assert json.loads("".join(pieces)) == given
    assert [event["type"] for event in events].count("content_block_stop") == 1
    shown = json.dumps(streamed(G, call(text, "tool_call", free=True))[0])
    assert json.dumps(given) in shown
    assert names == ()


@pytest.mark.parametrize("dialect", [A, G])
def test_a_free_form_call_that_may_be_cut_off_is_none(dialect: str) -> None:
    """Nobody knows whether half a text is all of it; a tool is not run with it."""
    reply = Reply("i", "m", (ToolCall("c", "run", "rm -rf /tm", free=True),), "length", None)
    assert "rm" not in json.dumps(CODECS[dialect].encode_response(reply))
    events, names = streamed(dialect, call("rm -rf /tm", "length", free=True))
    assert "rm" not in json.dumps(events)
    assert names == ("answer.tool_call",) == left(dialect, reply)
