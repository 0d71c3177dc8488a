"""Callers of OpenAI's SDK, answered by Google: what its server receives, and what the caller gets (S1.05, S6.15)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest

import waypost
from stub_provider import Answer, Seen, StubProvider, chat_chunks, json_answer, sse_answer

HELLO: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hello to Ana."}]
TOOLS: Any = [
    {"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {"a": {}}}}}
]
USAGE = {"promptTokenCount": 9, "candidatesTokenCount": 3, "thoughtsTokenCount": 4, "totalTokenCount": 16}


def chunk(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if "finish" in more:
        candidate["finishReason"] = more.pop("finish")
    return {"candidates": [candidate], "modelVersion": "gemini-2.5-flash", "responseId": "rG7x", **more}


class Google:
    """The loopback server and the answer that it gives."""

    def __init__(self) -> None:
        self.parts: list[dict[str, Any]] = [{"text": "Hi "}, {"text": "Ana."}]
        self.fails: tuple[int, str] | None = None
        self.unsaid: tuple[str, ...] = ()
        self.stub = StubProvider(self.answer)

    def answer(self, request: Seen) -> Answer:
        if self.fails is not None:
            status, word = self.fails
            return json_answer({"error": {"code": status, "message": "M", "status": word}}, status)
        if "stream" in request.path:
            pieces = [chunk(part) for part in self.parts]
            whole = [*pieces, chunk({"text": ""}, finish="STOP", usageMetadata=USAGE)]
            return sse_answer([self.said(piece) for piece in whole])
        return json_answer(self.said(chunk(*self.parts, finish="STOP", usageMetadata=USAGE)))

    def said(self, body: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in body.items() if name not in self.unsaid}


@pytest.fixture
def google(world: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    server = Google()
    monkeypatch.setenv("GEMINI_API_KEY", "g-ours")
    with server.stub:
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", server.stub.url + "/")
        yield server


async def said(style: str, streaming: bool, client: Any, aclient: Any) -> Any:
    """The text of one routed call, and the answer or the last chunk."""
    call: dict[str, Any] = {"model": "auto", "messages": HELLO, "stream": streaming}
    if streaming:
        call["stream_options"] = {"include_usage": True}
        if style == "sync":
            chunks = list(client.chat.completions.create(**call))
        else:
            chunks = [each async for each in await aclient.chat.completions.create(**call)]
        return "".join(each.choices[0].delta.content or "" for each in chunks if each.choices), chunks[-1]
    if style == "sync":
        answer = client.chat.completions.create(**call)
    else:
        answer = await aclient.chat.completions.create(**call)
    return answer.choices[0].message.content, answer


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("style", ["sync", "async"])
async def test_an_answer_of_google(
    style: str, streaming: bool, world: Any, google: Google, client: Any, aclient: Any
) -> None:
    """Model and method are in the URL, the key in Google's own header; the caller has a native answer with usage."""
    world.on("filter: [model == gemini-2.5-flash]")
    text, last = await said(style, streaming, client, aclient)
    (request,) = google.stub.seen
    method = "streamGenerateContent?alt=sse" if streaming else "generateContent"
    assert request.path == f"/v1beta/models/gemini-2.5-flash:{method}"
    assert request.headers["x-goog-api-key"] == "g-ours"
    assert "authorization" not in request.headers
    assert request.body == {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [{"role": "user", "parts": [{"text": "Say hello to Ana."}]}],
    }
    assert b"sk-caller-secret" not in request.raw
    assert text == "Hi Ana."
    assert (last.usage.prompt_tokens, last.usage.completion_tokens, last.model) == (9, 7, "gemini-2.5-flash")
    assert last.usage.completion_tokens_details.reasoning_tokens == 4
    receipt = waypost.receipt(last)
    assert receipt is not None
    (hop,) = receipt.to_dict()["hops"]
    assert hop["attempt"]["target"] == "google/gemini-2.5-flash"
    assert hop["attempt"]["cost"]["nano_usd"] == 9 * 300 + 7 * 2500


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("style", ["sync", "async"])
async def test_an_answer_that_tells_neither_id_nor_model(
    style: str, streaming: bool, world: Any, google: Google, client: Any, aclient: Any
) -> None:
    """Each answer has an id of its own, by which its receipt is found, and the model that was asked."""
    world.on("filter: [model == gemini-2.5-flash]")
    google.unsaid = ("responseId", "modelVersion")
    _, one = await said(style, streaming, client, aclient)
    _, two = await said(style, streaming, client, aclient)
    assert one.id != two.id
    assert one.model == two.model == "gemini-2.5-flash"
    first, second = waypost.receipt(one), waypost.receipt(two)
    assert first is not None
    assert second is not None
    assert first.id != second.id


def test_calls_of_tools_in_answers_without_ids_differ(world: Any, google: Google, client: Any) -> None:
    """Two turns that call the same tool have two ids, because a history with both goes on to who refuses doubles."""
    world.on("filter: [model == gemini-2.5-flash]")
    google.unsaid = ("responseId",)
    google.parts = [{"functionCall": {"name": "add", "args": {"a": 1}}}]
    call: dict[str, Any] = {"model": "auto", "messages": HELLO, "tools": TOOLS}
    made = [client.chat.completions.create(**call).choices[0].message.tool_calls[0].id for _ in range(2)]
    assert made[0] != made[1]


@pytest.mark.parametrize("style", ["sync", "async"])
async def test_half_a_character_passes(style: str, world: Any, google: Google, client: Any, aclient: Any) -> None:
    """JSON may hold half of a surrogate pair, which is no UTF-8: it arrives as it would from OpenAI."""
    world.on("filter: [model == gemini-2.5-flash]")
    google.parts = [{"text": "a\ud83d"}]
    text, _ = await said(style, False, client, aclient)
    assert text == "a\ud83d"


def test_more_streams_may_be_open_than_a_pool_holds_by_default(world: Any, google: Google, client: Any) -> None:
    """The 101st stream elsewhere does not wait for one of the first hundred to end."""
    world.on("filter: [model == gemini-2.5-flash]")
    call: dict[str, Any] = {"model": "auto", "messages": HELLO, "stream": True, "timeout": 20}
    streams = [client.chat.completions.create(**call) for _ in range(101)]
    for stream in streams:
        stream.close()


@pytest.mark.parametrize("streaming", [False, True])
def test_a_call_of_a_tool(streaming: bool, world: Any, google: Google, client: Any) -> None:
    """A call without an id gets one, and the caller's answer to it goes back to Google by that id and by name."""
    world.on("filter: [model == gemini-2.5-flash]")
    google.parts = [{"functionCall": {"name": "add", "args": {"a": 1}}, "thoughtSignature": "Q29F"}]
    call: dict[str, Any] = {"model": "auto", "messages": HELLO, "tools": TOOLS}
    if streaming:
        with client.chat.completions.stream(**call) as stream:
            message = stream.get_final_completion().choices[0].message
    else:
        message = client.chat.completions.create(**call).choices[0].message
    (called,) = message.tool_calls
    assert (called.function.name, called.function.arguments) == ("add", '{"a":1}')
    function = {"name": called.function.name, "arguments": called.function.arguments}
    google.parts = [{"text": "2"}]
    history = [
        *HELLO,
        {"role": "assistant", "tool_calls": [{"id": called.id, "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": called.id, "content": "2"},
    ]
    assert client.chat.completions.create(model="auto", messages=history, tools=TOOLS).choices[0].message.content == "2"
    _, model, results = google.stub.seen[-1].body["contents"]
    given = {"id": called.id, "name": "add", "args": {"a": 1}}
    assert model["parts"] == [{"functionCall": given, "thoughtSignature": "Q29F"}]
    response = {"id": called.id, "name": "add", "response": {"output": "2"}}
    assert results == {"role": "user", "parts": [{"functionResponse": response}]}


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("fails", [(429, "RESOURCE_EXHAUSTED"), (503, "UNAVAILABLE"), (500, "INTERNAL")])
def test_a_failure_of_google_falls_back(
    fails: tuple[int, str], streaming: bool, world: Any, google: Google, client: Any
) -> None:
    """What Google refuses is answered by the next candidate."""
    google.fails = fails
    world.on("filter: ['model in [gemini-2.5-flash, gpt-4o]']\nrank: cheapest")
    if streaming:
        world.chat = lambda request: sse_answer(chat_chunks(["Hello."], request.body["model"], usage=True))
        chunks = client.chat.completions.create(model="auto", messages=HELLO, stream=True)
        text = "".join(each.choices[0].delta.content or "" for each in chunks if each.choices)
    else:
        text = client.chat.completions.create(model="auto", messages=HELLO).choices[0].message.content
    assert (text, len(google.stub.seen) >= 1, len(world.openai.seen)) == ("Hello.", True, 1)


def test_a_failure_of_google_alone_is_native(world: Any, google: Google, client: Any) -> None:
    """With no other candidate the caller has an exception of the SDK that was called."""
    google.fails = (429, "RESOURCE_EXHAUSTED")
    world.on("filter: [model == gemini-2.5-flash]")
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model="auto", messages=HELLO)
    assert caught.value.code == "rate_limit_exceeded"
    assert "g-ours" not in repr(caught.value)
