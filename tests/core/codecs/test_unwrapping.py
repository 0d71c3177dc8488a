"""What a provider of the caller's own dialect sees of a body with reasoning of others in it: never an envelope."""

from __future__ import annotations

import json
from typing import Any

import pytest

from golden_envelopes import envelope
from waypost.core.codecs.unwrapping import Place, unwrapped

A, C, G, R = "anthropic.messages", "openai.chat", "google.generate_content", "openai.responses"
SKIP = "skip_thought_signature_validator"


def sealed(dialect: str, domain: str, data: str = "c2ln", *, redacted: bool = False, item: str | None = None) -> str:
    said = json.dumps([dialect, domain, "itself", None, redacted, item, data], separators=(",", ":"))
    return envelope(said)


FOREIGN = sealed(G, "google")
USE = {"type": "tool_use", "id": "c", "name": "f", "input": {"signature": "waypost1 is a text here"}}


def messages(*blocks: Any) -> dict[str, Any]:
    spoken = [{"role": "assistant", "content": list(blocks)}] if blocks else []
    return {"model": "m", "messages": [{"role": "user", "content": "x"}, *spoken, {"role": "user", "content": "y"}]}


def items(*more: Any) -> dict[str, Any]:
    return {"model": "m", "input": [{"role": "user", "content": "x"}, *more]}


def contents(*parts: Any) -> dict[str, Any]:
    spoken = [{"role": "model", "parts": list(parts)}] if parts else []
    return {"model": "m", "contents": [{"role": "user", "parts": [{"text": "x"}]}, *spoken]}


def completions(*calls: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [*calls]}]}


def thinking(signature: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": "hm", "signature": signature}


def reasoning(data: str, made: str = "rs_wp") -> dict[str, Any]:
    return {"type": "reasoning", "id": made, "summary": [], "encrypted_content": data}


def call(signature: str | None = None) -> dict[str, Any]:
    raw: dict[str, Any] = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    return raw if signature is None else {**raw, "extra_content": {"google": {"thought_signature": signature}}}


def called(signature: str | None = None) -> dict[str, Any]:
    raw: dict[str, Any] = {"functionCall": {"name": "f", "args": {}}}
    return raw if signature is None else {**raw, "thoughtSignature": signature}


MINE, THEIRS = "bWluZQ==", "dGhlaXJz"
HOME: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (A, messages(thinking(MINE), thinking(FOREIGN), USE), messages(thinking(MINE), USE)),
    (A, messages({"type": "redacted_thinking", "data": FOREIGN}), messages()),
    (A, messages(thinking("waypost1broken"), USE), messages(USE)),
    (A, messages(thinking(sealed(A, "eu")), USE), messages(USE)),
    (A, messages(thinking(sealed(A, "home", MINE)), USE), messages(thinking(MINE), USE)),
    (
        A,
        messages({"type": "redacted_thinking", "data": sealed(A, "home", MINE, redacted=True)}),
        messages({"type": "redacted_thinking", "data": MINE}),
    ),
    (R, items(reasoning(MINE, "rs_1"), reasoning(FOREIGN)), items(reasoning(MINE, "rs_1"))),
    (R, items(reasoning(sealed(R, "home", MINE, item="rs_7"))), items(reasoning(MINE, "rs_7"))),
    (R, items({"type": "function_call", "call_id": "c", "name": "f", "arguments": FOREIGN}), {}),
    (
        G,
        contents({"text": "hm", "thought": True, "thoughtSignature": sealed(A, "anthropic")}, called(SKIP)),
        contents(called(SKIP)),
    ),
    (G, contents({"text": "y", "thoughtSignature": FOREIGN}, called(FOREIGN)), contents({"text": "y"}, called(SKIP))),
    (G, contents({"text": "y", "thought_signature": FOREIGN}), contents({"text": "y"})),
    (G, contents({"text": "hm", "thought": True, "thoughtSignature": FOREIGN}), contents()),
    (G, contents(called(sealed(G, "home", MINE))), contents(called(MINE))),
    (C, completions(call(sealed(C, "compat"))), completions(call())),
    (C, completions(call(sealed(C, "home", MINE))), completions(call(MINE))),
]


@pytest.mark.parametrize(("dialect", "body", "seen"), HOME)
def test_at_home(dialect: str, body: dict[str, Any], seen: dict[str, Any]) -> None:
    """What is of others is taken out, what is of the caller's provider is put back, and nothing given is changed."""
    before = json.dumps(body)
    found = unwrapped(body, Place(dialect, "home", own=True))
    assert found == (seen or body)
    assert json.dumps(body) == before
    assert unwrapped(found, Place(dialect, "home", own=True)) is found


ELSEWHERE: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (A, messages(thinking(MINE), USE), messages(USE)),
    (A, messages(thinking(sealed(A, "eu", THEIRS)), USE), messages(thinking(THEIRS), USE)),
    (R, items(reasoning(MINE, "rs_1")), items()),
    (
        G,
        contents({"text": "hm", "thought": True}, called(MINE)),
        contents({"text": "hm", "thought": True}, called(SKIP)),
    ),
    (G, contents(called(sealed(G, "eu", THEIRS))), contents(called(THEIRS))),
    (C, completions(call(MINE)), completions(call())),
]


@pytest.mark.parametrize(("dialect", "body", "seen"), ELSEWHERE)
def test_at_another_endpoint_of_the_dialect(dialect: str, body: dict[str, Any], seen: dict[str, Any]) -> None:
    """There the caller's own signatures are foreign, too."""
    assert unwrapped(body, Place(dialect, "eu", own=False)) == seen


@pytest.mark.parametrize("dialect", [A, C, G, R])
@pytest.mark.parametrize(
    "odd", [None, 7, "x", [], [None, 7, "x", {}], [{"role": "assistant", "content": 7, "parts": {}}]]
)
def test_a_body_out_of_shape_is_left_alone(dialect: str, odd: Any) -> None:
    """What cannot be read goes to the provider, which says so."""
    body = {"messages": odd, "input": odd, "contents": odd}
    assert unwrapped(body, Place(dialect, "home", own=True)) is body
