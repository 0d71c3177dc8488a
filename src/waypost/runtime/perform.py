"""Effects to ports, for one call. Whatever breaks here that is not a send is contained and counted."""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractContextManager
from typing import Any, Protocol

from waypost.adapters.senders import client as registered
from waypost.adapters.senders import home
from waypost.adapters.senders.auth import Credentials
from waypost.adapters.senders.http import Http
from waypost.core.routing.effects import (
    Call,
    Disable,
    Discard,
    Effect,
    Look,
    Pull,
    Reserve,
    Send,
    SendFailed,
    Settle,
    Sleep,
    Tell,
)
from waypost.core.routing.ports import Codec, State
from waypost.core.routing.prepare import Routes
from waypost.runtime.coexistence import without_baggage
from waypost.runtime.recording import Recorder


class Ports(Protocol):
    """What the process has for every call."""

    recorder: Recorder
    state: State
    http: Http


class Performer:
    """Performs the effects of one call, on its thread or in its task."""

    __slots__ = ("call", "credentials", "is_async", "ports", "routes")

    def __init__(self, ports: Ports, call: Call, routes: Routes, credentials: Credentials) -> None:
        self.ports = ports
        self.call = call
        self.routes = routes
        self.credentials = credentials
        self.is_async: bool = call.native.is_async

    def __call__(self, effect: Effect) -> Any:
        if effect.__class__ is Tell:  # most effects are
            return self.ports.recorder.tell(effect.event, effect.error)
        match effect:
            case Send():
                return self._send(effect)
            case Look():
                return self._state("look", effect.keys, time.time_ns())
            case Settle():
                return self._state("settle", effect.lease, effect.nano_usd, effect.attempts)
            case Pull():
                return effect.stream.pull(effect.deadline_ns)
            case Discard():
                return self._discard(effect)
            case Sleep():
                return asyncio.sleep(effect.ns / 1e9) if self.is_async else time.sleep(effect.ns / 1e9)
            case Disable():
                return self._state("disable", effect.endpoint, effect.until_ns)
            case Reserve():
                now = time.time_ns()
                return self.ports.state.reserve(effect.scopes, effect.nano_usd, effect.ttl_ns, now)

    def around(self, effect: Effect) -> AbstractContextManager[Any]:
        assert isinstance(effect, Send)
        span = self.ports.recorder.active(effect.call.receipt)
        return span if effect.home else without_baggage(span)

    def received(self, effect: Effect, value: Any) -> Any:
        assert isinstance(effect, Send)
        if effect.home:
            return home.received(effect, value, self._codec(effect))
        if self._client(effect) is not None:
            return registered.received(effect, value, self._codec(effect))
        return value

    def failed(self, effect: Effect, error: BaseException) -> BaseException:
        if (
            isinstance(effect, Send)
            and isinstance(error, Exception)
            and not isinstance(error, SendFailed)
            and not effect.home
            and self._client(effect) is not None
        ):
            failure = registered.failed(error, self._codec(effect))
            failure.__cause__ = error
            return failure
        return error

    def _send(self, effect: Send) -> Any:
        if effect.home:
            return home.send(effect)
        client = self._client(effect)
        if client is not None:
            return registered.send(effect, client)
        library = self.call.native.http_library()
        return self.ports.http.send(effect, library, self.credentials, self._codec(effect), is_async=self.is_async)

    def _client(self, effect: Send) -> Any | None:
        assert effect.endpoint is not None
        return self.credentials.client(effect.endpoint.name, is_async=self.is_async)

    def _codec(self, effect: Send) -> Codec:
        return self.routes.codecs[effect.call.dialect if effect.endpoint is None else effect.endpoint.dialect]

    def _discard(self, effect: Discard) -> Any:
        try:
            return effect.stream.discard()
        except Exception as error:
            self.ports.recorder.faults.note("discard", error, "a connection may stay open for a while")

    def _state(self, method: str, *args: Any) -> Any:
        try:
            return getattr(self.ports.state, method)(*args)
        except Exception as error:
            self.ports.recorder.faults.note("state", error, "the call was decided without the world")
            return None
