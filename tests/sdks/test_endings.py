"""How answers end that nobody waits out: slow drips elsewhere, streams dropped after they were read ahead (S3.17)."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest

import waypost
from stub_provider import Seen, chat_chunks, json_answer, message_body, message_events, sse_answer

HELLO: Any = [{"role": "user", "content": "Hi"}]
AWAY = """
rules: [{name: away, use: [anthropic/claude-haiku-4-5]}]
filter: [quality >= 0]
rank: cheapest
"""
PAIR = """
rules: [{name: pair, use: [openai/gpt-4o-mini, anthropic/claude-haiku-4-5]}]
filter: [quality >= 0]
rank: RANK
"""
both = pytest.mark.parametrize("style", ["sync", "async"])


def drip(request: Seen) -> Iterator[Any]:
    """A whole answer whose body comes in pieces, one every 100 ms: longer in sum than any one wait."""
    head, body = json_answer(message_body("Bonjour.", request.body["model"]))
    yield head
    for at in range(0, len(body), 8):
        yield 0.1
        yield body[at : at + 8]


async def ask(style: str, client: Any, aclient: Any, **keys: Any) -> Any:
    call: dict[str, Any] = {"model": "auto", "messages": HELLO, **keys}
    if style == "sync":
        return client.chat.completions.create(**call)
    return await aclient.chat.completions.create(**call)


@both
async def test_a_drip_does_not_outlive_the_deadline(style: str, world: Any, client: Any, aclient: Any) -> None:
    """Each piece is in time and all of them are not: a timeout at the deadline, not seconds after it."""
    world.messages = drip
    world.on(AWAY + "fallback: {max_attempts: 1, deadline: 500ms}\n")
    began = time.monotonic()
    with pytest.raises(openai.APITimeoutError):
        await ask(style, client, aclient)
    assert time.monotonic() - began < 1.5
    (attempt,) = (hop["attempt"] for hop in await settled(world))
    assert attempt["failure"]["kind"] == "timeout"


@both
async def test_a_drip_within_the_deadline_is_an_answer(style: str, world: Any, client: Any, aclient: Any) -> None:
    """Slow is not late."""
    world.messages = drip
    world.on(AWAY + "fallback: {max_attempts: 1, deadline: 30s}\n")
    answer = await ask(style, client, aclient)
    assert answer.choices[0].message.content == "Bonjour."


async def settled(world: Any) -> list[Any]:
    """The hops of the one receipt that there is."""
    waypost.flush()
    lines = [
        json.loads(line)
        for file in (world.home / "home" / "journal").glob("*.jsonl")
        for line in file.read_text().splitlines()
    ]
    (name,) = {line["receipt"] for line in lines if "receipt" in line}
    found = waypost.receipt(name)
    assert found is not None
    return list(found.to_dict()["hops"])


@both
@pytest.mark.parametrize("rank", ["cheapest", "best"], ids=["home", "away"])
async def test_a_stream_read_ahead_and_dropped_is_no_success(
    style: str, rank: str, world: Any, client: Any, aclient: Any
) -> None:
    """All of it had come with the first read; the caller took none of it."""
    world.chat = lambda _: [b"".join(sse_answer(chat_chunks(["Hel", "lo"])))]
    world.messages = lambda _: [b"".join(sse_answer(message_events(["Bon", "jour"])))]
    world.on(PAIR.replace("RANK", rank))
    stream = await ask(style, client, aclient, stream=True)
    receipt = waypost.receipt(stream)
    assert receipt is not None
    if style == "sync":
        stream.close()
    else:
        await stream.close()
    assert waypost.receipt(receipt.id).status == "cancelled"  # type: ignore[union-attr]


def test_a_stream_read_ahead_and_forgotten_is_abandoned(world: Any, client: Any) -> None:
    """Nobody closed it; the collector did."""
    world.messages = lambda _: [b"".join(sse_answer(message_events(["Bon", "jour"])))]
    world.on(PAIR.replace("RANK", "best"))
    stream = client.chat.completions.create(model="auto", messages=HELLO, stream=True)
    receipt = waypost.receipt(stream)
    assert receipt is not None
    del stream
    gc.collect()
    assert waypost.receipt(receipt.id).status == "abandoned"  # type: ignore[union-attr]


@both
async def test_a_stream_read_to_its_end_is_ok(style: str, world: Any, client: Any, aclient: Any) -> None:
    """Closing after the last word takes nothing back."""
    world.messages = lambda _: [b"".join(sse_answer(message_events(["Bon", "jour"])))]
    world.on(PAIR.replace("RANK", "best"))
    stream = await ask(style, client, aclient, stream=True)
    receipt = waypost.receipt(stream)
    assert receipt is not None
    if style == "sync":
        assert [chunk.choices[0].finish_reason for chunk in stream][-1] == "stop"
        stream.close()
    else:
        assert [chunk.choices[0].finish_reason async for chunk in stream][-1] == "stop"
        await stream.close()
    assert waypost.receipt(receipt.id).status == "ok"  # type: ignore[union-attr]
