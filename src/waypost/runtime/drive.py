"""The only two drivers of a flow. They perform nothing themselves; they hand effects to a performer.

Both delete what they last received, because an exception kept in a local is a reference cycle with its traceback.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from inspect import isawaitable
from typing import Any, Protocol

from waypost.core.routing.effects import Effect, Send


class Perform(Protocol):
    """Effect to value; in async mode, to a value or an awaitable of it."""

    def __call__(self, effect: Effect) -> Any: ...

    def around(self, effect: Effect) -> AbstractContextManager[Any]:
        """A sync context manager that is entered while a send is being performed."""

    def received(self, effect: Effect, value: Any) -> Any:
        """What came back of a send, awaited, as the flow wants it."""

    def failed(self, effect: Effect, error: BaseException) -> BaseException:
        """What was raised, as the flow wants it."""


def drive(flow: Generator[Effect, Any, Any], perform: Perform) -> Any:
    """Run a flow to its end on this thread."""
    value: Any = None
    step: Callable[[Any], Effect] = flow.send
    try:
        while True:
            try:
                effect = step(value)
            except StopIteration as stop:
                return stop.value
            try:
                if effect.__class__ is not Send:
                    value = perform(effect)
                else:
                    with perform.around(effect):
                        value = perform.received(effect, perform(effect))
                step = flow.send
            except BaseException as exc:
                value, step = perform.failed(effect, exc), flow.throw
    finally:
        del value


async def adrive(flow: Generator[Effect, Any, Any], perform: Perform) -> Any:
    """Run a flow to its end in this task; cancellation is thrown into the flow and comes out of it again."""
    value: Any = None
    step: Callable[[Any], Effect] = flow.send
    try:
        while True:
            try:
                effect = step(value)
            except StopIteration as stop:
                return stop.value
            try:
                if effect.__class__ is not Send:
                    value = perform(effect)
                    if value is not None and isawaitable(value):
                        value = await value
                else:
                    with perform.around(effect):
                        value = perform(effect)
                        if isawaitable(value):
                            value = await value
                        value = perform.received(effect, value)
                step = flow.send
            except BaseException as exc:
                value, step = perform.failed(effect, exc), flow.throw
    finally:
        del value
