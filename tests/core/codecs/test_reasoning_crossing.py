"""Reasoning of every dialect through every other and back: what one provider sealed is given to it as it was."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec_meaning import TARGET, read
from generators_conversation import EXAMPLES, codec_settings
from golden_validators import read_response, read_stream
from waypost.core.codecs import CODECS
from waypost.core.codecs.handout import Signer
from waypost.core.codecs.sealing import restored, seal_of
from waypost.core.model.conversation import NO_EXT, SEAL, Message, Part, Reasoning, Reply, Sealed, Text, ToolCall
from waypost.core.model.deltas import Delta, Finished, PartDelta, PartStart, PartStop, Start
from waypost.core.model.outcome import Usage
from waypost.core.model.target import Endpoint
from waypost.runtime.memory import ReasoningMemory

A, C, G, R = "anthropic.messages", "openai.chat", "google.generate_content", "openai.responses"
DOMAIN = "origin"
WAYS = [(caller, origin) for caller in (A, C, G, R) for origin in (A, G, R) if caller != origin]

few = settings(codec_settings, max_examples=EXAMPLES // 12)
"""For each of eighteen ways."""

data = st.text("ABCab+/=09", min_size=1, max_size=30)
words = st.text("abc é\n", min_size=1, max_size=12).filter(lambda text: bool(text.strip()))


@st.composite
def replies(draw: st.DrawFn, origin: str) -> Reply:
    """Answers that think, speak and call, as that dialect's models do."""
    parts: list[Part] = []
    for _ in range(draw(st.integers(0, 2))):
        redacted = origin == A and draw(st.booleans())
        item = f"rs_{draw(st.integers(0, 99))}" if origin == R else None
        text = "" if redacted else draw(st.just("") | words)
        parts.append(Reasoning(text, origin, Sealed(draw(data), origin, item=item), redacted))
    if draw(st.booleans()):
        seal = {SEAL: Sealed(draw(data), G)} if origin == G and draw(st.booleans()) else NO_EXT
        parts.append(Text(draw(words), seal))
    for at in range(draw(st.integers(1, 2))):
        seal_ = Sealed(draw(data), G) if origin == G and at == 0 else None
        parts.append(ToolCall(f"call_{at}", "f", '{"a":1}', seal=seal_))
    return Reply("id1", "m", tuple(parts), "tool_call", Usage(1, 1))


def seals(parts: tuple[Part, ...] | list[Part]) -> list[tuple[str, str | None, str]]:
    """What of an answer its origin has sealed: data, the item it is in, and what it stands on."""
    return [
        (seal.data, seal.item, type(part).__name__ if not isinstance(part, Reasoning) else f"{part.redacted}")
        for part in parts
        if (seal := seal_of(part)) is not None
    ]


def deltas_of(reply: Reply) -> list[Delta]:
    out: list[Delta] = [Start(reply.id, reply.model)]
    for at, part in enumerate(reply.parts):
        seal = seal_of(part)
        match part:
            case Reasoning():
                item = seal.item if seal else None
                out.append(PartStart(at, "reasoning", item, redacted=part.redacted))
                out += [PartDelta(at, letter, "reasoning") for letter in part.text]
            case Text():
                out.append(PartStart(at, "text"))
                out += [PartDelta(at, letter) for letter in part.text]
            case ToolCall():
                out.append(PartStart(at, "tool_call", part.id, part.name, seal=seal.data if seal else None))
                out.append(PartDelta(at, part.arguments, "arguments"))
            case _:
                raise AssertionError(part)
        if seal is not None and not isinstance(part, ToolCall):
            out.append(PartDelta(at, seal.data, "signature"))
        out.append(PartStop(at))
    return [*out, Finished(reply.finish, None, None, reply.usage)]


def assistant(caller: str, native: Any) -> Any:
    """The turn of an answer as a program of that SDK passes it back: everything, as it came."""
    if caller == A:
        return [{"role": "assistant", "content": native["content"]}]
    if caller == R:
        return native["output"]
    if caller == G:
        return [candidate["content"] for candidate in native["candidates"]]
    (choice,) = native["choices"]
    return [choice["message"]]


def request(caller: str, turn: list[Any], calls: list[str]) -> dict[str, Any]:
    """The next request: the results of all calls."""
    asked: dict[str, Any] = {"role": "user", "content": "x"}
    if caller == A:
        results = [{"type": "tool_result", "tool_use_id": one, "content": "r"} for one in calls]
        tools = [{"name": "f", "input_schema": {"type": "object"}}]
        return {
            "model": "m",
            "max_tokens": 99,
            "tools": tools,
            "messages": [asked, *turn, {"role": "user", "content": results}],
        }
    if caller == R:
        outputs = [{"type": "function_call_output", "call_id": one, "output": "r"} for one in calls]
        return {"model": "m", "store": False, "input": [asked, *turn, *outputs]}
    if caller == G:
        said = [{"functionResponse": {"id": one, "name": "f", "response": {"output": "r"}}} for one in calls]
        user = {"role": "user", "parts": [{"text": "x"}]}
        return {"model": "m", "contents": [user, *turn, {"role": "user", "parts": said}]}
    tools = [{"role": "tool", "tool_call_id": one, "content": "r"} for one in calls]
    return {"model": "m", "messages": [asked, *turn, *tools]}


def parts_back(caller: str, origin: str, body: dict[str, Any], memory: ReasoningMemory) -> list[Part]:
    """What the origin is given of the turn."""
    conversation = CODECS[caller].decode_request(body)
    turn = next(message for message in conversation.messages if message.role == "assistant")
    if caller == C:
        kept = memory.recall("call_0", "f")
        messages = [replace(one, parts=(*kept, *one.parts)) if one is turn else one for one in conversation.messages]
        conversation = replace(conversation, messages=tuple(messages))
    else:
        (need,) = [one for one in conversation.needs if one.flag == "reasoning.signature"]
        assert (need.severity, need.value) == ("required", DOMAIN)
    free = tuple(one for one in conversation.needs if one.flag in ("reasoning.signature",))
    endpoint = Endpoint("e", "p", origin, "https://e.test", "/v1", signing_domain=DOMAIN)
    sent = CODECS[origin].encode_request(replace(conversation, needs=free), TARGET, endpoint)
    assert b"waypost1" not in json.dumps(sent).encode()
    again = CODECS[origin].decode_request(sent)
    return [part for message in again.messages if message.role == "assistant" for part in message.parts]


@pytest.mark.parametrize("shown", [True, False])
@pytest.mark.parametrize(("caller", "origin"), WAYS)
@few
@given(st.data())
def test_state_comes_back_whole(caller: str, origin: str, shown: bool, data: st.DataObject) -> None:
    """origin -> caller -> origin: every seal is where it was, of whole answers (S6.05)."""
    reply = data.draw(replies(origin))
    memory = ReasoningMemory()
    signer = Signer(origin, DOMAIN, shown or caller == R, memory.keep)
    native = CODECS[caller].encode_response(reply, signer)
    read_response(caller, native)
    if not seals(reply.parts):
        return
    calls = [part.id for part in reply.parts if isinstance(part, ToolCall)]
    found = parts_back(caller, origin, request(caller, assistant(caller, native), calls), memory)
    assert seals(found) == seals(reply.parts)
    texts = "".join(part.text for part in found if isinstance(part, Text))
    assert texts == "".join(part.text for part in reply.parts if isinstance(part, Text))
    if signer.shown or caller == C:
        thoughts = [part.text for part in found if isinstance(part, Reasoning)]
        assert thoughts == [part.text for part in reply.parts if isinstance(part, Reasoning)]


@pytest.mark.parametrize("shown", [True, False])
@pytest.mark.parametrize(("caller", "origin"), WAYS)
@few
@given(st.data())
def test_state_is_streamed_as_it_is_told_whole(caller: str, origin: str, shown: bool, data: st.DataObject) -> None:
    """Streamed and cut at every byte, or written whole: the caller holds the same state."""
    reply = data.draw(replies(origin))
    kept, streamed = ReasoningMemory(), ReasoningMemory()
    native = CODECS[caller].encode_response(reply, Signer(origin, DOMAIN, shown or caller == R, kept.keep))
    writer = CODECS[caller].writer(
        include_usage=True, signer=Signer(origin, DOMAIN, shown or caller == R, streamed.keep)
    )
    wire = b"".join([*map(writer.feed, deltas_of(reply)), writer.close()])
    if caller == C:
        assert streamed.recall("call_0", "f") == kept.recall("call_0", "f")
        assert b"waypost1" not in wire
        return
    again = read(caller, [wire])
    assert read(caller, [wire[at : at + 1] for at in range(len(wire))]) == again
    envelopes = [one.text for one in again if isinstance(one, PartDelta) and one.kind == "signature"]
    whole = CODECS[caller].decode_response(native)
    told = [seal.data for part in whole.parts if isinstance(part, Reasoning) and (seal := part.seal)]
    assert envelopes == told
    thought = "".join(one.text for one in again if isinstance(one, PartDelta) and one.kind == "reasoning")
    assert thought == "".join(part.text for part in whole.parts if isinstance(part, Reasoning))


def test_streams_of_reasoning_are_read_by_strict_clients() -> None:
    """What our writers make of a seal in every place is a stream by the SDKs' own types."""
    parts: tuple[Part, ...] = (
        Reasoning("hm", G, Sealed("YQ==", G)),
        Text("Hi", {SEAL: Sealed("Yg==", G)}),
        ToolCall("c1", "f", "{}", seal=Sealed("Yw==", G)),
    )
    deltas = deltas_of(Reply("id1", "m", parts, "tool_call", Usage(1, 1)))
    for caller in (A, R):
        writer = CODECS[caller].writer(include_usage=True, signer=Signer(G, DOMAIN, shown=True))
        assert read_stream(caller, b"".join([*map(writer.feed, deltas), writer.close()]))


def test_thoughts_in_pieces_become_one_again() -> None:
    """A chat of Google's SDK keeps each chunk of a stream for itself; their origin is given one block."""
    seal = Sealed("EqQB", A, DOMAIN)
    turn = [Message("assistant", (Reasoning(text, G),)) for text in ("Let ", "me ")]
    turn += [Message("assistant", (Reasoning("think.", A, seal),)), Message("assistant", (Text("Hi"),))]
    (thought, said) = restored((Message("user", (Text("x"),)), *turn), A, DOMAIN)[1:]
    assert thought.parts == (Reasoning("Let me think.", A, seal),)
    assert said.parts == (Text("Hi"),)


@pytest.mark.parametrize("caller", [A, G])
def test_memory_of_a_long_thought_is_flat(caller: str) -> None:
    """A writer holds a seal until its part ends, and nothing of the text (S3.06)."""
    writer = CODECS[caller].writer(include_usage=True, signer=Signer(R, DOMAIN, shown=True))
    writer.feed(Start("id1", "m"))
    writer.feed(PartStart(0, "reasoning"))
    piece = PartDelta(0, "x" * 1_000, "reasoning")
    tracemalloc.start()
    try:
        for _ in range(200):
            writer.feed(piece)
        first = tracemalloc.get_traced_memory()[0]
        for _ in range(2_000):
            writer.feed(piece)
        assert tracemalloc.get_traced_memory()[0] - first < 50_000
    finally:
        tracemalloc.stop()
