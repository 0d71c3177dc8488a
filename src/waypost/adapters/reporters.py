"""Other libraries that report inferences: how what they wrote and what they make can be told. Nothing of theirs is
imported.
"""

from __future__ import annotations

from collections.abc import Mapping

_SCOPES: Mapping[str, tuple[str, ...]] = {
    "opentelemetry.instrumentation": ("genai", "openai", "anthropic", "google_genai", "google_generativeai"),
    "openinference.instrumentation": ("openai", "anthropic", "google_genai"),
    "openlit": ("instrumentation.openai", "instrumentation.anthropic", "instrumentation.google"),
    "logfire": ("openai", "anthropic"),
    "traceloop": (),
}
"""The packages that make spans of inferences, each with the beginnings of the scopes below it whose spans are nothing
else, whatever their attributes say at the start."""

MODULES = tuple(_SCOPES)
"""Beginnings of the modules whose wrappers make a span of each inference."""

SCOPES = (
    *(f"{package}.{scope}" for package, scopes in _SCOPES.items() for scope in scopes),
    "opentelemetry.util.genai",
    "com.anthropic.sdk",
)
"""Beginnings of the names of tracers whose spans are inferences; the last is the SDK's own."""
