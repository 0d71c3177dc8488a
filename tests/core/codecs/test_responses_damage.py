"""Damaged and unusual responses: bodies, answers and streams that are cut, out of shape, or only nearly OpenAI's."""

from __future__ import annotations

import json
import re
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec_damage import damage, read_damaged, refusal
from codec_meaning import fold, read, write
from generators_conversation import codec_settings, replies
from generators_responses import responses_bodies_of_any_kind
from golden_validators import read_stream
from waypost.core.codecs import CODECS
from waypost.core.codecs.framing import frame
from waypost.core.model.conversation import Reply, Text, ToolCall
from waypost.core.model.deltas import Delta, Finished, PartDelta, PartStart, PartStop, Start, StreamError
from waypost.core.model.outcome import Usage

C, R = "openai.chat", "openai.responses"


@codec_settings
@given(damage(responses_bodies_of_any_kind()))
def test_damaged_request(body: Any) -> None:
    """A damaged request is read or refused with a ValueError that names a place."""
    assert ":" in refusal(CODECS[R].decode_request, body)


@codec_settings
@given(damage(replies().map(CODECS[R].encode_response)))
def test_damaged_answer(body: Any) -> None:
    """A damaged answer is read or refused with a ValueError; its usage and its failure are always readable."""
    CODECS[R].usage(body)
    CODECS[R].failure(400, body)
    assert ":" in refusal(CODECS[R].decode_response, body)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "output: expected an array, not NoneType"),
        ({"output": "x"}, "output: expected an array, not str"),
        ({"output": [7]}, "output[0]: expected an object, not int"),
        ({"output": [{"type": "function_call"}]}, "output[0].name: expected a string, not NoneType"),
        ({"output": [{"type": "message", "content": [{"type": "output_text"}]}]}, "output[0].content[0].text: "),
        (
            {"output": [], "status": "failed", "error": {"code": "server_error"}},
            "status: the answer failed with server",
        ),
        ({"output": [], "status": "failed", "error": {"code": "a text of theirs"}}, "status: the answer failed"),
    ],
)
def test_what_is_no_answer(body: dict[str, Any], said: str) -> None:
    """An answer out of shape, or one that says that it failed, is refused by its place, never by its text."""
    with pytest.raises(ValueError, match=r"output|status") as caught:
        CODECS[R].decode_response(body)
    assert said in str(caught.value)
    assert "theirs" not in str(caught.value)


WHERE: dict[str, Any] = {"output_index": 0, "content_index": 0, "item_id": "msg_1"}
EVENTS: list[dict[str, Any]] = [
    {"type": "response.created", "response": {"id": "resp_1", "model": "m", "created_at": 3}},
    {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "content": []}},
    {"type": "response.content_part.added", **WHERE, "part": {"type": "output_text", "text": ""}},
    {"type": "response.output_text.delta", **WHERE, "delta": "x", "logprobs": []},
    {"type": "response.content_part.done", **WHERE, "part": {"type": "output_text", "text": "x"}},
    {"type": "response.output_item.done", "output_index": 0, "item": {"type": "message", "content": []}},
    {
        "type": "response.output_item.added",
        "output_index": 1,
        "item": {"type": "function_call", "call_id": "c", "name": "f", "arguments": ""},
    },
    {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{}"},
    {
        "type": "response.output_item.done",
        "output_index": 1,
        "item": {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
    },
    {
        "type": "response.completed",
        "response": {"status": "completed", "usage": {"input_tokens": 1, "output_tokens": 2}},
    },
]


@codec_settings
@given(st.data())
def test_damaged_stream(data: st.DataObject) -> None:
    """A damaged event is read or refused with a ValueError, and whatever was read can be written everywhere."""
    read_damaged(R, EVENTS, data)


# Streams that are only nearly OpenAI's.


def pieces(*events: dict[str, Any]) -> list[Delta]:
    reader = CODECS[R].reader()
    found = [delta for event in events for delta in reader.feed(None, json.dumps(event))]
    return [*found, *reader.close()]


END = EVENTS[-1]


def test_a_message_that_comes_whole() -> None:
    """Servers that send an item only when it is done lose nothing of it."""
    content = [{"type": "output_text", "text": "Hi"}, {"type": "refusal", "refusal": "no"}]
    done = {"type": "response.output_item.done", "output_index": 0, "item": {"type": "message", "content": content}}
    assert pieces(EVENTS[0], done, END)[1:] == [
        PartStart(0, "text"),
        PartDelta(0, "Hi"),
        PartStop(0),
        PartStart(1, "refusal"),
        PartDelta(1, "no", "refusal"),
        PartStop(1),
        Finished("content_filter", "completed", None, Usage(1, 2)),
    ]


def test_a_call_that_comes_whole() -> None:
    """Arguments that were never sent in pieces are taken from the item; those that were, not again."""
    assert fold(pieces(EVENTS[0], EVENTS[6], EVENTS[8], END))[0] == [["tool_call", "c", "f", "{}"]]
    assert fold(pieces(EVENTS[0], *EVENTS[6:9], END))[0] == [["tool_call", "c", "f", "{}"]]


def test_a_stream_without_frames_around_its_text() -> None:
    """Text that begins without its part, and whose part never ends, is a part all the same."""
    found = pieces(EVENTS[0], EVENTS[3], END)
    assert found[1:4] == [PartStart(0, "text"), PartDelta(0, "x"), PartStop(0)]
    assert isinstance(found[-1], Finished)


def test_a_stream_that_begins_with_its_end() -> None:
    """An answer is begun once, whichever event tells of it first, and nothing is read after its end."""
    assert [type(delta) for delta in pieces(END, EVENTS[3])] == [Start, Finished]
    assert [type(delta) for delta in pieces(EVENTS[0], {**EVENTS[0], "type": "response.in_progress"}, END)] == [
        Start,
        Finished,
    ]


def test_items_of_the_providers_own_tools_are_passed_over() -> None:
    """A search of the provider's is no part of the answer; parts are counted without it."""
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    found = pieces(
        EVENTS[0],
        {"type": "response.output_item.added", "output_index": 0, "item": search},
        {"type": "response.web_search_call.searching", "output_index": 0, "item_id": "ws_1"},
        {"type": "response.output_item.done", "output_index": 0, "item": search},
        {**EVENTS[3], "output_index": 1},
        END,
    )
    assert found[1:4] == [PartStart(0, "text"), PartDelta(0, "x"), PartStop(0)]


def test_reasoning_text_of_open_models() -> None:
    """Reasoning that is shown itself is read like its summary; its seal comes at the end."""
    item = {"type": "reasoning", "id": "rs_1", "summary": []}
    found = pieces(
        EVENTS[0],
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.reasoning_text.delta", **WHERE, "delta": "Hm."},
        {"type": "response.output_item.done", "output_index": 0, "item": {**item, "encrypted_content": "g"}},
        END,
    )
    assert found[1:5] == [
        PartStart(0, "reasoning", "rs_1"),
        PartDelta(0, "Hm.", "reasoning"),
        PartDelta(0, "g", "signature"),
        PartStop(0),
    ]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"type": "error", "code": "rate_limit_exceeded", "message": "M"}, ("rate_limited", "rate_limit_exceeded")),
        ({"type": "error", "error": {"type": "server_error", "code": "overloaded"}}, ("overloaded", "overloaded")),
        ({"type": "error"}, ("stream_error", None)),
        ({"error": {"code": "invalid_api_key"}}, ("auth", "invalid_api_key")),
        ({"type": "response.failed", "response": {"error": {"code": "invalid_prompt"}}}, ("content_filter", None)),
        ({"type": "response.failed", "response": {}}, ("stream_error", None)),
    ],
)
def test_errors_in_streams(event: dict[str, Any], expected: tuple[str, str | None]) -> None:
    """Every form of an error inside a stream ends it, classified by its code."""
    last = pieces(EVENTS[0], event, END)[-1]
    assert isinstance(last, StreamError)
    assert last.kind == expected[0]
    assert expected[1] is None or last.type == expected[1]


@pytest.mark.parametrize(
    ("response", "finish"),
    [
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "content_filter"),
        ({"status": "incomplete", "incomplete_details": {"reason": "steered"}}, "other"),
        ({"status": "incomplete"}, "other"),
        ({"status": "cancelled"}, "other"),
        ({"status": "queued"}, "other"),
        ({}, "stop"),
    ],
)
def test_why_an_answer_ended(response: dict[str, Any], finish: str) -> None:
    """Unknown reasons are kept as they came and count as ``other``."""
    assert CODECS[R].decode_response({"output": [], **response}).finish == finish
    last = pieces(EVENTS[0], {"type": "response.completed", "response": response})[-1]
    assert isinstance(last, Finished)
    assert last.finish == finish


def test_an_answer_that_ends_otherwise() -> None:
    """What ended with an error upstream is failed here; what ended for an unknown reason is complete."""
    failed = CODECS[R].encode_response(Reply("i", "m", (Text("x"),), "error", None))
    assert (failed["status"], failed["error"]["code"], failed["usage"]) == ("failed", "server_error", None)
    assert CODECS[R].encode_response(Reply("i", "m", (), "other", None))["status"] == "completed"


def test_an_answer_of_ours_cannot_be_continued_by_its_id() -> None:
    """What another provider answered is stored nowhere: who refers to it is told what to send instead."""
    assert CODECS[R].decode_request({"model": "m", "previous_response_id": "resp_68af"}).needs
    with pytest.raises(ValueError, match=r"previous_response_id: .* send the turns before it in `input`"):
        CODECS[R].decode_request({"model": "m", "previous_response_id": "resp_wp-msg_01"})
    with pytest.raises(ValueError, match=r"input\[0\]\.id: .* send the item"):
        CODECS[R].decode_request({"model": "m", "input": [{"type": "item_reference", "id": "msg_wp-msg_01-0"}]})


@pytest.mark.parametrize("upstream", ["msg_1", "x" * 200, ""])
def test_items_have_ids_that_come_back(upstream: str) -> None:
    """The API takes ids of 64 characters at most, with the prefix of their kind, and each once."""
    parts = (Text("a"), ToolCall("c", "f", "{}"), ToolCall("d", "g", "x", free=True), Text("b"))
    whole = CODECS[R].encode_response(Reply(upstream, "m", parts, "tool_call", None))["output"]
    wire = write(R, [Start(upstream, "m", created=3), PartStart(0, "text"), PartStop(0), Finished("stop")])
    streamed = read_stream(R, wire)[-1].response.output
    assert [item["id"].partition("_")[0] for item in whole] == ["msg", "fc", "ctc", "msg"]
    ids = [item["id"] for item in whole]
    assert len(set(ids)) == len(ids)
    for made in (*ids, streamed[0].id):
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", made)
    other = write(R, [Start(upstream, "m", created=4), PartStart(0, "text"), PartStop(0), Finished("stop")])
    assert upstream or read_stream(R, other)[-1].response.output[0].id != streamed[0].id


def test_calls_without_ids_get_some() -> None:
    """A call without an id has one made of the answer and its place, the same in a stream."""
    deltas = [Start("i", "m"), PartStart(0, "tool_call", None, "f"), PartStop(0), Finished("tool_call")]
    (part,) = fold(read(R, [write(R, deltas)]))[0]
    assert part[0] == "tool_call"
    assert part[1].startswith("resp_wp-i/0")
    assert part[3] == "{}"


def test_calls_that_are_told_in_turns() -> None:
    """Some servers send pieces of two calls by turns, after the second has begun: both are whole in the end."""
    call = {"type": "function", "function": {"arguments": ""}}
    deltas = [
        {"role": "assistant", "content": None},
        *({"tool_calls": [{**call, "index": at, "id": f"c{at}", "function": {"name": f"f{at}"}}]} for at in (0, 1)),
        *({"tool_calls": [{"index": at, "function": {"arguments": '{"x":'}}]} for at in (0, 1)),
        *({"tool_calls": [{"index": at, "function": {"arguments": f"{at}}}"}}]} for at in (0, 1)),
    ]
    chunks: list[Any] = [{"id": "i", "model": "m", "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    chunks.append({"id": "i", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    frames = [frame(None, json.dumps(chunk)) for chunk in chunks]
    wire = write(R, read(C, [*frames, b"data: [DONE]\n\n"]))
    events = read_stream(R, wire)
    done = [event for event in events if event.type == "response.function_call_arguments.done"]
    whole = [item.arguments for item in events[-1].response.output]
    assert {event.output_index: event.arguments for event in done} == dict(enumerate(whole))
    assert whole == ['{"x":0}', '{"x":1}'] == [part[3] for part in fold(read(R, [wire]))[0]]


def test_arguments_without_a_bottom() -> None:
    """Arguments that are nested deeper than JSON is read are a need in a request, and text in an answer."""
    deep = '{"a":' * 5_000
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": deep}
    flags = {need.flag for need in CODECS[R].decode_request({"model": "m", "store": False, "input": [call]}).needs}
    assert "tool_arguments.invalid_json" in flags
    start = PartStart(0, "tool_call", "c", "f")
    wire = write(R, [Start("i", "m"), start, PartDelta(0, deep, "arguments"), PartStop(0), Finished("tool_call")])
    assert read_stream(R, wire)[-1].response.output[0].arguments == deep


def test_pieces_of_no_part() -> None:
    """Pieces of parts that were never begun are dropped; nothing of ours breaks on them."""
    writer = CODECS[R].writer(include_usage=True)
    writer.feed(Start("i", "m"))
    assert writer.feed(PartDelta(7, "x")) == b""
    assert writer.feed(PartStop(7)) == b""
    assert b"response.completed" in writer.feed(Finished("stop"))
    assert writer.feed(PartStart(0, "text")) == b""
    assert writer.close() == b""


def test_a_stream_of_a_tool_that_takes_a_text() -> None:
    """Pieces of its input cross both ways between OpenAI's two dialects, though chat's SDK has no type for them."""
    deltas = [
        Start("i", "m"),
        PartStart(0, "tool_call", "call_1", "calc", free=True),
        PartDelta(0, "2+", "arguments"),
        PartDelta(0, "2", "arguments"),
        PartStop(0),
        Finished("tool_call", None, None, Usage(1, 2)),
    ]
    wire = write(R, deltas)
    assert [type(event).__name__ for event in read_stream(R, wire)][3:6] == [
        *["ResponseCustomToolCallInputDeltaEvent"] * 2,
        "ResponseCustomToolCallInputDoneEvent",
    ]
    for end in (read(R, [wire]), read(C, [write(C, deltas)]), read(R, [write(R, read(C, [write(C, deltas)]))])):
        assert [replace(delta, free=True) for delta in end if isinstance(delta, PartStart)] == [deltas[1]]
        assert all(delta.free for delta in end if isinstance(delta, PartStart))
        assert fold(end)[0] == [["tool_call", "call_1", "calc", "2+2"]]
    empty = [deltas[0], deltas[1], PartStop(0), deltas[-1]]
    assert fold(read(R, [write(R, empty)]))[0] == [["tool_call", "call_1", "calc", ""]]
    assert read_stream(R, write(R, empty))[-1].response.output[0].input == ""


# Long streams.


def test_reading_keeps_nothing() -> None:
    """Ten thousand deltas pass a reader of this dialect, and a writer of another, and leave nothing behind."""
    reader, writer = CODECS[R].reader(), CODECS[C].writer(include_usage=True)
    for event in EVENTS[:3]:
        for delta in reader.feed(None, json.dumps(event)):
            writer.feed(delta)
    data = json.dumps(EVENTS[3])

    def pump(times: int) -> int:
        return sum(len(writer.feed(delta)) for _ in range(times) for delta in reader.feed(None, data))

    pump(100)
    tracemalloc.start()
    assert pump(10_000) > 10_000
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 20_000


def test_writing_keeps_the_text_alone() -> None:
    """The last event repeats the whole answer: a writer holds its text, in few pieces, and nothing else."""
    writer = CODECS[R].writer(include_usage=True)
    writer.feed(Start("i", "m"))
    writer.feed(PartStart(0, "text"))
    piece = PartDelta(0, "a word ")
    for _ in range(100):
        writer.feed(piece)
    tracemalloc.start()
    for _ in range(10_000):
        assert writer.feed(piece)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 10_000 * len(piece.text) + 20_000


def test_frames_have_their_names() -> None:
    """Each frame names its event and is numbered from 0 without a gap; a name alone tells an event too."""
    wire = write(R, [Start("i", "m"), PartStart(0, "text"), PartDelta(0, "x"), PartStop(0), Finished("stop")])
    lines = wire.decode().splitlines()
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert [event["type"] for event in events] == names
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    unnamed = {name: value for name, value in EVENTS[3].items() if name != "type"}
    reader = CODECS[R].reader()
    assert reader.feed("response.output_text.delta", json.dumps(unnamed))[-1] == PartDelta(0, "x")
    assert frame(None, "[DONE]") == b"data: [DONE]\n\n"
    assert reader.feed(None, "[DONE]") == ()
