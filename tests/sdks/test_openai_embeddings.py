"""Embeddings: seen and never decided, because the vectors of different models do not stand for each other."""

from __future__ import annotations

import inspect
from typing import Any

import openai
import pytest

import waypost
from stub_provider import json_answer

VECTORS = {
    "object": "list",
    "model": "text-embedding-3-small",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}],
    "usage": {"prompt_tokens": 3, "total_tokens": 3},
}
both = pytest.mark.parametrize("style", ["sync", "async"])


async def embed(style: str, client: Any, aclient: Any, **keys: Any) -> Any:
    made = (client if style == "sync" else aclient).embeddings.create(
        **{"model": "text-embedding-3-small", "input": "Where is Paris?", "encoding_format": "float", **keys}
    )
    return await made if inspect.isawaitable(made) else made


@both
@pytest.mark.parametrize("text", ["one", ["one", "two"], [[1, 2], [3]]])
async def test_they_leave_a_receipt(style: str, text: Any, world: Any, client: Any, aclient: Any) -> None:
    """Mode route does not move them: the caller's own bytes go to the caller's own place, and usage is on record."""
    world.chat = lambda request: json_answer(VECTORS)
    await embed(style, client, aclient, input=text)
    world.on("filter: [provider == anthropic]")
    answer = await embed(style, client, aclient, input=text)
    assert answer.data[0].embedding == [0.5, 0.25]
    first, second = world.openai.seen
    assert first.raw == second.raw
    record = waypost.receipt(answer).to_dict()
    assert (record["mode"], record["status"], record["call"]["operation"]) == ("observe", "ok", "embeddings")
    attempt = record["hops"][0]["attempt"]
    assert (attempt["provider"], attempt["model"]) == ("openai", "text-embedding-3-small")
    assert (attempt["usage"]["input"], attempt["usage"]["output"], attempt["usage"]["estimated"]) == (3, 0, False)
    settled = record["settlement"]
    assert settled["cost"]["lines"] == [["input", 3, 20_000_000, 60]]
    assert (attempt["target"], attempt["dialect"]) == ("openai/text-embedding-3-small", "openai.embeddings")
    assert [line["label"] for line in settled["baselines"]] == ["requested"], "no chat model stands for it"


@both
async def test_auto_is_nobody_here(style: str, world: Any, client: Any, aclient: Any) -> None:
    """A name that asks to be routed goes to the provider as it is, who says that there is no such model."""
    world.chat = lambda request: json_answer({"error": {"message": "no such model", "type": "x"}}, 404)
    world.on("filter: [provider == anthropic]")
    with pytest.raises(openai.NotFoundError, match="no such model"):
        await embed(style, client, aclient, model="auto")
    assert world.openai.seen[0].body["model"] == "auto"


def test_off_is_off(world: Any, client: Any) -> None:
    """Mode off leaves no trace of them either."""
    world.chat = lambda request: json_answer(VECTORS)
    world.on("", "off")
    answer = client.embeddings.create(model="text-embedding-3-small", input="x", encoding_format="float")
    assert waypost.receipt(answer) is None
