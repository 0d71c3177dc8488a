"""Which OpenTelemetry providers are used: those given, else the global ones, else private ones; none is ever set.

The global ones may be configured after us, so every start of a span and every count asks anew until one is. Private
ones exist only where the environment names an OTLP endpoint and nobody has configured an SDK by the first use.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.metrics import Meter, MeterProvider
from opentelemetry.trace import Span, Tracer, TracerProvider

from waypost._version import __version__
from waypost.core.model.frozen import dataclass, field
from waypost.runtime import otlp
from waypost.runtime.worker import Worker

SCOPE = "waypost"
SCHEMA_URL = "https://waypost.dev/schemas/1.0.0"
SHUTDOWN_TIMEOUT_S = 2.0


def is_real(provider: object) -> bool:
    """Whether a provider is more than the API's own placeholder."""
    return not type(provider).__module__.startswith(("opentelemetry.trace", "opentelemetry.metrics"))


class Providers:
    """The tracer, the meter and what stands behind them. Made by `resolve`."""

    def __init__(self, tracers: _Source, meters: _Source, worker: Worker | None) -> None:
        self._tracers = tracers
        self._meters = meters
        self._worker = worker
        self._meter: tuple[object, Meter | None] = (None, None)
        self.tracer: Tracer = LateTracer(tracers.provider, self._attach)

    def meter(self) -> Meter | None:
        """The meter in force, the same until another provider is; ``None`` while nobody listens."""
        provider = self._meters.provider()
        held, meter = self._meter
        if provider is not held:
            meter = None if provider is None else provider.get_meter(SCOPE, __version__, SCHEMA_URL)
            self._meter = (provider, meter)
        return meter

    def flush(self, timeout_s: float) -> bool:
        """Run what waits in the worker and have the providers export. ``False`` where that was not done in time."""
        deadline = time.monotonic() + timeout_s
        done = self._worker is None or self._worker.drain(timeout_s)
        for source in (self._tracers, self._meters):
            left_ms = max(int((deadline - time.monotonic()) * 1000), 1)
            flush = getattr(source.provider(), "force_flush", None)
            if flush is not None:
                done = flush(left_ms) is not False and done
        return done

    def describe(self) -> dict[str, str]:
        """Where traces and metrics go, for people."""
        return {"traces": self._tracers.describe(), "metrics": self._meters.describe()}

    def shutdown(self) -> None:
        """End the private providers; all others belong to the application."""
        self._tracers.shutdown()
        self._meters.shutdown()

    def _attach(self, provider: TracerProvider) -> None:
        if self._worker is not None:
            attach_drain(provider, self._worker)


def resolve(
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
    *,
    worker: Worker | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Providers:
    """The providers of this process. ``worker`` is drained when they are flushed, wherever that is called from."""
    tracers = _Source("traces", tracer_provider, trace.get_tracer_provider, environ)
    meters = _Source("metrics", meter_provider, metrics.get_meter_provider, environ)
    return Providers(tracers, meters, worker)


# -- which one --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Source:
    """One signal's provider, looked for until there is one that stays."""

    signal: otlp.Signal
    given: Any
    find: Callable[[], Any]
    environ: Mapping[str, str]
    found: Any = None
    private: Any = None
    tried_private: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def provider(self) -> Any:
        """The provider in force, ``None`` while there is none."""
        if self.found is not None:
            return self.found
        current = self.find() if self.given is None else self.given
        if self.given is None and not is_real(current):
            return self.private if self.tried_private else self._private()
        self.found, private, self.private = current, self.private, None
        if private is not None:
            # What it still holds is exported; somebody's call need not wait for that.
            threading.Thread(target=private.shutdown, name="waypost-shutdown", daemon=True).start()
        return current

    def _private(self) -> Any:
        with self.lock:
            if not self.tried_private and otlp.wanted(self.signal, self.environ):
                self.private = otlp.make(self.signal, self.environ)
            self.tried_private = True
        return self.private

    def describe(self) -> str:
        provider = self.provider()
        if provider is None:
            if otlp.endpoint(self.signal, self.environ) is None:
                return "not exported: no SDK is configured and no OTLP endpoint is named"
            return "not exported: no SDK is configured, and waypost[otlp] is not installed or switched off"
        if provider is self.private:
            return f"OTLP to {otlp.endpoint(self.signal, self.environ)}, by a provider of Waypost's own"
        kind = type(provider)
        return f"{'global' if self.given is None else 'given'} provider {kind.__module__}.{kind.__qualname__}"

    def shutdown(self) -> None:
        private, self.private = self.private, None
        if private is not None:
            private.shutdown()


class LateTracer(Tracer):
    """Starts spans at the provider in force when they start, and none that record while there is none."""

    def __init__(
        self, provider: Callable[[], TracerProvider | None], found: Callable[[TracerProvider], object] = lambda _: None
    ) -> None:
        self._provider = provider
        self._found = found
        self._held: TracerProvider | None = None
        self._tracer: Tracer = trace.NoOpTracer()

    def start_span(self, *args: Any, **kwargs: Any) -> Span:
        """As `opentelemetry.trace.Tracer.start_span`."""
        return self._current().start_span(*args, **kwargs)

    def start_as_current_span(self, *args: Any, **kwargs: Any) -> Any:
        """As `opentelemetry.trace.Tracer.start_as_current_span`."""
        return self._current().start_as_current_span(*args, **kwargs)

    def _current(self) -> Tracer:
        provider = self._provider()
        if provider is not self._held:
            self._held = provider
            self._tracer = trace.NoOpTracer()
            if provider is not None:
                self._tracer = provider.get_tracer(SCOPE, __version__, SCHEMA_URL)
                self._found(provider)
        return self._tracer


# -- the application's flush and shutdown -----------------------------------------------------------------------------

_attached: weakref.WeakKeyDictionary[Worker, weakref.WeakSet[Any]] = weakref.WeakKeyDictionary()
_attach_lock = threading.Lock()


def attach_drain(provider: object, worker: Worker) -> bool:
    """Have a provider's ``force_flush()`` and ``shutdown()`` wait for the worker first; once per provider.

    Deferred spans would otherwise be missing from a flush that returned. ``False`` for what is no SDK provider.
    """
    add = getattr(provider, "add_span_processor", None)
    if add is None:
        return False
    with _attach_lock:
        known = _attached.setdefault(worker, weakref.WeakSet())
        if provider in known:
            return True
        known.add(provider)
    add(_drain(provider, worker))
    _drain_before_shutdown(provider, worker)
    # The provider's own exit handler is registered by now, and handlers run last first.
    worker.run_first_at_exit()
    return True


def _drain(provider: Any, worker: Worker) -> Any:
    from opentelemetry.sdk.trace import SpanProcessor

    class Drain(SpanProcessor):
        """Flushes again when the worker is done, because what it ended came after the others' flush."""

        def __init__(self) -> None:
            self._flushing = threading.Lock()

        def force_flush(self, timeout_millis: int = 30_000) -> bool:
            deadline = time.monotonic() + timeout_millis / 1000
            if not worker.drain(timeout_millis / 1000):
                return False
            # Providers may flush in other threads, so it is not the thread that tells our own flush from theirs.
            if not self._flushing.acquire(blocking=False):
                return True
            try:
                return bool(provider.force_flush(max(int((deadline - time.monotonic()) * 1000), 1)))
            finally:
                self._flushing.release()

    return Drain()


def _drain_before_shutdown(provider: Any, worker: Worker) -> None:
    """Processors are shut down in the order of their adding, so ours would come after the one that exports."""
    shutdown = provider.shutdown

    def drain_and_shutdown(*args: Any, **kwargs: Any) -> Any:
        worker.drain(SHUTDOWN_TIMEOUT_S)
        return shutdown(*args, **kwargs)

    # A provider with slots keeps its own; its shutdown then delivers what the worker had ended.
    with contextlib.suppress(AttributeError):
        provider.shutdown = drain_and_shutdown
