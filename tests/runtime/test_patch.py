"""Where wrappers go when another instrumentation was there before us (S1.01)."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from process_site import Site
from waypost.runtime import patch


class Proxy:
    """What wrapt's FunctionWrapper does: an object with ``__wrapped__`` that binds and passes attributes through."""

    def __init__(self, wrapped: Callable[..., Any], name: str, log: list[str]) -> None:
        self.__wrapped__ = wrapped
        self.name = name
        self.log = log

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__wrapped__, name)

    def __call__(self, *args: Any) -> Any:
        self.log.append(self.name)
        return self.__wrapped__(*args)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        def bound(*args: Any) -> Any:
            self.log.append(self.name)
            return self.__wrapped__.__get__(instance)(*args)

        return bound


def decorated(wrapped: Callable[..., Any], name: str, log: list[str]) -> Callable[..., Any]:
    """The same with `functools.wraps`, a coroutine function where that is one."""
    if asyncio.iscoroutinefunction(wrapped):

        @functools.wraps(wrapped)
        async def around(self: Any, *args: Any) -> Any:
            log.append(name)
            return await wrapped(self, *args)

        return around

    @functools.wraps(wrapped)
    def before(self: Any, *args: Any) -> Any:
        log.append(name)
        return wrapped(self, *args)

    return before


class Handler:
    """Notes every call that comes to Waypost and lets it through."""

    def __init__(self, log: list[str]) -> None:
        self.log = log

    def call(self, sdk: Any, wrapped: Callable[..., Any], client: Any, args: Any, kwargs: Any) -> Any:
        self.log.append("waypost")
        return wrapped(*args, **kwargs)

    async def acall(self, sdk: Any, wrapped: Callable[..., Any], client: Any, args: Any, kwargs: Any) -> Any:
        self.log.append("waypost")
        return await wrapped(*args, **kwargs)


class Place:
    """A little SDK: two base classes, a client of each, and a log of who saw a call."""

    def __init__(self) -> None:
        self.log: list[str] = []

        class Base:
            def request(self, value: int) -> int:
                return value + 1

        class AsyncBase:
            async def request(self, value: int) -> int:
                return value + 1

        self.client = type("Client", (Base,), {})
        self.aclient = type("AsyncClient", (AsyncBase,), {})
        self.module = ModuleType("little_sdk")
        self.module.__dict__.update(Base=Base, AsyncBase=AsyncBase)
        points = (("Base", "request", False), ("AsyncBase", "request", True))
        self.sdk: Any = SimpleNamespace(MODULE="little_sdk", POINTS=points, fits=lambda _: None)

    def instrument(self, kind: type, wrap: Callable[..., Any], name: str = "other") -> None:
        """Another library wraps what ``kind`` has or inherits, on ``kind`` itself."""
        found = next(base.__dict__["request"] for base in kind.__mro__ if "request" in base.__dict__)
        kind.request = wrap(found, name, self.log)  # type: ignore[attr-defined]

    def wrap(self) -> None:
        assert patch.wrap(self.sdk, self.module, Handler(self.log))

    def ask(self) -> list[str]:
        """Who sees a call of the sync client, in order."""
        self.log.clear()
        assert self.client().request(1) == 2
        return list(self.log)

    def aask(self) -> list[str]:
        self.log.clear()
        assert asyncio.run(self.aclient().request(1)) == 2
        return list(self.log)


@pytest.mark.parametrize("wrap", [Proxy, decorated])
def test_a_wrapper_on_a_subclass_does_not_hide_calls(wrap: Callable[..., Any]) -> None:
    """It holds the base's original, so ours goes on top of it; both see one call once, sync and async."""
    place = Place()
    place.instrument(place.client, wrap)
    place.instrument(place.aclient, wrap)
    place.wrap()
    assert (place.ask(), place.aask()) == (["waypost", "other"], ["waypost", "other"])
    place.wrap()
    assert (place.ask(), place.aask()) == (["waypost", "other"], ["waypost", "other"])
    assert asyncio.iscoroutinefunction(place.aclient.request)  # type: ignore[attr-defined]


@pytest.mark.parametrize("wrap", [Proxy, decorated])
def test_a_wrapper_that_came_after_is_left_as_it_is(wrap: Callable[..., Any]) -> None:
    """It stands on ours already."""
    place = Place()
    place.wrap()
    place.instrument(place.client, wrap)
    place.instrument(place.aclient, wrap)
    place.wrap()
    assert (place.ask(), place.aask()) == (["other", "waypost"], ["other", "waypost"])


def test_two_wrappers_on_two_generations_are_both_kept() -> None:
    """A subclass of a wrapped subclass, wrapped once more: each class is on top of its own chain."""
    place = Place()
    place.instrument(place.client, Proxy, "first")
    younger = type("Younger", (place.client,), {})
    place.instrument(younger, decorated, "second")
    place.wrap()
    assert place.ask() == ["waypost", "first"]
    place.log.clear()
    assert younger().request(1) == 2
    assert place.log == ["waypost", "second", "first"]


def test_the_original_put_back_onto_a_subclass_is_wrapped_again() -> None:
    """A library that switches itself off leaves the base's original there; switching on again mends it."""
    place = Place()
    original = place.module.Base.request
    place.wrap()
    place.client.request = original  # type: ignore[attr-defined]
    assert place.ask() == []
    place.wrap()
    assert place.ask() == ["waypost"]


def test_subclasses_that_ask_super_are_not_wrapped_twice() -> None:
    """Their way leads to the base and so to us, even where they claim to wrap its method."""
    place = Place()

    class Plain(place.client):  # type: ignore[name-defined, misc]
        def request(self, value: int) -> Any:
            return super().request(value)

    class Claiming(place.client):  # type: ignore[name-defined, misc]
        @functools.wraps(place.client.request)  # type: ignore[attr-defined]
        def request(self, value: int) -> Any:
            return super().request(value)

    place.wrap()
    for kind in (Plain, Claiming):
        place.log.clear()
        made: Any = kind()
        assert made.request(1) == 2
        assert place.log == ["waypost"]


PROGRAM = """
import asyncio, functools, openai, waypost
seen = []
def note(kind):
    original = kind.request
    if asyncio.iscoroutinefunction(original):
        @functools.wraps(original)
        async def request(self, *args, **kwargs):
            seen.append("async")
            return await original(self, *args, **kwargs)
    else:
        @functools.wraps(original)
        def request(self, *args, **kwargs):
            seen.append("sync")
            return original(self, *args, **kwargs)
    kind.request = request
note(openai.OpenAI)
note(openai.AsyncOpenAI)
waypost.auto_instrument()
asked = dict(model="auto", messages=[{"role": "user", "content": "Hi"}])
def ask():
    return openai.OpenAI(max_retries=0).chat.completions.create(**asked)
async def aask():
    async with openai.AsyncOpenAI(max_retries=0) as client:
        return await client.chat.completions.create(**asked)
print(waypost.receipt(ask()).status, waypost.receipt(asyncio.run(aask())).status)
waypost.uninstrument()
asked["model"] = "gpt-4o"
print(waypost.receipt(ask()), waypost.receipt(asyncio.run(aask())), seen)
"""


def test_the_sdk_is_seen_below_an_earlier_instrumentation(site: Site) -> None:
    """As OpenInference does it: receipts for both colours, and nothing of ours once switched off."""
    ended = site.run(PROGRAM)
    assert (ended.code, ended.err) == (0, "")
    assert ended.lines == ["ok ok", "None None ['sync', 'async', 'sync', 'async']"]
    assert len(site.receipts()) == 2
