"""What OpenAI-compatible vendors do differently: fields that they refuse, streams and answers out of shape, errors."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, get_args

import pytest

from waypost.core.codecs import CODECS
from waypost.core.codecs.anthropic_messages_encode import CALL_ID as MESSAGES_ID
from waypost.core.codecs.ids import INFIX, answer_id, fit_call_id
from waypost.core.codecs.openai_chat_encode import CALL_ID as CHAT_ID
from waypost.core.codecs.usage import later
from waypost.core.model.conversation import Conversation, Message, Reasoning, Reply, Sampling, Sealed, Text, ToolCall
from waypost.core.model.deltas import Delta, Finished, PartDelta, PartStart, PartStop, Start, StreamError
from waypost.core.model.outcome import Failure, FailureKind, Usage
from waypost.core.model.target import Endpoint, Target
from waypost.errors import Untranslatable

C, A, R = "openai.chat", "anthropic.messages", "openai.responses"
TARGET = Target("groq/llama", "groq", "llama-3.3-70b", "groq", max_output=32768)
MODERN = Endpoint("groq", "groq", C, "https://g.test", "/chat/completions", drops=("store", "metadata"))
OLD = replace(MODERN, max_tokens_field="max_tokens", drops=("stream_options", "user"))


def body(**more: Any) -> dict[str, Any]:
    return {"model": "auto", "messages": [{"role": "user", "content": "x"}], **more}


# Requests.


def test_a_tool_named_on_its_result_costs_no_candidate() -> None:
    """Clients still send the field that the reference dropped; it goes home as it came, and is no need elsewhere."""
    calls = [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}]
    told = {"role": "tool", "tool_call_id": "call_1", "name": "weather", "content": "Sunny"}
    given = body()
    given["messages"] += [{"role": "assistant", "content": None, "tool_calls": calls}, told]
    given["tools"] = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
    conversation = CODECS[C].decode_request(given)
    assert [need.flag for need in conversation.needs] == ["tools"]
    assert CODECS[C].encode_request(conversation, TARGET, MODERN)["messages"][-1] == told
    sent = CODECS[A].encode_request(conversation, TARGET, replace(MODERN, dialect=A))["messages"][-1]
    assert sent == {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "Sunny"}],
    }


def test_retarget_edits_a_copy() -> None:
    """Model, refused fields and the limit's name change; the caller's dict and its messages stay the same objects."""
    given = body(max_tokens=9, store=False, metadata={"k": "v"}, temperature=0.5, a_field_of_tomorrow=1)
    before = json.dumps(given)
    out = CODECS[C].retarget(given, TARGET, MODERN)
    assert out == {
        "model": "llama-3.3-70b",
        "messages": given["messages"],
        "max_completion_tokens": 9,
        "temperature": 0.5,
        "a_field_of_tomorrow": 1,
    }
    assert out["messages"] is given["messages"]
    assert json.dumps(given) == before


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"max_completion_tokens": 5}, {"max_tokens": 5}),
        ({"max_tokens": 5}, {"max_tokens": 5}),
        ({"max_completion_tokens": 5, "max_tokens": None}, {"max_tokens": 5}),
        ({"max_completion_tokens": 5, "max_tokens": 4}, {"max_tokens": 4}),
        ({}, {}),
    ],
)
def test_retarget_names_the_limit(limits: dict[str, Any], expected: dict[str, Any]) -> None:
    """An older server gets its own name for the limit, once."""
    out = CODECS[C].retarget(body(**limits, user="u", stream_options={"include_usage": True}), TARGET, OLD)
    assert {name: item for name, item in out.items() if name not in ("model", "messages")} == expected


def test_retarget_knows_older_roles() -> None:
    """A server that is older than the developer role gets its messages as system messages; a newer one as they are."""
    given = body(messages=[{"role": "developer", "content": "x", "name": "n"}, {"role": "user", "content": "y"}])
    assert CODECS[C].retarget(given, TARGET, OLD)["messages"][0] == {"role": "system", "content": "x", "name": "n"}
    assert CODECS[C].retarget(given, TARGET, MODERN)["messages"] is given["messages"]


def test_retarget_leaves_other_dialects_limits_alone() -> None:
    """In another dialect only the model and the refused fields are touched."""
    endpoint = replace(MODERN, dialect=A, drops=("service_tier",))
    given = body(max_tokens=9, service_tier="auto")
    assert CODECS[A].retarget(given, TARGET, endpoint) == {**body(max_tokens=9), "model": "llama-3.3-70b"}


@pytest.mark.parametrize(
    ("options", "drops", "asked"),
    [
        ({}, (), {"include_usage": True}),
        ({"stream_options": None}, (), {"include_usage": True}),
        ({"stream_options": {"include_obfuscation": False}}, (), {"include_obfuscation": False, "include_usage": True}),
        ({"stream_options": {"include_usage": True}}, (), None),
        ({}, ("store", "stream_options"), None),
    ],
)
def test_a_stream_is_asked_for_its_usage(options: dict[str, Any], drops: tuple[str, ...], asked: Any) -> None:
    """Only chat has to be asked, once, by who knows the word; the others tell anyway."""
    given = body(stream=True, **options)
    before = json.dumps(given)
    out = CODECS[C].ask_usage(given, drops)
    assert out == (None if asked is None else {**given, "stream_options": asked})
    assert json.dumps(given) == before
    others: list[Any] = [codec for name, codec in CODECS.items() if name != C]
    assert [codec.ask_usage(given, ()) for codec in others] == [None] * 3


def test_encode_honours_the_endpoint() -> None:
    """Translated towards a vendor, a request has that vendor's limit and none of the fields that it refuses."""
    given = {
        "model": "claude",
        "max_tokens": 9,
        "stream": True,
        "metadata": {"user_id": "u"},
        "messages": body()["messages"],
    }
    conversation = CODECS[A].decode_request(given)
    assert CODECS[C].encode_request(conversation, TARGET, OLD) == {
        "model": "llama-3.3-70b",
        "messages": [{"role": "user", "content": "x"}],
        "stream": True,
        "max_tokens": 9,
    }
    assert CODECS[C].encode_request(conversation, TARGET, replace(MODERN, drops=())) == {
        "model": "llama-3.3-70b",
        "messages": [{"role": "user", "content": "x"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_completion_tokens": 9,
        "user": "u",
    }


def test_marks_for_openais_cache_go_to_who_knows_them() -> None:
    """On parts of messages, of another dialect's conversation and of a chat's own; elsewhere they may be refused."""
    refuses = replace(MODERN, drops=("prompt_cache_breakpoint",))
    marked = {"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}
    asked = {"max_tokens": 9, "system": [marked], "messages": [{"role": "user", "content": "x"}], "model": "m"}
    conversation = CODECS[A].decode_request(asked)
    known = CODECS[C].encode_request(conversation, TARGET, MODERN)
    plain = CODECS[C].encode_request(conversation, TARGET, refuses)
    mark = {"prompt_cache_breakpoint": {"mode": "explicit"}}
    assert known["messages"][0]["content"] == [{"type": "text", "text": "s", **mark}]
    assert plain["messages"][0]["content"] == [{"type": "text", "text": "s"}]
    own = body(messages=[{"role": "user", "content": [{"type": "text", "text": "x", **mark}]}])
    sent = CODECS[C].retarget(own, TARGET, refuses)
    assert sent["messages"] == [{"role": "user", "content": [{"type": "text", "text": "x"}]}]
    assert own["messages"][0]["content"][0] == {"type": "text", "text": "x", **mark}


def test_anthropic_needs_a_limit() -> None:
    """Without a limit of the caller's or of the catalog's there is no request, and the need is named."""
    conversation = CODECS[C].decode_request(body())
    with pytest.raises(Untranslatable, match="max_output"):
        CODECS[A].encode_request(conversation, replace(TARGET, max_output=None), MODERN)


def test_defaults_are_told_only_to_who_listens() -> None:
    """A temperature of 1 is everybody's default: it is left out for models that refuse to be told."""
    conversation = CODECS[C].decode_request(body(temperature=1, top_p=1))
    assert conversation.needs == ()
    silent = CODECS[A].encode_request(conversation, TARGET, MODERN)
    assert "temperature" not in silent
    assert "top_p" not in silent
    told = replace(TARGET, capabilities=("sampling.temperature", "sampling.top_p"))
    for name in ("temperature", "top_p"):
        alone = CODECS[C].decode_request(body(**{name: 1}))
        assert CODECS[A].encode_request(alone, told, MODERN)[name] == 1


def test_anthropic_is_told_temperature_or_top_p() -> None:
    """Its models take one of the two: of both the default is left out, and where neither is one the need is named."""
    listens = replace(TARGET, capabilities=("sampling.temperature", "sampling.top_p"))

    def told(**values: Any) -> dict[str, Any]:
        sent = CODECS[A].encode_request(CODECS[C].decode_request(body(**values)), listens, MODERN)
        return {name: sent[name] for name in ("temperature", "top_p") if name in sent}

    assert told(temperature=0.5, top_p=1) == {"temperature": 0.5}
    assert told(temperature=1, top_p=0.5) == {"top_p": 0.5}
    assert told(temperature=1, top_p=1) == {}
    with pytest.raises(Untranslatable, match="temperature_and_top_p"):
        told(temperature=0.5, top_p=0.5)


def test_another_of_anthropics_models_is_told_temperature_or_top_p() -> None:
    """A call that names an older model, which took both, cannot go to a newer one as it is."""
    with pytest.raises(Untranslatable, match="temperature_and_top_p"):
        CODECS[A].retarget({"model": "old", "temperature": 0.5, "top_p": 0.5}, TARGET, MODERN)
    for both, one in (
        ({"temperature": 0.5, "top_p": 1}, {"temperature": 0.5}),
        ({"temperature": 1, "top_p": 0.5}, {"top_p": 0.5}),
        ({"temperature": 1, "top_p": 1}, {}),
        ({"temperature": 1}, {"temperature": 1}),
    ):
        assert CODECS[A].retarget({"model": "old", **both}, TARGET, MODERN) == {"model": TARGET.model, **one}


def test_reasoning_of_the_history_is_not_forwarded() -> None:
    """Unsigned reasoning of another vendor is a hint: it is dropped at Anthropic, and kept for its own dialect."""
    turn = {"role": "assistant", "content": "4", "reasoning_content": "two and two"}
    given = body(messages=[{"role": "user", "content": "x"}, turn, {"role": "user", "content": "y"}], max_tokens=9)
    conversation = CODECS[C].decode_request(given)
    assert [(need.flag, need.severity) for need in conversation.needs] == [("reasoning.text", "hint")]
    sent = CODECS[A].encode_request(conversation, TARGET, MODERN)
    assert sent["messages"][1] == {"role": "assistant", "content": "4"}
    assert CODECS[C].encode_request(conversation, TARGET, MODERN)["messages"][1] == turn


def test_reasoning_keeps_its_origin() -> None:
    """Thinking is tagged by the dialect that signed it, and no other dialect's reasoning is sent as thinking."""
    given = body(
        max_tokens=9,
        messages=[
            {"role": "user", "content": "x"},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": "s"}]},
            {"role": "user", "content": "y"},
        ],
    )
    (thought,) = CODECS[A].decode_request(given).messages[1].parts
    assert thought == Reasoning("hm", A, Sealed("s", A), False, {})
    foreign = Conversation(
        "openai.responses", "m", (Message("assistant", (Reasoning("hm", R, Sealed("s", R)), Text("x"))),)
    )
    sent = CODECS[A].encode_request(replace(foreign, sampling=Sampling(max_output=1)), TARGET, MODERN)
    assert sent["messages"] == [{"role": "assistant", "content": "x"}]


# Ids.


def test_ids_fit() -> None:
    """An id that fits passes through; another becomes a short hash that depends on it alone."""
    assert fit_call_id("call_9aZ-_", MESSAGES_ID) == "call_9aZ-_"
    odd = fit_call_id("functions.get:0", MESSAGES_ID)
    assert odd == fit_call_id("functions.get:0", MESSAGES_ID)
    assert odd != fit_call_id("functions.get:1", MESSAGES_ID)
    assert odd.startswith("call_wp_")
    assert MESSAGES_ID.fullmatch(odd)
    assert fit_call_id("x" * 40, CHAT_ID) == "x" * 40
    assert len(fit_call_id("x" * 41, CHAT_ID)) == 28
    assert fit_call_id("a b", CHAT_ID) != "a b"


def test_answers_are_recognisable() -> None:
    """An answer's id looks native, holds the upstream's own, and says that it was made here."""
    assert answer_id("chatcmpl-", "msg_01") == "chatcmpl-wp-msg_01"
    assert INFIX in answer_id("msg_", "")
    assert answer_id("msg_", "", "a") != answer_id("msg_", "", "b")
    assert answer_id("msg_", "a/b c") == "msg_wp-a-b-c"


def test_calls_without_ids() -> None:
    """A vendor that gives no ids gets some by position, so that two calls differ and the results find them."""
    calls = (ToolCall("", "f", "{}"), ToolCall("", "f", "{}"))
    answer = CODECS[A].encode_response(Reply("r", "m", calls, "tool_call", None))
    first, second = (block["id"] for block in answer["content"])
    assert first != second
    assert MESSAGES_ID.fullmatch(first)
    assert answer == CODECS[A].encode_response(Reply("r", "m", calls, "tool_call", None))


# Answers.


def answer(**message: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    return {"id": "c", "model": "m", "choices": [choice]}


def test_answers_out_of_shape() -> None:
    """Reasoning beside the text, a list of parts, arguments as an object, several choices, cache hits elsewhere."""
    decode = CODECS[C].decode_response
    assert decode(answer(content="4", reasoning_content="hm")).parts == (
        Reasoning("hm", C, None, False, {"field": "reasoning_content"}),
        Text("4"),
    )
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert decode(answer(content=parts)).parts == (Text("ab"),)
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}}
    assert decode(answer(content=None, tool_calls=[call])).parts == (ToolCall("c", "f", '{"a":1}'),)
    several = {**answer(content="a"), "choices": [*answer(content="a")["choices"], *answer(content="b")["choices"]]}
    assert decode(several).parts == (Text("a"),)
    assert len(decode(several).ext["choices"]) == 1
    deepseek = {
        "prompt_tokens": 10,
        "completion_tokens": 2,
        "prompt_cache_hit_tokens": 8,
        "prompt_cache_miss_tokens": 2,
    }
    assert CODECS[C].usage({"usage": deepseek}) == Usage(10, 2, 8)
    assert CODECS[C].usage({"x_groq": {"usage": {"prompt_tokens": 3, "completion_tokens": 1}}}) == Usage(3, 1)
    assert CODECS[C].usage({"choices": []}) is None


def test_a_forced_call_is_a_call() -> None:
    """A call forced by name ends with ``stop`` natively; an Anthropic client must see that a tool is to be used."""
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    reply = CODECS[C].decode_response(answer(content=None, tool_calls=[call]))
    assert (reply.finish, reply.raw_finish) == ("tool_call", "stop")
    assert CODECS[A].encode_response(reply)["stop_reason"] == "tool_use"
    deltas = read(chunk({"tool_calls": [{"index": 0, **call}]}, "stop"))
    assert deltas[-1] == Finished("tool_call", "stop", None, None)
    assert CODECS[C].decode_response(answer(content="x")).finish == "stop"


def test_broken_arguments_are_no_answer_at_anthropic() -> None:
    """Arguments that are not an object cannot be carried, so the answer is refused rather than emptied."""
    for arguments in ('{"a":', "[1]", "7"):
        with pytest.raises(ValueError):
            CODECS[A].encode_response(Reply("r", "m", (ToolCall("c", "f", arguments),), "tool_call", None))
    empty = CODECS[A].encode_response(Reply("r", "m", (ToolCall("c", "f", ""),), "tool_call", None))
    assert empty["content"][0]["input"] == {}


# Streams.


def read(*chunks: Any, end: bool = True) -> list[Delta]:
    reader = CODECS[C].reader()
    out = [delta for chunk in chunks for delta in reader.feed(None, json.dumps(chunk))]
    out += reader.feed(None, "[DONE]") if end else ()
    return [*out, *reader.close()]


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def calls(*items: dict[str, Any]) -> dict[str, Any]:
    return chunk({"tool_calls": list(items)})


def test_calls_all_numbered_zero() -> None:
    """A vendor that numbers every call 0, or none, is understood by the ids."""
    for index in ({"index": 0}, {}):
        deltas = read(
            calls({**index, "id": "a", "function": {"name": "f", "arguments": "{}"}}),
            calls({**index, "id": "b", "function": {"name": "g", "arguments": "{}"}}),
            chunk({}, "tool_calls"),
        )
        assert deltas[1:-1] == [
            PartStart(0, "tool_call", "a", "f"),
            PartDelta(0, "{}", "arguments"),
            PartStop(0),
            PartStart(1, "tool_call", "b", "g"),
            PartDelta(1, "{}", "arguments"),
            PartStop(1),
        ]


def test_a_whole_call_in_one_chunk() -> None:
    """Two calls that come whole in one chunk, with the finish, are two parts."""
    whole = {
        "tool_calls": [
            {"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"x":1}'}},
            {"index": 1, "id": "b", "function": {"name": "f", "arguments": {"x": 2}}},
        ]
    }
    deltas = read(chunk({"role": "assistant", "content": "", **whole}, "tool_calls"))
    assert [d.text for d in deltas if isinstance(d, PartDelta)] == ['{"x":1}', '{"x":2}']
    assert deltas[-1] == Finished("tool_call", "tool_calls", None, None)


def test_text_after_a_call_is_a_part_of_its_own() -> None:
    """Parts follow the order in which they came."""
    deltas = read(
        chunk({"content": "a"}),
        calls({"index": 0, "id": "a", "function": {"name": "f"}}),
        chunk({"content": "b"}, "stop"),
    )
    assert [(d.index, d.kind) for d in deltas if isinstance(d, PartStart)] == [
        (0, "text"),
        (1, "tool_call"),
        (2, "text"),
    ]
    assert [d.index for d in deltas if isinstance(d, PartStop)] == [0, 1, 2]


def test_reasoning_beside_the_text() -> None:
    """Reasoning of a vendor is read as reasoning, and neither dialect shows it to a caller."""
    deltas = read(chunk({"reasoning_content": "hm"}), chunk({"reasoning": "hm"}), chunk({"content": "4"}, "stop"))
    assert [d.kind for d in deltas if isinstance(d, PartStart)] == ["reasoning", "text"]
    for dialect in (C, A):
        writer = CODECS[dialect].writer(include_usage=False)
        out = b"".join(map(writer.feed, deltas))
        assert b"hm" not in out
        assert b'"4"' in out


def test_usage_wherever_it_stands() -> None:
    """Usage may come with the finish, after it, below another name, or repeatedly; the last one counts."""
    usage = {"prompt_tokens": 3, "completion_tokens": 1}
    assert read(chunk({"content": "a"}, "stop", usage=usage))[-1] == Finished("stop", "stop", None, Usage(3, 1))
    last = {"id": "c", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
    assert read(chunk({"content": "a"}, usage=usage), chunk({}, "stop"), last)[-1] == Finished(
        "stop", "stop", None, Usage(3, 2)
    )
    assert read(chunk({}, "stop", x_groq={"usage": usage}))[-1] == Finished("stop", "stop", None, Usage(3, 1))


def test_a_first_chunk_about_filters() -> None:
    """A first chunk without id and choices does not begin the answer."""
    first = {"id": "", "model": "", "choices": [], "prompt_filter_results": []}
    assert read(first, chunk({"content": "a"}, "stop"))[0] == Start("c", "m")


def test_an_end_without_done() -> None:
    """A finish reason without [DONE] is a whole answer; neither of them is an error, and nothing follows the end."""
    assert read(chunk({"content": "a"}, "stop"), end=False)[-1] == Finished("stop", "stop", None, None)
    assert read(chunk({"content": "a"}), end=False)[-1] == StreamError("stream_error", None, "incomplete")
    assert read(chunk({"content": "a"}))[-1] == StreamError("stream_error", None, "incomplete")
    reader = CODECS[C].reader()
    reader.feed(None, json.dumps({"error": {"type": "server_error"}}))
    assert reader.feed(None, json.dumps(chunk({"content": "late"}))) == ()
    assert reader.close() == ()


@pytest.mark.parametrize("dialect", [C, A])
def test_nothing_is_written_after_the_end(dialect: str) -> None:
    """After the finish, an error or a close, a writer has nothing to say."""
    for last in (Finished("stop"), StreamError("overloaded", None, None)):
        writer = CODECS[dialect].writer(include_usage=True)
        assert writer.feed(Start("i", "m"))
        assert writer.feed(last)
        assert writer.feed(PartStart(0, "text")) == writer.feed(PartDelta(0, "x")) == writer.close() == b""


@pytest.mark.parametrize("dialect", [C, A])
def test_half_a_character(dialect: str) -> None:
    """A character that the upstream cut into two escapes is written so that the client joins it again."""
    writer = CODECS[dialect].writer(include_usage=False)
    deltas = [Start("i", "m"), PartStart(0, "text"), PartDelta(0, "\ud83d"), PartDelta(0, "\ude00"), PartStop(0)]
    out = b"".join(map(writer.feed, deltas))
    assert rb"\ud83d" in out
    assert rb"\ude00" in out


# Errors.


def said(**error: Any) -> dict[str, Any]:
    return {"error": {"message": "the maximum context length is secret", **error}}


@pytest.mark.parametrize(
    ("status", "error", "kind", "word"),
    [
        (429, said(type="tokens", code="rate_limit_exceeded"), "rate_limited", "rate_limit_exceeded"),
        (429, said(code=429, status="RESOURCE_EXHAUSTED"), "rate_limited", "RESOURCE_EXHAUSTED"),
        (400, [said(code=400, status="INVALID_ARGUMENT")], "bad_request", "INVALID_ARGUMENT"),
        (404, {"error": "model 'secret' not found, try pulling it first"}, "not_found", None),
        (422, {"detail": [{"loc": ["body"], "msg": "secret", "type": "missing"}]}, "bad_request", None),
        (400, {"object": "error", "message": "secret", "type": "BadRequestError"}, "bad_request", "BadRequestError"),
        (400, said(type="invalid_request_error"), "bad_request", "invalid_request_error"),
        (400, said(type="a secret text"), "bad_request", None),
        (402, said(type="unknown_error"), "rate_limited", "unknown_error"),
        (401, "<html>", "auth", None),
        (403, None, "auth", None),
        (408, None, "timeout", None),
        (409, {}, "server_error", None),
        (413, said(code="rate_limit_exceeded"), "rate_limited", "rate_limit_exceeded"),
        (418, None, "bad_request", None),
        (498, None, "overloaded", None),
        (500, None, "server_error", None),
        (502, "<h1>502</h1>", "server_error", None),
        (503, None, "overloaded", None),
        (504, None, "timeout", None),
        (520, None, "server_error", None),
        (529, None, "overloaded", None),
        (None, said(type="server_error", code=None), "server_error", "server_error"),
        (None, said(), "stream_error", None),
        (200, said(), "stream_error", None),
    ],
)
def test_failures_of_vendors(status: int | None, error: Any, kind: FailureKind, word: str | None) -> None:
    """Status and machine-readable words say what failed; a message is never read and never kept."""
    failure = CODECS[C].failure(status, error)
    assert failure == Failure(kind, status, word)
    assert "secret" not in repr(failure)


@pytest.mark.parametrize("dialect", [C, A])
def test_every_kind_of_failure_has_a_shape(dialect: str) -> None:
    """Each kind of the closed vocabulary becomes a native error, none of them the caller's own 401 or 403."""
    for kind in get_args(FailureKind):
        status, native = CODECS[dialect].encode_error(Failure(kind), "M")
        assert 400 <= status < 600
        assert status not in (401, 403)
        assert native["error"]["message"] == "M"
        assert CODECS[dialect].failure(status, native).kind in (kind, "server_error", "bad_request")


# Usage in pieces.


def test_usage_in_pieces() -> None:
    """The first event has the input, the last the output; what one leaves out the other says."""
    first = CODECS[A].usage(
        {
            "type": "message_start",
            "message": {"usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 1}},
        }
    )
    last = CODECS[A].usage({"type": "message_delta", "usage": {"output_tokens": 30}})
    assert (first, last) == (Usage(15, 1, 5), Usage(0, 30))
    assert later(first, last) == Usage(15, 30, 5)
    assert later(None, last) == last
    assert later(first, None) == first
    assert later(None, None) is None
    assert later(Usage(1, 1, reasoning=2, estimated=True), Usage(1, 1)) == Usage(1, 1, reasoning=2)
    assert CODECS[A].usage({"type": "ping"}) is None


@pytest.mark.parametrize("able", [False, True])
def test_a_hint_goes_where_the_model_can_take_it(able: bool) -> None:
    """S6.05: servers answer 400 to a prediction or a verbosity that their model does not know; parallel calls are
    allowed as a hint and forbidden in earnest."""
    hints = {"prediction": {"type": "content", "content": "x"}, "verbosity": "low", "parallel_tool_calls": True}
    flags = ("prediction", "tools.parallel", "verbosity") if able else ()
    out = CODECS[C].retarget(body(**hints), replace(TARGET, capabilities=flags), MODERN)
    assert {name: out[name] for name in hints if name in out} == (hints if able else {})
    said = CODECS[R].decode_request({"model": "m", "input": "x", "store": False, "text": {"verbosity": "low"}})
    sent = CODECS[C].encode_request(said, replace(TARGET, capabilities=flags), MODERN)
    assert sent.get("verbosity") == ("low" if able else None)
    forbidden = CODECS[C].retarget(body(parallel_tool_calls=False), TARGET, MODERN)
    assert forbidden["parallel_tool_calls"] is False
