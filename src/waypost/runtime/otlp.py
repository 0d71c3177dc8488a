"""Providers of our own that export by OTLP, for a process that named an endpoint and configured no SDK.

They are never set as the global ones. The SDK and the exporter are imported only when one is made.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import logging
import os
from collections.abc import Mapping
from typing import Any, Literal

log = logging.getLogger("waypost")

Signal = Literal["traces", "metrics"]
Protocol = Literal["http", "grpc"]

EXPORTERS: Mapping[Protocol, str] = {
    "http": "opentelemetry.exporter.otlp.proto.http",
    "grpc": "opentelemetry.exporter.otlp.proto.grpc",
}
TIMEOUT_S = 2.0
"""Of an exporter where the environment names none: a dead collector must not hold the exit up."""


def wanted(signal: Signal, environ: Mapping[str, str]) -> bool:
    """Whether the environment asks for an export that nobody has set up, and it can be done."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporters = environ.get(f"OTEL_{signal.upper()}_EXPORTER", "otlp").lower().split(",")
    if not any(each.strip().startswith("otlp") for each in exporters):
        return False
    if endpoint(signal, environ) is None:
        return False
    speak = protocol(signal, environ)
    if not _importable("opentelemetry.sdk"):
        return False
    if _importable(EXPORTERS[speak]):
        return True
    _say_missing(speak)
    return False


def protocol(signal: Signal, environ: Mapping[str, str]) -> Protocol:
    """How to speak OTLP: as the environment says, else as the endpoint's customary port suggests."""
    named = environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL") or environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    if named:
        return "grpc" if named.strip().lower() == "grpc" else "http"
    at_grpc_port = (endpoint(signal, environ) or "").rstrip("/").endswith(":4317")
    return "grpc" if at_grpc_port and _importable(EXPORTERS["grpc"]) else "http"


@functools.cache
def _say_missing(speak: Protocol) -> None:
    """Once per process: an endpoint is named, and nothing will ever come there."""
    other: Protocol = "grpc" if speak == "http" else "http"
    remedy = f"install opentelemetry-exporter-otlp-proto-{speak}"
    if _importable(EXPORTERS[other]):
        value = "http/protobuf" if other == "http" else "grpc"
        remedy += f", or set OTEL_EXPORTER_OTLP_PROTOCOL={value}"
    log.warning("nothing is exported: OTLP over %s is asked for and its exporter is not installed; %s", speak, remedy)


def make(signal: Signal, environ: Mapping[str, str]) -> Any:
    """A provider that exports in the background and shuts itself down at exit."""
    return (_traces if signal == "traces" else _metrics)(protocol(signal, environ))


def endpoint(signal: Signal, environ: Mapping[str, str]) -> str | None:
    """Where the environment wants a signal sent, ``None`` if it does not say."""
    return (
        environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT")
        or environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
        or None
    )


def _importable(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:
        return False


def _limits(signal: Signal) -> dict[str, float]:
    """Our timeout, unless the environment has one, which the exporter then reads itself."""
    named = (f"OTEL_EXPORTER_OTLP_{signal.upper()}_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")
    return {} if any(os.environ.get(name) for name in named) else {"timeout": TIMEOUT_S}


def _traces(speak: Protocol) -> Any:
    from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    exporter = importlib.import_module(f"{EXPORTERS[speak]}.trace_exporter").OTLPSpanExporter
    provider = SdkTracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter(**_limits("traces"))))
    return provider


def _metrics(speak: Protocol) -> Any:
    from opentelemetry.sdk.metrics import MeterProvider as SdkMeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    exporter = importlib.import_module(f"{EXPORTERS[speak]}.metric_exporter").OTLPMetricExporter
    return SdkMeterProvider([PeriodicExportingMetricReader(exporter(**_limits("metrics")))])
