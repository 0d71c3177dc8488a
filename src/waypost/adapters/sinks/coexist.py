"""Beside other LLM instrumentations: notice that one of them already reports the inference, and tell them that we do.

Theirs sit above our seam, so what they report is visible in the context of the call. Nothing of theirs is imported:
OpenTelemetry's genai utilities are spoken to only where the process has loaded them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context

from waypost.adapters import reporters
from waypost.adapters.sinks.names import GEN_AI_OPERATION_NAME, GEN_AI_REQUEST_MODEL

INFERENCE_KEY = "opentelemetry.genai.client.inference.context"
"""Where OpenTelemetry's genai utilities keep the inference in progress; whoever finds one there stays silent."""

SUPPRESS_TRACELOOP_KEY = "suppress_language_model_instrumentation"

MODEL_KEYS = (GEN_AI_REQUEST_MODEL, "llm.model_name", "llm.request.model")
INFERENCES = frozenset(("chat", "text_completion", "generate_content", "embeddings", "completion", "responses"))
OPENINFERENCE_KIND = "openinference.span.kind"
OPENINFERENCE_LEAVES = frozenset(("LLM", "EMBEDDING"))


def foreign(context: Context) -> bool:
    """Whether the inference made in ``context`` is reported already, by others or by an attempt of ours around it."""
    if not context:
        return False
    if context.get(INFERENCE_KEY) is not None:
        return True
    span = trace.get_current_span(context)
    return span.is_recording() and _is_inference(span)


def announce(context: Context) -> Context:
    """``context`` with the word for those who ask: an inference of ours is in progress."""
    utilities = sys.modules.get("opentelemetry.util.genai.invocation")
    if utilities is not None:
        # A fresh one for each attempt: those who stay silent write what they saw into it.
        context = otel_context.set_value(INFERENCE_KEY, utilities.InferenceData(), context)
    if "opentelemetry.semconv_ai" in sys.modules:
        context = otel_context.set_value(SUPPRESS_TRACELOOP_KEY, True, context)
    return context


def _is_inference(span: trace.Span) -> bool:
    attributes = getattr(span, "attributes", None)
    if not isinstance(attributes, Mapping):
        return False
    operation = attributes.get(GEN_AI_OPERATION_NAME)
    if operation is not None:
        # An agent's or a tool's span may name a model too; it is not the inference.
        return operation in INFERENCES
    kind = attributes.get(OPENINFERENCE_KIND)
    if kind is not None:
        return kind in OPENINFERENCE_LEAVES
    scope = getattr(getattr(span, "instrumentation_scope", None), "name", "") or ""
    return scope.startswith(reporters.SCOPES) or any(key in attributes for key in MODEL_KEYS)
