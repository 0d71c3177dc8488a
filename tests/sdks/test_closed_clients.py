"""A client that its owner has closed: it sends nothing more, and its streams break, wherever their answers come from
(S3.17). What the bare SDK does is looked at in the same test."""

from __future__ import annotations

import asyncio
import inspect
import json
from typing import Any

import pytest

import waypost
from faults.calls import there
from faults.world import bare
from stub_provider import Seen, chat_chunks, generated_chunks, message_events, sse_answer

HELLO: Any = [{"role": "user", "content": "Hi"}]
AWAY = """
rules: [{{name: away, use: [{use}]}}]
filter: [quality >= 0]
rank: cheapest
"""
USE = {"openai": "anthropic/claude-haiku-4-5", "anthropic": "openai/gpt-4o-mini", "google": "openai/gpt-4o-mini"}
SDKS = [sdk for sdk, module in zip(USE, ("openai", "anthropic", "google.genai"), strict=True) if there(module)]
each = pytest.mark.parametrize("sdk", SDKS)
both = pytest.mark.parametrize("colour", ["sync", "async"])
PAUSE_S = 0.03


@pytest.fixture
def servers(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Streams of which each frame comes with a pause, and which go on for seconds; no client of an SDK waits between
    its attempts."""

    def slowly(*events: Any) -> list[Any]:
        steps = [step for event in sse_answer(list(events)) for step in (event, PAUSE_S)]
        return [*steps[:-2], *[b": still there\n\n", PAUSE_S] * 100, *steps[-2:]]

    def chat(request: Seen) -> Any:
        return slowly(*chat_chunks(["Hel", "lo", "!"], str(request.body["model"])))

    world.chat = chat
    world.messages = lambda _: slowly(*message_events(["Bon", "jour", "!"]))
    world.generate = lambda _: slowly(*generated_chunks(["Ci", "ao", "!"]))
    monkeypatch.setenv("GEMINI_API_KEY", "gk-caller-secret")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", world.google.url)
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    for package in ("openai", "anthropic"):
        if package in SDKS:
            monkeypatch.setattr(f"{package}._base_client.INITIAL_RETRY_DELAY", 0.001)
    return world


def client_of(sdk: str, colour: str) -> Any:
    if sdk == "google":
        from google import genai

        return genai.Client()
    if sdk == "openai":
        import openai

        return openai.OpenAI() if colour == "sync" else openai.AsyncOpenAI()
    import anthropic

    return anthropic.Anthropic() if colour == "sync" else anthropic.AsyncAnthropic()


async def now(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


async def close(sdk: str, colour: str, client: Any) -> None:
    await now(client.aio.aclose() if (sdk, colour) == ("google", "async") else client.close())


async def stream(sdk: str, colour: str, client: Any) -> Any:
    """The items of a streamed answer."""
    if sdk == "openai":
        return await now(client.chat.completions.create(model="gpt-4o-mini", messages=HELLO, stream=True))
    if sdk == "anthropic":
        call = {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": HELLO}
        return await now(client.messages.create(**call, stream=True))
    models = client.aio.models if colour == "async" else client.models
    return await now(models.generate_content_stream(model="gemini-2.5-flash", contents="Hi"))


async def read(items: Any) -> int:
    if hasattr(items, "__aiter__"):
        return len([item async for item in items])
    return len(list(items))


async def one(items: Any) -> Any:
    """The first item, and the rest."""
    if hasattr(items, "__aiter__"):
        rest = items.__aiter__()
        await rest.__anext__()
        return rest
    rest = iter(items)
    next(rest)
    return rest


async def raised(call: Any) -> type[BaseException] | None:
    try:
        await call
    except Exception as error:
        return type(error)
    return None


async def called_after(sdk: str, colour: str) -> type[BaseException] | None:
    """What a call raises whose client has been closed."""
    client = client_of(sdk, colour)
    await close(sdk, colour, client)

    async def call() -> None:
        await read(await stream(sdk, colour, client))

    return await raised(call())


async def closed_within(sdk: str, colour: str) -> type[BaseException] | None:
    """What a stream raises whose client is closed while it is read."""
    client = client_of(sdk, colour)
    rest = await one(await stream(sdk, colour, client))
    await close(sdk, colour, client)
    return await raised(read(rest))


def outcome(servers: Any) -> str:
    """How the one call ended that there is a receipt of."""
    waypost.flush()
    journals = (servers.home / "home" / "journal").glob("*.jsonl")
    (name,) = {
        line["receipt"]
        for file in journals
        for line in map(json.loads, file.read_text().splitlines())
        if "receipt" in line
    }
    found = waypost.receipt(name)
    assert found is not None
    return found.status


async def natively(what: Any, sdk: str, colour: str) -> type[BaseException]:
    with bare():
        kind = await what(sdk, colour)
    assert kind is not None
    return kind  # type: ignore[no-any-return]


@each
@both
async def test_a_closed_client_calls_nobody(sdk: str, colour: str, servers: Any) -> None:
    """The SDK's own error, as without us; nobody was asked, and the receipt says that it failed."""
    native = await natively(called_after, sdk, colour)
    servers.on(AWAY.format(use=USE[sdk]))
    assert await called_after(sdk, colour) is native
    assert servers.openai.seen + servers.anthropic.seen + servers.google.seen == []
    assert outcome(servers) == "error"


@each
@both
async def test_a_stream_from_elsewhere_breaks_with_its_client(sdk: str, colour: str, servers: Any) -> None:
    """What natively breaks a stream breaks one of another endpoint's, in the same words, and ends its connection."""
    native = await natively(closed_within, sdk, colour)
    servers.on(AWAY.format(use=USE[sdk]))
    assert await closed_within(sdk, colour) is native
    elsewhere = servers.anthropic if sdk == "openai" else servers.openai
    async with asyncio.timeout(2.0):
        while elsewhere.open:
            await asyncio.sleep(0.01)
