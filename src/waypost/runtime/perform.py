"""Effects to ports, for one call. Whatever breaks here that is not a send is contained and counted."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Protocol

from waypost.adapters.senders import client as registered
from waypost.adapters.senders import home
from waypost.adapters.senders.auth import Credentials
from waypost.adapters.senders.http import Http
from waypost.core.model.ask import Level
from waypost.core.model.events import InternalError
from waypost.core.routing.effects import (
    Call,
    Consult,
    Digest,
    Disable,
    Discard,
    Effect,
    Keep,
    Look,
    Pull,
    Release,
    Reserve,
    Said,
    Seal,
    Send,
    SendFailed,
    Settle,
    Sleep,
    Tell,
)
from waypost.core.routing.ports import Codec, Mode, State
from waypost.core.routing.prepare import Routes
from waypost.runtime import advisors, alarms
from waypost.runtime.coexistence import without_baggage
from waypost.runtime.digests import keyed
from waypost.runtime.recording import Recorder
from waypost.runtime.worker import Worker

if TYPE_CHECKING:
    from waypost.runtime.content import Draft, Keeper

_MEANT = ("auto", "best")
"""Names that ask for routing, where the catalog knows the server."""
_KEY = os.urandom(32)
"""Of digests that only this process compares."""


class Ports(Protocol):
    """What the process has for every call."""

    recorder: Recorder
    digest: Callable[[Sequence[str]], str]
    """Of texts under the home's key: the same in every process of this home, and in none of another."""
    state: State
    http: Http
    worker: Worker
    strangers: alarms.Strangers

    @property
    def keeper(self) -> Keeper: ...

    @property
    def metrics(self) -> alarms.Gauge: ...


class Performer:
    """Performs the effects of one call, on its thread or in its task."""

    __slots__ = ("call", "credentials", "draft", "is_async", "ports", "routes")
    draft: Draft
    """Of a call of which something is kept; few have one."""

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
                return self._state("look", effect.ask, time.time_ns())
            case Settle():
                return self._settle(effect)
            case Pull():
                return effect.stream.pull(effect.deadline_ns)
            case Discard():
                return self._discard(effect)
            case Sleep():
                return asyncio.sleep(effect.ns / 1e9) if self.is_async else time.sleep(effect.ns / 1e9)
            case Disable():
                return self._state("disable", effect.endpoint, effect.until_ns)
            case Consult():
                return advisors.ask(effect, self._mode, self._unadvised)
            case Reserve():
                return self._state("reserve", effect.demand, effect.ttl_ns, time.time_ns())
            case Release():
                return self._state("release", effect.lease, effect.attempts, time.time_ns())
            case Keep() | Said() | Seal():
                return self._content(effect)
            case Digest():
                return self.ports.digest(effect.texts) if effect.kept else keyed(effect.texts, _KEY)

    def around(self, effect: Effect) -> AbstractContextManager[Any]:
        assert isinstance(effect, Send)
        span = self.ports.recorder.active(effect.call.receipt)
        return span if effect.home else without_baggage(span)

    def received(self, effect: Effect, value: Any) -> Any:
        assert isinstance(effect, Send)
        if effect.home:
            return home.received(effect, value, self._codec(effect))
        client = self._client(effect)
        if client is not None:
            return registered.received(effect, value, self._codec(effect), client)
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
            self._strange(effect)
            return home.send(effect)
        client = self._client(effect)
        if client is not None:
            return registered.send(effect, client)
        library = self.call.native.http_library()
        return self.ports.http.send(effect, library, self.credentials, self._codec(effect), is_async=self.is_async)

    def _strange(self, effect: Send) -> None:
        call = self.call
        # What is switched off has an attempt without a time.
        if call.origin.endpoint is None and call.requested in _MEANT and effect.attempt.started_ns:
            with suppress(Exception):  # a log's filter may raise what it likes
                self.ports.strangers.note(call.origin.host, call.requested)

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

    def _content(self, effect: Keep | Said | Seal) -> None:
        try:
            self._kept(effect)
        except Exception as error:
            event = InternalError("content", type(error).__name__, self.call.receipt)
            self.ports.recorder.tell(event, error)

    def _kept(self, effect: Keep | Said | Seal) -> None:
        match effect:
            case Keep():
                self.draft = self.ports.keeper.begin(self.call, effect, self.routes)
            case Said() if hasattr(self, "draft"):
                self.draft.said(effect, self.ports.keeper.limit)
            case Seal() if hasattr(self, "draft"):
                draft = self.draft
                del self.draft
                self.ports.keeper.seal(draft)

    def _settle(self, effect: Settle) -> Any:
        levels = self._state(
            "settle", effect.lease, effect.bill, effect.attempts, time.time_ns(), blocking=effect.blocking
        )
        return self._noted(levels, effect) if isawaitable(levels) else self._note(levels, effect)

    async def _noted(self, levels: Any, effect: Settle) -> None:
        self._note(await levels, effect)

    def _note(self, levels: Sequence[Level] | None, effect: Settle) -> None:
        if levels and effect.bill.ask is not None:
            try:
                alarms.note(self.ports.metrics, effect.bill.ask.policy, levels, self.ports.worker.defer)
            except Exception as error:
                self.ports.recorder.faults.note("budgets", error, "how far a budget is used is not measured")

    @property
    def _mode(self) -> Mode:
        return "async" if self.is_async else "sync"

    def _unadvised(self, error: Exception) -> None:
        self.ports.recorder.faults.loss("advisor", error, "calls are ranked without its advice")

    def _state(self, method: str, *args: Any, blocking: bool = False) -> Any:
        """Whatever breaks in the state: the call goes on as if nothing were known, and it is counted."""
        try:
            mode = "async" if self.is_async and not blocking else "sync"
            found = getattr(self.ports.state, method)(*args, mode)
        except Exception as error:
            return self._lost(error)
        return self._guarded(found) if isawaitable(found) else found

    async def _guarded(self, found: Any) -> Any:
        try:
            return await found
        except Exception as error:
            return self._lost(error)

    def _lost(self, error: Exception) -> None:
        self.ports.recorder.faults.note("state", error, "the call was decided without the world")
