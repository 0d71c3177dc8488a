"""Damaged and unusual data of Google's dialect: bodies, answers and streams cut, out of shape, or in pieces."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec_damage import damage, read_damaged, refusal
from codec_meaning import fold, read, write
from generators_conversation import codec_settings, replies
from generators_google import google_bodies_of_any_kind
from waypost.core.codecs import CODECS
from waypost.core.codecs.google_generate_content_partial import PartialCall
from waypost.core.model.conversation import Reasoning, Refusal, Reply, Text, ToolCall
from waypost.core.model.deltas import Delta, Finished, PartDelta, PartStart, PartStop, Start, StreamError
from waypost.core.model.outcome import Failure, Usage

C, G = "openai.chat", "google.generate_content"


@codec_settings
@given(damage(google_bodies_of_any_kind()))
def test_damaged_request(body: Any) -> None:
    """A damaged request is read or refused with a ValueError that names a place."""
    assert ":" in refusal(CODECS[G].decode_request, body)


@codec_settings
@given(damage(replies().map(CODECS[G].encode_response)))
def test_damaged_answer(body: Any) -> None:
    """A damaged answer is read or refused with a ValueError; its usage and its failure are always readable."""
    CODECS[G].usage(body)
    CODECS[G].failure(400, body)
    assert ":" in refusal(CODECS[G].decode_response, body)


CHUNK: dict[str, Any] = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "word "}]}, "index": 0}],
    "modelVersion": "m",
    "responseId": "r",
}
EVENTS: list[dict[str, Any]] = [
    CHUNK,
    {"candidates": [{"content": {"parts": [{"text": "Hm.", "thought": True, "thoughtSignature": "Q29F"}]}}]},
    {"candidates": [{"content": {"parts": [{"functionCall": {"id": "c", "name": "f", "args": {"a": [1]}}}]}}]},
    {
        "candidates": [{"content": {"parts": [{"text": ""}]}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2},
    },
]


@codec_settings
@given(st.data())
def test_damaged_stream(data: st.DataObject) -> None:
    """A damaged event is read or refused with a ValueError, and whatever was read can be written everywhere."""
    read_damaged(G, EVENTS, data)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "candidates: expected at least one"),
        ({"candidates": []}, "candidates: expected at least one"),
        ({"candidates": "x"}, "candidates: expected an array, not str"),
        ({"candidates": [7]}, "candidates[0]: expected an object, not int"),
        (
            {"candidates": [{"content": {"parts": [{"functionCall": {}}]}}]},
            "candidates[0].content.parts[0].functionCall.name: expected a string, not NoneType",
        ),
        *(
            (
                {"candidates": [{"finishReason": word, "finishMessage": "a text of theirs"}]},
                f"candidates[0].finishReason: expected an answer, not {word}",
            )
            for word in ("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MISSING_THOUGHT_SIGNATURE", "OTHER")
        ),
    ],
)
def test_what_is_no_answer(body: dict[str, Any], said: str) -> None:
    """An answer out of shape, or one that says that it is none, is refused by its place, never by its text."""
    with pytest.raises(ValueError, match="candidates") as caught:
        CODECS[G].decode_response(body)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        ([7], "contents[0]: expected an object, not int"),
        ([{"role": "system", "parts": []}], "contents[0].role: not a role of this dialect"),
        ([{"role": 7}], "contents[0].role: not a role of this dialect"),
        ([{"parts": [{"text": 7}]}], "contents[0].parts[0].text: expected a string, not int"),
        (
            [{"parts": [{"text": "x", "inlineData": {}}]}],
            "contents[0].parts[0]: expected one kind of content, not 2",
        ),
        (
            [{"parts": [{"functionCall": {"name": "f"}}]}],
            "contents[0].parts[0].functionCall: expected in a turn of the model, not of the user",
        ),
        (
            [{"role": "model", "parts": [{"functionResponse": {"name": "f"}}]}],
            "contents[0].parts[0].functionResponse: expected in a turn of the user, not of the model",
        ),
        ("x", "contents: expected an array, not str"),
        (None, "contents: expected an array, not nothing"),
    ],
)
def test_what_is_no_request(contents: Any, said: str) -> None:
    """A request out of shape is refused by its place."""
    with pytest.raises(ValueError, match="contents") as caught:
        CODECS[G].decode_request({"contents": contents})
    assert str(caught.value) == said


# Streams.


def pieces(*events: dict[str, Any]) -> list[Delta]:
    reader = CODECS[G].reader()
    found = [delta for event in events for delta in reader.feed(None, json.dumps(event))]
    return [*found, *reader.close()]


def test_a_stream_in_deltas() -> None:
    """Text, a thought with its signature, a whole call, and the end with the usage when the stream ends."""
    assert pieces(*EVENTS) == [
        Start("r", "m"),
        PartStart(0, "text"),
        PartDelta(0, "word "),
        PartStop(0),
        PartStart(1, "reasoning"),
        PartDelta(1, "Hm.", "reasoning"),
        PartDelta(1, "Q29F", "signature"),
        PartStop(1),
        PartStart(2, "tool_call", "c", "f"),
        PartDelta(2, '{"a":[1]}', "arguments"),
        PartStop(2),
        Finished("tool_call", "STOP", None, Usage(1, 2)),
    ]


def test_other_candidates_are_passed_over() -> None:
    """Pieces of a second candidate are not the first one's."""
    second = {"candidates": [{"content": {"parts": [{"text": "other"}]}, "index": 1, "finishReason": "SAFETY"}]}
    assert fold(pieces(CHUNK, second, EVENTS[3]))[0] == [["text", None, None, "word "]]


@pytest.mark.parametrize("word", ["MALFORMED_FUNCTION_CALL", "TOO_MANY_TOOL_CALLS", "LANGUAGE", "NO_IMAGE"])
def test_a_stream_that_says_that_it_is_none(word: str) -> None:
    """It is an error with the reason's name; nothing is read after it."""
    end = {"candidates": [{"finishReason": word}]}
    assert pieces(CHUNK, end, CHUNK)[3:] == [StreamError("stream_error", None, word)]


@pytest.mark.parametrize(
    ("word", "finish"),
    [("STOP", "stop"), ("MAX_TOKENS", "length"), ("SPII", "content_filter"), ("PUP_LIMITED_DISABLED", "other")],
)
def test_why_an_answer_ended(word: str, finish: str) -> None:
    """Unknown reasons are kept as they came and count as ``other``; in a stream as in a whole answer."""
    body = {"candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": word}]}
    last = pieces(body)[-1]
    assert isinstance(last, Finished)
    whole = CODECS[G].decode_response(body)
    assert (last.finish, last.raw_finish) == (whole.finish, whole.raw_finish) == (finish, word)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "M"}}, "rate_limited"),
        ({"error": {"code": 503, "status": "UNAVAILABLE"}}, "overloaded"),
        ({"error": {"status": "a text of theirs"}}, "stream_error"),
        ({"error": 7}, "stream_error"),
    ],
)
def test_errors_in_streams(event: dict[str, Any], expected: str) -> None:
    """Every form of an error inside a stream ends it, classified by its word."""
    last = pieces(CHUNK, event)[-1]
    assert isinstance(last, StreamError)
    assert last.kind == expected
    assert last.type is None or "theirs" not in last.type


def called(*pieces_of_it: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"candidates": [{"content": {"parts": [{"functionCall": piece}]}}]} for piece in pieces_of_it]


def test_a_call_in_pieces() -> None:
    """Arguments that are streamed, which Vertex does on request, are one object when the call is whole."""
    events = called(
        {"name": "f", "id": "c", "willContinue": True},
        {"partialArgs": [{"jsonPath": "$.city", "stringValue": "Lis", "willContinue": True}], "willContinue": True},
        {"partialArgs": [{"jsonPath": "$.city", "stringValue": "bon"}], "willContinue": True},
        {
            "partialArgs": [
                {"jsonPath": "$.days[0].n", "numberValue": 1},
                {"jsonPath": "$['a b'][0]", "boolValue": False},
                {"jsonPath": "$.none", "nullValue": "NULL_VALUE"},
            ],
            "willContinue": True,
        },
        {},
    )
    ((kind, call_id, name, arguments),) = fold(pieces(*events, EVENTS[3]))[0]
    assert (kind, call_id, name) == ("tool_call", "c", "f")
    assert json.loads(arguments) == {"city": "Lisbon", "days": [{"n": 1}], "a b": [False], "none": None}


def test_a_call_that_is_never_whole() -> None:
    """A stream that ends within a call has lost a part of the answer."""
    events = called({"name": "f", "willContinue": True})
    assert pieces(*events, EVENTS[3])[-1] == StreamError("stream_error", None, "incomplete")


@pytest.mark.parametrize("path", ["", "$", "city", "$[0]", "$.a[", "$.a[7]", "$.a.b.c[0][1]"])
def test_a_piece_without_a_place(path: str) -> None:
    """A path that leads nowhere is a ValueError with its place."""
    with pytest.raises(ValueError, match=r"partialArgs\[0\].jsonPath: expected"):
        PartialCall("f", None).add([{"jsonPath": path, "stringValue": "x"}], "partialArgs")


def test_arguments_that_are_no_object() -> None:
    """Google's dialect cannot carry them: the stream ends with an error, a whole answer is refused."""
    deltas = [Start("i", "m"), PartStart(0, "tool_call", "c", "f"), PartDelta(0, "[1]", "arguments"), PartStop(0)]
    last = json.loads(write(G, [*deltas, Finished("tool_call")]).decode().split("data: ")[-1])
    assert last["error"]["status"] == "UNAVAILABLE"
    with pytest.raises(ValueError, match=r"functionCall.args: expected an object, not list"):
        CODECS[G].encode_response(Reply("i", "m", (ToolCall("c", "f", "[1]"),), "tool_call", None))


def test_a_call_that_nobody_stopped() -> None:
    """A call is written at the end at the latest."""
    deltas = [Start("i", "m"), PartStart(0, "tool_call", None, "f"), Finished("tool_call")]
    assert fold(read(G, [write(G, deltas)]))[0] == [["tool_call", None, "f", "{}"]]


def test_nothing_is_said_after_the_end() -> None:
    """After its last chunk a writer and a reader are silent."""
    writer = CODECS[G].writer(include_usage=False)
    assert b"finishReason" in writer.feed(Finished("stop"))
    assert writer.feed(PartDelta(0, "x")) == b""
    assert writer.close() == b""
    reader = CODECS[G].reader()
    reader.close()
    assert reader.feed(None, json.dumps(CHUNK)) == ()
    assert reader.close() == ()


# Answers.


def test_thoughts_and_what_only_google_says() -> None:
    """Thoughts keep their signatures, a lone signature is a thought without words, grounding stays with its origin."""
    parts = [{"text": "Hm.", "thought": True}, {"thoughtSignature": "Q29F"}, {"text": "x"}, {"executableCode": {}}]
    candidate = {"content": {"parts": parts}, "finishReason": "STOP", "groundingMetadata": {"a": 1}}
    reply = CODECS[G].decode_response({"candidates": [candidate, {"index": 1}], "model_version": "m"})
    assert [type(part).__name__ for part in reply.parts] == ["Reasoning", "Reasoning", "Text", "Opaque"]
    assert isinstance(reply.parts[1], Reasoning)
    assert (reply.parts[1].seal.data, reply.model) == ("Q29F", "m")
    assert dict(reply.ext) == {"candidates": [{"index": 1}], "groundingMetadata": {"a": 1}}


def test_a_refusal_is_text_with_its_reason() -> None:
    """A caller of Google's SDK sees the words and that they are a refusal."""
    body = CODECS[G].encode_response(Reply("i", "m", (Text("a"), Refusal("no")), "stop", None))
    (candidate,) = body["candidates"]
    assert candidate["content"]["parts"] == [{"text": "a"}, {"text": "no"}]
    assert candidate["finishReason"] == "SAFETY"
    assert "usageMetadata" not in body


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_token_count": 3, "candidates_token_count": 2, "thoughts_token_count": 1}, Usage(3, 3, reasoning=1)),
        ({"promptTokenCount": "3", "candidatesTokenCount": -1}, Usage(0, 0)),
        ({}, Usage(0, 0)),
        ("x", None),
        (None, None),
    ],
)
def test_usage(usage: Any, expected: Usage | None) -> None:
    """Counts that are no whole numbers are not counted, and names may be written in either way."""
    assert CODECS[G].usage({"usageMetadata": usage}) == expected


# Errors.


def error(*details: Any, code: int = 429, word: str = "RESOURCE_EXHAUSTED") -> dict[str, Any]:
    return {"error": {"code": code, "message": "a text of theirs", "status": word, "details": list(details)}}


@pytest.mark.parametrize(
    ("delay", "wait"),
    [
        ("13s", 13_000_000_000),
        ("1.5s", 1_500_000_000),
        ("0.000000001s", 1),
        ("0s", 0),
        ("s", None),
        ("-1s", None),
        ("1e9s", None),
        ("٣s", None),
        ("13", None),
        (13, None),
    ],
)
def test_the_wait_that_is_asked_for(delay: Any, wait: int | None) -> None:
    """Google says in the details how long to wait, and not in a header."""
    body = error({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}, "odd")
    assert CODECS[G].failure(429, body) == Failure("rate_limited", 429, "RESOURCE_EXHAUSTED", wait)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, error({"reason": "API_KEY_INVALID"}, code=400, word="INVALID_ARGUMENT"), ("auth", "API_KEY_INVALID")),
        (429, [error()], ("rate_limited", "RESOURCE_EXHAUSTED")),
        (503, {"error": "x"}, ("overloaded", None)),
        (502, None, ("server_error", None)),
        (None, {"error": {"status": "INTERNAL"}}, ("server_error", "INTERNAL")),
        (400, error(code=400, word="A_WORD_OF_TOMORROW"), ("bad_request", "A_WORD_OF_TOMORROW")),
    ],
)
def test_failures(status: int | None, body: Any, expected: tuple[str, str | None]) -> None:
    """By a reason, a word, or the status; never by the text."""
    failure = CODECS[G].failure(status, body)
    assert (failure.kind, failure.type) == expected


# Long streams.


def test_memory_is_constant() -> None:
    """Ten thousand deltas go through both machines, this way and that, and leave nothing behind."""
    events = {
        G: json.dumps(CHUNK),
        C: json.dumps({"id": "c", "choices": [{"index": 0, "delta": {"content": "word "}}]}),
    }
    for upstream, caller in ((G, C), (C, G)):
        reader, writer = CODECS[upstream].reader(), CODECS[caller].writer(include_usage=True)

        def pump(times: int, data: str = events[upstream], reader: Any = reader, writer: Any = writer) -> int:
            return sum(len(writer.feed(delta)) for _ in range(times) for delta in reader.feed(None, data))

        pump(100)
        tracemalloc.start()
        assert pump(10_000) > 10_000 * len("word ")
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert held < 20_000
