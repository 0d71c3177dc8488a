"""What is kept of a call: its size, its redaction, and a stream as the answer that it was."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stub_provider import chat_chunks, generated_chunks, message_events, response_events, sse_answer
from waypost.core.codecs import CODECS
from waypost.core.codecs.framing import SseParser
from waypost.core.model.conversation import Reasoning, Text, ToolCall
from waypost.core.model.deltas import Finished, PartDelta, PartStart, Start
from waypost.core.routing.gathering import answer_of, gathered
from waypost.core.routing.keeping import MARK, document_of, fitted
from waypost.core.routing.tape import Tape

C, A, G, R = "openai.chat", "anthropic.messages", "google.generate_content", "openai.responses"
EVENTS: dict[str, Any] = {
    C: chat_chunks(["Hel", "lo"], usage=True),
    A: message_events(["Hel", "lo"]),
    G: generated_chunks(["Hel", "lo"]),
    R: response_events(["Hel", "lo"]),
}
READERS = {name: CODECS[name].reader() for name in EVENTS}
TREES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=60)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=12,
)


def size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def stream(dialect: str) -> bytes:
    return b"".join(sse_answer(EVENTS[dialect])[1:])


@given(TREES, st.integers(40, 400))
@settings(max_examples=300, deadline=None)
def test_what_fits_is_whole_and_what_does_not_is_cut(value: Any, limit: int) -> None:
    """The bound holds but for the marks of what is cut, and what is cut is counted."""
    found, cut = fitted(value, limit)
    if size(value) <= limit:
        assert (found, cut) == (value, 0)
    else:
        assert cut > 0
        marks = json.dumps(found, ensure_ascii=False).count(MARK)
        assert size(found) <= 2 * limit + 64 + marks


def test_members_that_name_the_user_name_nobody() -> None:
    """Whatever an identifier looks like, it is somebody's; `full` keeps it."""
    asked = {
        "messages": [{"role": "user", "content": "Hi"}],
        "user": "ana",
        "safety_identifier": "u7",
        "prompt_cache_key": "team-ana",
        "metadata": {"user_id": "ana", "topic": "tax"},
    }
    found = document_of(json.dumps(asked), None, redact=True, limit=10_000)
    assert json.loads(found.data)["asked"] == {
        **asked,
        "user": "[USER]",
        "safety_identifier": "[USER]",
        "prompt_cache_key": "[USER]",
        "metadata": {"user_id": "[USER]", "topic": "tax"},
    }
    assert found.redactions == (("id", 4),)
    whole = document_of(json.dumps(asked), None, redact=False, limit=10_000)
    assert json.loads(whole.data)["asked"] == asked


def test_only_the_longest_texts_are_cut() -> None:
    """A picture does not cost a conversation its words."""
    asked = {"messages": [{"content": "What is in it?"}, {"content": "x" * 5_000}, {"content": "y" * 4_000}]}
    found, cut = fitted({"asked": asked, "answered": "A cat."}, 1_000)
    contents = [message["content"] for message in found["asked"]["messages"]]
    assert (contents[0], found["answered"]) == ("What is in it?", "A cat.")
    assert len(contents[1]) == len(contents[2])
    assert 950 <= size(found) <= 1_000 + len(MARK) * 2
    assert cut == 9_000 - 2 * (len(contents[1]) - 1)


def test_a_document_of_countless_parts_is_cut_as_text() -> None:
    """What is long without long texts is bounded, too."""
    found, cut = fitted({"asked": {"messages": [0] * 5_000}, "answered": None}, 1_000)
    assert (len(found["asked"]), found["answered"]) == (1_001, None)
    assert cut > 9_000


def test_redaction_comes_before_the_cut() -> None:
    """Half of a number is never left."""
    card = "4111 1111 1111 1111"
    for before in range(30):
        asked = json.dumps({"messages": [{"content": "x" * before + f" {card}" * 3}]})
        found = document_of(asked, None, redact=True, limit=40 + before)
        assert b"4111" not in found.data
        assert found.redactions[0][0] == "card"
        assert found.cut > 0


def test_redaction_looks_at_no_more_than_is_kept() -> None:
    """Work is bounded, too: ten megabytes of turns cost what is kept of them, and a picture costs no words."""
    turns = [{"content": "word " * 200_000} for _ in range(10)]
    began = time.thread_time()
    found = document_of(json.dumps({"messages": turns}), None, redact=True, limit=10_000)
    assert time.thread_time() - began < 2.0
    assert len(found.data) < 11_000
    assert found.cut > 9_900_000
    pictures = [{"content": "data:image/png;base64," + "iVBORw0KGgo" * 9_000} for _ in range(10)]
    text = "word " * 1_000
    kept = json.loads(document_of(json.dumps([*pictures, text]), None, redact=True, limit=10_000).data)
    assert kept["asked"] == [*({"content": "[DATA_1]"} for _ in pictures), text]


def test_a_document_holds_what_was_said() -> None:
    """In full: both bodies as they were, whatever letters they are written in."""
    asked = {"messages": [{"content": "😀 \udc80 çé"}], "temperature": 0.5}
    found = document_of(json.dumps(asked), {"ok": True}, redact=False, limit=10_000)
    assert json.loads(found.data) == {
        "asked": {"messages": [{"content": "😀 ? çé"}], "temperature": 0.5},
        "answered": {"ok": True},
    }
    assert (found.cut, found.redactions) == (0, ())


@pytest.mark.parametrize("home", EVENTS)
@pytest.mark.parametrize("upstream", EVENTS)
def test_a_stream_is_the_answer_that_it_was(upstream: str, home: str) -> None:
    """Of every dialect, in every dialect."""
    body = answer_of(stream(upstream), CODECS[upstream], CODECS[home], 1_700_000_000)
    reply = CODECS[home].decode_response(body)
    assert [part.text for part in reply.parts if isinstance(part, Text)] == ["Hello"]
    assert reply.finish == "stop"


@pytest.mark.parametrize(("dialect", "name"), [(C, "id"), (A, "id"), (R, "id"), (G, "responseId")])
def test_a_stream_that_nobody_translated_keeps_its_id(dialect: str, name: str) -> None:
    """It is the one that the caller had, and by which the receipt is found."""
    codec = CODECS[dialect]
    deltas = [
        delta for event, text in SseParser().feed(stream(dialect)) for delta in READERS[dialect].feed(event, text)
    ]
    start = next(delta for delta in deltas if isinstance(delta, Start))
    assert answer_of(stream(dialect), codec, codec, 0)[name] == start.id


def test_a_stream_of_several_answers_is_kept_as_it_came() -> None:
    """A reply is one answer; of two none may be lost. A second tool call is no second answer."""
    chunk = {"id": "x", "model": "m", "choices": [{"index": 0, "delta": {"content": "one"}, "finish_reason": None}]}
    other = {"id": "x", "model": "m", "choices": [{"index": 1, "delta": {"content": "two"}, "finish_reason": None}]}
    calls = [{"index": 1, "id": "c", "function": {"name": "f", "arguments": "{}"}}]
    tool = {"id": "x", "model": "m", "choices": [{"index": 0, "delta": {"tool_calls": calls}, "finish_reason": "stop"}]}
    codec = CODECS[C]
    both = b"".join(sse_answer([chunk, other])[1:])
    assert answer_of(both, codec, codec, 0) == [chunk, other]
    one = answer_of(b"".join(sse_answer([chunk, tool, "[DONE]"])[1:]), codec, codec, 0)
    assert one["choices"][0]["message"]["content"] == "one"
    assert one["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "f"


def test_a_stream_that_ends_early_is_what_there_is() -> None:
    """Cut anywhere, it is the beginning of what it would have been, and never an error."""
    whole = stream(A)
    seen = set()
    for end in range(len(whole)):
        body = answer_of(whole[:end], CODECS[A], CODECS[C], 0)
        seen.add(None if body is None else body["choices"][0]["message"]["content"])
    assert seen == {None, "", "Hel", "Hello"} or seen == {None, "Hel", "Hello"}


def test_what_is_no_stream_of_its_dialect_is_kept_as_it_came() -> None:
    """Whole bodies, broken bodies, events that nobody knows."""
    codec = CODECS[C]
    assert answer_of(b' {"a": 1}', codec, codec, 0) == {"a": 1}
    assert answer_of(b'{"a": ', codec, codec, 0) == '{"a": '
    assert answer_of(b'data: {"choices": 7}\n\ndata: x\n\n', codec, codec, 0) == [{"choices": 7}, "x"]
    assert answer_of(b"", codec, codec, 0) is None


def test_parts_come_together_by_their_number() -> None:
    """Thoughts, text and calls whose fragments take turns; a signature is nobody's words."""
    reply = gathered(
        [
            Start("id", "model"),
            PartStart(0, "reasoning"),
            PartDelta(0, "hm", "reasoning"),
            PartDelta(0, "c2ln", "signature"),
            PartStart(1, "tool_call", "c1", "a"),
            PartStart(2, "tool_call", "c2", "b"),
            PartDelta(1, '{"x"', "arguments"),
            PartDelta(2, "{}", "arguments"),
            PartDelta(1, ": 1}", "arguments"),
            Finished("tool_call", "tool_use"),
        ],
        A,
    )
    assert reply is not None
    assert reply.parts == (Reasoning("hm", A), ToolCall("c1", "a", '{"x": 1}'), ToolCall("c2", "b", "{}"))
    assert (reply.finish, reply.raw_finish) == ("tool_call", "tool_use")


@given(st.lists(st.binary(max_size=9), max_size=12), st.integers(0, 40), st.data())
@settings(max_examples=300, deadline=None)
def test_a_tape_is_the_beginning_of_what_passed(chunks: list[bytes], limit: int, data: st.DataObject) -> None:
    """However often its parts are shortened to a tail in between."""
    tape, parts = Tape(limit), b""
    for chunk in chunks:
        parts += chunk
        if data.draw(st.booleans()):
            tail = parts[-data.draw(st.integers(1, 8)) :]
            tape.take(parts, len(tail))
            parts = tail
    tape.take(parts, len(parts))
    whole = b"".join(chunks)
    assert (tape.data, tape.beyond) == (whole[:limit], max(len(whole) - limit, 0))
