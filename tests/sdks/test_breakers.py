"""Breakers spare the wait for who is down; they make no call fail that would have come through without us."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from stub_provider import Answer, Seen, json_answer

HOME = "rules: [{name: home, use: [openai/gpt-4o-mini]}]"
BOTH = "rules: [{name: both, use: [openai/gpt-4o-mini, anthropic/claude-haiku-4-5]}]\nrank: listed"
ASK: Any = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}


def failing(status: int) -> Any:
    def answer(_: Seen) -> Answer:
        return json_answer({"error": {"message": "no", "type": "x", "code": None}}, status)

    return answer


def calling(world: Any, key: str = "sk-caller") -> Any:
    return openai.OpenAI(api_key=key, base_url=world.openai.url + "/v1", max_retries=0)


@pytest.mark.parametrize(("status", "error"), [(401, openai.AuthenticationError), (403, openai.PermissionDeniedError)])
@pytest.mark.parametrize("model", ["gpt-4o-mini", "auto"])
def test_a_callers_bad_key_is_nobody_elses(world: Any, status: int, error: Any, model: str) -> None:
    """S4.01: at home each caller comes with an account of its own, of which the endpoint's answer speaks."""
    good = world.chat
    world.chat = lambda request: (
        failing(status)(request) if request.headers["authorization"] == "Bearer sk-bad" else good(request)
    )
    world.on(HOME)
    for _ in range(2):
        with pytest.raises(error):
            calling(world, "sk-bad").chat.completions.create(**{**ASK, "model": model})
        found = calling(world, "sk-good").chat.completions.create(**{**ASK, "model": model})
        assert found.choices[0].message.content == "Hello."
    assert len(world.openai.seen) == 4


@pytest.mark.parametrize(
    ("status", "error"), [(429, openai.RateLimitError), (500, openai.InternalServerError), (503, openai.APIStatusError)]
)
def test_an_open_breaker_that_leaves_nobody_is_passed(world: Any, status: int, error: Any) -> None:
    """Each call gets the provider's own error as it would without us, and the first success is seen at once."""
    good, world.chat = world.chat, failing(status)
    world.on(HOME)
    client = calling(world)
    for _ in range(8):
        with pytest.raises(error):
            client.chat.completions.create(**ASK)
    assert len(world.openai.seen) == 8
    world.chat = good
    assert client.chat.completions.create(**ASK).choices[0].message.content == "Hello."


def test_an_open_breaker_holds_while_there_is_somebody_else(world: Any) -> None:
    """S2.08: who is down is not asked again for the moment, and the next in line answers."""
    world.chat = failing(500)
    world.on(BOTH)
    client = calling(world)
    for _ in range(12):
        assert client.chat.completions.create(**ASK).choices[0].message.content == "Bonjour."
    asked = len(world.openai.seen)
    assert asked < 12
    client.chat.completions.create(**ASK)
    assert (len(world.openai.seen), len(world.anthropic.seen)) == (asked, 13)
