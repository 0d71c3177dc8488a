"""The last candidate keeps the caller's retries, also where it is another endpoint's: by the rules of the caller's own
SDK, within the policy's deadline (DESIGN 7, S3.17)."""

from __future__ import annotations

import time
from email.utils import formatdate
from importlib.util import find_spec
from typing import Any

import pytest

from stub_provider import chat_body, json_answer, message_body
from waypost.adapters.senders.http import retry_after_ns

openai = pytest.importorskip("openai")

HELLO: Any = [{"role": "user", "content": "Hi"}]
AWAY = """
rules: [{name: away, use: [USE]}]
filter: [quality >= 0]
rank: cheapest
"""
CLAUDE = AWAY.replace("USE", "anthropic/claude-haiku-4-5")
BUSY = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}


def after(failures: int, failing: Any, good: Any) -> Any:
    """An answer that fails so often."""
    left = [failures]

    def answer(request: Any) -> Any:
        left[0] -= 1
        return failing if left[0] >= 0 else json_answer(good)

    return answer


def test_a_timeout_is_tried_again_with_as_much_time(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller's timeout is one of each attempt, as at home; its sum is no deadline of anybody's."""
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)
    world.messages = after(2, [0.4], message_body())
    world.on(CLAUDE)
    with openai.OpenAI(max_retries=2, timeout=0.2) as client:
        answer = client.chat.completions.create(model="auto", messages=HELLO)
    assert answer.choices[0].message.content == "Bonjour."
    assert len(world.anthropic.seen) == 3


def test_the_policys_deadline_is_none_of_each_attempt(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the operator allows for a call is not made longer by the caller's retries."""
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)
    world.messages = lambda _: [0.6]
    world.on(CLAUDE + "fallback: {deadline: 300 ms}\n")
    begun = time.monotonic()
    with openai.OpenAI(max_retries=5, timeout=0.2) as client, pytest.raises(openai.APITimeoutError):
        client.chat.completions.create(model="auto", messages=HELLO)
    assert time.monotonic() - begun < 1.0
    assert len(world.anthropic.seen) == 2


def test_a_client_that_never_retries_is_asked_for_once(world: Any) -> None:
    """``max_retries=0`` is the caller's own word."""
    world.messages = after(1, json_answer(BUSY, 529, retry_after_ms="1"), message_body())
    world.on(CLAUDE)
    with openai.OpenAI(max_retries=0) as client, pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model="auto", messages=HELLO)
    assert len(world.anthropic.seen) == 1


@pytest.mark.parametrize(("attempts", "asked"), [(None, 1), (3, 3)])
def test_google_retries_as_it_is_told(
    attempts: int | None, asked: int, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """google-genai retries only where it is told to, at its own pace and what it is told to."""
    if not find_spec("google") or not find_spec("google.genai"):
        pytest.skip("google-genai is not installed")
    from google import genai
    from google.genai import types

    monkeypatch.setenv("GEMINI_API_KEY", "gk-caller-secret")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", world.google.url)
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    world.chat = after(2, json_answer({"error": {"message": "no", "type": "server_error"}}, 418), chat_body("Ciao."))
    world.on(AWAY.replace("USE", "openai/gpt-4o-mini"))
    retry = types.HttpRetryOptions(attempts=attempts, initial_delay=0.001, jitter=0.001, http_status_codes=[418])
    options = types.HttpOptions(retry_options=retry if attempts else None)
    client = genai.Client(http_options=options)
    if attempts:
        assert client.models.generate_content(model="gemini-2.5-flash", contents="Hi").text == "Ciao."
    else:
        with pytest.raises(genai.errors.APIError):
            client.models.generate_content(model="gemini-2.5-flash", contents="Hi")
    assert len(world.openai.seen) == asked
    client.close()


def test_a_date_to_wait_for_is_read_where_it_is_near() -> None:
    """As the SDKs read it; a far one may be a clock that is wrong, and a past one asks for nothing."""
    soon = retry_after_ns({"retry-after": formatdate(time.time() + 60, usegmt=True)})
    assert soon is not None
    assert 57e9 < soon <= 60e9
    assert retry_after_ns({"retry-after": formatdate(time.time() + 600, usegmt=True)}) is None
    assert retry_after_ns({"retry-after": formatdate(time.time() - 60, usegmt=True)}) is None
    assert retry_after_ns({"retry-after": "soon"}) is None
    assert retry_after_ns({}) is None
    assert retry_after_ns({"retry-after-ms": "250", "retry-after": "9"}) == 250_000_000
