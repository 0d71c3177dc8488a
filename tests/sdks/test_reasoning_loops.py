"""Two turns of a tool loop, answered by another provider than the caller's own: its reasoning comes back to it.

The servers here are as strict as the real ones: Google refuses a call that has lost its signature, Anthropic a turn
that does not begin with its thinking, and nobody may ever see an envelope.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import waypost
from stub_provider import Answer, Seen, StubProvider, json_answer, message_body, response_body, sse_answer

GEMINI = "google/gemini-2.5-flash"
CLAUDE = "anthropic/claude-haiku-4-5"
SIGNATURE = "Q29FLXNpZ25lZA=="
THINKING = "EqQBClaude"
OFFERED = {"type": "object", "properties": {"a": {"type": "integer"}}}
CHAT_TOOLS: Any = [{"type": "function", "function": {"name": "add", "parameters": OFFERED}}]
MESSAGE_TOOLS: Any = [{"name": "add", "input_schema": OFFERED}]
RESPONSE_TOOLS: Any = [{"type": "function", "name": "add", "parameters": OFFERED, "strict": False}]


def chunk(parts: list[dict[str, Any]], *, last: bool = True) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    if last:
        candidate["finishReason"] = "STOP"
    usage = {"promptTokenCount": 9, "candidatesTokenCount": 3, "totalTokenCount": 12}
    return {"candidates": [candidate], "modelVersion": "gemini-3", "responseId": "rG7x", "usageMetadata": usage}


class Google:
    """Calls a tool with a signature, and speaks once the result comes with it."""

    def __init__(self) -> None:
        self.stub = StubProvider(self.answer)

    def answer(self, request: Seen) -> Answer:
        results = [p for c in request.body["contents"] for p in c["parts"] if "functionResponse" in p]
        calls = [p for c in request.body["contents"] for p in c["parts"] if "functionCall" in p]
        if results and [call.get("thoughtSignature") for call in calls] != [SIGNATURE]:
            error = {"code": 400, "status": "INVALID_ARGUMENT", "message": "missing a thought_signature"}
            return json_answer({"error": error}, 400)
        if results:
            pieces = [[{"text": "It is "}], [{"text": "3."}]]
        else:
            called = {"functionCall": {"name": "add", "args": {"a": 1}}, "thoughtSignature": SIGNATURE}
            pieces = [[{"text": "Let me think.", "thought": True}], [called]]
        if "stream" in request.path:
            return sse_answer([chunk(piece, last=at == 1) for at, piece in enumerate(pieces)])
        return json_answer(chunk([part for piece in pieces for part in piece]))


class Anthropic:
    """Thinks and calls a tool, and speaks once the result comes behind its thinking."""

    def __init__(self) -> None:
        self.stub = StubProvider(self.answer)
        self.redacted = False

    def thought(self) -> dict[str, Any]:
        if self.redacted:
            return {"type": "redacted_thinking", "data": THINKING}
        return {"type": "thinking", "thinking": "Let me think.", "signature": THINKING}

    def answer(self, request: Seen) -> Answer:
        turns = [turn for turn in request.body["messages"] if isinstance(turn["content"], list)]
        results = [b for turn in turns for b in turn["content"] if b["type"] == "tool_result"]
        spoken = [b for turn in turns if turn["role"] == "assistant" for b in turn["content"]]
        if results and [b.get("signature", b.get("data")) for b in spoken[:1]] != [THINKING]:
            error = {"type": "invalid_request_error", "message": "expected `thinking`, but found `tool_use`"}
            return json_answer({"type": "error", "error": error}, 400)
        if results:
            blocks: list[dict[str, Any]] = [{"type": "text", "text": "It is 3."}]
        else:
            blocks = [self.thought(), {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"a": 1}}]
        stop = "end_turn" if results else "tool_use"
        if request.body.get("stream"):
            return sse_answer(events(blocks, stop))
        return json_answer({**message_body(), "content": blocks, "stop_reason": stop})


def events(blocks: list[dict[str, Any]], stop: str) -> Iterator[dict[str, Any]]:
    yield {"type": "message_start", "message": {**message_body(), "content": [], "stop_reason": None}}
    for at, block in enumerate(blocks):
        begun, pieces = block, []
        if block["type"] == "thinking":
            begun = {**block, "thinking": "", "signature": ""}
            pieces = [
                {"type": "thinking_delta", "thinking": "Let me "},
                {"type": "thinking_delta", "thinking": "think."},
                {"type": "signature_delta", "signature": block["signature"]},
            ]
        elif block["type"] == "tool_use":
            begun = {**block, "input": {}}
            pieces = [{"type": "input_json_delta", "partial_json": '{"a": 1}'}]
        elif block["type"] == "text":
            begun = {**block, "text": ""}
            pieces = [{"type": "text_delta", "text": block["text"]}]
        yield {"type": "content_block_start", "index": at, "content_block": begun}
        for piece in pieces:
            yield {"type": "content_block_delta", "index": at, "delta": piece}
        yield {"type": "content_block_stop", "index": at}
    yield {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 5}}
    yield {"type": "message_stop"}


@pytest.fixture
def google(world: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    server = Google()
    monkeypatch.setenv("GEMINI_API_KEY", "g-ours")
    with server.stub:
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", server.stub.url)
        yield server
        assert not any(b"waypost1" in seen.raw for seen in server.stub.seen)


@pytest.fixture
def anthropic(world: Any) -> Iterator[Anthropic]:
    server = Anthropic()
    world.messages = server.answer
    server.stub = world.anthropic
    yield server
    assert not any(b"waypost1" in seen.raw for seen in world.anthropic.seen)


def needs_of(answer: Any) -> list[Any]:
    receipt = waypost.receipt(answer)
    assert receipt is not None
    return receipt.to_dict()["question"].get("needs", [])


def rejected(answer: Any, target: str) -> set[str]:
    receipt = waypost.receipt(answer)
    assert receipt is not None
    rows = receipt.to_dict()["hops"][0]["proof"]["candidates"]
    return {row["rule"] for one in rows if one["target"] == target for row in one["rejections"]}


BOTH = "filter: ['model in [gemini-2.5-flash, claude-haiku-4-5, gpt-4o-mini]']\n"
FIRST = BOTH + "rules: [{{name: first, when: 'messages <= 1', use: [{first}]}}, {{name: other, use: [{then}]}}]"
"""The first turn goes to one, and every later one would go to another."""


def policy(first: str, then: str) -> str:
    return f"""\
rules:
  - {{name: first, when: messages <= 1, use: [{first}]}}
  - {{name: then, use: [{then}, {first}]}}
rank: listed
"""


@pytest.mark.parametrize("streaming", [False, True])
def test_a_chat_caller_and_gemini(streaming: bool, world: Any, google: Google, client: Any) -> None:
    """Chat has no room for a signature: it is kept by the call's id, and the tool's result goes back with it."""
    world.on(policy(GEMINI, "openai/gpt-4o-mini"))
    call: dict[str, Any] = {"model": "auto", "messages": [{"role": "user", "content": "1 + 2?"}], "tools": CHAT_TOOLS}
    message = ask(client, call, streaming)
    assert message.tool_calls[0].function.arguments == '{"a":1}'
    assert "thought" not in message.model_dump_json()
    history = [
        *call["messages"],
        message.model_dump(exclude_none=True, include={"role", "tool_calls"}),
        {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "3"},
    ]
    assert ask(client, {**call, "messages": history}, streaming).content == "It is 3."
    assert len(google.stub.seen) == 2
    assert not world.openai.seen


def ask(client: Any, call: dict[str, Any], streaming: bool) -> Any:
    if streaming:
        with client.chat.completions.stream(**call) as stream:
            return stream.get_final_completion().choices[0].message
    return client.chat.completions.create(**call).choices[0].message
