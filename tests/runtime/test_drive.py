"""The two drivers do the same, throw what is raised into the flow, and keep no cycle."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Generator, Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.runtime.drive import adrive, drive


class Sending(int):
    """Stands for a send: what is around it is entered, and what it returns is received."""


@pytest.fixture(autouse=True, scope="module")
def _sends() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("waypost.runtime.drive.Send", Sending)
        yield


class Script:
    """Performs integers: an even one is returned, an odd one raised; in async mode every third is awaited."""

    def __init__(self, *, is_async: bool = False) -> None:
        self.is_async = is_async
        self.done: list[int] = []

    def __call__(self, effect: Any) -> Any:
        self.done.append(effect)
        if self.is_async and effect % 3 == 0:
            return self._later(effect)
        return self._now(effect)

    def _now(self, effect: int) -> int:
        if effect % 2:
            raise ValueError(effect)
        return effect * 10

    async def _later(self, effect: int) -> int:
        await asyncio.sleep(0)
        return self._now(effect)

    def around(self, effect: Any) -> Any:
        return nullcontext()

    def received(self, effect: Any, value: Any) -> Any:
        return value + 1

    def failed(self, effect: Any, error: BaseException) -> BaseException:
        return error


def flow(effects: list[int]) -> Generator[Any, Any, list[Any]]:
    out: list[Any] = []
    for effect in effects:
        try:
            out.append((yield effect))
        except ValueError as error:
            out.append(("raised", error.args[0]))
    return out


@given(st.lists(st.integers(0, 30) | st.integers(0, 30).map(Sending)))
def test_sync_and_async_drivers_agree(effects: list[int]) -> None:
    """Any script of values and errors gives the same result, in the same order, under both."""
    sync, asynchronous = Script(), Script(is_async=True)
    expected = [("raised", e) if e % 2 else e * 10 + isinstance(e, Sending) for e in effects]
    assert drive(flow(effects), sync) == expected
    assert asyncio.run(adrive(flow(effects), asynchronous)) == expected
    assert sync.done == asynchronous.done == effects


def test_an_uncaught_error_comes_out_as_the_same_object() -> None:
    """The flow re-raises; the driver adds nothing."""
    error = KeyError("x")

    class Raising(Script):
        def __call__(self, effect: Any) -> Any:
            raise error

    with pytest.raises(KeyError) as caught:
        drive(flow([2]), Raising())
    assert caught.value is error
    assert caught.value.__context__ is None


def test_an_error_is_freed_without_the_collector() -> None:
    """A driver that kept the exception would make a cycle with its traceback on every failure."""

    class Failure(Exception):
        pass

    class Raising(Script):
        def __call__(self, effect: Any) -> Any:
            raise Failure

    gc.disable()
    try:
        try:
            drive(flow([2]), Raising())
        except Failure as error:
            reference = weakref.ref(error)
        assert reference() is None
    finally:
        gc.enable()


async def test_cancellation_reaches_the_flow_and_comes_out() -> None:
    """A cancelled task sees its flow closed by CancelledError, which is not swallowed."""
    seen: list[type[BaseException]] = []

    class Waiting(Script):
        def __call__(self, effect: Any) -> Any:
            return asyncio.sleep(60)

    def waiting() -> Generator[Any, Any, None]:
        try:
            yield 1
        except BaseException as error:
            seen.append(type(error))
            raise

    task = asyncio.ensure_future(adrive(waiting(), Waiting()))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == [asyncio.CancelledError]
