"""Which providers are used, and that the application's own flush, shutdown and exit deliver what was deferred."""

from __future__ import annotations

import gzip
import http.server
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ConcurrentMultiSpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import events_factory
from waypost.adapters.sinks.otel_metrics import OtelMetrics
from waypost.adapters.sinks.otel_spans import OtelSpans
from waypost.runtime import otlp
from waypost.runtime.providers import attach_drain, is_real, resolve
from waypost.runtime.worker import Worker

TESTS = Path(__file__).resolve().parents[1]
NEVER_MS = 3_600_000


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker(inline=False)
    yield made
    made.close(5.0)


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


def batching(exporter: InMemorySpanExporter, **options: Any) -> TracerProvider:
    """A provider that exports only when it is told to."""
    provider = TracerProvider(shutdown_on_exit=False, **options)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=NEVER_MS))
    return provider


def slowly(worker: Worker) -> Any:
    """A submit whose jobs wait a little, as under load."""
    return lambda job, *args: worker.submit(lambda: (time.sleep(0.05), job(*args)))


def call(provider: Any, worker: Worker) -> None:
    """One routed call, told to spans of `provider`."""
    sink = OtelSpans(resolve(provider, worker=worker, environ={}).tracer, slowly(worker))
    for event in events_factory.routed():
        sink.event(event)


def ended(exporter: InMemorySpanExporter) -> set[str]:
    return {span.name for span in exporter.get_finished_spans()}


BOTH = {"route default", "chat gpt-5-mini"}


# -- flush and shutdown -----------------------------------------------------------------------------------------------


def test_the_applications_flush_delivers_our_spans(worker: Worker, exporter: InMemorySpanExporter) -> None:
    """`provider.force_flush()` waits for the worker and exports what it ended, with nothing of ours being called."""
    provider = batching(exporter)
    call(provider, worker)
    assert ended(exporter) == set()
    assert provider.force_flush(5_000) is True
    assert ended(exporter) == BOTH
    provider.shutdown()


def test_a_provider_that_flushes_in_threads_delivers_too(worker: Worker, exporter: InMemorySpanExporter) -> None:
    """Our second flush is told from the first also where processors run in a pool."""
    pool = ConcurrentMultiSpanProcessor(2)
    provider = batching(exporter, active_span_processor=pool)
    call(provider, worker)
    assert provider.force_flush(5_000) is True
    assert ended(exporter) == BOTH
    provider.shutdown()
    pool._executor.shutdown()


def test_the_applications_shutdown_delivers_our_spans(worker: Worker, exporter: InMemorySpanExporter) -> None:
    """The exporting processor was added before ours and is shut down first; our spans are with it by then."""
    provider = batching(exporter)
    call(provider, worker)
    provider.shutdown()
    assert ended(exporter) == BOTH


def test_a_flush_that_cannot_be_done_in_time_says_so(worker: Worker, exporter: InMemorySpanExporter) -> None:
    """A worker that hangs makes the application's flush false, within its timeout."""
    provider = batching(exporter)
    gate = threading.Event()
    call(provider, worker)
    worker.submit(gate.wait)
    before = time.monotonic()
    assert provider.force_flush(200) is False
    assert time.monotonic() - before < 3.0
    gate.set()
    worker.drain(5.0)
    provider.shutdown()


def test_a_drain_is_attached_once(worker: Worker, exporter: InMemorySpanExporter) -> None:
    """However many tracers look at a provider, and however often; another worker gets its own."""
    provider = batching(exporter)
    added: list[object] = []
    provider.add_span_processor = added.append  # type: ignore[method-assign]
    assert [attach_drain(provider, worker) for _ in range(3)] == [True, True, True]
    assert len(added) == 1
    second = Worker(inline=False)
    assert attach_drain(provider, second) is True
    assert len(added) == 2
    assert attach_drain(trace.NoOpTracerProvider(), worker) is False
    second.close()
    provider.shutdown()


def test_our_own_flush_reaches_worker_spans_and_metrics(worker: Worker, exporter: InMemorySpanExporter) -> None:
    """`flush()` runs what waits and has both providers export."""
    tracers, reader = batching(exporter), InMemoryMetricReader()
    meters = MeterProvider([reader], shutdown_on_exit=False)
    found = resolve(tracers, meters, worker=worker, environ={})
    sink = OtelSpans(found.tracer, slowly(worker), metrics=OtelMetrics(found.meter))
    for event in events_factory.routed():
        sink.event(event)
    assert found.flush(5.0) is True
    assert ended(exporter) == BOTH
    data = reader.get_metrics_data()
    assert data is not None
    names = {each.name for scope in data.resource_metrics[0].scope_metrics for each in scope.metrics}
    assert "waypost.cost" in names
    tracers.shutdown()
    meters.shutdown()


# -- which one --------------------------------------------------------------------------------------------------------


def test_given_providers_are_used(worker: Worker, exporter: InMemorySpanExporter) -> None:
    """They win, and the description says so; the scope is ours with version and schema."""
    tracers, meters = batching(exporter), MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False)
    found = resolve(tracers, meters, worker=worker, environ={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://nobody:4318"})
    found.tracer.start_span("x").end()
    tracers.force_flush()
    (span,) = exporter.get_finished_spans()
    assert (span.instrumentation_scope.name, span.instrumentation_scope.schema_url) == (
        "waypost",
        "https://waypost.dev/schemas/1.0.0",
    )
    assert found.meter() is found.meter()
    assert found.describe() == {
        "traces": "given provider opentelemetry.sdk.trace.TracerProvider",
        "metrics": "given provider opentelemetry.sdk.metrics._internal.MeterProvider",
    }
    tracers.shutdown()
    meters.shutdown()


def test_without_anything_there_is_nothing() -> None:
    """No SDK and no endpoint: no recording spans, no meter, nothing to flush."""
    found = resolve(environ={})
    with found.tracer.start_as_current_span("x") as span:
        assert span.is_recording() is False
    assert found.meter() is None
    assert found.flush(1.0) is True
    assert found.describe()["traces"] == "not exported: no SDK is configured and no OTLP endpoint is named"


def test_placeholders_are_told_from_providers() -> None:
    """The API's proxies and no-ops are none; the SDK's and anybody's own are."""

    class Own(trace.TracerProvider):
        def get_tracer(self, *args: Any, **kwargs: Any) -> trace.Tracer:
            return trace.NoOpTracer()

    providers = [
        trace.get_tracer_provider(),
        trace.NoOpTracerProvider(),
        metrics.get_meter_provider(),
        metrics.NoOpMeterProvider(),
    ]
    assert [is_real(each) for each in providers] == [False] * 4
    assert is_real(TracerProvider(shutdown_on_exit=False)) is True
    assert is_real(Own()) is True


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://c:4318/v1/metrics"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "console, otlp_proto_http"}, True),
    ],
)
def test_when_the_environment_asks_for_an_export(environ: dict[str, str], wanted: bool) -> None:
    """An endpoint for the signal, and nothing that switches it off."""
    assert otlp.wanted("traces", environ) is wanted


def test_an_export_needs_the_exporter_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra nothing is exported, and the description names the extra."""
    monkeypatch.setattr(otlp, "_importable", lambda module: False)
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}
    assert otlp.wanted("traces", environ) is False
    assert "waypost[otlp]" in resolve(environ=environ).describe()["traces"]


@pytest.mark.parametrize(
    ("environ", "protocol"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, "http"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317"}, "grpc"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, "http"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}, "grpc"),
    ],
)
def test_the_protocol(environ: dict[str, str], protocol: str) -> None:
    """As the environment says, else as the customary port of the endpoint does."""
    assert otlp.protocol("traces", environ) == protocol


# -- whole processes --------------------------------------------------------------------------------------------------


class Collector:
    """An OTLP/HTTP receiver that keeps what it got, by path."""

    def __init__(self) -> None:
        self.got: dict[str, list[bytes]] = {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                outer.got.setdefault(self.path, []).append(body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def spans(self) -> set[str]:
        return {name for name in ("route default", "chat gpt-5-mini") if name.encode() in self.all("/v1/traces")}

    def all(self, path: str) -> bytes:
        return b"".join(self.got.get(path, []))


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.server.shutdown()
    made.server.server_close()


WAYPOST = """
import events_factory
from opentelemetry import trace, metrics
from waypost.adapters.sinks.otel_metrics import OtelMetrics
from waypost.adapters.sinks.otel_spans import OtelSpans
from waypost.runtime.providers import resolve
from waypost.runtime.worker import Worker
worker = Worker(inline=False)
found = resolve(worker=worker)
sink = OtelSpans(found.tracer, worker.submit, metrics=OtelMetrics(found.meter, before_collect=lambda: worker.drain(1)))
def call():
    for event in events_factory.routed():
        sink.event(event)
"""

SDK = """
from opentelemetry import trace, metrics
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())]))
"""


def run(*parts: str, endpoint: str | None) -> subprocess.CompletedProcess[str]:
    """A program made of parts in a process of its own; it ends without flushing anything."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    environ["PYTHONPATH"] = str(TESTS)
    if endpoint is not None:
        environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
    program = "\n".join(textwrap.dedent(part) for part in parts)
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env=environ,
    )
    assert result.returncode == 0, result.stderr
    return result


@pytest.mark.parametrize(
    "parts", [(SDK, WAYPOST, "call()"), (WAYPOST, SDK, "call()")], ids=["SDK before us", "SDK after us"]
)
def test_exit_delivers_through_the_applications_sdk(collector: Collector, parts: tuple[str, ...]) -> None:
    """Configured before or after us, the application's SDK gets our spans and money, though nobody flushes."""
    result = run(*parts, endpoint=collector.url)
    assert result.stderr == ""
    assert collector.spans() == BOTH
    assert b"waypost.cost" in collector.all("/v1/metrics")
    assert b"waypost.decisions" in collector.all("/v1/metrics")


def test_an_endpoint_in_the_environment_is_enough(collector: Collector) -> None:
    """Without any SDK configured, private providers deliver, and the global ones stay untouched."""
    result = run(
        WAYPOST,
        """
        call()
        print(type(trace.get_tracer_provider()).__name__, type(metrics.get_meter_provider()).__name__)
        print(found.describe()["traces"].startswith("OTLP to http"))
        """,
        endpoint=collector.url,
    )
    assert (result.stdout.split(), result.stderr) == (["ProxyTracerProvider", "_ProxyMeterProvider", "True"], "")
    assert collector.spans() == BOTH
    assert b"waypost.cost" in collector.all("/v1/metrics")


def test_an_sdk_configured_after_the_first_call_takes_over(collector: Collector) -> None:
    """What the private providers had is still delivered, and nothing is delivered twice."""
    result = run(
        WAYPOST,
        "call()",
        SDK,
        """
        call()
        print(found.describe()["traces"].split()[0], found.describe()["metrics"].split()[0])
        """,
        endpoint=collector.url,
    )
    assert (result.stdout.split(), result.stderr) == (["global", "global"], "")
    assert collector.all("/v1/traces").count(b"route default") == 2


def test_nothing_named_means_nothing_sent() -> None:
    """No SDK, no endpoint: the program runs and ends without the SDK ever being imported."""
    result = run(WAYPOST, "call()", "import sys; print('opentelemetry.sdk' in sys.modules)", endpoint=None)
    assert (result.stdout.strip(), result.stderr) == ("False", "")


def test_a_dead_collector_does_not_hold_the_exit_up() -> None:
    """Nobody listens at the endpoint: the program still ends soon."""
    before = time.monotonic()
    run(WAYPOST, "call()", "import logging; logging.disable()", endpoint="http://127.0.0.1:9")
    assert time.monotonic() - before < 15.0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_a_forked_child_delivers_its_own(collector: Collector) -> None:
    """As under a pre-forking server: parent and child each deliver their call, once."""
    run(
        SDK,
        WAYPOST,
        """
        import os, sys
        call()
        child = os.fork()
        if child == 0:
            call()
            worker.drain(5)
            provider.force_flush(5000)
            os._exit(0)
        os.waitpid(child, 0)
        """,
        endpoint=collector.url,
    )
    assert collector.all("/v1/traces").count(b"route default") == 2
