"""An application with two routed calls: the first falls back to another vendor, the second is answered at home.

`own` as argument: the application configures OpenTelemetry itself, as its guides say. Otherwise it knows nothing of it.
What it prints is one JSON document with the receipts of its calls.
"""

import json
import sys

import openai

import waypost

PROMPT = "Please translate the diagnosis of Ms Featherstonehaugh."


def configure() -> None:
    """The SDK's own providers as global ones, with exporters that read the environment."""
    from opentelemetry import metrics, trace
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    tracers = TracerProvider()
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(tracers)
    metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())]))


def main() -> None:
    if "own" in sys.argv:
        configure()
    waypost.auto_instrument()
    client = openai.OpenAI(max_retries=0)
    receipts = []
    for department in ("rd", "sales"):
        with waypost.context(department=department, user="u-4711"):
            answer = client.chat.completions.create(model="auto", messages=[{"role": "user", "content": PROMPT}])
        receipts.append(waypost.receipt(answer).to_dict())
    print(json.dumps(receipts))


main()
