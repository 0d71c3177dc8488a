"""Generated conversations: what goes through a codec comes back, and nothing is lost without a name."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec_meaning import common, common_reply, deltas_of, encode, fold, links, read, write
from generators_conversation import (
    chat_bodies,
    chat_bodies_of_any_kind,
    codec_settings,
    messages_bodies,
    messages_bodies_of_any_kind,
    replies,
)
from golden_validators import check_request, plain, read_response
from waypost.core.codecs import CODECS
from waypost.core.model.conversation import Reply
from waypost.core.model.needs import describe
from waypost.errors import Untranslatable

C, A = "openai.chat", "anthropic.messages"

# The same dialect.


@codec_settings
@given(chat_bodies_of_any_kind())
def test_chat_is_restored(body: dict[str, Any]) -> None:
    """Decoding and encoding in chat gives the caller's body again, unknown fields and odd turns included."""
    before = json.dumps(body)
    out = encode(C, CODECS[C].decode_request(body))
    assert plain(out) == plain({**body, "model": "m"} | ({} if body.get("stream") else {"stream": None}))
    assert json.dumps(body) == before


@codec_settings
@given(messages_bodies_of_any_kind())
def test_messages_are_restored(body: dict[str, Any]) -> None:
    """Decoding and encoding in messages gives the caller's body again."""
    before = json.dumps(body)
    out = encode(A, CODECS[A].decode_request(body))
    assert plain(out) == plain({**body, "model": "m"} | ({} if body.get("stream") else {"stream": None}))
    assert json.dumps(body) == before


# Two dialects.


@codec_settings
@given(chat_bodies())
def test_chat_means_the_same_at_anthropic(body: dict[str, Any]) -> None:
    """chat -> anthropic -> conversation keeps text, system, tools, results, images, stop and schema (S6.05)."""
    original = CODECS[C].decode_request(body)
    sent = encode(A, original)
    check_request(A, sent)
    arrived = CODECS[A].decode_request(sent)
    if "tool_choice" not in body and body.get("parallel_tool_calls") is False:
        arrived = replace(arrived, tool_choice=None)
    assert common(arrived) == common(original)
    assert links(arrived) == links(original)


@codec_settings
@given(chat_bodies())
def test_chat_comes_back_from_anthropic(body: dict[str, Any]) -> None:
    """chat -> anthropic -> chat: the second chat body means what the first did, by the SDK's types."""
    original = CODECS[C].decode_request(body)
    arrived = CODECS[A].decode_request(encode(A, original))
    returned = encode(C, arrived)
    check_request(C, returned)
    again = CODECS[C].decode_request(returned)
    assert common(again)["turns"] == common(original)["turns"]
    assert common(again)["rules"] == common(original)["rules"]
    assert common(again)["tools"] == common(original)["tools"]
    assert again.sampling.stop == original.sampling.stop
    assert links(again) == links(original)


@codec_settings
@given(messages_bodies())
def test_messages_mean_the_same_in_chat(body: dict[str, Any]) -> None:
    """anthropic -> chat -> conversation keeps what both can say."""
    original = CODECS[A].decode_request(body)
    sent = encode(C, original)
    check_request(C, sent)
    arrived = CODECS[C].decode_request(sent)
    assert common(arrived) == common(original)
    assert links(arrived) == links(original)


@codec_settings
@given(st.sampled_from([(C, A), (A, C)]), st.data())
def test_nothing_is_lost_without_a_name(way: tuple[str, str], data: st.DataObject) -> None:
    """A required need that the target cannot express is always refused by name (S6.05)."""
    source, target = way
    body = data.draw(chat_bodies_of_any_kind() if source == C else messages_bodies_of_any_kind())
    conversation = CODECS[source].decode_request(body)
    assert list(conversation.needs) == sorted(conversation.needs, key=lambda need: (need.flag, need.path))
    assert all(describe(need.flag) and need.path for need in conversation.needs)
    lacking = {
        n.flag for n in conversation.needs if n.severity == "required" and n.flag not in CODECS[target].expresses
    }
    if not lacking:
        encode(target, conversation)
        return
    with pytest.raises(Untranslatable) as caught:
        encode(target, conversation)
    assert caught.value.need in lacking


# Answers and streams.


@codec_settings
@given(replies(), st.sampled_from([C, A]))
def test_an_answer_comes_back(reply: Reply, dialect: str) -> None:
    """An answer that is encoded and decoded holds the same parts, calls and usage, and a strict client takes it."""
    body = CODECS[dialect].encode_response(reply)
    read_response(dialect, body)
    again = CODECS[dialect].decode_response(body)
    assert common_reply(again) == common_reply(reply)
    assert again.finish == reply.finish
    assert again.id.endswith(reply.id)


@codec_settings
@given(replies(), st.sampled_from([C, A]), st.integers(1, 7))
def test_a_stream_comes_back(reply: Reply, dialect: str, cuts: int) -> None:
    """Written and read again, in one dialect and then through the other, a stream folds to the same answer."""
    deltas = deltas_of(reply, cuts)
    wire = write(dialect, deltas)
    seen = read(dialect, [wire])
    assert fold(seen)[0] == fold(deltas)[0]
    other = A if dialect == C else C
    through = read(other, [write(other, seen)])
    assert fold(through)[0] == fold(deltas)[0]
    for end in (fold(seen)[1], fold(through)[1]):
        assert reply.usage is not None
        assert end == replace(reply.usage, cache_write_1h=0)


@codec_settings
@given(replies(), st.sampled_from([C, A]), st.sampled_from([b"\n", b"\r\n", b"\r"]), st.data())
def test_a_stream_may_be_cut_anywhere(reply: Reply, dialect: str, newline: bytes, data: st.DataObject) -> None:
    """Cut at every byte, or at any two places, with any line end, a stream gives the same deltas."""
    wire = write(dialect, deltas_of(reply, 3)).replace(b"\n", newline)
    whole = read(dialect, [wire])
    assert read(dialect, [wire[i : i + 1] for i in range(len(wire))]) == whole
    first, second = sorted(data.draw(st.tuples(*[st.integers(0, len(wire))] * 2)))
    assert read(dialect, [wire[:first], wire[first:second], wire[second:]]) == whole
