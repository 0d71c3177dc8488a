"""Words of Google's that stand in the place of a signature, and are none; other libraries write them into calls."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from waypost.core.codecs import CODECS
from waypost.core.codecs.sealing import seal_of
from waypost.core.codecs.unwrapping import Place, unwrapped

WORDS = ("skip_thought_signature_validator", "context_engineering_is_the_way_to_go")
WRITTEN = [*WORDS, *(base64.b64encode(word.encode()).decode() for word in WORDS)]


def google(signature: str) -> dict[str, Any]:
    call = {"functionCall": {"id": "c1", "name": "f", "args": {}}, "thoughtSignature": signature}
    result = {"functionResponse": {"id": "c1", "name": "f", "response": {"output": "ok"}}}
    contents = [
        {"role": "user", "parts": [{"text": "Hi"}]},
        {"role": "model", "parts": [call]},
        {"role": "user", "parts": [result]},
    ]
    return {"contents": contents, "tools": [{"functionDeclarations": [{"name": "f", "description": "F"}]}]}


def chat(signature: str) -> dict[str, Any]:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    call["extra_content"] = {"google": {"thought_signature": signature}}
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "ok"},
    ]
    return {"model": "m", "messages": messages, "tools": [{"type": "function", "function": {"name": "f"}}]}


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize(("dialect", "body"), [("google.generate_content", google), ("openai.chat", chat)])
def test_it_pins_no_open_turn(dialect: str, body: Any, written: str) -> None:
    """The history of another model goes on anywhere; a true signature would hold it at its origin."""
    conversation = CODECS[dialect].decode_request(body(written))
    assert "reasoning.signature" not in [need.flag for need in conversation.needs]
    assert [seal_of(part) for message in conversation.messages for part in message.parts] == [None, None, None]
    signed = CODECS[dialect].decode_request(body("dHJ1ZQ=="))
    assert ("reasoning.signature", "required") in [(need.flag, need.severity) for need in signed.needs]


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize(("dialect", "body"), [("google.generate_content", google), ("openai.chat", chat)])
def test_it_goes_to_other_endpoints_of_its_dialect_as_it_is(dialect: Any, body: Any, written: str) -> None:
    """Nobody's secret and nobody's seal: there is nothing to take out."""
    sent = body(written)
    assert unwrapped(sent, Place(dialect, "elsewhere", own=False)) is sent
