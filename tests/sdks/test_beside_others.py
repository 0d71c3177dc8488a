"""Beside other libraries' instrumentation of the same calls, each inference is reported once (S6.15).

The others are made here as the real ones are: a wrapper of a resource's method, or of a client class's own `request`,
around which stands a span of the library's scope with its attributes at the start.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import types
from collections.abc import Callable, Iterator
from typing import Any

import anthropic.resources.messages
import openai
import openai.resources.chat.completions
import pytest
from google import genai
from google.genai import models
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import waypost

ASKED: list[Any] = [{"role": "user", "content": "Hi"}]
AWAY = "filter: [target == openai/gpt-4o-mini]"
PLACES: dict[str, tuple[tuple[Any, str], tuple[Any, str]]] = {
    "openai": (
        (openai.resources.chat.completions.Completions, "create"),
        (openai.resources.chat.completions.AsyncCompletions, "create"),
    ),
    "openai request": ((openai.OpenAI, "request"), (openai.AsyncOpenAI, "request")),
    "anthropic": (
        (anthropic.resources.messages.Messages, "create"),
        (anthropic.resources.messages.AsyncMessages, "create"),
    ),
    "google": ((models.Models, "generate_content"), (models.AsyncModels, "generate_content")),
}
"""What each of them wraps, for sync and for async calls."""
OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "OpenTelemetry": (
        "opentelemetry.instrumentation.{sdk}_v2",
        {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"},
    ),
    "OpenInference": ("openinference.instrumentation.{sdk}", {"openinference.span.kind": "LLM", "llm.model_name": "m"}),
    "OpenLIT": ("openlit.instrumentation.{sdk}", {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}),
}


def written_in(module: str, function: Any) -> Any:
    """The function as if its source stood in that module."""
    made = types.FunctionType(
        function.__code__,
        {**function.__globals__, "__name__": module},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    return functools.update_wrapper(made, function.__wrapped__)


def around(
    original: Callable[..., Any], tracer: Any, name: str, attributes: dict[str, Any], *, is_async: bool
) -> Callable[..., Any]:
    """The method within a span."""
    if is_async:

        @functools.wraps(original)
        async def acalled(self: Any, *args: Any, **kwargs: Any) -> Any:
            with tracer.start_as_current_span(name, attributes=attributes):
                return await original(self, *args, **kwargs)

        return acalled

    @functools.wraps(original)
    def called(self: Any, *args: Any, **kwargs: Any) -> Any:
        with tracer.start_as_current_span(name, attributes=attributes):
            return original(self, *args, **kwargs)

    return called


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracers(exporter: InMemorySpanExporter) -> TracerProvider:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


@contextlib.contextmanager
def other(library: str, place: str, tracers: TracerProvider) -> Iterator[None]:
    """That library switched on, where it wraps, and off again."""
    scope, attributes = OTHERS[library]
    tracer = tracers.get_tracer(scope.format(sdk=place.split()[0]))
    originals = [(kind, name, kind.__dict__.get(name)) for kind, name in PLACES[place]]
    for kind, name, _ in originals:
        is_async = kind.__name__.startswith("Async")
        wrapper = around(getattr(kind, name), tracer, f"theirs {library}", attributes, is_async=is_async)
        setattr(kind, name, written_in(scope.format(sdk=place.split()[0]), wrapper))
    try:
        yield
    finally:
        for kind, name, original in originals:
            if original is None:
                delattr(kind, name)
            else:
                setattr(kind, name, original)


async def call(place: str, style: str, streaming: bool) -> Any:
    sdk = place.split()[0]
    if sdk == "google":
        client: Any = genai.Client()
        target = client.models if style == "sync" else client.aio.models
        value = target.generate_content(model="gemini-2.5-flash", contents="Hi")
        return await value if inspect.isawaitable(value) else value
    package: Any = {"openai": openai, "anthropic": anthropic}[sdk]
    name = {"openai": "OpenAI", "anthropic": "Anthropic"}[sdk]
    client = getattr(package, name if style == "sync" else "Async" + name)(max_retries=0)
    if sdk == "openai":
        value = client.chat.completions.create(model="gpt-4o", messages=ASKED, stream=streaming)
    else:
        value = client.messages.create(model="claude-haiku-4-5", max_tokens=9, messages=ASKED, stream=streaming)
    value = await value if inspect.isawaitable(value) else value
    if streaming:
        [item async for item in value] if style == "async" else list(value)
    return value


def inferences(spans: tuple[ReadableSpan, ...]) -> list[str]:
    """Names of the spans that whoever counts calls, tokens or cost would count."""
    said = ("gen_ai.operation.name", "gen_ai.request.model", "gen_ai.usage.input_tokens", "llm.model_name")
    return [span.name for span in spans if any(name in (span.attributes or {}) for name in said)]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("library", OTHERS)
@pytest.mark.parametrize("style", ["sync", "async"])
@pytest.mark.parametrize("first", ["theirs", "ours"])
async def test_one_inference_each(
    first: str,
    style: str,
    library: str,
    place: str,
    answering: Any,
    tracers: TracerProvider,
    exporter: InMemorySpanExporter,
) -> None:
    """Whoever came first, at home and elsewhere, whole and streamed: theirs is the inference; ours has what only we
    know, its cost once, and is INTERNAL."""
    with contextlib.ExitStack() as stack:
        if first == "ours":
            answering.on(AWAY, tracer_provider=tracers)
        stack.enter_context(other(library, place, tracers))
        if first == "theirs":
            answering.on(AWAY, tracer_provider=tracers)
        for mode in ("route", "observe"):
            for streaming in (False, True) if place != "google" else (False,):
                exporter.clear()
                with waypost.context(mode=mode):
                    value = await call(place, style, streaming)
                waypost.flush()
                spans = exporter.get_finished_spans()
                assert waypost.receipt(value) is not None
                assert inferences(spans) == [f"theirs {library}"], (mode, streaming)
                costs = [span.name for span in spans if "waypost.cost.amount" in (span.attributes or {})]
                assert len(costs) == 1, costs
        waypost.uninstrument()


@pytest.mark.parametrize("style", ["sync", "async"])
async def test_below_us_they_see_nothing_of_what_leaves(
    style: str, answering: Any, tracers: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    """A wrapper of the client's own `request` that was there first is not asked elsewhere: ours is the inference."""
    with other("OpenInference", "openai request", tracers):
        answering.on("filter: [target == anthropic/claude-haiku-4-5]", tracer_provider=tracers)
        await call("openai request", style, False)
        waypost.flush()
        assert inferences(exporter.get_finished_spans()) == ["chat claude-haiku-4-5"]
        waypost.uninstrument()


@pytest.mark.parametrize("place", [name for name in PLACES if name != "openai request"])
async def test_alone_the_inference_is_ours(
    place: str, answering: Any, tracers: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    """What the test above counts is there without the others."""
    answering.on(AWAY, tracer_provider=tracers)
    await call(place, "sync", False)
    waypost.flush()
    assert len(inferences(exporter.get_finished_spans())) == 1
