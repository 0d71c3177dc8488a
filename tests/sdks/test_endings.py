"""How answers end that nobody waits out: slow drips elsewhere, streams dropped after they were read ahead (S3.17)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest

import waypost
from stub_provider import Seen, json_answer, message_body

HELLO: Any = [{"role": "user", "content": "Hi"}]
AWAY = """
rules: [{name: away, use: [anthropic/claude-haiku-4-5]}]
filter: [quality >= 0]
rank: cheapest
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
