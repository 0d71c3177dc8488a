"""Two turns of a tool loop, answered by another provider than the caller's own: its reasoning comes back to it.

The servers here are as strict as the real ones: Google refuses a call that has lost its signature, Anthropic a turn
that does not begin with its thinking, and nobody may ever see an envelope.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest

import waypost
from reasoning_servers import THINKING, Anthropic, Google, message
from stub_provider import generated_body, json_answer, response_body, sse_answer
from waypost.runtime import instrument

GEMINI = "google/gemini-2.5-flash"
CLAUDE = "anthropic/claude-haiku-4-5"
OFFERED = {"type": "object", "properties": {"a": {"type": "integer"}}}
CHAT_TOOLS: Any = [{"type": "function", "function": {"name": "add", "parameters": OFFERED}}]
MESSAGE_TOOLS: Any = [{"name": "add", "input_schema": OFFERED}]
RESPONSE_TOOLS: Any = [{"type": "function", "name": "add", "parameters": OFFERED, "strict": False}]
ASKED: list[Any] = [{"role": "user", "content": "1 + 2?"}]
CHAT: dict[str, Any] = {"model": "auto", "messages": ASKED, "tools": CHAT_TOOLS}
MESSAGES: dict[str, Any] = {"model": "auto", "max_tokens": 4000, "messages": ASKED, "tools": MESSAGE_TOOLS}
RESPONSES: dict[str, Any] = {"model": "auto", "input": ASKED, "tools": RESPONSE_TOOLS, "store": False}


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
    yield server
    assert not any(b"waypost1" in seen.raw for seen in world.anthropic.seen)


def policy(first: str, then: str) -> str:
    """The first turn goes to one, and every later one would go to another."""
    return f"""\
rules:
  - {{name: first, when: messages <= 1, use: [{first}]}}
  - {{name: then, use: [{then}, {first}]}}
rank: listed
"""


def pinned(target: str, domain: str) -> None:
    """The last call was pinned to that signing domain, and its receipt says why the other one was passed over."""
    found = newest()
    (need,) = [one for one in found["question"]["needs"] if one[0] == "reasoning.signature"]
    assert need[2:] == ["required", domain]
    hop = found["hops"][0]
    assert hop["decision"]["cause"] == "non_portable"
    assert any(name == "need.reasoning.signature" for name, _ in hop["decision"]["rejections"])
    assert hop["attempt"]["target"] == target


def newest() -> dict[str, Any]:
    """The last receipt."""
    engine = instrument.engine()
    assert engine is not None
    assert waypost.flush()
    store = engine.lookup.store()
    return _told(store.get(store.summaries()[0].id))


def _told(receipt: Any) -> dict[str, Any]:
    assert receipt is not None
    told: dict[str, Any] = receipt.to_dict()
    return told


# Chat completions: no room, so it is kept.


async def chat(style: str, streaming: bool, client: Any, aclient: Any, call: dict[str, Any]) -> Any:
    """The message of an answer."""
    if style == "sync" and streaming:
        with client.chat.completions.stream(**call) as stream:
            return stream.get_final_completion().choices[0].message
    if style == "sync":
        return client.chat.completions.create(**call).choices[0].message
    if streaming:
        async with aclient.chat.completions.stream(**call) as stream:
            return (await stream.get_final_completion()).choices[0].message
    return (await aclient.chat.completions.create(**call)).choices[0].message


def chat_turn(message: Any) -> list[Any]:
    """A call and its result, as a program that knows nothing of reasoning keeps them."""
    (called,) = message.tool_calls
    function = {"name": called.function.name, "arguments": called.function.arguments}
    spoken = {"role": "assistant", "tool_calls": [{"id": called.id, "type": "function", "function": function}]}
    return [spoken, {"role": "tool", "tool_call_id": called.id, "content": "3"}]


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("style", ["sync", "async"])
async def test_a_chat_caller_and_gemini(
    style: str, streaming: bool, world: Any, google: Google, client: Any, aclient: Any
) -> None:
    """The tool's result goes back to Google with its signature, though the policy's first choice is another."""
    world.on(policy(GEMINI, "openai/gpt-4o-mini"))
    message = await chat(style, streaming, client, aclient, CHAT)
    assert "thought" not in message.model_dump_json()
    history = [*ASKED, *chat_turn(message)]
    assert (await chat(style, streaming, client, aclient, {**CHAT, "messages": history})).content == "It is 3."
    assert (len(google.stub.seen), len(world.openai.seen)) == (2, 0)
    pinned(GEMINI, "google")


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_chat_caller_and_claude(
    streaming: bool, world: Any, anthropic: Anthropic, client: Any, aclient: Any
) -> None:
    """Thinking that chat does not show stands in front of the call again, text and signature."""
    world.on(policy(CLAUDE, "openai/gpt-4o-mini"))
    message = await chat("sync", streaming, client, aclient, CHAT)
    history = [*ASKED, *chat_turn(message)]
    assert (await chat("async", streaming, client, aclient, {**CHAT, "messages": history})).content == "It is 3."
    assert world.anthropic.seen[-1].body["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "Let me think.", "signature": THINKING},
        {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"a": 1}},
    ]
    pinned(CLAUDE, "anthropic")


def test_a_chat_turn_that_is_closed_may_go_elsewhere(world: Any, google: Google, client: Any) -> None:
    """Once the user speaks again the state is only a hint: another provider answers without it."""
    world.on(policy(GEMINI, "openai/gpt-4o-mini"))
    message = client.chat.completions.create(**CHAT).choices[0].message
    history = [*ASKED, *chat_turn(message), {"role": "assistant", "content": "It is 3."}]
    history.append({"role": "user", "content": "Thanks."})
    answer = client.chat.completions.create(**{**CHAT, "messages": history})
    assert answer.choices[0].message.content == "Hello."
    assert b"signature" not in world.openai.seen[0].raw
    assert ["reasoning.signature", "messages[1]", "hint", None] in newest()["question"]["needs"]


def test_a_chat_turn_that_was_forgotten(world: Any, google: Google, client: Any) -> None:
    """Where another process kept it nothing pins the call, and nothing breaks."""
    world.on(policy(GEMINI, "openai/gpt-4o-mini"))
    turn = chat_turn(client.chat.completions.create(**CHAT).choices[0].message)
    turn[0]["tool_calls"][0]["id"] = turn[1]["tool_call_id"] = "call_of_another"
    answer = client.chat.completions.create(**{**CHAT, "messages": [*ASKED, *turn]})
    assert answer.choices[0].message.content == "Hello."


def test_an_outage_of_the_origin_is_the_callers_to_see(world: Any, google: Google, client: Any) -> None:
    """Nobody else could go on with what Google has thought, so its failure is told, and nobody else is asked."""
    world.on(policy(GEMINI, "openai/gpt-4o-mini"))
    turn = chat_turn(client.chat.completions.create(**CHAT).choices[0].message)
    google.fails = True
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(**{**CHAT, "messages": [*ASKED, *turn]})
    assert caught.value.status_code == 503
    assert not world.openai.seen


# Anthropic's messages: envelopes in thinking blocks.

THINKING_MESSAGES = {**MESSAGES, "thinking": {"type": "enabled", "budget_tokens": 2000}}


def message_turn(answer: Any) -> list[Any]:
    """The history up to what the tool says of the call that the answer ends with."""
    results = [{"type": "tool_result", "tool_use_id": answer.content[-1].id, "content": "3"}]
    return [*ASKED, {"role": "assistant", "content": answer.content}, {"role": "user", "content": results}]


@pytest.mark.parametrize("thinks", [True, False])
@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("style", ["sync", "async"])
async def test_an_anthropic_caller_and_gemini(
    style: str, streaming: bool, thinks: bool, world: Any, google: Google, claude: Any, aclaude: Any
) -> None:
    """A caller that thinks sees the thoughts of Gemini; any caller holds its signature, and gives it back."""
    world.on(policy(GEMINI, CLAUDE))
    call = THINKING_MESSAGES if thinks else MESSAGES
    first = await message(style, streaming, claude, aclaude, call)
    shown = ["thinking", "redacted_thinking", "tool_use"] if thinks else ["redacted_thinking", "tool_use"]
    assert [block.type for block in first.content] == shown
    if thinks:
        assert first.content[0].thinking == "Let me think."
    second = await message(style, streaming, claude, aclaude, {**call, "messages": message_turn(first)})
    assert "".join(block.text for block in second.content if block.type == "text") == "It is 3."
    assert (len(google.stub.seen), len(world.anthropic.seen)) == (2, 0)
    pinned(GEMINI, "google")


def test_an_anthropic_turn_that_is_closed_goes_home_without_envelopes(
    world: Any, google: Google, anthropic: Anthropic, claude: Any
) -> None:
    """At home nothing of another's reasoning is left in the history, and the receipt has the hint."""
    world.on(policy(GEMINI, CLAUDE))
    turn = message_turn(claude.messages.create(**THINKING_MESSAGES))
    history = [*turn, {"role": "assistant", "content": "It is 3."}, {"role": "user", "content": "Thanks."}]
    anthropic.closed = True
    assert claude.messages.create(**{**THINKING_MESSAGES, "messages": history}).content[0].text == "It is 3."
    sent = world.anthropic.seen[0].body["messages"][1]
    assert [block["type"] for block in sent["content"]] == ["tool_use"]
    assert ["reasoning.signature", "messages[1].content[1]", "hint", None] in newest()["question"]["needs"]


@pytest.mark.parametrize("mode", ["observe", "advise", "off"])
def test_no_mode_shows_an_envelope_to_a_provider(
    mode: str, world: Any, google: Google, anthropic: Anthropic, claude: Any
) -> None:
    """Where a call runs as it is, envelopes are taken out of it all the same."""
    world.on(policy(GEMINI, CLAUDE))
    history = message_turn(claude.messages.create(**THINKING_MESSAGES))
    anthropic.closed = True
    with waypost.context(mode=mode):
        claude.messages.create(**{**THINKING_MESSAGES, "model": "claude-haiku-4-5", "messages": history})
    assert [block["type"] for block in world.anthropic.seen[0].body["messages"][1]["content"]] == ["tool_use"]


# Google: envelopes in signatures of thoughts.


@pytest.mark.parametrize("redacted", [False, True])
@pytest.mark.parametrize("shown", [True, False])
@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("style", ["sync", "async"])
async def test_a_google_caller_and_claude(
    style: str, streaming: bool, shown: bool, redacted: bool, world: Any, anthropic: Anthropic, gemini: Any
) -> None:
    """A chat of Google's SDK keeps Claude's thinking as thoughts of its own and gives it back, in whatever pieces."""
    from google.genai import types

    anthropic.redacted = redacted
    world.on(policy(CLAUDE, GEMINI))
    tools = types.Tool(function_declarations=[types.FunctionDeclaration(name="add", parameters_json_schema=OFFERED)])
    config = types.GenerateContentConfig(
        tools=[tools],
        max_output_tokens=4000,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        thinking_config=types.ThinkingConfig(include_thoughts=shown, thinking_budget=2000),
    )
    chats = gemini.chats if style == "sync" else gemini.aio.chats
    chat = chats.create(model="auto", config=config)
    result = types.Part(function_response=types.FunctionResponse(name="add", response={"output": "3"}))
    first = await generated(chat, style, streaming, "1 + 2?")
    assert [part.function_call.name for part in first if part.function_call] == ["add"]
    thoughts = "".join(part.text or "" for part in first if part.thought)
    assert thoughts == ("Let me think." if shown and not redacted else "")
    second = await generated(chat, style, streaming, result)
    assert "".join(part.text or "" for part in second if not part.thought) == "It is 3."
    assert (len(world.anthropic.seen), len(world.google.seen)) == (2, 0)
    given = world.anthropic.seen[1].body["messages"][1]["content"][0]
    assert given.get("thinking") == (None if redacted else "Let me think." if shown else "")
    pinned(CLAUDE, "anthropic")


async def generated(chat: Any, style: str, streaming: bool, said: Any) -> list[Any]:
    """The parts of an answer."""
    if streaming and style == "sync":
        answers = list(chat.send_message_stream(said))
    elif streaming:
        answers = [each async for each in await chat.send_message_stream(said)]
    elif style == "sync":
        answers = [chat.send_message(said)]
    else:
        answers = [await chat.send_message(said)]
    return [part for each in answers for part in each.candidates[0].content.parts or []]


# Responses: envelopes in encrypted content.


def response_turn(answer: Any) -> list[Any]:
    """The history up to what the tool says of the call that the answer ends with."""
    result = {"type": "function_call_output", "call_id": answer.output[-1].call_id, "output": "3"}
    return [*ASKED, *(item.to_dict() for item in answer.output), result]


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("style", ["sync", "async"])
async def test_a_responses_caller_and_claude(
    style: str, streaming: bool, world: Any, anthropic: Anthropic, client: Any, aclient: Any
) -> None:
    """Claude's thinking is a reasoning item with a summary, and comes back as Claude's thinking."""
    world.on(policy(CLAUDE, "openai/gpt-4o-mini"))
    first = await responded(style, streaming, client, aclient, RESPONSES)
    assert [item.type for item in first.output] == ["reasoning", "function_call"]
    assert first.output[0].summary[0].text == "Let me think."
    history = response_turn(first)
    second = await responded(style, streaming, client, aclient, {**RESPONSES, "input": history})
    assert second.output_text == "It is 3."
    assert (len(world.anthropic.seen), len(world.openai.seen)) == (2, 0)
    pinned(CLAUDE, "anthropic")


async def responded(style: str, streaming: bool, client: Any, aclient: Any, call: dict[str, Any]) -> Any:
    if style == "sync" and streaming:
        with client.responses.stream(**call) as stream:
            return stream.get_final_response()
    if style == "sync":
        return client.responses.create(**call)
    if streaming:
        async with aclient.responses.stream(**call) as stream:
            return await stream.get_final_response()
    return await aclient.responses.create(**call)


def test_a_responses_turn_that_is_closed_goes_home_without_envelopes(
    world: Any, anthropic: Anthropic, client: Any
) -> None:
    """At home the item of another's reasoning is left out, and the rest of the turn stays."""
    world.on(policy(CLAUDE, "openai/gpt-4o-mini"))
    turn = response_turn(client.responses.create(**RESPONSES))
    history = [*turn, {"role": "assistant", "content": "It is 3."}, {"role": "user", "content": "Thanks."}]
    world.chat = lambda _: json_answer(response_body("Bye."))
    assert client.responses.create(**{**RESPONSES, "input": history}).output_text == "Bye."
    assert [item.get("type") for item in world.openai.seen[0].body["input"]][:3] == [
        None,
        "function_call",
        "function_call_output",
    ]
    assert b"waypost1" not in world.openai.seen[0].raw


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("mode", ["observe", "advise", "off", "route"])
def test_no_mode_shows_an_envelope_to_google(
    mode: str, streaming: bool, world: Any, anthropic: Anthropic, gemini: Any
) -> None:
    """At home with Google thoughts of Claude's are taken out of the history; its call has Google's word for none."""
    from google.genai import types

    world.on(policy(CLAUDE, GEMINI))
    tool = types.Tool(function_declarations=[types.FunctionDeclaration(name="add", parameters_json_schema=OFFERED)])
    config = types.GenerateContentConfig(
        tools=[tool],
        max_output_tokens=4000,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    asked = types.Content(role="user", parts=[types.Part(text="1 + 2?")])
    first = gemini.models.generate_content(model="auto", contents=[asked], config=config)
    turn = first.candidates[0].content
    assert len(turn.parts) == 2
    result = types.FunctionResponse(id=turn.parts[1].function_call.id, name="add", response={"output": "3"})
    told = types.Content(role="user", parts=[types.Part(function_response=result)])
    thanks = types.Content(role="user", parts=[types.Part(text="Thanks.")])
    said = types.Content(role="model", parts=[types.Part(text="3.")])
    history = [asked, turn, told, said, thanks]
    if streaming:
        world.generate = lambda _: sse_answer([generated_body("Bye.")])
    with waypost.context(mode=mode):
        call: dict[str, Any] = {"model": "gemini-2.5-flash", "contents": history, "config": config}
        if streaming:
            assert "".join(each.text or "" for each in gemini.models.generate_content_stream(**call)) == "Bye."
        else:
            assert gemini.models.generate_content(**call).text == "Ciao."
    (request,) = world.google.seen
    assert b"waypost1" not in request.raw
    (part,) = request.body["contents"][1]["parts"]
    assert part["thoughtSignature"] == "skip_thought_signature_validator"
    assert part["functionCall"]["name"] == "add"


@pytest.mark.parametrize("mode", ["observe", "advise", "off"])
def test_no_mode_shows_an_envelope_to_openai(mode: str, world: Any, anthropic: Anthropic, client: Any) -> None:
    """The same for items of the responses API, whose other members stay as they came."""
    world.on(policy(CLAUDE, "openai/gpt-4o-mini"))
    history = response_turn(client.responses.create(**RESPONSES))
    world.chat = lambda _: json_answer(response_body("Bye."))
    with waypost.context(mode=mode):
        answer = client.responses.create(**{**RESPONSES, "model": "gpt-4o-mini", "input": history})
    assert answer.output_text == "Bye."
    (request,) = world.openai.seen
    assert request.body == {**RESPONSES, "model": "gpt-4o-mini", "input": [*ASKED, *history[2:]]}


def test_a_call_that_fell_open_shows_no_envelope(
    world: Any, google: Google, anthropic: Anthropic, claude: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where reading the call breaks it runs as it is, and envelopes are taken out of it all the same."""
    world.on(policy(GEMINI, CLAUDE))
    history = message_turn(claude.messages.create(**THINKING_MESSAGES))
    anthropic.closed = True
    monkeypatch.setattr("waypost.core.routing.prepare.extract", lambda _: 1 / 0)
    claude.messages.create(**{**THINKING_MESSAGES, "model": "claude-haiku-4-5", "messages": history})
    assert [block["type"] for block in world.anthropic.seen[0].body["messages"][1]["content"]] == ["tool_use"]
