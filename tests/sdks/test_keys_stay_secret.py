"""Keys of every kind, looked for wherever Waypost writes, shows or says something (issue 5: origin and credentials)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.auth.credentials import Credentials
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import waypost
from stub_provider import Seen, chat_chunks, json_answer, message_body, sse_answer
from waypost.runtime import instrument

KEYS = {
    "openai": "sk-proj-0123456789abcdef-openai",
    "anthropic": "sk-ant-api03-0123456789-anthropic",
    "google": "AIzaSy0123456789-google-key",
    "google query": "AIzaSy9876543210-query-key",
    "azure": "0123456789abcdef-azure-key",
    "azure ad": "eyJ0eXAiOiJKV1Qi.ad-token",
    "aws secret": "wJalrXUtnFEMI/K7MDENG/aws-secret",
    "aws session": "FwoGZXIvYXdzE-session-token",
    "bedrock": "bedrock-bearer-0123456789",
    "vertex": "ya29.vertex-access-token",
    "userinfo": "password-in-the-url",
    "groq": "gsk_0123456789-target-key",
    "deepseek": "sk-deepseek-target-key",
    "tenant": "sk-ant-tenant-key",
    "header": "secret-default-header",
}
ASKED: list[Any] = [{"role": "user", "content": "Hi"}]


class Token(Credentials):
    """A Google credential that is always fresh."""

    def __init__(self) -> None:
        super().__init__()
        self.token = KEYS["vertex"]

    def refresh(self, request: Any) -> None:
        """Never needed."""


def chat(client: Any, streaming: bool, model: str = "gpt-4o") -> None:
    made = client.chat.completions.create(model=model, messages=ASKED, stream=streaming)
    list(made) if streaming else None


def message(client: Any, streaming: bool, model: str = "claude-haiku-4-5") -> None:
    made = client.messages.create(model=model, max_tokens=9, messages=ASKED, stream=streaming)
    list(made) if streaming else None


def generate(client: Any, streaming: bool, model: str = "gemini-2.5-flash") -> None:
    call: dict[str, Any] = {"model": model, "contents": "Hi"}
    list(client.models.generate_content_stream(**call)) if streaming else client.models.generate_content(**call)


def clients(world: Any) -> dict[str, tuple[Callable[..., None], Any]]:
    """A client for each way to hold a key, and how it is called."""
    few: dict[str, Any] = {"max_retries": 0, "default_headers": {"X-Secret": KEYS["header"]}}
    place = world.openai.url.replace("://", f"://user:{KEYS['userinfo']}@")
    aws = {"aws_region": "eu-west-1", "aws_access_key": "AKIA", "aws_session_token": KEYS["aws session"]}
    azure = {"azure_endpoint": world.openai.url, "api_version": "2024-10-21"}
    google = {"base_url": world.google.url}
    return {
        "openai": (chat, openai.OpenAI(api_key=KEYS["openai"], **few)),
        "openai query": (
            chat,
            openai.OpenAI(api_key="k", base_url=f"{place}/v1", default_query={"key": KEYS["google query"]}, **few),
        ),
        "azure": (chat, openai.AzureOpenAI(api_key=KEYS["azure"], **azure, **few)),
        "azure ad": (chat, openai.AzureOpenAI(azure_ad_token=KEYS["azure ad"], **azure, **few)),
        "anthropic": (message, anthropic.Anthropic(api_key=KEYS["anthropic"], **few)),
        "foundry": (
            message,
            anthropic.AnthropicFoundry(api_key=KEYS["azure"], base_url=world.anthropic.url, **few),
        ),
        "bedrock": (
            message,
            anthropic.AnthropicBedrock(
                api_key=KEYS["bedrock"], aws_region="eu-west-1", base_url=world.anthropic.url, **few
            ),
        ),
        "bedrock signed": (
            message,
            anthropic.AnthropicBedrock(aws_secret_key=KEYS["aws secret"], base_url=world.anthropic.url, **aws, **few),
        ),
        "google": (generate, genai.Client(api_key=KEYS["google"], http_options={**google})),
        "vertex": (
            generate,
            genai.Client(vertexai=True, project="p", location="eu", credentials=Token(), http_options={**google}),
        ),
    }


def echoing(request: Seen) -> Any:
    """A provider that repeats everything it was sent in its error: headers, URL and body."""
    said = f"bad credentials: {dict(request.headers)} at {request.path}"
    body = {"type": "error", "error": {"type": said, "code": said, "message": said, "status": said, "param": said}}
    echoed = {"x_request_id": said.replace("\n", " ")[:4000], "retry_after": said[:99], "www_authenticate": said[:4000]}
    return json_answer(body, 401, **echoed)


def breaking(request: Seen) -> Any:
    """The same in the middle of a stream, or as an answer that is none."""
    said = f"bad credentials: {dict(request.headers)} at {request.path}"
    if "stream" in request.path or (isinstance(request.body, dict) and request.body.get("stream")):
        return sse_answer([{"type": "error", "error": {"type": said, "message": said, "code": 401}}, said])
    return json_answer({"id": said[:40], "error": said, "usage": said})


@pytest.fixture
def everything(world: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Any:
    """Switches Waypost on with every sink there is; then tells all that they hold."""
    spans, metrics, jsonl = InMemorySpanExporter(), InMemoryMetricReader(), tmp_path / "out.jsonl"
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(spans))
    for name in ("GROQ", "DEEPSEEK"):
        monkeypatch.setenv(f"{name}_API_KEY", KEYS[name.lower()])
        monkeypatch.setenv(f"{name}_BASE_URL", f"{world.openai.url}/{name.lower()}")
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEYS["anthropic"])
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", world.google.url)
    monkeypatch.setenv("WAYPOST_JSONL", str(jsonl))
    monkeypatch.setenv("WAYPOST_CONSOLE", "1")
    caplog.set_level(logging.DEBUG)

    def on(body: str) -> None:
        meters = MeterProvider(metric_readers=[metrics])
        world.on(body, tracer_provider=tracers, meter_provider=meters)

    def told(capsys: Any) -> dict[str, str]:
        waypost.flush()
        engine = instrument._engine
        assert engine is not None
        files = [file for file in (*(world.home / "home").rglob("*"), jsonl) if file.is_file()]
        out = capsys.readouterr()
        shown = (engine, engine.settings, engine.bundle, engine.http, engine.bundle.credentials, engine.lookup)
        read = metrics.get_metrics_data()
        return {
            **{f"file {file.name}": file.read_bytes().decode("utf-8", "replace") for file in files},
            "spans": "".join(span.to_json() for span in spans.get_finished_spans()),
            "metrics": "" if read is None else read.to_json(),
            "logs": "".join(
                f"{one.getMessage()} {one.exc_text}" for one in caplog.records if one.name.startswith("waypost")
            ),
            "console": out.out + out.err,
            "reprs": "".join(map(repr, shown)),
        }

    return on, told


def leaks(told: dict[str, str]) -> list[tuple[str, str]]:
    return [(place, name) for place, text in told.items() for name, key in KEYS.items() if key in text]


@pytest.mark.parametrize("provider", ["answers", "echoes", "breaks"])
def test_no_key_of_a_caller_is_anywhere(provider: str, everything: Any, world: Any, capsys: Any) -> None:
    """S2.19: each SDK's client with each kind of key, answered and refused, plain and streamed."""
    on, told = everything
    world.messages = lambda request: json_answer(message_body("Bonjour."))
    if provider != "answers":
        world.chat = world.messages = world.generate = echoing if provider == "echoes" else breaking
    on("")
    calls = clients(world)
    for call, client in calls.values():
        for streaming in (False, True):
            with suppress(Exception):  # what the caller sees of it is the SDK's
                call(client, streaming)
    found = told(capsys)
    assert found["spans"].count('"name"') >= 2 * len(calls) - 2
    assert any("journal" in name or name.endswith(".jsonl") for name in found)
    assert leaks(found) == []


@pytest.mark.parametrize("provider", ["answers", "echoes", "breaks"])
@pytest.mark.parametrize("target", ["groq/llama-3.3-70b-versatile", "anthropic/claude-haiku-4-5"])
def test_no_key_of_a_target_is_anywhere(target: str, provider: str, everything: Any, world: Any, capsys: Any) -> None:
    """The process's key and a tenant's: not in what is kept, and not in what any SDK's caller gets to see."""
    on, told = everything
    if provider != "answers":
        world.chat = world.messages = echoing if provider == "echoes" else breaking
    on(f"filter: [target == {target}]")
    lent = anthropic.Anthropic(api_key=KEYS["tenant"], base_url=world.anthropic.url, max_retries=0)
    calls = {name: made for name, made in clients(world).items() if name in ("openai", "google")}
    said = ""
    for call, client in calls.values():
        for streaming in (False, True):
            for tenants in ({}, {"anthropic": lent}):
                try:
                    with waypost.context(clients=tenants):
                        call(client, streaming, "auto")
                except Exception as error:
                    said += f"{error!r} {error} {getattr(error, '__notes__', '')} {vars(error)}"
    secrets = [KEYS[name] for name in ("groq", "deepseek", "tenant")]
    # What stands inside of a stream of the caller's own dialect passes as it came, an error's words included.
    if provider != "breaks" or target.startswith("anthropic"):
        assert [key for key in secrets if key in said] == []
    assert leaks(told(capsys)) == []


def test_the_search_finds_what_is_there() -> None:
    """A leak would be seen."""
    assert leaks({"log": f"key={KEYS['groq']}"}) == [("log", "groq")]


@pytest.mark.parametrize("said", ["before", "after"])
def test_an_error_within_a_stream_repeats_no_key(said: str, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server of the caller's own dialect, to which our key went, says it in an error event; the caller is told of
    what kind the error is, as of a whole answer's."""
    monkeypatch.setenv("GROQ_API_KEY", KEYS["groq"])
    monkeypatch.setenv("GROQ_BASE_URL", world.openai.url + "/groq")
    error = {"error": {"message": f"no account for {KEYS['groq']}", "type": "server_error"}}
    chunks = chat_chunks(["Hel", "lo"]) if said == "after" else []
    world.chat = lambda _: sse_answer([*chunks[:2], error])
    world.on("filter: [provider == groq]\nrank: cheapest")
    client = openai.OpenAI(max_retries=0)
    with client.chat.completions.with_streaming_response.create(model="auto", messages=ASKED, stream=True) as response:
        raw = response.read()
    with pytest.raises(openai.APIError) as caught:
        list(client.chat.completions.create(model="auto", messages=ASKED, stream=True))
    assert KEYS["groq"].encode() in world.openai.seen[-1].raw
    assert KEYS["groq"].encode() not in raw
    assert KEYS["groq"] not in f"{caught.value!r} {caught.value.body} {caught.value}"
    assert caught.value.message == "The model's provider failed: server error."
    client.close()
