"""Everything that the sinks emit is declared in the registry, with its type, its enum members and what is required."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

import events_factory
from waypost.adapters.sinks.otel_metrics import OtelMetrics
from waypost.adapters.sinks.otel_spans import OtelSpans
from waypost.core.model.ask import Account, Level
from waypost.core.model.events import Event

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:  # scripts/ is a package of the checkout, not of the wheel
    sys.path.insert(0, str(ROOT))

from scripts.generate_names import Attribute, Registry, Signal, load  # noqa: E402

REGISTRY = load()
EVERYTHING = [*events_factory.SCENARIOS, "foreign"]


@dataclass(frozen=True, slots=True)
class Emitted:
    spans: Sequence[ReadableSpan]
    points: Sequence[tuple[str, str, Mapping[str, Any]]]
    """(metric, unit, attributes) of each data point."""


def emit(scenario: str) -> Emitted:
    """Run a whole call through both sinks, with the SDK behind them."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    meter = MeterProvider([reader], shutdown_on_exit=False).get_meter("waypost")
    metrics = OtelMetrics(lambda: meter, inference=True, dropped=lambda: {"jobs": 0})
    sink = OtelSpans(tracers.get_tracer("waypost"), lambda *_: False, inline=True, metrics=metrics)
    if scenario == "foreign":
        attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-5"}
        with tracers.get_tracer("other").start_as_current_span("chat gpt-5", attributes=attributes):
            run(sink, events_factory.fallen_back())
    else:
        run(sink, events_factory.SCENARIOS[scenario]())
    sink.event(events_factory.internal_error())
    account = Account("department/day", "budget.department", "rd", 100, "day", (), None)
    metrics.budgets("rd", [Level(account, "2026-11-21", 50)])
    assert sink.failed == 0
    ours = [each for each in exporter.get_finished_spans() if each.instrumentation_scope.name == "waypost"]
    return Emitted(ours, list(points(reader)))


def run(sink: OtelSpans, events: Sequence[Event]) -> None:
    for event in events:
        sink.event(event)


def points(reader: InMemoryMetricReader) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    data = reader.get_metrics_data()
    assert data is not None
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    yield metric.name, metric.unit, point.attributes or {}


def span_type(span: ReadableSpan) -> str:
    if span.name.startswith("route "):
        return "waypost.route"
    return "waypost.attempt.internal" if span.name.startswith("attempt ") else "waypost.attempt.client"


def check(found: Mapping[str, Any], signal: Signal, registry: Registry = REGISTRY) -> list[str]:
    """What is wrong with emitted attributes, one sentence each."""
    wrong = []
    for name, value in found.items():
        declared = registry.attribute(name)
        if declared is None or declared.key not in signal.levels:
            wrong.append(f"{signal.id}: {name} is not declared")
        elif not has_type(value, declared):
            wrong.append(f"{signal.id}: {name}={value!r} is no {declared.type}")
        elif declared.members and value not in declared.members:
            wrong.append(f"{signal.id}: {name}={value!r} is none of {declared.members}")
    missing = [key for key, level in signal.levels.items() if level == "required" and key not in found]
    return wrong + [f"{signal.id}: {key} is missing" for key in missing]


def has_type(value: Any, declared: Attribute) -> bool:
    kind = declared.type.removeprefix("template[").removesuffix("]") if "template" in declared.type else declared.type
    python = {"string": str, "int": int, "double": float, "boolean": bool}
    if kind.endswith("[]"):
        return isinstance(value, tuple) and all(type(item) is python[kind[:-2]] for item in value)
    return type(value) is python[kind]


@pytest.mark.parametrize("scenario", EVERYTHING)
def test_spans_are_as_declared(scenario: str) -> None:
    """Name, type, enum and presence of every attribute of every span, and its kind (S4.03)."""
    emitted = emit(scenario)
    assert emitted.spans
    for span in emitted.spans:
        signal = REGISTRY.spans[span_type(span)]
        assert check(span.attributes or {}, signal) == []
        assert span.kind.name.lower() == signal.shape


@pytest.mark.parametrize("scenario", EVERYTHING)
def test_metrics_are_as_declared(scenario: str) -> None:
    """Name, unit, and every attribute of every data point."""
    for metric, unit, found in emit(scenario).points:
        signal = REGISTRY.metrics[metric]
        assert unit == signal.detail
        assert check(found, signal) == []


def test_every_declared_span_and_metric_is_emitted() -> None:
    """The registry promises nothing that nobody sends."""
    spans, metrics, keys = set(), set(), set()
    for scenario in EVERYTHING:
        emitted = emit(scenario)
        for span in emitted.spans:
            spans.add(span_type(span))
            keys |= {REGISTRY.attribute(name).key for name in span.attributes or {}}
        for metric, _, found in emitted.points:
            metrics.add(metric)
            keys |= {REGISTRY.attribute(name).key for name in found}
    assert spans == REGISTRY.spans.keys()
    assert metrics == REGISTRY.metrics.keys()
    # A list that was cut and a target with a deployment have tests of their own.
    assert REGISTRY.attributes.keys() - keys == {"waypost.candidate.truncated", "waypost.attempt.target"}


@pytest.mark.parametrize("scenario", EVERYTHING)
def test_conventions_of_all_spans_hold(scenario: str) -> None:
    """Status is never OK, and `error.type` is there exactly where it is ERROR, as the conventions want it."""
    for span in emit(scenario).spans:
        assert span.status.status_code is not StatusCode.OK
        assert ("error.type" in (span.attributes or {})) is (span.status.status_code is StatusCode.ERROR)
        assert len(span.attributes or {}) <= 64


def test_the_check_itself_finds_faults() -> None:
    """An undeclared name, a wrong type, a wrong member and a missing attribute are each told."""
    signal = REGISTRY.metrics["waypost.internal_errors"]
    assert check({"waypost.layer": "x", "error.type": "E"}, signal) == []
    assert check({"waypost.layer": 1, "error.type": "E"}, signal) == [
        "waypost.internal_errors: waypost.layer=1 is no string"
    ]
    assert check({"waypost.layer": "x", "error.type": "E", "waypost.mode": "route"}, signal) == [
        "waypost.internal_errors: waypost.mode is not declared"
    ]
    assert check({"waypost.layer": "x"}, signal) == ["waypost.internal_errors: error.type is missing"]
    decisions = REGISTRY.metrics["waypost.decisions"]
    found = {"waypost.policy.name": "p", "waypost.mode": "on", "waypost.selected.cause": "policy"}
    assert [fault.partition(" is none of ")[0] for fault in check(found, decisions)] == [
        "waypost.decisions: waypost.mode='on'"
    ]
