"""What another vendor's server receives: nothing of the caller's but the conversation (DESIGN §5, S2.19)."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from opentelemetry import baggage, context

import waypost
from stub_provider import chat_body, chat_chunks, json_answer, message_events, sse_answer, text_answer

HELLO: Any = [{"role": "user", "content": "Say hello to Ana."}]
SECRETS = (
    "sk-caller-secret",
    "org-caller",
    "proj-caller",
    "caller-default-header",
    "caller-default-query",
    "caller-cookie",
    "caller-baggage",
    "caller-user-agent",
)
CLAUDE = "filter: [provider == anthropic]\nrank: cheapest"
GROQ = "filter: [provider == groq]\nrank: cheapest"


def keys(**more: Any) -> dict[str, Any]:
    return {
        "organization": "org-caller",
        "project": "proj-caller",
        "default_headers": {
            "X-Team": "caller-default-header",
            "User-Agent": "caller-user-agent",
            "Cookie": "caller-cookie",
        },
        "default_query": {"team": "caller-default-query"},
        "max_retries": 0,
        **more,
    }


async def one_call(style: str, streaming: bool, **options: Any) -> str:
    """One routed call in the given colour; its text."""
    call: dict[str, Any] = {"model": "auto", "messages": HELLO, "stream": streaming, **options}
    if style == "sync":
        with openai.OpenAI(**keys()) as client:
            answer = client.chat.completions.create(**call)
            if not streaming:
                return answer.choices[0].message.content
            return "".join(chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices)
    async with openai.AsyncOpenAI(**keys()) as client:
        answer = await client.chat.completions.create(**call)
        if not streaming:
            return answer.choices[0].message.content
        return "".join([chunk.choices[0].delta.content or "" async for chunk in answer if chunk.choices])


@pytest.mark.parametrize("vendor", ["anthropic", "groq"])
@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("style", ["sync", "async"])
async def test_nothing_of_the_caller_travels(
    style: str, streaming: bool, vendor: str, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every byte that the second server received is searched for the caller's key, headers, query and baggage."""
    if vendor == "anthropic":
        server, body = world.anthropic, CLAUDE
        if streaming:
            world.messages = lambda request: sse_answer(message_events(["Hi ", "Ana."], request.body["model"]))
    else:
        server, body = world.openai, GROQ
        monkeypatch.setenv("GROQ_API_KEY", "gsk-ours")
        monkeypatch.setenv("GROQ_BASE_URL", world.openai.url + "/groq")
        if streaming:
            world.chat = lambda request: sse_answer(chat_chunks(["Hi ", "Ana."], request.body["model"], usage=True))
    world.on(body)
    token = context.attach(baggage.set_baggage("waypost.user", "caller-baggage"))
    try:
        text = await one_call(style, streaming)
    finally:
        context.detach(token)
    assert text == ("Hi Ana." if streaming else "Bonjour." if vendor == "anthropic" else "Hello.")
    assert len(server.seen) == 1
    received = server.seen[0].raw.decode()
    assert [secret for secret in SECRETS if secret in received] == []
    assert "baggage" not in server.seen[0].headers
    assert not [name for name in server.seen[0].headers if name.startswith(("x-stainless", "openai-", "x-waypost"))]
    assert "?" not in server.seen[0].path
    ours = {"anthropic": ("x-api-key", "sk-ant-ours"), "groq": ("authorization", "Bearer gsk-ours")}[vendor]
    assert server.seen[0].headers[ours[0]] == ours[1]


@pytest.mark.parametrize("status", [301, 307, 308])
@pytest.mark.parametrize("style", ["sync", "async"])
async def test_a_redirect_is_a_failure(style: str, status: int, world: Any) -> None:
    """A redirect could carry our key to a third server, so it is not followed; the caller sees a native error."""
    target = world.openai.url + "/elsewhere"
    world.messages = lambda request: text_answer("moved", status, location=target)
    world.on(CLAUDE + "\nfallback: {max_attempts: 1}")
    with pytest.raises(openai.APIError):
        await one_call(style, False)
    assert world.openai.seen == []


@pytest.mark.parametrize("style", ["sync", "async"])
async def test_our_key_stays_out_of_everything_the_caller_gets(style: str, world: Any) -> None:
    """A refused key of ours is a connection error of the caller's SDK, never the caller's own 401."""
    world.messages = lambda request: json_answer(
        {"type": "error", "error": {"type": "authentication_error", "message": "bad key sk-ant-ours"}}, 401
    )
    world.on(CLAUDE + "\nfallback: {max_attempts: 1}")
    with pytest.raises(openai.APIConnectionError) as caught:
        await one_call(style, False)
    shown = f"{caught.value!r} {caught.value} {getattr(caught.value, '__notes__', '')} {vars(caught.value)}"
    assert "sk-ant-ours" not in shown
    assert "anthropic" in str(caught.value)


@pytest.mark.parametrize("extra", [{"extra_headers": {"X-Feature": "beta"}}, {"extra_query": {"team": "7"}}])
async def test_what_only_the_callers_endpoint_knows_stays_there(extra: dict[str, Any], world: Any, client: Any) -> None:
    """Extra headers and query are needs of the caller's endpoint: others are rejected by name."""
    world.on("filter: [tier == fast_cheap]\nrank: best")
    answer = client.chat.completions.create(model="auto", messages=HELLO, **extra)
    assert world.anthropic.seen == []
    assert answer.choices[0].message.content == "Hello."
    name = "custom_headers" if "extra_headers" in extra else "custom_query"
    assert f"need.{name}" in [
        rule for rule, _ in waypost.receipt(answer).to_dict()["hops"][0]["decision"]["rejections"]
    ]


def test_a_registered_client_is_used(world: Any, client: Any) -> None:
    """`waypost.use` puts the user's own client in place of a key (proxies, mTLS, clouds)."""
    anthropic = pytest.importorskip("anthropic", reason="the SDK whose client is registered")
    with anthropic.Anthropic(api_key="sk-registered", base_url=world.anthropic.url) as other:
        world.on(CLAUDE)
        waypost.use("anthropic", other)
        answer = client.chat.completions.create(model="auto", messages=HELLO)
    assert answer.choices[0].message.content == "Bonjour."
    assert "sk-registered" in world.anthropic.seen[0].raw.decode()
    assert "sk-ant-ours" not in world.anthropic.seen[0].raw.decode()


async def test_a_registered_client_streams(world: Any) -> None:
    """The same, streamed and async."""
    anthropic = pytest.importorskip("anthropic", reason="the SDK whose client is registered")
    world.messages = lambda request: sse_answer(message_events(["Hi ", "Ana."], request.body["model"]))
    async with anthropic.AsyncAnthropic(api_key="sk-registered", base_url=world.anthropic.url) as other:
        world.on(CLAUDE)
        waypost.use("anthropic", other)
        assert await one_call("async", True) == "Hi Ana."
    assert "sk-registered" in world.anthropic.seen[0].raw.decode()


def test_two_answers_of_one_vendor(world: Any, client: Any) -> None:
    """The pool of connections is kept; each call is its own request."""
    world.chat = lambda request: json_answer(chat_body("no", "x"))
    world.on(CLAUDE)
    for _ in range(2):
        client.chat.completions.create(model="auto", messages=HELLO)
    assert len(world.anthropic.seen) == 2
