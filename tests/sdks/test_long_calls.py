"""Calls that take longer than many others: their beginning is no longer at hand when they end."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

import waypost
from stub_provider import chat_chunks, sse_answer

HELLO: Any = [{"role": "user", "content": "Hi"}]


def test_a_stream_that_outlives_many_calls_has_its_receipt(
    world: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S2.12: its first records have left memory, so that it is read from the store."""
    monkeypatch.setattr("waypost.runtime.recording.RECENT", 2)
    world.on("")
    whole = world.chat
    world.chat = lambda request: sse_answer(chat_chunks(["Hel", "lo"]))
    stream = client.chat.completions.create(model="gpt-4o-mini", messages=HELLO, stream=True)
    next(iter(stream))
    world.chat = whole
    for _ in range(4):
        client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices) == "Hello"
    receipt = waypost.receipt(stream)
    assert receipt is not None
    assert receipt.to_dict()["settlement"]["outcome"] == "ok"


def test_a_stream_ends_as_it_would_when_the_engine_is_replaced_meanwhile(world: Any, client: Any) -> None:
    """Instrumenting again with a provider of one's own lets go of the engine before; what began there is told all the
    same."""
    world.on("", tracer_provider=TracerProvider())
    whole = world.chat
    world.chat = lambda request: sse_answer(chat_chunks(["Hel", "lo"]))
    stream = client.chat.completions.create(model="gpt-4o-mini", messages=HELLO, stream=True)
    next(iter(stream))
    waypost.auto_instrument(tracer_provider=TracerProvider())
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices) == "Hello"
    receipt = waypost.receipt(stream.response.headers["x-waypost-receipt"])
    assert receipt is not None
    assert receipt.to_dict()["settlement"]["outcome"] == "ok"
    world.chat = whole
    after = waypost.receipt(client.chat.completions.create(model="gpt-4o-mini", messages=HELLO))
    assert after is not None
