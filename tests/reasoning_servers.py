"""Servers that are as strict about reasoning as the real ones, for tests of tool loops.

Google refuses a call that has lost its signature, Anthropic a turn that does not begin with its thinking.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stub_provider import Answer, Seen, StubProvider, json_answer, message_body, sse_answer

SIGNATURE = "Q29FLXNpZ25lZA=="
THINKING = "EqQBClaude"


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
        self.fails = False

    def answer(self, request: Seen) -> Answer:
        if self.fails:
            return json_answer({"error": {"code": 503, "status": "UNAVAILABLE", "message": "M"}}, 503)
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
        self.redacted = False
        self.closed = False

    def thought(self) -> dict[str, Any]:
        if self.redacted:
            return {"type": "redacted_thinking", "data": THINKING}
        return {"type": "thinking", "thinking": "Let me think.", "signature": THINKING}

    def answer(self, request: Seen) -> Answer:
        turns = [turn for turn in request.body["messages"] if isinstance(turn["content"], list)]
        results = [b for turn in turns for b in turn["content"] if b["type"] == "tool_result"]
        spoken = [b for turn in turns if turn["role"] == "assistant" for b in turn["content"]]
        if results and not self.closed and [b.get("signature", b.get("data")) for b in spoken[:1]] != [THINKING]:
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


async def message(style: str, streaming: bool, claude: Any, aclaude: Any, call: dict[str, Any]) -> Any:
    if style == "sync" and streaming:
        with claude.messages.stream(**call) as stream:
            return stream.get_final_message()
    if style == "sync":
        return claude.messages.create(**call)
    if streaming:
        async with aclaude.messages.stream(**call) as stream:
            return await stream.get_final_message()
    return await aclaude.messages.create(**call)
