"""Waypost's own headers among those that a client of Google's sends with every call."""

from __future__ import annotations

import functools
import gc
import inspect
from typing import Any

import pytest
from google import genai
from google.genai import _api_client

import waypost
from stub_provider import generated_body, generated_chunks, json_answer, sse_answer

OURS = {"X-Department": "finance", "X-Waypost-Workflow": "triage", "X-Tenant": "t-1"}
CALL: dict[str, Any] = {"model": "gemini-2.5-flash", "contents": "Hi"}


@pytest.fixture
def client(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client with headers of ours, at the known place."""
    world.generate = lambda request: (
        sse_answer(generated_chunks(["Ciao."])) if "stream" in request.path else json_answer(generated_body("Ciao."))
    )
    monkeypatch.setenv("GEMINI_API_KEY", "gk")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", world.google.url)
    return genai.Client(http_options={"headers": dict(OURS)})


async def generated(client: Any, style: str, streaming: bool) -> Any:
    """An answer, or the last chunk of one."""
    models = client.models if style == "sync" else client.aio.models
    made = (models.generate_content_stream if streaming else models.generate_content)(**CALL)
    value = await made if inspect.isawaitable(made) else made
    if not streaming:
        return value
    return [chunk async for chunk in value][-1] if style == "async" else list(value)[-1]


@pytest.mark.parametrize("mode", ["off", "observe", "advise", "route"])
@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("style", ["sync", "async"])
async def test_they_are_read_and_not_sent(style: str, streaming: bool, mode: str, world: Any, client: Any) -> None:
    """S2.19: no mode lets them out; the client's others go along, and the client is as it was."""
    world.on("filter: [target == google/gemini-2.5-flash]", mode)
    value = await generated(client, style, streaming)
    assert value.text == "Ciao."
    (request,) = world.google.seen
    ours = [name for name in request.headers if name in ("x-department", "x-tenant") or "waypost" in name]
    assert ours == ["x-tenant"]
    assert {name: client._api_client._http_options.headers.get(name) for name in OURS} == OURS
    receipt = waypost.receipt(value)
    if mode == "off":
        assert receipt is None
        return
    assert receipt is not None
    assert receipt.to_dict()["question"]["context"] == {"department": "finance", "workflow": "triage"}


@pytest.mark.parametrize("style", ["sync", "async"])
async def test_nothing_else_changes(style: str, world: Any, client: Any) -> None:
    """What goes out is what a client without them sends, byte for byte; connections stay open for the next call."""
    plain = genai.Client(http_options={"headers": {"X-Tenant": "t-1"}})
    world.on(mode="observe")
    await generated(plain, style, False)
    for _ in range(2):
        await generated(client, style, False)
        gc.collect()
    bare, *others = world.google.seen
    assert [request.raw for request in others] == [bare.raw] * 2


def test_a_wrapper_of_anothers_stays_around_it(world: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has wrapped the method before us is asked with every call, too."""
    calls: list[Any] = []
    inner = _api_client.BaseApiClient.request

    @functools.wraps(inner)
    def theirs(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls.append(self)
        return inner(self, *args, **kwargs)

    monkeypatch.setattr(_api_client.BaseApiClient, "request", theirs)
    monkeypatch.delattr(theirs, "_waypost_wrapped", raising=False)
    world.on(mode="observe")
    client.models.generate_content(**CALL)
    assert [isinstance(one, _api_client.BaseApiClient) for one in calls] == [True]
    assert "x-department" not in world.google.seen[0].headers
