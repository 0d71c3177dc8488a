"""Beside other instrumentations nothing is reported twice (S6.15)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

import events_factory
from waypost.adapters.sinks import coexist
from waypost.adapters.sinks.otel_spans import OtelSpans


@dataclass
class InferenceData:
    """What OpenTelemetry's genai utilities keep in the context, as far as we touch it."""

    request_model: str | None = None


@pytest.fixture
def genai(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The genai utilities, loaded."""
    module = ModuleType("opentelemetry.util.genai.invocation")
    module.InferenceData = InferenceData  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter: InMemorySpanExporter) -> TracerProvider:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


@pytest.fixture
def sink(provider: TracerProvider) -> OtelSpans:
    return OtelSpans(provider.get_tracer("waypost"), lambda *_: False, inline=True)


def ours(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    found = (span for span in exporter.get_finished_spans() if span.instrumentation_scope.name == "waypost")
    return {span.name: span for span in found}


def inside(provider: TracerProvider, scope: str, attributes: dict[str, Any]) -> bool:
    """Whether a call inside such a span has somebody else reporting it."""
    with provider.get_tracer(scope).start_as_current_span("outer", attributes=attributes):
        return coexist.foreign(otel_context.get_current())


@pytest.mark.parametrize(
    ("scope", "attributes", "foreign"),
    [
        ("opentelemetry.instrumentation.openai.v1", {}, True),
        ("opentelemetry.util.genai.handler", {}, True),
        ("openlit.instrumentation.openai.openai", {}, True),
        ("com.anthropic.sdk.python", {}, True),
        ("anybody", {"gen_ai.request.model": "gpt-5"}, True),
        ("anybody", {"llm.model_name": "gpt-5"}, True),
        ("anybody", {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-5"}, True),
        ("openinference.instrumentation.langchain", {"openinference.span.kind": "LLM"}, True),
        ("openinference.instrumentation.langchain", {"openinference.span.kind": "CHAIN", "llm.model_name": "x"}, False),
        ("anybody", {"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "gpt-5"}, False),
        ("opentelemetry.instrumentation.fastapi", {"http.route": "/"}, False),
        ("my.application", {}, False),
    ],
)
def test_inferences_of_others_are_told_from_spans_around_them(
    provider: TracerProvider, scope: str, attributes: dict[str, Any], foreign: bool
) -> None:
    """An inference span makes the call theirs; an agent's, a chain's or a request handler's does not."""
    assert inside(provider, scope, attributes) is foreign


def test_an_announced_inference_is_theirs() -> None:
    """The genai utilities' word in the context counts, also without a span that records."""
    assert coexist.foreign(Context()) is False
    assert coexist.foreign(otel_context.set_value(coexist.INFERENCE_KEY, InferenceData())) is True


def test_under_a_foreign_inference_only_our_own_facts_are_told(
    sink: OtelSpans, provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    """The attempt is INTERNAL, called so, and has no `gen_ai.*`; the error and the cost of ours stay."""
    with provider.get_tracer("opentelemetry.instrumentation.openai.v1").start_as_current_span("chat gpt-5") as outer:
        for event in events_factory.fallen_back():
            sink.event(event)
    spans = ours(exporter)
    assert spans.keys() == {"route default", "attempt gpt-5-mini", "attempt llama-small"}
    assert spans["route default"].parent == outer.get_span_context()
    for span in spans.values():
        assert span.kind is SpanKind.INTERNAL
        assert not [key for key in span.attributes if key.startswith(("gen_ai.", "llm.", "server."))]
    attempt = spans["attempt llama-small"].attributes
    assert (attempt["waypost.provider"], attempt["waypost.model"]) == ("groq", "llama-small")
    assert attempt["waypost.attempt.cost.amount"] == 0.0001635
    assert spans["attempt gpt-5-mini"].attributes["error.type"] == "rate_limited"


def test_our_own_inference_is_announced(sink: OtelSpans, genai: ModuleType) -> None:
    """Around our send the genai utilities find an inference of ours, a fresh one for each attempt."""
    seen = []
    for _ in range(2):
        start, chosen, sending, *_ = events_factory.routed()
        for event in (start, chosen, sending):
            sink.event(event)
        with sink.activate(start.receipt):
            seen.append(otel_context.get_value(coexist.INFERENCE_KEY))
        assert otel_context.get_value(coexist.INFERENCE_KEY) is None
    assert all(isinstance(each, InferenceData) for each in seen)
    assert seen[0] is not seen[1]


def test_a_call_inside_our_own_attempt_is_not_reported_twice(sink: OtelSpans, exporter: InMemorySpanExporter) -> None:
    """A registered client that is itself wrapped makes an attempt within an attempt, and one inference."""
    start, chosen, sending, done, end = events_factory.routed()
    for event in (start, chosen, sending):
        sink.event(event)
    with sink.activate(start.receipt):
        for event in events_factory.observed():
            sink.event(event)
    for event in (done, end):
        sink.event(event)
    inferences = [span.name for span in exporter.get_finished_spans() if "gen_ai.operation.name" in span.attributes]
    assert inferences == ["chat gpt-5-mini"]
    assert "attempt gpt-5" in ours(exporter)


def test_what_is_not_loaded_is_not_spoken_to(sink: OtelSpans) -> None:
    """Without the genai utilities nothing is announced, and nothing of theirs is imported by us."""
    start, chosen, sending, *_ = events_factory.routed()
    for event in (start, chosen, sending):
        sink.event(event)
    with sink.activate(start.receipt):
        assert otel_context.get_value(coexist.INFERENCE_KEY) is None
    assert "opentelemetry.util.genai" not in sys.modules


def test_a_foreign_inference_keeps_its_word(sink: OtelSpans, genai: ModuleType) -> None:
    """Where somebody else announced first, that announcement stands around our send."""
    theirs = InferenceData("gpt-5")
    token = otel_context.attach(otel_context.set_value(coexist.INFERENCE_KEY, theirs))
    try:
        start, chosen, sending, *_ = events_factory.routed()
        for event in (start, chosen, sending):
            sink.event(event)
        with sink.activate(start.receipt):
            assert otel_context.get_value(coexist.INFERENCE_KEY) is theirs
    finally:
        otel_context.detach(token)


def test_traceloop_is_asked_to_be_silent_where_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own suppression key is set around our send, and only if the process has loaded it."""
    assert coexist.SUPPRESS_TRACELOOP_KEY not in coexist.announce(Context())
    monkeypatch.setitem(sys.modules, "opentelemetry.semconv_ai", ModuleType("opentelemetry.semconv_ai"))
    assert coexist.announce(Context())[coexist.SUPPRESS_TRACELOOP_KEY] is True


@pytest.fixture(autouse=True)
def _clean_context() -> Iterator[None]:
    """No test leaves a span or a word in the context for the next."""
    yield
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert otel_context.get_value(coexist.INFERENCE_KEY) is None
