"""Reasoning of another endpoint of the caller's own dialect, and reasoning that is of nobody who is left.

What such an endpoint signs looks like what the caller's own provider signs, and is refused there all the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import pytest

import waypost
from reasoning_servers import THINKING, Anthropic, events, message
from stub_provider import Answer, Seen, StubProvider, chat_tool_body, json_answer, sse_answer

OVERLAY = """\
waypost: catalog-overlay/v1
name: ours
source: a contract
as_of: 2026-06-01
since: 2026-06-01
endpoints:
  claude_eu:
    provider: anthropic
    dialect: anthropic.messages
    base_url: {url}
    path: /v1/messages
    key_env: [EU_KEY]
    auth: {{header: x-api-key, extra: {{anthropic-version: "2023-06-01"}}}}
{more}
targets:
  anthropic/claude-haiku-4-5@eu: {{like: anthropic/claude-haiku-4-5, endpoint: claude_eu}}
"""
RULES = """\
rules:
  - {name: first, when: messages <= 1, use: [anthropic/claude-haiku-4-5@eu]}
  - {name: then, use: [anthropic/claude-haiku-4-5, anthropic/claude-haiku-4-5@eu]}
rank: listed
"""
TOOLS: Any = [{"name": "add", "input_schema": {"type": "object", "properties": {"a": {"type": "integer"}}}}]
ASKED: Any = [{"role": "user", "content": "1 + 2?"}]
CALL: dict[str, Any] = {
    "model": "auto",
    "messages": ASKED,
    "tools": TOOLS,
    "max_tokens": 4000,
    "thinking": {"type": "enabled", "budget_tokens": 2000},
}


@pytest.fixture
def eu(world: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[StubProvider]:
    """Another endpoint that answers as Anthropic does and signs for itself."""
    server = Anthropic()
    monkeypatch.setenv("EU_KEY", "eu-key")
    with StubProvider(server.answer) as stub:
        yield stub
        assert not any(b"waypost1" in seen.raw for seen in (*stub.seen, *world.anthropic.seen))


def on(world: Any, eu: StubProvider, more: str = "") -> None:
    overlay: Path = world.home / "eu.yaml"
    overlay.write_text(OVERLAY.format(url=eu.url, more=more))
    world.on(RULES, catalog=str(overlay))


def history(first: Any) -> list[Any]:
    result = {"type": "tool_result", "tool_use_id": first.content[-1].id, "content": "3"}
    return [*ASKED, {"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("style", ["sync", "async"])
async def test_another_endpoint_of_the_dialect(
    style: str, streaming: bool, world: Any, eu: StubProvider, claude: Any, aclaude: Any
) -> None:
    """Its signature is in an envelope, and the tool's result goes back there with it, not to the caller's own."""
    on(world, eu)
    first = await message(style, streaming, claude, aclaude, CALL)
    assert [block.type for block in first.content] == ["thinking", "tool_use"]
    assert first.content[0].thinking == "Let me think."
    assert first.content[0].signature.startswith("waypost1")
    second = await message(style, streaming, claude, aclaude, {**CALL, "messages": history(first)})
    assert second.content[-1].text == "It is 3."
    assert (len(eu.seen), len(world.anthropic.seen)) == (2, 0)
    assert eu.seen[1].body["messages"][1]["content"][0]["signature"] == THINKING


def test_a_shared_signing_domain(world: Any, eu: StubProvider, claude: Any) -> None:
    """Endpoints that read each other's signatures hand them on as they are, to whichever of them."""
    home = Anthropic()
    world.messages = home.answer
    on(world, eu, "    signing_domain: anthropic")
    first = claude.messages.create(**CALL)
    assert first.content[0].signature == THINKING
    assert claude.messages.create(**{**CALL, "messages": history(first)}).content[-1].text == "It is 3."
    assert (len(eu.seen), len(world.anthropic.seen)) == (1, 1)


def test_signatures_of_home_stay_there(world: Any, eu: StubProvider, claude: Any) -> None:
    """In a closed turn another endpoint of the dialect does not see them; while it is open the call stays at home."""
    on(world, eu)
    spoken = [
        {"type": "thinking", "thinking": "hm", "signature": "aG9tZQ=="},
        {"type": "tool_use", "id": "t1", "name": "add", "input": {}},
    ]
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "3"}
    turns = [*ASKED, {"role": "assistant", "content": spoken}, {"role": "user", "content": [result]}]
    with waypost.context(only=["claude_eu"]), pytest.raises(Exception, match=r"no reasoning\.signature"):
        claude.messages.create(**{**CALL, "messages": turns})
    assert not eu.seen
    closed = [*turns, {"role": "assistant", "content": "3"}, {"role": "user", "content": "Thanks."}]
    with waypost.context(only=["claude_eu"]), pytest.raises(anthropic.APIStatusError):
        claude.messages.create(**{**CALL, "messages": closed})
    assert [block["type"] for block in eu.seen[0].body["messages"][1]["content"]] == ["tool_use"]


def test_state_of_a_failed_attempt_is_nobodys(world: Any, eu: StubProvider, claude: Any) -> None:
    """A stream that breaks before its first content, and a refusal, leave nothing behind."""
    whole = Anthropic()

    def broken(request: Seen) -> Answer:
        blocks = [whole.thought()]
        begun = [event for event in events(blocks, "end_turn") if event["type"] == "message_start"]
        error = {"type": "error", "error": {"type": "overloaded_error", "message": "M"}}
        return sse_answer([*begun, error]) if request.body.get("stream") else json_answer(error, 529)

    world.messages = broken
    on(world, eu)
    for streaming in (True, False):
        with waypost.context(only=["anthropic/claude-haiku-4-5", "claude_eu"]):
            call = {**CALL, "messages": [*ASKED, {"role": "assistant", "content": "What?"}, *ASKED]}
            if streaming:
                with claude.messages.stream(**call) as stream:
                    answer = stream.get_final_message()
            else:
                answer = claude.messages.create(**call)
        said = json.dumps([block.model_dump(mode="json") for block in answer.content])
        assert said.count("waypost1") == 1


def test_gemini_by_chat_completions(world: Any, client: Any) -> None:
    """Google's own servers of that dialect put the signature beside the call; it comes back there, and nowhere else."""
    signed = chat_tool_body([("add", {"a": 1})])
    calls = signed["choices"][0]["message"]["tool_calls"]
    calls[0]["extra_content"] = {"google": {"thought_signature": "Q29F"}}
    with StubProvider(lambda _: json_answer(signed)) as compat:
        overlay: Path = world.home / "compat.yaml"
        overlay.write_text(
            OVERLAY.replace("claude_eu", "compat")
            .replace("anthropic/claude-haiku-4-5", "openai/gpt-4o-mini")
            .replace("provider: anthropic", "provider: openai")
            .replace("anthropic.messages", "openai.chat")
            .replace("/v1/messages", "/chat/completions")
            .replace("header: x-api-key", "header: Authorization, prefix: 'Bearer '")
            .format(url=compat.url, more="")
        )
        rules = RULES.replace("anthropic/claude-haiku-4-5", "openai/gpt-4o-mini")
        world.on(rules, catalog=str(overlay))
        pytest.MonkeyPatch().setenv("EU_KEY", "eu-key")
        tools = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]
        call: dict[str, Any] = {"model": "auto", "messages": ASKED, "tools": tools}
        first = client.chat.completions.create(**call).choices[0].message
        (called,) = first.model_dump(exclude_none=True)["tool_calls"]
        assert called["extra_content"]["google"]["thought_signature"].startswith("waypost1")
        turns = [*ASKED, {"role": "assistant", "tool_calls": [called]}]
        turns.append({"role": "tool", "tool_call_id": called["id"], "content": "3"})
        client.chat.completions.create(**{**call, "messages": turns})
        given = compat.seen[-1].body["messages"][1]["tool_calls"][0]
        assert given["extra_content"] == {"google": {"thought_signature": "Q29F"}}
        assert not any(b"waypost1" in seen.raw for seen in (*compat.seen, *world.openai.seen))
        assert not world.openai.seen
