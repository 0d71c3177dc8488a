"""A client of the Google Gen AI SDK that was registered, for callers of the other SDKs."""

from __future__ import annotations

from typing import Any

import pytest

import waypost
from stub_provider import generated_body, generated_chunks, json_answer, sse_answer

HOME = "filter: [target == google/gemini-2.5-flash]"
both = pytest.mark.parametrize("style", ["sync", "async"])


@pytest.fixture
def sdks() -> tuple[Any, Any, Any]:
    """The other two SDKs, which environments of `make compat` lack: then there is nobody to be answered."""
    try:
        import anthropic
        from google import genai
        from google.oauth2.credentials import Credentials
    except ImportError:
        return None, None, None
    return anthropic, genai, Credentials


@both
@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("cloud", [False, True])
async def test_a_registered_client_sends_for_others(
    cloud: bool, streaming: bool, style: str, world: Any, sdks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S6.15: Vertex, or a key of one's own, answers callers of another SDK; one client serves both colours."""
    anthropic, genai, credentials = sdks
    if anthropic is None:
        return
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    keys: Any = {"vertexai": True, "project": "p", "location": "eu", "credentials": credentials(token="t")}
    mine = genai.Client(http_options={"base_url": world.google.url}, **(keys if cloud else {"api_key": "mine"}))
    words = ["Ci", "ao."]
    world.generate = lambda request: (
        sse_answer(generated_chunks(words)) if streaming else json_answer(generated_body("".join(words)))
    )
    world.on(HOME)
    waypost.use("google", mine)
    call: Any = {"model": "auto", "max_tokens": 20, "messages": [{"role": "user", "content": "Hi"}]}
    if style == "sync":
        with anthropic.Anthropic(max_retries=0) as client:
            if streaming:
                with client.messages.stream(**call) as held:
                    text = "".join(held.text_stream)
            else:
                text = client.messages.create(**call).content[0].text
    else:
        async with anthropic.AsyncAnthropic(max_retries=0) as client:
            if streaming:
                async with client.messages.stream(**call) as held:
                    text = "".join([piece async for piece in held.text_stream])
            else:
                text = (await client.messages.create(**call)).content[0].text
    mine.close()
    assert text == "Ciao."
    path = world.google.seen[0].path
    assert ("publishers/google/models/gemini-2.5-flash:" if cloud else "/models/gemini-2.5-flash:") in path
    assert len(world.google.seen) == 1
