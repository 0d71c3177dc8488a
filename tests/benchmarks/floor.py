"""What a call's telemetry costs by itself: the spans and the metric that Waypost leaves, and nothing of Waypost.

One routed call is made with Waypost to learn of it, then Waypost is taken away, and the same two spans are made around
each call by OpenTelemetry's public API alone: the same names, kinds, attributes at their start and at their end, and
one record into a histogram, with no binding, decision, receipt or store. Nothing that leaves these by that API can cost
less.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import metrics, trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import SpanKind


@dataclass
class Seen:
    """A span as it was: ``begun`` are its attributes at the start, ``ended`` those that came later."""

    name: str
    kind: SpanKind
    begun: dict[str, Any]
    ended: dict[str, Any] = field(default_factory=dict)


class Eye(SpanProcessor):
    """Looks at spans as they begin and end."""

    def __init__(self) -> None:
        self.spans: dict[int, Seen] = {}

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self.spans[span.context.span_id] = Seen(span.name, span.kind, dict(span.attributes))

    def on_end(self, span: Any) -> None:
        seen = self.spans[span.context.span_id]
        seen.ended = {key: value for key, value in span.attributes.items() if key not in seen.begun}


def learn(policy: str, call: Callable[[], object]) -> tuple[Seen, Seen]:
    """The route's span and the attempt's of one ``call`` that is routed by the policy at that path."""
    import waypost

    eye, provider = Eye(), TracerProvider()
    provider.add_span_processor(eye)
    waypost.auto_instrument(policy=policy, tracer_provider=provider)
    call()
    assert waypost.flush(60)
    waypost.uninstrument()
    route, attempt = eye.spans.values()
    return route, attempt


def install(route: Seen, attempt: Seen, policy: str) -> None:
    """Have each request of the SDK leave these two spans, through the global providers."""
    from openai._base_client import AsyncAPIClient, SyncAPIClient

    leave = functools.partial(_leaving, _Telemetry(route, attempt, {"waypost.policy.name": policy}))
    original, aoriginal = SyncAPIClient.request, AsyncAPIClient.request

    @functools.wraps(original)
    def request(*args: Any, **kwargs: Any) -> Any:
        with leave():
            return original(*args, **kwargs)

    @functools.wraps(aoriginal)
    async def arequest(*args: Any, **kwargs: Any) -> Any:
        with leave():
            return await aoriginal(*args, **kwargs)

    SyncAPIClient.request, AsyncAPIClient.request = request, arequest  # type: ignore[method-assign, assignment]


class _Telemetry:
    """What is left of each call, and the instruments for it."""

    def __init__(self, route: Seen, attempt: Seen, about: Mapping[str, str]) -> None:
        self.route, self.attempt, self.about = route, attempt, about
        self.tracer = trace.get_tracer("floor")
        self.duration = metrics.get_meter("floor").create_histogram("waypost.decision.duration", "s")


@contextmanager
def _leaving(telemetry: _Telemetry) -> Iterator[None]:
    outside = otel_context.get_current()
    route = _begin(telemetry, telemetry.route, outside)
    attempt = _begin(telemetry, telemetry.attempt, trace.set_span_in_context(route, outside))
    inside = trace.set_span_in_context(attempt, outside)
    token = otel_context.attach(inside)
    try:
        yield
    finally:
        otel_context.detach(token)
        telemetry.duration.record(0.000_01, telemetry.about, inside)
        attempt.set_attributes(telemetry.attempt.ended)
        attempt.end()
        route.set_attributes(telemetry.route.ended)
        route.end()


def _begin(telemetry: _Telemetry, seen: Seen, context: Any) -> trace.Span:
    return telemetry.tracer.start_span(seen.name, context=context, kind=seen.kind, attributes=seen.begun)
