"""Generated conversations through OpenAI's responses: what goes in comes back, and nothing is lost without a name."""

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
from generators_responses import responses_bodies, responses_bodies_of_any_kind
from golden_validators import check_request, plain, read_response, read_stream
from waypost.core.codecs import CODECS
from waypost.core.model.conversation import Conversation, Reply
from waypost.core.model.needs import describe
from waypost.core.model.outcome import Usage
from waypost.errors import Untranslatable

C, A, R = "openai.chat", "anthropic.messages", "openai.responses"
PORTABLE = {C: chat_bodies(), A: messages_bodies(), R: responses_bodies()}
ANY = {C: chat_bodies_of_any_kind(), A: messages_bodies_of_any_kind(), R: responses_bodies_of_any_kind()}


@codec_settings
@given(responses_bodies_of_any_kind())
def test_a_request_is_restored(body: dict[str, Any]) -> None:
    """Decoding and encoding in responses gives the caller's body again, every odd item included."""
    before = json.dumps(body)
    out = encode(R, CODECS[R].decode_request(body))
    assert plain(out) == plain({**body, "model": "m"} | ({} if body.get("stream") else {"stream": None}))
    assert json.dumps(body) == before


def without(conversation: Conversation, *flags: str) -> Conversation:
    """What a dialect cannot be told, and what the caller did not ask for, is no matter here."""
    return replace(conversation, needs=tuple(need for need in conversation.needs if need.flag not in flags))


@codec_settings
@given(responses_bodies(), st.sampled_from([C, A]))
def test_it_means_the_same_elsewhere(body: dict[str, Any], target: str) -> None:
    """responses -> another -> conversation keeps text, system, tools, results, media, effort and schema (S6.05)."""
    original = CODECS[R].decode_request(body)
    sent = encode(target, original)
    check_request(target, sent)
    arrived = CODECS[target].decode_request(sent)
    if "tool_choice" not in body and body.get("parallel_tool_calls") is False:
        arrived = replace(arrived, tool_choice=None)
    assert common(arrived) == common(original)
    assert links(arrived) == links(original)


@codec_settings
@given(st.sampled_from([C, A]), st.data())
def test_others_mean_the_same_here(source: str, data: st.DataObject) -> None:
    """another -> responses -> conversation keeps what both can say, and is a request by the SDK's types."""
    body = data.draw(PORTABLE[source].filter(lambda body: not {"stop", "stop_sequences"} & body.keys()))
    limit = "max_tokens" if source == A else "max_completion_tokens"
    original = CODECS[source].decode_request({**body, limit: max(body[limit], 16)})
    sent = encode(R, original)
    check_request(R, sent)
    arrived = CODECS[R].decode_request(sent)
    assert common(arrived) == common(original)
    assert links(arrived) == links(original)
    assert not [need for need in arrived.needs if need.flag.startswith(("server_", "unknown_"))]


@codec_settings
@given(responses_bodies(), st.sampled_from([C, A]))
def test_it_comes_back(body: dict[str, Any], target: str) -> None:
    """responses -> another -> responses: the second body means what the first did."""
    original = CODECS[R].decode_request(body)
    arrived = CODECS[target].decode_request(encode(target, original))
    returned = encode(R, arrived)
    check_request(R, returned)
    again = CODECS[R].decode_request(returned)
    for aspect in ("turns", "rules", "tools", "schema"):
        assert common(again)[aspect] == common(original)[aspect]
    assert links(again) == links(original)


@codec_settings
@given(st.sampled_from([(R, C), (R, A), (C, R), (A, R)]), st.data())
def test_nothing_is_lost_without_a_name(way: tuple[str, str], data: st.DataObject) -> None:
    """A required need that the target cannot express is always refused by name (S6.05)."""
    source, target = way
    conversation = CODECS[source].decode_request(data.draw(ANY[source]))
    assert list(conversation.needs) == sorted(conversation.needs, key=lambda need: (need.flag, need.path))
    assert all(describe(need.flag) and need.path for need in conversation.needs)
    lacking = {
        n.flag for n in conversation.needs if n.severity == "required" and n.flag not in CODECS[target].expresses
    }
    small = (conversation.sampling.max_output or 16) < 16 and target == R
    if not lacking and not small:
        encode(target, conversation)
        return
    with pytest.raises(Untranslatable) as caught:
        encode(target, conversation)
    assert caught.value.need in (lacking or {"max_output.small"})


# Answers and streams.


def said(usage: Usage | None) -> Usage | None:
    """Usage as this dialect can say it: no lifetimes of a cache, and no unknown number of reasoning tokens."""
    return usage and replace(usage, cache_write_1h=0, reasoning=usage.reasoning or 0)


@codec_settings
@given(replies())
def test_an_answer_comes_back(reply: Reply) -> None:
    """An answer that is encoded and decoded holds the same parts, calls and usage, and a strict client takes it."""
    body = CODECS[R].encode_response(reply)
    read_response(R, body)
    again = CODECS[R].decode_response(body)
    assert common_reply(again) == common_reply(replace(reply, usage=said(reply.usage)))
    assert again.finish == reply.finish
    assert again.id.endswith(reply.id)


@codec_settings
@given(replies(), st.sampled_from([C, A]), st.integers(1, 7))
def test_a_stream_comes_back(reply: Reply, other: str, cuts: int) -> None:
    """Written and read again, here and then through another, a stream folds to the same answer; its end holds it."""
    deltas = deltas_of(reply, cuts)
    wire = write(R, deltas)
    seen = read(R, [wire])
    assert fold(seen)[0] == fold(deltas)[0]
    through = read(other, [write(other, seen)])
    assert fold(through)[0] == fold(deltas)[0]
    back = read(R, [write(R, read(other, [write(other, deltas)]))])
    assert fold(back)[0] == fold(deltas)[0]
    for end in (fold(seen)[1], fold(back)[1]):
        assert end == said(reply.usage)
    last = read_stream(R, wire)[-1]
    whole = CODECS[R].decode_response(last.response.to_dict())
    assert common_reply(whole) == common_reply(replace(reply, usage=said(reply.usage)))


@codec_settings
@given(replies(), st.sampled_from([b"\n", b"\r\n", b"\r"]), st.data())
def test_a_stream_may_be_cut_anywhere(reply: Reply, newline: bytes, data: st.DataObject) -> None:
    """Cut at every byte, or at any two places, with any line end, a stream gives the same deltas."""
    wire = write(R, deltas_of(reply, 3)).replace(b"\n", newline)
    whole = read(R, [wire])
    assert read(R, [wire[i : i + 1] for i in range(len(wire))]) == whole
    first, second = sorted(data.draw(st.tuples(*[st.integers(0, len(wire))] * 2)))
    assert read(R, [wire[:first], wire[first:second], wire[second:]]) == whole
