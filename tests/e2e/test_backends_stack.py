"""What the Collector's configurations promise, asked of Jaeger and Prometheus after real OTLP exports (S4.06)."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Counter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, format_trace_id

from e2e.backends import ROOT, Endpoints, Jaeger, JaegerSpan, Ports, Prometheus, Stack, native_or_give_up, until

pytestmark = pytest.mark.e2e

PROMPT = "the patient in room 12 asks about lithium"
BACKENDS = ("collector", "prometheus", "jaeger")
KEY = "sk-" + "Ab3_" * 6  # the shape of a key, and nobody's


@dataclass(frozen=True, slots=True)
class Sent:
    """What the fixture sent: one routed call of two spans, as a service of its own."""

    service: str
    trace_id: str
    receipt_id: str


@contextmanager
def telemetry(otlp_http: str, service: str) -> Iterator[tuple[Tracer, Counter]]:
    """A tracer and the cost counter of a process called ``service``; leaving the block exports everything."""
    resource = Resource({"service.name": service, "service.instance.id": "one"})
    tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{otlp_http}/v1/traces")))
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{otlp_http}/v1/metrics"), 3_600_000)
    meters = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
    try:
        yield tracers.get_tracer("test"), meters.get_meter("test").create_counter("waypost.cost", unit="{USD}")
    finally:
        tracers.shutdown()
        meters.shutdown()


@pytest.fixture(scope="module")
def sent(stack: Endpoints) -> Sent:
    """One call that was routed to openai/gpt-5-mini, with everything that must not be stored written on it."""
    service, receipt_id = f"shop-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
    with telemetry(stack.otlp_http, service) as (tracer, cost), tracer.start_as_current_span("route default") as route:
        route.set_attributes(
            {
                "waypost.receipt.id": receipt_id,
                "waypost.candidate.ids": ["openai/gpt-5", "openai/gpt-5-mini"],
                "waypost.rejected.openai/gpt-5": "budget.call",
                # No event is on this span: a wrongly grouped transform would overlook it.
                "gen_ai.input.messages": f'[{{"role":"user","content":"{PROMPT}"}}]',
                "gen_ai.system_instructions": PROMPT,
                "gen_ai.prompt.0.content": PROMPT,
                "gen_ai.prompt.name": "triage",
                "input.value": PROMPT,
                "llm.input_messages.0.message.content": PROMPT,
                "traceloop.entity.input": PROMPT,
                "http.request.header.authorization": f"Bearer {KEY}",
            }
        )
        with tracer.start_as_current_span("chat gpt-5-mini", kind=SpanKind.CLIENT) as attempt:
            attempt.set_attributes({"gen_ai.request.model": "gpt-5-mini", "gen_ai.usage.input_tokens": 17})
            attempt.add_event("answer", {"gen_ai.output.messages": PROMPT, "error.body": f"bad key {KEY}", "n": 3})
            attempt.set_status(Status(StatusCode.ERROR, f"401 for {KEY}"))
            attempt.update_name(f"chat gpt-5-mini {KEY}")
            cost.add(0.375, {"waypost.selected": "openai/gpt-5-mini"})
    return Sent(service, format_trace_id(route.get_span_context().trace_id), receipt_id)


@pytest.fixture(scope="module")
def stored(stack: Endpoints, sent: Sent) -> list[JaegerSpan]:
    """Both spans of the call as Jaeger has them, the route span first."""
    return Jaeger(stack.jaeger).trace(sent.trace_id, spans=2)


def test_the_trace_is_found_by_its_id(sent: Sent, stored: list[JaegerSpan]) -> None:
    """Both spans arrive under the id that the SDK gave them, joined, with values and types as sent (S4.03)."""
    route, attempt = stored
    assert [span.service for span in stored] == [sent.service, sent.service]
    assert (route.name, route.parent_id) == ("route default", None)
    assert attempt.parent_id == route.span_id
    assert route.tags["waypost.receipt.id"] == sent.receipt_id
    assert route.tags["waypost.candidate.ids"] == '["openai/gpt-5","openai/gpt-5-mini"]'
    assert attempt.tags["gen_ai.request.model"] == "gpt-5-mini"
    assert attempt.tags["gen_ai.usage.input_tokens"] == 17
    assert attempt.tags["span.kind"] == "client"


@pytest.mark.parametrize("tag", ["waypost.receipt.id", "waypost.rejected.openai/gpt-5"])
def test_the_trace_is_found_by_tag(stack: Endpoints, sent: Sent, tag: str) -> None:
    """The receipt id, and the rule that rejected a candidate, find this trace; a wrong value finds none (S4.04)."""
    jaeger = Jaeger(stack.jaeger)
    value = {"waypost.receipt.id": sent.receipt_id, "waypost.rejected.openai/gpt-5": "budget.call"}[tag]
    assert jaeger.search(sent.service, {tag: value}) == {sent.trace_id}
    assert jaeger.search(sent.service, {tag: f"{value}x"}, wait=False) == set()


def test_cost_is_counted_under_its_own_name(stack: Endpoints, sent: Sent) -> None:
    """The unit {USD} leaves no trace in the name: waypost_cost_total, with the exact sum, once (S4.05)."""
    prometheus = Prometheus(stack.prometheus)
    (sample,) = prometheus.query(f'waypost_cost_total{{job="{sent.service}"}}')
    assert sample.value == 0.375
    assert sample.labels["waypost_selected"] == "openai/gpt-5-mini"
    assert sample.labels["instance"] == "one"
    named = prometheus.query_now(f'count by (__name__) ({{__name__=~"waypost_cost.*", job="{sent.service}"}})')
    assert [each.labels["__name__"] for each in named] == ["waypost_cost_total"]


def test_a_cost_leads_to_its_trace(stack: Endpoints, sent: Sent, stored: list[JaegerSpan]) -> None:
    """The exemplar on the cost names a trace that Jaeger has: the one in which the money was spent (S4.05)."""
    (exemplar,) = Prometheus(stack.prometheus).exemplars(f'waypost_cost_total{{job="{sent.service}"}}')
    assert exemplar.value == 0.375
    assert exemplar.trace_id == sent.trace_id == stored[0].trace_id


def test_content_is_never_stored(stored: list[JaegerSpan]) -> None:
    """No prompt and no answer reaches Jaeger, under any known name, on spans and events; what is beside them does."""
    assert PROMPT not in "".join(span.raw for span in stored)
    route, attempt = stored
    dropped = {"gen_ai.input.messages", "gen_ai.system_instructions", "gen_ai.prompt.0.content", "input.value"}
    assert dropped.isdisjoint(route.tags)
    assert route.tags["gen_ai.prompt.name"] == "triage"
    (event,) = attempt.events
    assert "gen_ai.output.messages" not in event
    assert event["n"] == 3


def test_keys_are_masked(stored: list[JaegerSpan]) -> None:
    """An API key is masked in attributes, events, span names and status messages, and the words around it stay."""
    assert KEY not in "".join(span.raw for span in stored)
    route, attempt = stored
    assert route.tags["http.request.header.authorization"] == "Bearer ****"
    assert attempt.events[0]["error.body"] == "bad key ****"
    assert attempt.name == "chat gpt-5-mini ****"
    assert attempt.tags["otel.status_description"] == "401 for ****"


def test_up_status_and_down(tmp_path: Path) -> None:
    """The script's verbs, as processes of their own: up prints working endpoints, down leaves nothing behind."""
    native_or_give_up()

    def script(verb: str, *words: str) -> tuple[int, Any]:
        command = [sys.executable, str(ROOT / "scripts" / "backends.py"), verb, *words]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False)
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr

    data = ("--data", "stack")
    try:
        code, endpoints = script("up", *data, "--ports", json.dumps(asdict(Ports.free())))
        assert code == 0
        assert Prometheus(endpoints["prometheus"]).query_now("vector(7)")[0].value == 7.0
        assert Jaeger(endpoints["jaeger"]).search("nobody", {}, wait=False) == set()
        code, states = script("status", *data)
        assert code == 0
        assert {name: state["healthy"] for name, state in states.items()} == dict.fromkeys(BACKENDS, True)
        assert script("up", *data) == (
            1,
            f"{', '.join(BACKENDS)} already runs with {tmp_path / 'stack'}; say `down` first\n",
        )
    finally:
        code, stopped = script("down", *data)
    assert (code, stopped) == (0, {"stopped": sorted(BACKENDS)})
    code, states = script("status", *data)
    assert code == 1
    assert not any(state["running"] for state in states.values())
    assert script("down", *data) == (0, {"stopped": []})


def test_the_gateway_samples_after_counting(tmp_path: Path) -> None:
    """Fallbacks and errors are all kept, nothing else at 0 percent, and the metrics from spans count every one."""
    native_or_give_up()
    kinds = {"plain": 12, "fallback": 5, "error": 4}
    service = f"gateway-{uuid.uuid4().hex[:8]}"
    ids: dict[str, set[str]] = {kind: set() for kind in kinds}
    with Stack(tmp_path, gateway=True, env={"WAYPOST_TRACE_PERCENT": "0"}) as stack:
        with telemetry(stack.otlp_http, service) as (tracer, _):
            for kind, times in kinds.items():  # the plain ones first, so that they are decided on before the others
                for _ in range(times):
                    with tracer.start_as_current_span("route default") as route:
                        route.set_attribute("waypost.selected.cause", "fallback" if kind == "fallback" else "policy")
                        route.set_status(StatusCode.ERROR if kind == "error" else StatusCode.UNSET)
                    ids[kind].add(format_trace_id(route.get_span_context().trace_id))
        jaeger, prometheus = Jaeger(stack.jaeger), Prometheus(stack.prometheus)
        wanted = ids["fallback"] | ids["error"]
        until(lambda: wanted <= jaeger.search(service, {}, wait=False), "every fallback and every error in Jaeger")
        assert jaeger.search(service, {}, wait=False) == wanted

        def reaches(promql: str, total: int) -> None:  # span_metrics begins every series with a zero
            until(lambda: sum(sample.value for sample in prometheus.query_now(promql)) == total, f"{promql} == {total}")

        of_service = f'traces_span_metrics_calls_total{{service_name="{service}"'
        reaches(f"{of_service}}}", sum(kinds.values()))
        reaches(f'{of_service}, waypost_selected_cause="fallback"}}', kinds["fallback"])
        reaches("waypost_spans_fallback_total", kinds["fallback"])


def test_a_killed_collector_loses_nothing_it_accepted(tmp_path: Path) -> None:
    """With Jaeger away and the Collector killed by KILL right after it accepted, every trace still arrives once."""
    native_or_give_up()
    service = f"durable-{uuid.uuid4().hex[:8]}"
    ids: set[str] = set()
    with Stack(tmp_path) as stack:
        stack.kill("jaeger")
        with telemetry(stack.otlp_http, service) as (tracer, _):
            for _ in range(200):
                with tracer.start_as_current_span("route default") as route:
                    ids.add(format_trace_id(route.get_span_context().trace_id))
        stack.kill("collector")
        stack.restart("collector")
        stack.restart("jaeger")
        jaeger = Jaeger(stack.jaeger)
        until(lambda: len(jaeger.search(service, {}, wait=False)) >= len(ids), "200 traces in Jaeger")
        assert jaeger.search(service, {}, wait=False) == ids
        assert {len(jaeger.trace(trace_id)) for trace_id in sorted(ids)[:20]} == {1}
