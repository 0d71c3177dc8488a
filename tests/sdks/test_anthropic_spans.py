"""The Anthropic SDK's own spans beside ours: an inference is reported once (S5.03)."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import waypost

CALL: Any = {"max_tokens": 20, "messages": [{"role": "user", "content": "Hi"}]}
HOME = "filter: [target == anthropic/claude-haiku-4-5]"
AWAY = "filter: [target == openai/gpt-4o-mini]"
OWN = hasattr(anthropic._base_client.SyncAPIClient, "_tracer")
"""Whether this version makes spans of its own."""


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """The process's provider for one test, and what it exports."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    return exporter


def inferences(spans: InMemorySpanExporter) -> list[str]:
    """Scopes of the spans that say they are an inference."""
    assert waypost.flush(10)
    return [
        span.instrumentation_scope.name
        for span in spans.get_finished_spans()
        if span.attributes.get("gen_ai.operation.name") == "chat"
    ]


@pytest.mark.parametrize(("body", "mode"), [("", "observe"), (HOME, "route")])
def test_at_home_the_sdk_reports(body: str, mode: str, world: Any, claude: Any, spans: InMemorySpanExporter) -> None:
    """Its own span is the inference, below our attempt, which is INTERNAL and has what only we know."""
    world.on(body, mode)
    claude.messages.create(model="claude-haiku-4-5", **CALL)
    assert inferences(spans) == (["com.anthropic.sdk.python"] if OWN else ["waypost"])
    ours = {span.name: span for span in spans.get_finished_spans() if span.instrumentation_scope.name == "waypost"}
    attempt = ours["attempt claude-haiku-4-5" if OWN else "chat claude-haiku-4-5"]
    assert attempt.attributes["waypost.attempt.cost.amount"] > 0
    assert (attempt.kind is trace.SpanKind.INTERNAL) == OWN
    if OWN:
        theirs = next(
            span for span in spans.get_finished_spans() if span.instrumentation_scope.name == "com.anthropic.sdk.python"
        )
        assert theirs.parent.span_id == attempt.context.span_id


def test_elsewhere_we_report(world: Any, claude: Any, spans: InMemorySpanExporter) -> None:
    """The SDK sends nothing, so that it has nothing to report."""
    world.on(AWAY)
    claude.messages.create(model="auto", **CALL)
    assert inferences(spans) == ["waypost"]


def test_without_a_provider_of_the_process_we_report(world: Any, claude: Any) -> None:
    """Spans of the SDK go nowhere then; ours go to the provider that they were given."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    world.on("", "observe", tracer_provider=provider)
    claude.messages.create(model="claude-haiku-4-5", **CALL)
    assert inferences(exporter) == ["waypost"]
