"""Answers of another endpoint of the caller's dialect: its signatures go into envelopes, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from golden_envelopes import envelope
from golden_validators import read_response, read_stream
from stub_provider import chat_tool_body, message_body, response_body
from waypost.core.codecs.framing import frame
from waypost.core.codecs.handout import Signer
from waypost.core.codecs.resealing import Resealer, resealed

A, C, G, R = "anthropic.messages", "openai.chat", "google.generate_content", "openai.responses"


def sealed(dialect: str, data: str, *, redacted: bool = False, item: str | None = None) -> str:
    return envelope(json.dumps([dialect, "eu", "itself", None, redacted, item, data], separators=(",", ":")))


def answers(wrap: Any) -> dict[str, dict[str, Any]]:
    """A whole answer of each dialect whose signatures are what ``wrap`` makes of them."""
    thinking = {"type": "thinking", "thinking": "hm", "signature": wrap(A, "EqQB")}
    redacted = {"type": "redacted_thinking", "data": wrap(A, "EmwK", redacted=True)}
    use = {"type": "tool_use", "id": "t", "name": "f", "input": {"signature": "mine", "data": "mine"}}
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": wrap(R, "gAAA", item="rs_1")}
    response = response_body("Hi.")
    called = {"functionCall": {"name": "f", "args": {"thoughtSignature": "mine"}}, "thoughtSignature": wrap(G, "Q29F")}
    content = {"role": "model", "parts": [{"text": "hm", "thought": True}, called]}
    chat = chat_tool_body([("f", {"signature": "mine"})])
    signed = {"extra_content": {"google": {"thought_signature": wrap(C, "Q29F")}}}
    chat["choices"][0]["message"]["tool_calls"][0].update(signed)
    return {
        A: {**message_body(), "content": [thinking, redacted, use], "stop_reason": "tool_use"},
        R: {**response, "output": [item, *response["output"]]},
        G: {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}], "modelVersion": "m"},
        C: chat,
    }


@pytest.mark.parametrize("dialect", [A, C, G, R])
def test_a_whole_answer(dialect: str) -> None:
    """Each signature is in an envelope of its endpoint's domain; arguments of tools are nobody's signatures."""
    plain = answers(lambda _, data, **more: data)[dialect]
    before = json.dumps(plain)
    made = resealed(plain, Signer(dialect, "eu"))
    assert made == answers(sealed)[dialect]
    assert json.dumps(plain) == before
    read_response(dialect, made)


THINKING = {"type": "thinking", "thinking": "", "signature": ""}
EVENTS: dict[str, Any] = {
    A: lambda wrap: [
        {"type": "message_start", "message": {**message_body(), "content": [], "stop_reason": None}},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "thinking", "thinking": "", "signature": ""},
        },
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "olá signature"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": wrap(A, "EqQB")}},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "content_block_start",
            "index": 1,
            "content_block": {"type": "redacted_thinking", "data": wrap(A, "EmwK", redacted=True)},
        },
        {"type": "content_block_stop", "index": 1},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}},
        {"type": "message_stop"},
    ],
    G: lambda wrap: [
        {"candidates": [{"content": {"role": "model", "parts": [{"text": "é"}]}, "index": 0}]},
        {
            "candidates": [
                {
                    "content": {"role": "model", "parts": [{"text": "", "thoughtSignature": wrap(G, "Q29F")}]},
                    "finishReason": "STOP",
                    "index": 0,
                }
            ]
        },
    ],
}


def wire(dialect: str, wrap: Any, newline: str) -> bytes:
    out = b"".join(frame(event.get("type"), json.dumps(event)) for event in EVENTS[dialect](wrap))
    return out.replace(b"\n", newline.encode())


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("dialect", [A, G])
def test_a_stream_cut_at_every_byte(dialect: str, newline: str) -> None:
    """Wherever it is cut a stream is the same events, and frames without a signature the same bytes."""
    data = wire(dialect, lambda _, sealed, **more: sealed, newline)
    whole = Resealer(Signer(dialect, "eu"))
    out = whole.feed(data) + whole.close()
    assert events(out) == EVENTS[dialect](sealed)
    for at in range(len(data)):
        cut = Resealer(Signer(dialect, "eu"))
        assert cut.feed(data[:at]) + cut.feed(data[at:]) + cut.close() == out
    each = Resealer(Signer(dialect, "eu"))
    assert b"".join([each.feed(data[at : at + 1]) for at in range(len(data))]) + each.close() == out
    read_stream(dialect, out)


def events(data: bytes) -> list[Any]:
    lines = data.decode().replace("\r\n", "\n").split("\n")
    return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]


def test_a_stream_without_signatures_passes_as_it_came() -> None:
    """Not a byte is changed, and what is no JSON is passed on."""
    data = b': signature\n\ndata: {"a" :  1}\n\ndata: signature\n\ndata: ["signature"]\n\n'
    passing = Resealer(Signer(A, "eu"))
    assert passing.feed(data) + passing.close() == data


def test_a_frame_without_an_end_is_not_held_for_ever() -> None:
    """Memory is bounded: what never becomes a frame goes on as it came (S3.06)."""
    passing = Resealer(Signer(A, "eu"))
    piece = b"x" * 1_000_000
    out = sum(len(passing.feed(piece)) for _ in range(20))
    assert out >= 17_000_000
    assert out + len(passing.close()) == 20_000_000
