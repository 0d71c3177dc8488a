"""Generated conversations through Google's dialect: what goes in comes back, and nothing is lost without a name."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

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
from generators_google import google_bodies, google_bodies_of_any_kind
from generators_responses import responses_bodies, responses_bodies_of_any_kind
from golden_validators import check_request, plain, read_response, read_stream
from waypost.core.codecs import CODECS
from waypost.core.model.conversation import Conversation, Refusal, Reply, Text
from waypost.core.model.needs import describe
from waypost.core.model.outcome import Usage
from waypost.errors import Untranslatable

C, A, R, G = "openai.chat", "anthropic.messages", "openai.responses", "google.generate_content"
PORTABLE = {C: chat_bodies(), A: messages_bodies(), R: responses_bodies(), G: google_bodies()}
ANY = {
    C: chat_bodies_of_any_kind(),
    A: messages_bodies_of_any_kind(),
    R: responses_bodies_of_any_kind(),
    G: google_bodies_of_any_kind(),
}
OTHERS = st.sampled_from([C, A, R])
BY_VALUE = {
    *("stop.max", "seed", "schema.constraints", "input.image.mime", "tools.name_charset", "reasoning.effort"),
    *("tool_choice.allowed_subset", "tool_result.unmatched", "max_output.small", "reasoning.budget", "service_tier"),
}
"""What is refused when it is encoded, because of a value."""


@codec_settings
@given(google_bodies_of_any_kind())
def test_a_request_is_restored(body: dict[str, Any]) -> None:
    """Decoding and encoding in Google's dialect gives the caller's body again, every odd part included."""
    before = json.dumps(body)
    assert plain(encode(G, CODECS[G].decode_request(body))) == plain({**body, "model": "m"})
    assert json.dumps(body) == before


def meant(conversation: Conversation) -> dict[str, Any]:
    """What a conversation means, but for who the user is, which Google cannot be told and is a hint."""
    return {**common(conversation), "user": None}


@codec_settings
@given(google_bodies(), OTHERS)
def test_it_means_the_same_elsewhere(body: dict[str, Any], target: str) -> None:
    """google -> another -> conversation keeps text, system, tools, results, media, effort and schema (S6.05)."""
    original = CODECS[G].decode_request(body)
    sent = encode(target, original)
    check_request(target, sent)
    arrived = CODECS[target].decode_request(sent)
    assert meant(arrived) == meant(original)
    assert links(arrived) == links(original)


def sayable(conversation: Conversation) -> bool:
    return all(need.severity == "hint" or need.flag in CODECS[G].expresses for need in conversation.needs)


@codec_settings
@given(OTHERS, st.data())
def test_others_mean_the_same_here(source: str, data: st.DataObject) -> None:
    """another -> google -> conversation keeps what both can say, and is a request by the SDK's types."""
    original = CODECS[source].decode_request(data.draw(PORTABLE[source]))
    # What stands in no way of the rest is taken out rather than left to chance.
    stop = original.sampling.stop if source != A else ()
    effort = original.sampling.reasoning_effort
    effort = None if effort in ("none", "max") else effort
    original = replace(
        original,
        tools=tuple(replace(tool, strict=None) for tool in original.tools),
        parallel_tools=None,
        sampling=replace(original.sampling, stop=stop, reasoning_effort=effort),
        needs=tuple(need for need in original.needs if need.flag not in LEFT_OUT),
    )
    if not sayable(original):
        return
    try:
        sent = encode(G, original)
    except Untranslatable as error:
        assert error.need == "input.image.mime"  # noqa: PT017 - a GIF, which is no need of another dialect
        return
    check_request(G, sent)
    arrived = CODECS[G].decode_request(sent)
    assert meant(arrived) == meant(original)
    assert links(arrived) == links(original)
    assert not [need for need in arrived.needs if need.flag.startswith(("server_", "unknown_"))]


LEFT_OUT = ("tools.strict", "tools.disable_parallel", "reasoning.can_disable")


@codec_settings
@given(google_bodies(), OTHERS)
def test_it_comes_back(body: dict[str, Any], target: str) -> None:
    """google -> another -> google: the second body means what the first did."""
    original = CODECS[G].decode_request(body)
    arrived = CODECS[target].decode_request(encode(target, original))
    returned = encode(G, arrived)
    check_request(G, returned)
    again = CODECS[G].decode_request(returned)
    for aspect in ("turns", "rules", "tools", "schema"):
        assert common(again)[aspect] == common(original)[aspect]
    assert links(again) == links(original)


@codec_settings
@given(st.sampled_from([(G, C), (G, A), (G, R), (C, G), (A, G), (R, G)]), st.data())
def test_nothing_is_lost_without_a_name(way: tuple[str, str], data: st.DataObject) -> None:
    """A required need that the target cannot express is always refused by name (S6.05)."""
    source, target = way
    conversation = CODECS[source].decode_request(data.draw(ANY[source]))
    assert list(conversation.needs) == sorted(conversation.needs, key=lambda need: (need.flag, need.path))
    assert all(describe(need.flag) and need.path for need in conversation.needs)
    lacking = {
        n.flag for n in conversation.needs if n.severity == "required" and n.flag not in CODECS[target].expresses
    }
    try:
        encode(target, conversation)
    except Untranslatable as error:
        assert error.need in (lacking or BY_VALUE)  # noqa: PT017
    else:
        assert not lacking


# Answers and streams.


def said(usage: Usage | None) -> Usage | None:
    """Usage as this dialect can say it: how much was written to a cache has no name."""
    return usage and replace(usage, cache_write=0, cache_write_1h=0)


def shown(reply: Reply) -> Reply:
    """The answer as Google's callers see it: a refusal in words is text, and thoughts are a part of the output."""
    usage = reply.usage
    if usage is not None and usage.reasoning is not None:
        usage = replace(usage, output=max(usage.output, usage.reasoning))
    parts = tuple(Text(part.text) if isinstance(part, Refusal) else part for part in reply.parts)
    return replace(reply, parts=parts, usage=said(usage))


@codec_settings
@given(replies())
def test_an_answer_comes_back(reply: Reply) -> None:
    """An answer that is encoded and decoded holds the same parts, calls and usage, and the SDK's type takes it."""
    body = CODECS[G].encode_response(reply)
    read_response(G, body)
    again = CODECS[G].decode_response(body)
    assert common_reply(again) == common_reply(shown(reply))
    assert again.finish == reply.finish
    assert again.id.endswith(reply.id)


def texts_joined(parts: list[Any]) -> list[Any]:
    """Parts of a stream, with refusals as text and neighbouring texts as one, as a stream of Google's has them."""
    out: list[Any] = []
    for kind, call_id, name, text in parts:
        kind = "text" if kind == "refusal" else kind
        if kind == "text" and out and out[-1][0] == "text":
            out[-1][3] += text
        elif kind == "tool_call":
            out.append([kind, call_id, name, json.loads(text)])
        else:
            out.append([kind, call_id, name, text])
    return out


@codec_settings
@given(replies(), OTHERS, st.integers(1, 7))
def test_a_stream_comes_back(reply: Reply, other: str, cuts: int) -> None:
    """Written and read again, here and then through another, a stream folds to the same answer."""
    deltas = deltas_of(reply, cuts)
    wire = write(G, deltas)
    seen = read(G, [wire])
    expected = texts_joined(fold(deltas)[0])
    assert texts_joined(fold(seen)[0]) == expected
    through = read(other, [write(other, seen)])
    assert texts_joined(fold(through)[0]) == expected
    back = read(G, [write(G, read(other, [write(other, deltas)]))])
    assert texts_joined(fold(back)[0]) == expected
    assert fold(seen)[1] == shown(reply).usage
    assert read_stream(G, wire)[-1].candidates[0].finish_reason is not None


@codec_settings
@given(replies(), st.sampled_from([b"\n", b"\r\n", b"\r"]), st.data())
def test_a_stream_may_be_cut_anywhere(reply: Reply, newline: bytes, data: st.DataObject) -> None:
    """Cut at every byte, or at any two places, with any line end, a stream gives the same deltas."""
    wire = write(G, deltas_of(reply, 3)).replace(b"\n", newline)
    whole = read(G, [wire])
    assert read(G, [wire[i : i + 1] for i in range(len(wire))]) == whole
    first, second = sorted(data.draw(st.tuples(*[st.integers(0, len(wire))] * 2)))
    assert read(G, [wire[:first], wire[first:second], wire[second:]]) == whole
