"""What an exit delivers that nobody flushed, by whatever way OpenTelemetry was configured (S2.21, S6.10)."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import pytest

from process_site import CALL, Ended, Site

SPANS = ["chat gpt-4o-mini", "route site"]
CONSOLE = """\
import sys
def configure(sampled=True):
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
    provider = TracerProvider()
    exporter = ConsoleSpanExporter(formatter=lambda span: f"span {span.name}\\n")
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=3_600_000))
    trace.set_tracer_provider(provider)
    return provider
"""
BEFORE = CONSOLE + "configure()\n" + CALL
AFTER = CONSOLE + CALL.replace("auto_instrument()\n", "auto_instrument()\nconfigure()\n")
BETWEEN = CONSOLE + CALL + "configure()\n" + CALL.partition("waypost.auto_instrument()\n")[2]


def spans(ended: Ended) -> list[str]:
    return sorted(line.removeprefix("span ") for line in ended.lines if line.startswith("span "))


@pytest.mark.parametrize("program", [BEFORE, AFTER], ids=["before us", "after us"])
def test_exit_delivers_to_an_sdk_configured_by_the_application(site: Site, program: str) -> None:
    """Spans whose end was deferred reach the application's exporter, and the receipt the store, without any flush."""
    ended = site.run(program)
    assert (ended.code, ended.err, ended.lines[0]) == (0, "", "Hello.")
    assert spans(ended) == SPANS
    (receipt,) = site.receipts()
    assert receipt["status"] == "ok"
    assert len(receipt["call"]["trace_id"]) == 32


def test_an_sdk_configured_between_two_calls_gets_the_second(site: Site) -> None:
    """The first call had nobody to tell; its receipt is there all the same."""
    ended = site.run(BETWEEN)
    assert (ended.code, ended.err) == (0, "")
    assert spans(ended) == SPANS
    assert [receipt["call"]["trace_id"] is None for receipt in site.receipts()] == [True, False]


def test_without_an_sdk_there_is_a_receipt(site: Site) -> None:
    """Nobody configured anything: no span, no warning, one receipt."""
    ended = site.run(CALL)
    assert (ended.code, ended.out, ended.err) == (0, "Hello.\n", "")
    (receipt,) = site.receipts()
    assert (receipt["status"], receipt["call"]["trace_id"]) == ("ok", None)


def test_the_applications_own_flush_delivers(site: Site) -> None:
    """`provider.force_flush()` before a hard exit, which runs no exit handler."""
    program = BEFORE.replace("configure()\nimport", "provider = configure()\nimport")
    ended = site.run(program + "provider.force_flush()\nimport os\nsys.stdout.flush()\nos._exit(0)\n")
    assert (ended.code, spans(ended)) == (0, SPANS)


@pytest.mark.parametrize("flush", [True, False], ids=["waypost.flush()", "nothing"])
def test_a_hard_exit_keeps_the_receipt(site: Site, flush: bool) -> None:
    """`os._exit` runs no handler: with `waypost.flush()` in front of it spans are out too, the receipt in any case."""
    end = "sys.stdout.flush()\nimport os\nos._exit(0)\n"
    ended = site.run(BEFORE + ("print(waypost.flush())\n" if flush else "") + end)
    assert ended.code == 0
    assert spans(ended) == (SPANS if flush else [])
    assert ("True" in ended.lines) is flush
    assert [receipt["status"] for receipt in site.receipts()] == ["ok"]


def test_an_uncaught_exception_keeps_everything(site: Site) -> None:
    """A program that dies of an error of its own."""
    ended = site.run(BEFORE + "raise SystemExit(3)\n")
    assert (ended.code, spans(ended)) == (3, SPANS)
    assert [receipt["status"] for receipt in site.receipts()] == ["ok"]


@pytest.mark.parametrize("sampler", ["always_off", "parentbased_traceidratio"])
def test_sampling_at_zero_keeps_receipt_and_cost(site: Site, sampler: str) -> None:
    """No span is recorded, yet the receipt is whole and the money counted (S6.10)."""
    program = BEFORE.replace(
        "configure()\nimport",
        """configure()
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider([reader]))
import""",
    )
    told = """
import json
for metric in (m for s in reader.get_metrics_data().resource_metrics[0].scope_metrics for m in s.metrics):
    if metric.name == "waypost.cost":
        print("cost", sum(point.value for point in metric.data.data_points))
"""
    ended = site.run(program + told, OTEL_TRACES_SAMPLER=sampler, OTEL_TRACES_SAMPLER_ARG="0")
    assert (ended.code, ended.err) == (0, "")
    assert spans(ended) == []
    assert "cost 4.8e-06" in ended.lines
    (receipt,) = site.receipts()
    assert (receipt["status"], receipt["settlement"]["cost"]["nano_usd"]) == ("ok", 4_800)
    assert len(receipt["hops"][0]["decision"]["rejections"]) >= 1


# -- a collector that is not there ------------------------------------------------------------------------------------

TIMED = CALL + "import time\nprint(time.time(), flush=True)\n"
EXIT_LIMIT_S = 8.0


@pytest.fixture(params=["refuses", "hangs"])
def dead_end(request: pytest.FixtureRequest) -> Iterator[str]:
    """An OTLP endpoint where nobody listens, or where somebody accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        if request.param == "refuses":
            listener.close()
        yield f"http://127.0.0.1:{port}"


def test_a_dead_collector_costs_nothing_but_its_telemetry(site: Site, dead_end: str) -> None:
    """The answer and the receipt are as ever, and the exit takes seconds and not minutes."""
    ended = site.run(TIMED, OTEL_EXPORTER_OTLP_ENDPOINT=dead_end)
    after = time.time() - float(ended.lines[1])
    assert (ended.code, ended.lines[0]) == (0, "Hello.")
    assert after < EXIT_LIMIT_S
    assert [receipt["status"] for receipt in site.receipts()] == ["ok"]


def test_calls_do_not_wait_for_a_dead_collector(site: Site, dead_end: str) -> None:
    """Fifty calls take as long as without one: nothing on the caller's way knows of the exporter."""
    program = """\
import json, time, openai, waypost
waypost.auto_instrument()
client = openai.OpenAI(max_retries=0)
def ask():
    began = time.perf_counter()
    client.chat.completions.create(model="auto", messages=[{"role": "user", "content": "Hi"}])
    return time.perf_counter() - began
took = sorted(ask() for _ in range(50))
print(json.dumps([took[25], took[-1]]))
"""
    ended = site.run(program, OTEL_EXPORTER_OTLP_ENDPOINT=dead_end, OTEL_BSP_SCHEDULE_DELAY="100")
    assert ended.code == 0, ended.err
    middle, slowest = json.loads(ended.out)
    assert middle < 0.5
    assert slowest < 5.0
    assert len(site.receipts()) == 50
