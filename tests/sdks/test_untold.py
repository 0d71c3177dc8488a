"""The hints of a call that its targets were not told, on the receipt of each attempt."""

from __future__ import annotations

from typing import Any

import pytest

import waypost
from stub_provider import chat_body, json_answer
from waypost.core.model.events import InternalError
from waypost.core.routing import exchange
from waypost.runtime import instrument

HELLO: Any = [{"role": "user", "content": "Hi"}]
HINTS: dict[str, Any] = {
    "user": "ann",
    "verbosity": "low",
    "prompt_cache_key": "k",
    "metadata": {"run": "7"},
    "parallel_tool_calls": True,
    "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}],
}
POLICY = """
rules: [{name: three, use: [anthropic/claude-opus-4-5, openai/gpt-4o-mini, openai/gpt-5-mini]}]
filter: [quality >= 0]
rank: listed
fallback: {max_attempts: 3}
"""
REFUSAL = {"error": {"message": "no", "type": "server_error"}}
FAILED = {"gpt-4o-mini": [500], "gpt-5-mini": []}
both = pytest.mark.parametrize("style", ["sync", "async"])


@both
async def test_each_attempt_names_its_own(style: str, world: Any, client: Any, aclient: Any) -> None:
    """S3.06, S6.15: by what its dialect, its model and its server have words for; the asked model is told all."""

    def chat(request: Any) -> Any:
        sent.append(request.body)
        model = request.body["model"]
        return json_answer(chat_body("Hello.", model) if model == "gpt-5-mini" else REFUSAL, *FAILED[model])

    sent: list[dict[str, Any]] = []
    world.messages = lambda _: json_answer({"type": "error", "error": {"type": "api_error", "message": "no"}}, 500)
    world.chat = chat
    world.on(POLICY)
    call: dict[str, Any] = {"model": "gpt-5-mini", "messages": HELLO, **HINTS}
    if style == "sync":
        answer = client.chat.completions.create(**call)
    else:
        answer = await aclient.chat.completions.create(**call)

    receipt = waypost.receipt(answer)
    assert receipt is not None
    attempts = [hop["attempt"] for hop in receipt.to_dict()["hops"]]
    assert [(one["target"], one.get("untold")) for one in attempts] == [
        ("anthropic/claude-opus-4-5", ["cache.key", "metadata", "verbosity"]),
        ("openai/gpt-4o-mini", ["verbosity"]),
        ("openai/gpt-5-mini", None),
    ]
    assert [("verbosity" in body, "prompt_cache_key" in body) for body in sent] == [(False, True), (True, True)]


@both
async def test_a_fault_in_naming_them_reaches_nobody(
    style: str, world: Any, client: Any, aclient: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ours it is the one that a call could do without: it is told, and the model that was asked for answers."""
    told: list[InternalError] = []
    world.on(POLICY)
    engine = instrument.engine()
    tell = engine.recorder.tell
    monkeypatch.setattr(
        engine.recorder,
        "tell",
        lambda event, error=None: told.append(event) if isinstance(event, InternalError) else tell(event, error),
    )
    monkeypatch.setattr(exchange, "untold", lambda *_: 1 // 0)
    call: dict[str, Any] = {"model": "gpt-5-mini", "messages": HELLO, **HINTS}
    if style == "sync":
        answer = client.chat.completions.create(**call)
    else:
        answer = await aclient.chat.completions.create(**call)
    assert answer.model == "gpt-5-mini"
    assert {(event.layer, event.error) for event in told} == {("encode", "ZeroDivisionError")}
