"""Google's embeddings: seen, priced and never decided, like everybody's."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest
from google import genai
from google.auth.credentials import Credentials
from google.genai import errors

import waypost
from stub_provider import json_answer

VECTORS = {
    "embeddings": [{"values": [0.5, 0.25]}, {"values": [0.75, 1.0]}],
    "usageMetadata": {"promptTokenCount": 7, "totalTokenCount": 7},
}
AWAY = "filter: [provider == anthropic]"
both = pytest.mark.parametrize("style", ["sync", "async"])


async def embed(style: str, client: Any, **keys: Any) -> Any:
    models = client.models if style == "sync" else client.aio.models
    made = models.embed_content(**{"model": "gemini-embedding-001", "contents": ["Paris", "Rome, a city"], **keys})
    return await made if inspect.isawaitable(made) else made


@both
@pytest.mark.parametrize("mode", ["observe", "advise", "route"])
async def test_they_leave_a_priced_receipt(style: str, mode: str, world: Any, gemini: Any) -> None:
    """S3.18: no mode moves or changes them; what the provider counted costs the catalog's price."""
    world.generate = lambda request: json_answer(VECTORS)
    await embed(style, gemini)
    world.on(AWAY, mode)
    answer = await embed(style, gemini)
    assert [vector.values for vector in answer.embeddings] == [[0.5, 0.25], [0.75, 1.0]]
    first, second = world.google.seen
    assert first.raw == second.raw
    assert not world.anthropic.seen
    receipt = waypost.receipt(answer)
    assert receipt is not None
    record = receipt.to_dict()
    assert (record["mode"], record["status"], record["call"]["operation"]) == ("observe", "ok", "embeddings")
    attempt = record["hops"][0]["attempt"]
    assert (attempt["target"], attempt["dialect"]) == ("google/gemini-embedding-001", "google.embed_content")
    assert (attempt["provider"], attempt["usage"]["estimated"]) == ("gcp.gemini", False)
    assert record["settlement"]["cost"]["lines"] == [["input", 7, 150_000_000, 1_050]]
    assert record["settlement"]["cost"]["basis"] == "computed"


@both
async def test_tokens_that_nobody_counted_are_estimated(style: str, world: Any, gemini: Any) -> None:
    """An older API tells no usage: all texts of the batch are estimated, no answer is, and the receipt says so."""
    world.generate = lambda request: json_answer({"embeddings": VECTORS["embeddings"]})
    world.on(AWAY)
    one = waypost.receipt(await embed(style, gemini, contents="Paris is a city in France")).to_dict()
    two = waypost.receipt(await embed(style, gemini, contents=["Paris is a city in France"] * 20)).to_dict()
    few, many = (record["settlement"]["usage"] for record in (one, two))
    assert few["estimated"] is True
    assert few["output"] == many["output"] == 0
    assert many["input"] > 10 * few["input"]
    assert two["settlement"]["cost"]["basis"] == "estimated"


@both
async def test_auto_is_nobody_here(style: str, world: Any, gemini: Any) -> None:
    """S1.01: a name that asks to be routed goes to the provider as it is; the outcome is the bare SDK's."""
    body = {"error": {"code": 404, "message": "no such model", "status": "NOT_FOUND"}}
    world.generate = lambda request: json_answer(body, 404)
    outcomes = []
    for switched in (False, True):
        if switched:
            world.on(AWAY)
        with pytest.raises(errors.ClientError) as caught:
            await embed(style, gemini, model="auto")
        outcomes.append((caught.value.code, str(caught.value)))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0] == 404
    assert [request.path.split("/")[-1] for request in world.google.seen] == ["auto:batchEmbedContents"] * 2


def test_no_embedding_model_is_a_candidate(world: Any, gemini: Any) -> None:
    """A decision's candidates are the catalog's targets, and no model that makes vectors is one of them."""
    world.on("filter: [target != openai/gpt-4o]", "advise")
    text = waypost.receipt(gemini.models.generate_content(model="gemini-2.5-flash", contents="Hi")).explain()
    assert "embed" not in text


def test_off_is_off(world: Any, gemini: Any) -> None:
    """Mode off leaves no trace of them either."""
    world.generate = lambda request: json_answer(VECTORS)
    world.on("", "off")
    assert waypost.receipt(gemini.models.embed_content(model="gemini-embedding-001", contents="x")) is None
    assert json.loads(json.dumps(world.google.seen[0].body))["requests"]


class Token(Credentials):
    """A Google credential that is always fresh."""

    def __init__(self) -> None:
        super().__init__()
        self.token = "google-token"

    def refresh(self, request: Any) -> None:
        """Never needed."""


@both
@pytest.mark.parametrize("model", ["text-embedding-005", "gemini-embedding-001"])
async def test_vertex_predicts_vectors(style: str, model: str, world: Any) -> None:
    """Vertex has other paths and another body for it; its counts are on the receipt, and nobody knows its prices."""
    counted = {"statistics": {"token_count": 4, "truncated": False}, "values": [0.5]}
    one = {"embedding": {"values": [0.5]}, "usageMetadata": {"promptTokenCount": 4}}
    world.generate = lambda request: json_answer(
        {"predictions": [{"embeddings": counted}]} if request.path.endswith(":predict") else one
    )
    world.on(AWAY)
    client = genai.Client(
        vertexai=True, project="p", location="eu", credentials=Token(), http_options={"base_url": world.google.url}
    )
    answer = await embed(style, client, model=model, contents="Paris")
    assert answer.embeddings[0].values == [0.5]
    record = waypost.receipt(answer).to_dict()
    origin, attempt = record["question"]["origin"], record["hops"][0]["attempt"]
    assert (record["mode"], record["call"]["operation"], origin["provider"]) == (
        "observe",
        "embeddings",
        "gcp.vertex_ai",
    )
    assert (attempt["target"], attempt["usage"]["input"], attempt["usage"]["estimated"]) == (None, 4, False)
    assert record["settlement"]["cost"]["basis"] == "unpriced"
