"""Spans: one `route` per call of the caller, below it one per attempt, started where the call happens and ended later.

On the caller's thread spans are only started, with what samplers see. Everything else is handed to `defer`, with the
events' own times, and done on a worker. Where that refuses, spans are still ended at once, without their candidates.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from opentelemetry import context as otel_context
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer

from waypost.adapters.sinks import attributes, coexist, names
from waypost.adapters.sinks.candidates import candidates
from waypost.adapters.sinks.scene import INACTIVE, Scene
from waypost.core.model.events import Attempted, Attempting, Decided, Event, InternalError, Settled, Started
from waypost.core.model.outcome import Attempt

log = logging.getLogger("waypost")

MAX_OPEN = 10_000
"""Calls without an end that are kept; the oldest beyond them are given up."""


class Metrics(Protocol):
    """Who counts, on the worker, with the contexts of the spans at hand."""

    @property
    def active(self) -> bool: ...

    def call(self, settled: Settled, decisions: Sequence[Decided], scene: Scene) -> None: ...

    def internal_error(self, event: InternalError) -> None: ...


class OtelSpans:
    """The sink that makes spans.

    ``defer(job, *args)`` runs a job elsewhere and says whether it will. ``inline`` does without it. ``scopes`` are the
    allow-listed keys of the caller's context. ``metrics`` is told on the same worker, with the spans' contexts.

    ``degraded`` counts the calls whose spans were ended without candidates, ``given_up`` the calls without an end,
    ``failed`` the events that telemetry itself broke on.
    """

    def __init__(
        self,
        tracer: Tracer,
        defer: Callable[..., bool],
        *,
        inline: bool = False,
        scopes: Sequence[str] = attributes.SCOPES,
        metrics: Metrics | None = None,
    ) -> None:
        self.degraded = 0
        self.given_up = 0
        self.failed = 0
        self._tracer = tracer
        self._defer = _run if inline else defer
        self._scopes = tuple(scopes)
        self._metrics = metrics
        self._scenes: dict[str, Scene] = {}
        self._takers: dict[type[Event], Callable[[Any], None]] = {
            Started: self._started,
            Decided: self._decided,
            Attempting: self._attempting,
            Attempted: self._attempted,
            Settled: self._settled,
            InternalError: self._internal_error,
        }

    def event(self, event: Event) -> None:
        """Take one event on the caller's thread. Never raises."""
        try:
            self._takers[type(event)](event)
        except Exception:
            self._contain()

    def flush(self, timeout_s: float) -> bool:  # noqa: ARG002 - the worker has what waits, and is drained by its owner
        """Nothing waits here."""
        return True

    def activate(self, receipt: str) -> AbstractContextManager[None]:
        """Make the current attempt's span of that receipt current, around one send and never across a yield."""
        scene = self._scenes.get(receipt)
        return INACTIVE if scene is None else scene.activate()

    def trace_id(self, receipt: str) -> str | None:
        """The trace of a call in progress, as 32 hex digits; ``None`` where nothing is being traced."""
        scene = self._scenes.get(receipt)
        return None if scene is None else scene.trace_id

    # -- on the caller's thread ---------------------------------------------------------------------------------------

    def _started(self, event: Started) -> None:
        parent = otel_context.get_current()
        route = self._tracer.start_span(
            f"route {event.policy}",
            context=parent,
            kind=SpanKind.INTERNAL,
            attributes=attributes.route_start(event),
            start_time=event.at_ns,
        )
        self._scenes[event.receipt] = Scene(route, parent, owned=not coexist.foreign(parent))
        if len(self._scenes) > MAX_OPEN:
            self._give_up_oldest()

    def _decided(self, event: Decided) -> None:
        scene = self._scenes.get(event.started.receipt)
        if scene is not None:
            scene.decisions.append(event)

    def _attempting(self, event: Attempting) -> None:
        scene = self._scenes.get(event.started.receipt)
        if scene is None:
            return
        attempt = event.attempt
        owned = scene.owned and not event.reported
        scene.attempts[attempt.number] = self._tracer.start_span(
            f"{event.started.operation if owned else 'attempt'} {attempt.model}",
            context=scene.context,
            kind=SpanKind.CLIENT if owned else SpanKind.INTERNAL,
            attributes=attributes.attempt_start(event, owned=owned),
            start_time=attempt.started_ns,
        )
        scene.sent[attempt.number] = attempt
        scene.current = attempt.number

    def _attempted(self, event: Attempted) -> None:
        scene = self._scenes.get(event.attempting.started.receipt)
        if scene is not None:
            scene.current = None

    def _settled(self, event: Settled) -> None:
        scene = self._scenes.pop(event.started.receipt, None)
        if scene is None or not (_recording(scene) or (self._metrics is not None and self._metrics.active)):
            return
        if not self._defer(self._finish, scene, event):
            self.degraded += 1
            self._finish(scene, event, rows=False)

    def _internal_error(self, event: InternalError) -> None:
        if self._metrics is not None:
            self._defer(self._metrics.internal_error, event)

    def _give_up_oldest(self) -> None:
        receipt = next(iter(self._scenes))
        scene = self._scenes.pop(receipt, None)
        if scene is None:
            return
        self.given_up += 1
        scene.route.set_attributes({names.RECEIPT_ID: receipt, names.OUTCOME: "abandoned"})
        for number, span in scene.attempts.items():
            span.set_attributes(attributes.attempt_place(scene.sent[number]))
            span.end()
        scene.route.end()

    # -- on the worker ------------------------------------------------------------------------------------------------

    def _finish(self, scene: Scene, event: Settled, *, rows: bool = True) -> None:
        try:
            if self._metrics is not None:
                self._metrics.call(event, scene.decisions, scene)
        except Exception:
            self._contain()
        ended = {each.attempt.number: each for each in event.attempts}
        for number, span in scene.attempts.items():
            done = ended.get(number)
            if done is not None:
                self._end_attempt(span, done, scene.owned and not done.attempting.reported)
            else:
                self._cut_attempt(span, scene.sent[number], event.settlement.ended_ns)
        self._end_route(scene.route, event, rows)

    def _end_attempt(self, span: Span, event: Attempted, owned: bool) -> None:
        attempt = event.attempt
        try:
            if span.is_recording():
                span.set_attributes(attributes.attempt_end(event.attempting, attempt, owned=owned))
                if attempt.failure is not None:
                    span.set_status(StatusCode.ERROR)
        except Exception:
            self._contain()
        finally:
            span.end(end_time=attempt.ended_ns)

    def _cut_attempt(self, span: Span, attempt: Attempt, settled_ns: int) -> None:
        """End the span of an attempt that the call did not wait for."""
        try:
            span.set_attributes(attributes.attempt_place(attempt))
        except Exception:
            self._contain()
        finally:
            span.end(end_time=settled_ns)

    def _end_route(self, span: Span, event: Settled, rows: bool) -> None:
        try:
            if span.is_recording():
                found = attributes.route_end(event, self._scopes)
                if names.ERROR_TYPE in found:
                    span.set_status(StatusCode.ERROR)
                if rows and event.decided is not None:
                    self._add_candidates(found, event.decided)
                span.set_attributes(found)
        except Exception:
            self._contain()
        finally:
            span.end(end_time=event.settlement.ended_ns)

    def _add_candidates(self, found: attributes.Attributes, decided: Decided) -> None:
        try:
            found.update(candidates(decided, attributes.MAX_ATTRIBUTES - attributes.MAX_AT_START - len(found)))
        except Exception:
            self._contain()

    def _contain(self) -> None:
        self.failed += 1
        log.debug("telemetry of a call failed (%s)", type(sys.exc_info()[1]).__name__)


def _run(job: Callable[..., object], *args: Any) -> bool:
    job(*args)
    return True


def _recording(scene: Scene) -> bool:
    return scene.route.is_recording() or any(span.is_recording() for span in scene.attempts.values())
