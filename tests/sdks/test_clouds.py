"""The SDKs' clients of a cloud, as origins: seen under the cloud's name, at home unless the policy names their host."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.auth.credentials import Credentials

import waypost
from stub_provider import (
    Seen,
    chat_body,
    chat_chunks,
    generated_body,
    generated_chunks,
    json_answer,
    message_body,
    message_events,
    response_body,
    response_events,
    sse_answer,
)

AWAY = "filter: [provider == deepseek]"
ASKED: list[Any] = [{"role": "user", "content": "Hi"}]
KEYS: dict[str, Any] = {"max_retries": 0}


class Token(Credentials):
    """A Google credential that is always fresh."""

    def __init__(self) -> None:
        super().__init__()
        self.token = "google-token"

    def refresh(self, request: Any) -> None:
        """Never needed."""


def azure(kind: str, url: str) -> Any:
    return getattr(openai, kind)(azure_endpoint=url, api_version="2024-10-21", api_key="k", **KEYS)


def lent(kind: str, url: str, cloud: str) -> Any:
    if cloud == "bedrock":
        from openai.providers import bedrock

        provider = bedrock(region="eu-west-1", base_url=url + "/v1", api_key="k")
    else:
        from openai.providers import vertex

        provider = vertex(base_url=url + "/v1", token_provider=lambda: "t")
    return getattr(openai, kind)(provider=provider, **KEYS)


def claude(kind: str, url: str, **keys: Any) -> Any:
    return getattr(anthropic, kind)(base_url=url, **keys, **KEYS)


AWS = {"aws_region": "eu-west-1", "api_key": "k"}
OPENAI: dict[str, tuple[Callable[[str, str], Any], str]] = {
    "AzureOpenAI": (azure, "azure.ai.openai"),
    "BedrockOpenAI": (
        lambda kind, url: getattr(openai, kind)(aws_region="eu-west-1", base_url=url + "/v1", api_key="k", **KEYS),
        "aws.bedrock",
    ),
    "OpenAI bedrock": (lambda kind, url: lent(kind.split()[0], url, "bedrock"), "aws.bedrock"),
    "OpenAI vertex": (lambda kind, url: lent(kind.split()[0], url, "vertex"), "gcp.vertex_ai"),
    "OpenAI": (lambda kind, url: getattr(openai, kind)(base_url=url + "/gateway", api_key="k", **KEYS), "openai"),
}
ANTHROPIC: dict[str, tuple[Callable[[str, str], Any], str]] = {
    "AnthropicVertex": (
        lambda kind, url: claude(kind, url, region="eu", project_id="p", access_token="t"),
        "gcp.vertex_ai",
    ),
    "AnthropicFoundry": (lambda kind, url: claude(kind, url, api_key="k"), "azure.ai.inference"),
    "AnthropicAWS": (lambda kind, url: claude(kind, url, workspace_id="w", **AWS), "aws.bedrock"),
    "AnthropicBedrock": (lambda kind, url: claude(kind, url, **AWS), "aws.bedrock"),
    "AnthropicBedrockMantle": (lambda kind, url: claude(kind, url, **AWS), "aws.bedrock"),
    "AnthropicGoogleCloud": (
        lambda kind, url: claude(kind, url, project="p", location="eu", workspace_id="w", token_provider=token(kind)),
        "gcp.vertex_ai",
    ),
    "Anthropic": (lambda kind, url: claude(kind, url + "/gateway", api_key="k"), "anthropic"),
}


def token(kind: str) -> Any:
    async def later() -> str:
        return "t"

    return later if kind.startswith("Async") else lambda: "t"


def answer(request: Seen) -> Any:
    """Whatever dialect was asked, whole or streamed."""
    streaming = request.body.get("stream") or "stream" in request.path.lower()
    if request.path.split("?")[0].endswith("/responses"):
        return sse_answer(response_events(["Cloudy."])) if streaming else json_answer(response_body("Cloudy."))
    if "/chat/" in request.path:
        return sse_answer(chat_chunks(["Cloudy."], usage=True)) if streaming else json_answer(chat_body("Cloudy."))
    if "enerateContent" in request.path:
        return sse_answer(generated_chunks(["Cloudy."])) if streaming else json_answer(generated_body("Cloudy."))
    return sse_answer(message_events(["Cloudy."])) if streaming else json_answer(message_body("Cloudy."))


def calls(client: Any, name: str, streaming: bool) -> Any:
    if name == "OpenAI vertex":
        return client.responses.create(model="gpt-4o", input="Hi", store=False, stream=streaming)
    if hasattr(client, "chat"):
        return client.chat.completions.create(model="gpt-4o", messages=ASKED, stream=streaming)
    return client.messages.create(model="claude-haiku-4-5", max_tokens=9, messages=ASKED, stream=streaming)


async def drained(made: Any) -> Any:
    """The answer, a stream read to its end."""
    value = await made if inspect.isawaitable(made) else made
    if hasattr(value, "__anext__"):
        async for _ in value:
            pass
    elif hasattr(value, "__next__"):
        for _ in value:
            pass
    return value


def text_of(value: Any) -> str:
    if hasattr(value, "choices"):
        return str(value.choices[0].message.content)
    return str(value.output_text if hasattr(value, "output_text") else value.content[0].text)


@pytest.fixture
def cloudy(world: Any) -> Any:
    world.chat = world.messages = world.generate = answer
    return world


async def check(world: Any, stub: Any, name: str, provider: str, client: Any, style: str) -> None:
    for streaming in (False, True):
        if streaming and name == "AnthropicBedrock":
            return  # its streams are frames that AWS' own library reads; test_anthropic_edges has them
        stub.seen.clear()
        value = await drained(calls(client, name, streaming))
        if not streaming:
            assert text_of(value) == "Cloudy."
        receipt = waypost.receipt(value)
        assert receipt is not None
        record = receipt.to_dict()
        assert (record["mode"], record["status"]) == ("observe", "ok")
        origin, attempt = record["question"]["origin"], record["hops"][0]["attempt"]
        assert (origin["provider"], origin["endpoint"], origin["host"]) == (provider, None, "127.0.0.1")
        assert origin["client_class"] == type(client).__name__
        assert attempt["provider"] == provider
        assert attempt["usage"]["estimated"] is False
        assert len(stub.seen) == 1
    assert not any(other.seen for other in (world.openai, world.anthropic, world.google) if other is not stub)


@pytest.mark.parametrize("style", ["sync", "async"])
@pytest.mark.parametrize("name", OPENAI)
async def test_openais_stay_home(name: str, style: str, cloudy: Any) -> None:
    """S2.19: Azure, Bedrock, provider objects and gateways: observed under the cloud's name, and nothing leaves."""
    make, provider = OPENAI[name]
    client = make(name if style == "sync" else "Async" + name, cloudy.openai.url)
    cloudy.on(AWAY)
    await check(cloudy, cloudy.openai, name, provider, client, style)


@pytest.mark.parametrize("style", ["sync", "async"])
@pytest.mark.parametrize("name", ANTHROPIC)
async def test_anthropics_stay_home(name: str, style: str, cloudy: Any) -> None:
    """S2.19: Bedrock, Mantle, Vertex, Foundry, AWS, Google Cloud and gateways likewise."""
    make, provider = ANTHROPIC[name]
    client = make(name if style == "sync" else "Async" + name, cloudy.anthropic.url)
    cloudy.on(AWAY)
    await check(cloudy, cloudy.anthropic, name, provider, client, style)


@pytest.mark.parametrize("style", ["sync", "async"])
async def test_vertex_stays_home(style: str, cloudy: Any) -> None:
    """Vertex by Google's own SDK, with a credential of Google's."""
    cloudy.on(AWAY)
    client = genai.Client(
        vertexai=True, project="p", location="eu", credentials=Token(), http_options={"base_url": cloudy.google.url}
    )
    models = client.models if style == "sync" else client.aio.models
    call: Any = {"model": "gemini-2.5-flash", "contents": "Hi"}
    whole = await drained(models.generate_content(**call))
    assert whole.text == "Cloudy."
    made = models.generate_content_stream(**call)
    stream = await made if inspect.isawaitable(made) else made
    last = [chunk async for chunk in stream] if style == "async" else list(stream)
    for value in (whole, last[-1]):
        record = waypost.receipt(value).to_dict()
        origin, attempt = record["question"]["origin"], record["hops"][0]["attempt"]
        assert (record["mode"], origin["provider"], origin["endpoint"]) == ("observe", "gcp.vertex_ai", None)
        assert (attempt["provider"], attempt["target"]) == ("gcp.vertex_ai", None)
    assert [request.path.split("?")[0].rsplit("/", 1)[1] for request in cloudy.google.seen] == [
        "gemini-2.5-flash:generateContent",
        "gemini-2.5-flash:streamGenerateContent",
    ]
    assert not cloudy.openai.seen


LEAVE = "filter: [target == deepseek/deepseek-v4-flash]\nleave: [127.0.0.1]"


@pytest.fixture
def deepseek(cloudy: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("DEEPSEEK_API_KEY", "dk")
    monkeypatch.setenv("DEEPSEEK_BASE_URL", cloudy.google.url)
    return cloudy


@pytest.mark.parametrize("name", [*OPENAI, *ANTHROPIC])
def test_a_host_that_the_policy_names_may_be_left(name: str, deepseek: Any) -> None:
    """`leave` is the policy's word for it; the answer is still the client's own native object."""
    make, _ = {**OPENAI, **ANTHROPIC}[name]
    client = make(name, deepseek.openai.url if name in OPENAI else deepseek.anthropic.url)
    deepseek.on(LEAVE)
    value = calls(client, name, False)
    assert text_of(value) == "Cloudy."
    assert not deepseek.openai.seen
    assert not deepseek.anthropic.seen
    assert [request.headers["authorization"] for request in deepseek.google.seen] == ["Bearer dk"]
    assert waypost.receipt(value).to_dict()["hops"][0]["attempt"]["provider"] == "deepseek"


# --- classes of the users'


def spied(base: Any, seen: list[str], *, is_async: bool) -> Any:
    """A subclass that overrides what subclasses do: the request, the preparing of its options, its headers."""
    if is_async:

        class Mine(base):  # type: ignore[misc]
            async def request(self, *args: Any, **kwargs: Any) -> Any:
                seen.append("request")
                return await super().request(*args, **kwargs)

            async def _prepare_options(self, options: Any) -> Any:
                seen.append("prepared")
                return await super()._prepare_options(options)

    else:

        class Mine(base):  # type: ignore[misc,no-redef]
            def request(self, *args: Any, **kwargs: Any) -> Any:
                seen.append("request")
                return super().request(*args, **kwargs)

            def _prepare_options(self, options: Any) -> Any:
                seen.append("prepared")
                return super()._prepare_options(options)

    return Mine


@pytest.mark.parametrize("place", ["home", "away"])
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("style", ["sync", "async"])
@pytest.mark.parametrize("sdk", ["openai", "anthropic"])
async def test_subclasses_of_users(sdk: str, style: str, before: bool, place: str, deepseek: Any) -> None:
    """S4.01: made before or after, copied, with headers: what they override runs, and the call is routed below it."""
    package: Any = {"openai": openai, "anthropic": anthropic}[sdk]
    base = getattr(package, {"openai": "OpenAI", "anthropic": "Anthropic"}[sdk] if style == "sync" else
                   {"openai": "AsyncOpenAI", "anthropic": "AsyncAnthropic"}[sdk])  # fmt: skip
    seen: list[str] = []
    kind = spied(base, seen, is_async=style == "async")
    model = {"openai": "gpt-4o", "anthropic": "claude-haiku-4-5"}[sdk]
    body = LEAVE if place == "away" else f"filter: [target == {sdk}/{model}]"
    client = kind(default_headers={"X-Team": "blue"}, **KEYS) if before else None
    deepseek.on(body)
    client = client or kind(default_headers={"X-Team": "blue"}, **KEYS)
    for one in (client, client.with_options(timeout=9), client.copy()):
        seen.clear()
        value = await drained(calls(one, sdk, False))
        assert text_of(value) == "Cloudy."
        assert type(one) is kind
        assert seen.count("request") == 1
        assert seen.count("prepared") == (1 if place == "home" else 0)
        assert waypost.receipt(value).to_dict()["mode"] == "route"
    own = deepseek.openai if sdk == "openai" else deepseek.anthropic
    assert len(own.seen) == (3 if place == "home" else 0)
    assert all(request.headers["x-team"] == "blue" for request in own.seen)
    assert not any("x-team" in request.headers for request in deepseek.google.seen)


def test_the_table_names_every_client_class() -> None:
    """A class that a new version brings is a line that is missing here."""
    for package, table in ((openai, OPENAI), (anthropic, ANTHROPIC)):
        base = package._base_client.SyncAPIClient
        found = {name for name, kind in dict(vars(package)).items() if inspect.isclass(kind) and issubclass(kind, base)}
        known = {name.split()[0] for name in table}
        assert {name for name in found if not name.startswith("_")} - {"Client", "SyncAPIClient"} == known
