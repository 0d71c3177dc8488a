"""One call's spans while it lasts, and how one of them is made the current one."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span

from waypost.adapters.sinks import coexist
from waypost.core.model.events import Decided
from waypost.core.model.outcome import Attempt


class Scene:
    """One call's spans. ``context`` has the route span current, ``attempts`` has spans by attempt number, and ``sent``
    what is known of each at its start.

    ``owned`` says that nobody else reports the inference. ``current`` is the number of the attempt in progress.
    ``trace_id`` is 32 hex digits, ``None`` where nothing is being traced.
    """

    __slots__ = (
        "_contexts",
        "_outside",
        "attempts",
        "context",
        "current",
        "decisions",
        "owned",
        "route",
        "sent",
        "trace_id",
    )

    def __init__(self, route: Span, outside: Context, *, owned: bool) -> None:
        self.route = route
        self.context = trace.set_span_in_context(route, outside)
        self.owned = owned
        self.decisions: list[Decided] = []
        self.attempts: dict[int, Span] = {}
        self.sent: dict[int, Attempt] = {}
        self.current: int | None = None
        about = route.get_span_context()
        self.trace_id = trace.format_trace_id(about.trace_id) if about.is_valid else None
        self._outside = outside
        self._contexts: dict[int, Context] = {}

    def attempt_context(self, number: int) -> Context:
        """The caller's context with an attempt's span current; its metrics' exemplars name that span."""
        context = self._contexts.get(number)
        if context is None:
            span = self.attempts.get(number)
            context = self.context if span is None else trace.set_span_in_context(span, self._outside)
            self._contexts[number] = context
        return context

    def activate(self) -> AbstractContextManager[None]:
        """Make the span of the attempt in progress current between enter and exit."""
        if self.current is None or self.trace_id is None:
            return INACTIVE
        here = otel_context.get_current()
        if here is self._outside:
            context = self.attempt_context(self.current)
        else:
            context = trace.set_span_in_context(self.attempts[self.current], here)
        return Active(coexist.announce(context) if self.owned else context)


class Active:
    """Makes a context the current one between enter and exit."""

    __slots__ = ("_context", "_token")

    def __init__(self, context: Context) -> None:
        self._context = context

    def __enter__(self) -> None:
        self._token = otel_context.attach(self._context)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        otel_context.detach(self._token)


class Inactive:
    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None


INACTIVE = Inactive()
