"""What must not follow a call to somebody else's endpoint: the application's baggage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from opentelemetry import baggage, context


@contextmanager
def without_baggage(inner: AbstractContextManager[Any]) -> Iterator[None]:
    """``inner``, with all baggage taken out of the context: an instrumented HTTP library would send it along."""
    with inner:
        if not baggage.get_all():
            yield
            return
        token = context.attach(baggage.clear())
        try:
            yield
        finally:
            context.detach(token)
