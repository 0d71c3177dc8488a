"""An exporter that the environment asks for and that is not installed is said, with the remedy."""

from __future__ import annotations

import logging

import pytest

from waypost.runtime import otlp

SIGNALS: tuple[otlp.Signal, ...] = ("traces", "metrics")
ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317"}


@pytest.fixture(autouse=True)
def _without_grpc(monkeypatch: pytest.MonkeyPatch) -> None:
    there = otlp._importable
    monkeypatch.setattr(otlp, "_importable", lambda module: module != otlp.EXPORTERS["grpc"] and there(module))
    otlp._say_missing.cache_clear()


def test_grpc_without_its_exporter_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """Two signals, one warning, and both ways out are named."""
    environ = {**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    with caplog.at_level(logging.WARNING, logger="waypost"):
        assert [otlp.wanted(signal, environ) for signal in SIGNALS] == [False, False]
    assert [record.getMessage() for record in caplog.records] == [
        "nothing is exported: OTLP over grpc is asked for and its exporter is not installed; install "
        "opentelemetry-exporter-otlp-proto-grpc, or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"
    ]


def test_nothing_is_said_where_nothing_is_wanted(caplog: pytest.LogCaptureFixture) -> None:
    """No endpoint, switched off, or another exporter."""
    grpc = {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    off = {**ENDPOINT, **grpc}
    for environ in (grpc, {**off, "OTEL_SDK_DISABLED": "true"}, {**off, "OTEL_TRACES_EXPORTER": "none"}):
        assert not otlp.wanted("traces", environ)
    assert caplog.records == []
