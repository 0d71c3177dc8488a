"""Callers of the other SDKs, answered by an endpoint that speaks OpenAI's responses alone (S1.05, S6.15)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

import waypost
from stub_provider import Answer, Seen, StubProvider, json_answer, response_body, response_events, sse_answer

OVERLAY = """\
waypost: catalog-overlay/v1
name: harbour
source: the test
as_of: 2026-06-01
endpoints:
  harbour:
    provider: harbour
    dialect: openai.responses
    base_url: {url}/v1
    path: /responses
    auth: {{header: Authorization, prefix: "Bearer "}}
    key_env: [HARBOUR_API_KEY]
targets:
  openai/gpt-4o-mini@harbour: {{like: openai/gpt-4o-mini, endpoint: harbour}}
"""
ONLY = "filter: [target == openai/gpt-4o-mini@harbour]\nfallback: {max_attempts: 1}"
SAID: Any = [{"role": "user", "content": "Say hello."}]
WORDS = ["Hel", "lo."]
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
both = pytest.mark.parametrize("style", ["sync", "async"])


class Harbour:
    """The server, and what it answers."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.fails = 0
        self.events: list[dict[str, Any]] | None = None
        self.stub = StubProvider(self.answer)

    def answer(self, request: Seen) -> Answer:
        if self.fails:
            return json_answer({"error": {"message": "M", "type": "x", "param": None, "code": None}}, self.fails)
        if request.body.get("stream"):
            return sse_answer(self.events or response_events(WORDS, request.body["model"]))
        return json_answer(response_body("".join(WORDS), request.body["model"], calls=self.calls))


@pytest.fixture
def harbour(world: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Harbour]:
    server = Harbour()
    monkeypatch.setenv("HARBOUR_API_KEY", "h-ours")
    with server.stub:
        path = world.home / "overlay.yaml"
        path.write_text(OVERLAY.format(url=server.stub.url))
        world.on(ONLY, catalog=path)
        yield server


def only(harbour: Harbour) -> Seen:
    """The one request that the server saw, which has our key and never the caller's."""
    (request,) = harbour.stub.seen
    assert request.path == "/v1/responses"
    assert request.headers["authorization"] == "Bearer h-ours"
    assert b"sk-caller-secret" not in request.raw
    return request


@both
@pytest.mark.parametrize("streaming", [False, True])
async def test_chat(style: str, streaming: bool, harbour: Harbour, client: Any, aclient: Any) -> None:
    """A chat completion, plain and streamed: what is asked is not stored there, and usage comes back."""
    call: dict[str, Any] = {"model": "auto", "messages": SAID, "max_completion_tokens": 50, "stream": streaming}
    if streaming:
        call["stream_options"] = {"include_usage": True}
    api = (client if style == "sync" else aclient).chat.completions
    answer = api.create(**call) if style == "sync" else await api.create(**call)
    if streaming:
        chunks = list(answer) if style == "sync" else [each async for each in answer]
        text, usage = "".join(each.choices[0].delta.content or "" for each in chunks if each.choices), chunks[-1].usage
    else:
        text, usage = answer.choices[0].message.content, answer.usage
    assert (text, usage.prompt_tokens, usage.completion_tokens) == ("Hello.", 9, 4)
    told = {"model": "gpt-4o-mini", "input": SAID, "max_output_tokens": 50, "store": False}
    assert only(harbour).body == (told | {"stream": True} if streaming else told)
    attempt = waypost.receipt(answer).to_dict()["hops"][0]["attempt"]
    assert (attempt["dialect"], attempt["target"]) == ("openai.responses", "openai/gpt-4o-mini@harbour")


@both
async def test_messages(style: str, harbour: Harbour, claude: Any, aclaude: Any) -> None:
    """A call of the Anthropic SDK with a tool: the call comes back as its own block."""
    harbour.calls = [("add", {"a": 1})]
    call: dict[str, Any] = {
        "model": "auto",
        "max_tokens": 50,
        "system": "Be brief.",
        "messages": SAID,
        "tools": [{"name": "add", "input_schema": SCHEMA}],
    }
    api = (claude if style == "sync" else aclaude).messages
    answer = api.create(**call) if style == "sync" else await api.create(**call)
    (block,) = answer.content
    assert (block.type, block.name, block.input, answer.stop_reason) == ("tool_use", "add", {"a": 1}, "tool_use")
    body = only(harbour).body
    assert body["input"] == [{"role": "system", "content": "Be brief."}, *SAID]
    assert body["tools"] == [{"type": "function", "name": "add", "parameters": SCHEMA, "strict": False}]


@pytest.mark.parametrize(("status", "kind"), [(400, "BadRequestError"), (429, "RateLimitError")])
def test_errors(status: int, kind: str, harbour: Harbour, client: Any) -> None:
    """What it refuses is the caller's own exception."""
    harbour.fails = status
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="auto", messages=SAID)
    assert (type(caught.value).__name__, caught.value.status_code) == (kind, status)


def test_an_answer_that_fails_in_a_stream(harbour: Harbour, client: Any, claude: Any) -> None:
    """A stream that ends with a failed answer is an error to either SDK."""
    failed = {"type": "response.failed", "response": {"error": {"code": "server_error", "message": "M"}}}
    harbour.events = [*response_events(WORDS)[:4], failed]
    with pytest.raises(openai.APIError, match="provider failed"):
        list(client.chat.completions.create(model="auto", messages=SAID, stream=True))
    with pytest.raises(anthropic.APIError, match="provider failed"):
        list(claude.messages.create(model="auto", max_tokens=50, messages=SAID, stream=True))


def test_a_limit_that_is_too_small_for_it(harbour: Harbour, client: Any) -> None:
    """The API takes no limit below 16 tokens: such a call is refused by that name, before anything is sent."""
    with pytest.raises(openai.BadRequestError, match=r"max_output\.small"):
        client.chat.completions.create(model="auto", messages=SAID, max_completion_tokens=5)
    assert harbour.stub.seen == []


def test_another_endpoint_of_its_own_dialect(harbour: Harbour, client: Any) -> None:
    """A responses call goes there as it was written, with the model alone replaced."""
    answer = client.responses.create(model="auto", input="Say hello.", store=False, metadata={"k": "v"})
    assert answer.output_text == "Hello."
    told = {"model": "gpt-4o-mini", "input": "Say hello.", "store": False, "metadata": {"k": "v"}}
    assert only(harbour).body == told
