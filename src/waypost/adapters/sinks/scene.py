"""One call's spans while it lasts, and how one of them is made the current one."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span

from waypost.adapters.sinks import coexist
from waypost.core.model.events import Decided


@dataclass(slots=True)
class Scene:
    """One call's spans. ``context`` has the route span current, ``attempts`` has spans by attempt number.

    ``owned`` says that nobody else reports the inference. ``current`` is the span of the attempt in progress.
    """

    route: Span
    context: Context
    owned: bool
    decisions: list[Decided] = field(default_factory=list)
    attempts: dict[int, Span] = field(default_factory=dict)
    current: Span | None = None

    def attempt_context(self, number: int) -> Context:
        """The context to record an attempt's metrics in, so that their exemplars name its span."""
        span = self.attempts.get(number)
        return self.context if span is None else trace.set_span_in_context(span, self.context)


class Active:
    """Makes a span current between enter and exit."""

    __slots__ = ("_announce", "_span", "_token")

    def __init__(self, span: Span, announce: bool) -> None:
        self._span = span
        self._announce = announce

    def __enter__(self) -> None:
        context = trace.set_span_in_context(self._span)
        self._token = otel_context.attach(coexist.announce(context) if self._announce else context)

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
