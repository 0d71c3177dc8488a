"""Switching on and off again: idempotent, reversible, for a block, for one client (S4.01, S5.04)."""

from __future__ import annotations

import functools
import inspect
import sys
from typing import Any

import anthropic
import anthropic._base_client
import openai
import openai._base_client
import pytest
from google import genai
from google.genai import _api_client

import waypost
from waypost.errors import SettingsError
from waypost.runtime import patch

POINTS = [
    (openai._base_client.SyncAPIClient, "request"),
    (openai._base_client.AsyncAPIClient, "request"),
    (anthropic._base_client.SyncAPIClient, "request"),
    (anthropic._base_client.AsyncAPIClient, "request"),
    (_api_client.BaseApiClient, "request"),
    (_api_client.BaseApiClient, "request_streamed"),
    (_api_client.BaseApiClient, "async_request"),
    (_api_client.BaseApiClient, "async_request_streamed"),
]
ASKED: list[Any] = [{"role": "user", "content": "Hi"}]
SDKS = ["openai", "anthropic", "google"]
HOME = {
    "openai": "openai/gpt-4o",
    "anthropic": "anthropic/claude-haiku-4-5",
    "google": "google/gemini-2.5-flash",
}
STYLES = ["sync", "async", "sync streamed", "async streamed"]


def functions() -> list[Any]:
    return [kind.__dict__[method] for kind, method in POINTS]


@pytest.fixture
def answering(answering: Any) -> Any:
    """As elsewhere, and nothing of ours is in any SDK yet."""
    waypost.uninstrument()
    patch.remove()
    return answering


def journal(world: Any) -> bytes:
    """All that has been recorded."""
    return b"".join(file.read_bytes() for file in sorted((world.home / "home" / "journal").glob("*.jsonl")))


def made(sdk: str, style: str) -> Any:
    """A client of that colour."""
    if sdk == "google":
        return genai.Client()
    package: Any = {"openai": openai, "anthropic": anthropic}[sdk]
    name = {"openai": "OpenAI", "anthropic": "Anthropic"}[sdk]
    return getattr(package, name if style.startswith("sync") else "Async" + name)(max_retries=0)


async def call(client: Any, sdk: str, style: str) -> Any:
    """The answer, or the stream or last chunk of one, read to its end."""
    streaming = "streamed" in style
    if sdk == "google":
        models = client.models if style.startswith("sync") else client.aio.models
        method = models.generate_content_stream if streaming else models.generate_content
        value = method(model="gemini-2.5-flash", contents="Hi")
    elif sdk == "openai":
        value = client.chat.completions.create(model="gpt-4o", messages=ASKED, stream=streaming)
    else:
        value = client.messages.create(model="claude-haiku-4-5", max_tokens=9, messages=ASKED, stream=streaming)
    value = await value if inspect.isawaitable(value) else value
    if not streaming:
        return value
    items = [item async for item in value] if style.startswith("async") else list(value)
    return items[-1] if sdk == "google" else value


def test_the_very_functions_come_back(answering: Any) -> None:
    """S4.01: on twice wraps once, off twice unwraps once, and nothing of ours is left in the SDKs or among finders."""
    before, finders = functions(), list(sys.meta_path)
    for _ in range(2):
        answering.on()
        wrapped = functions()
        answering.on()
        assert functions() == wrapped
        assert not set(wrapped) & set(before)
        assert [inspect.unwrap(one, stop=lambda found: found in before) for one in wrapped] == before
        assert [inspect.iscoroutinefunction(one) for one in wrapped] == [
            inspect.iscoroutinefunction(one) for one in before
        ]
        waypost.uninstrument()
        waypost.uninstrument()
        assert [one is other for one, other in zip(functions(), before, strict=True)] == [True] * len(POINTS)
        assert sys.meta_path == finders


def test_what_others_put_onto_ours_stays(answering: Any) -> None:
    """S6.15: a wrapper of another library's is not taken away with ours, which lets calls through; on again wraps no
    second time, and once theirs is gone ours goes, too."""
    kind, method = POINTS[0]
    before = kind.__dict__[method]
    answering.on(mode="observe")
    ours = kind.__dict__[method]
    calls: list[str] = []

    @functools.wraps(ours)
    def theirs(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls.append("theirs")
        return ours(self, *args, **kwargs)

    setattr(kind, method, theirs)
    try:
        waypost.uninstrument()
        assert kind.__dict__[method] is theirs
        with openai.OpenAI(max_retries=0) as client:
            answer = client.chat.completions.create(model="gpt-4o", messages=ASKED)
            assert waypost.receipt(answer) is None
            answering.on(mode="observe")
            assert kind.__dict__[method] is theirs
            answer = client.chat.completions.create(model="gpt-4o", messages=ASKED)
        assert waypost.receipt(answer) is not None
        assert calls == ["theirs", "theirs"]
    finally:
        setattr(kind, method, ours)
    waypost.uninstrument()
    assert kind.__dict__[method] is before


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("sdk", SDKS)
async def test_off_is_as_never_on(sdk: str, style: str, answering: Any) -> None:
    """S4.01: one client, before, while and after: the same bytes go out, and only the middle call has a receipt."""
    client = made(sdk, style)
    stub = {"openai": answering.openai, "anthropic": answering.anthropic, "google": answering.google}[sdk]
    await call(client, sdk, style)
    answering.on(mode="observe")
    between = await call(client, sdk, style)
    assert waypost.receipt(between).to_dict()["status"] == "ok"
    waypost.uninstrument()
    kept = journal(answering)
    await call(client, sdk, style)
    assert journal(answering) == kept != b""
    raw = [request.raw for request in stub.seen]
    assert len(raw) == 3
    assert raw[0] == raw[1] == raw[2]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("sdk", SDKS)
async def test_a_block_without(sdk: str, style: str, answering: Any) -> None:
    """S5.04: inside of `suppress()` a call is as it was without us, and around it calls are routed."""
    answering.on("filter: [target == openai/gpt-4o-mini]")
    client = made(sdk, style)
    away = await call(client, sdk, style)
    assert waypost.receipt(away).to_dict()["mode"] == "route"
    waypost.flush()
    kept = journal(answering)
    with waypost.suppress():
        await call(client, sdk, style)
    waypost.flush()
    assert journal(answering) == kept != b""
    own = {"openai": "gpt-4o", "anthropic": "claude-haiku-4-5", "google": None}[sdk]
    stub = {"openai": answering.openai, "anthropic": answering.anthropic, "google": answering.google}[sdk]
    assert (stub.seen[-1].body or {}).get("model") == own
    assert answering.openai.seen[0].body["model"] == "gpt-4o-mini"


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("sdk", SDKS)
async def test_one_client_only(sdk: str, style: str, answering: Any) -> None:
    """S5.04: `only` names the clients that are meant; their copies are too, and all others go out as without us."""
    mine, other = made(sdk, style), made(sdk, style)
    answering.on(f"filter: [target == {HOME[sdk]}]", only=[mine])
    await call(other, sdk, style)
    waypost.flush()
    assert journal(answering) == b""
    copies = [mine] if sdk == "google" else [mine, mine.with_options(timeout=9), mine.copy()]
    for one in copies:
        receipt = waypost.receipt(await call(one, sdk, style))
        assert receipt is not None
        assert (receipt.to_dict()["mode"], receipt.to_dict()["status"]) == ("route", "ok")
    waypost.uninstrument()
    answering.on(f"filter: [target == {HOME[sdk]}]")
    assert waypost.receipt(await call(other, sdk, style)) is not None


@pytest.mark.parametrize("given", ["openai", 7, object()])
def test_what_is_no_client_is_refused(given: Any, answering: Any) -> None:
    """Nothing is on then."""
    with pytest.raises(SettingsError, match=r"only has a (str|int|object).*give SDK clients"):
        answering.on(only=[given])
    assert not any(getattr(one, patch.MARK, False) for one in functions())
