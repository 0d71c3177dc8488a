"""Callers of Anthropic's SDK, answered by Google: what its server receives, and what the caller gets (S1.05)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

import waypost
from stub_provider import Answer, Seen, StubProvider, json_answer, sse_answer

USAGE = {"promptTokenCount": 9, "candidatesTokenCount": 3, "cachedContentTokenCount": 4, "totalTokenCount": 12}
TOOL: Any = {"name": "add", "input_schema": {"type": "object", "properties": {"a": {"type": "integer"}}}}
CALL: dict[str, Any] = {
    "model": "auto",
    "max_tokens": 64,
    "system": "Be brief.",
    "messages": [{"role": "user", "content": "Say hello to Ana."}],
}


@pytest.fixture
def google(world: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[StubProvider]:
    parts = [{"text": "Hi "}, {"functionCall": {"name": "add", "args": {"a": 1}}, "thoughtSignature": "Q29F"}]

    def piece(*of: dict[str, Any], **more: Any) -> dict[str, Any]:
        content = {"role": "model", "parts": list(of)}
        named = {"modelVersion": "gemini-2.5-flash", "responseId": "rG7x"}
        return {"candidates": [{"content": content, "index": 0, **more}], "usageMetadata": USAGE, **named}

    def answer(request: Seen) -> Answer:
        if "stream" in request.path:
            return sse_answer([*map(piece, parts), piece({"text": ""}, finishReason="STOP")])
        return json_answer(piece(*parts, finishReason="STOP"))

    monkeypatch.setenv("GOOGLE_API_KEY", "g-ours")
    with StubProvider(answer) as stub:
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", stub.url)
        world.on("filter: [model == gemini-2.5-flash]")
        yield stub


async def message(style: str, streaming: bool, claude: Any, aclaude: Any) -> anthropic.types.Message:
    call = {**CALL, "tools": [TOOL], "tool_choice": {"type": "any"}}
    if style == "sync":
        if not streaming:
            return claude.messages.create(**call)  # type: ignore[no-any-return]
        with claude.messages.stream(**call) as stream:
            return stream.get_final_message()  # type: ignore[no-any-return]
    if not streaming:
        return await aclaude.messages.create(**call)  # type: ignore[no-any-return]
    async with aclaude.messages.stream(**call) as stream:
        return await stream.get_final_message()  # type: ignore[no-any-return]


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("style", ["sync", "async"])
async def test_a_message_of_google(
    style: str, streaming: bool, google: StubProvider, claude: Any, aclaude: Any
) -> None:
    """A native message with text, a call and usage as Anthropic counts it; the receipt names who answered."""
    answer = await message(style, streaming, claude, aclaude)
    (request,) = google.seen
    method = "streamGenerateContent?alt=sse" if streaming else "generateContent"
    assert request.path == f"/v1beta/models/gemini-2.5-flash:{method}"
    assert request.headers["x-goog-api-key"] == "g-ours"
    assert not {"x-api-key", "anthropic-version", "authorization"} & request.headers.keys()
    assert request.body == {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [{"role": "user", "parts": [{"text": "Say hello to Ana."}]}],
        "generationConfig": {"maxOutputTokens": 64},
        "tools": [{"functionDeclarations": [{"name": "add", "parametersJsonSchema": TOOL["input_schema"]}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
    }
    text, held, call = answer.content
    assert (text.type, held.type, call.type) == ("text", "redacted_thinking", "tool_use")
    assert answer.stop_reason == "tool_use"
    assert isinstance(call, anthropic.types.ToolUseBlock)
    assert (call.name, call.input) == ("add", {"a": 1})
    usage = answer.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (5, 4, 3)
    receipt = waypost.receipt(answer)
    assert receipt is not None
    assert receipt.to_dict()["hops"][0]["attempt"]["target"] == "google/gemini-2.5-flash"


def test_the_answer_goes_back(google: StubProvider, claude: Any) -> None:
    """The tool's result, a failure, reaches Google under the name and the id of its call."""
    first = claude.messages.create(**CALL, tools=[TOOL])
    result = {"type": "tool_result", "tool_use_id": first.content[2].id, "content": "no", "is_error": True}
    turns = [
        *CALL["messages"],
        {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in first.content]},
        {"role": "user", "content": [result]},
    ]
    claude.messages.create(**{**CALL, "messages": turns}, tools=[TOOL])
    sent = google.seen[-1].body["contents"][-1]
    response = {"id": first.content[2].id, "name": "add", "response": {"error": "no"}}
    assert sent == {"role": "user", "parts": [{"functionResponse": response}]}
