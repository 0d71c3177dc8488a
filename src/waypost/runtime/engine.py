"""One process's routing: what wrapped calls come to. It binds core and adapters and holds what outlives a call."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from waypost.adapters.sdks.claims import Heard
from waypost.adapters.senders.client import BYPASS, colours, place_of
from waypost.adapters.senders.http import Http
from waypost.adapters.sinks.console import Console
from waypost.adapters.sinks.jsonl import Jsonl
from waypost.adapters.sinks.otel_metrics import OtelMetrics
from waypost.adapters.sinks.otel_spans import OtelSpans
from waypost.adapters.state.memory import MemoryState
from waypost.adapters.stores.journal import Journal
from waypost.adapters.stores.objects import ObjectStore
from waypost.core.routing.effects import Answer, Call, NativeError, StreamEnd
from waypost.core.routing.flow import route
from waypost.core.routing.ports import State
from waypost.core.routing.settle import Open, finish
from waypost.runtime import bundle as bundles
from waypost.runtime.alarms import Strangers, Unmatched
from waypost.runtime.chosen import Chosen
from waypost.runtime.context import suppressed
from waypost.runtime.drive import adrive, drive
from waypost.runtime.hearing import Hearing
from waypost.runtime.home import Home
from waypost.runtime.lendable import fitting
from waypost.runtime.lending import Lending
from waypost.runtime.lookup import Lookup
from waypost.runtime.perform import Performer
from waypost.runtime.providers import resolve
from waypost.runtime.put_off import PutOff
from waypost.runtime.recording import Faults, Recorder
from waypost.runtime.reloading import Reloader
from waypost.runtime.results import Results
from waypost.runtime.settings import Settings
from waypost.runtime.worker import Worker
from waypost.runtime.zones import offset_of

if TYPE_CHECKING:
    from waypost.runtime.content import Keeper

log = logging.getLogger("waypost")
RETIRE_S = 5.0


class Engine:
    """Answers wrapped calls while ``active``; otherwise, and in `suppress()`, lets them through untouched."""

    def __init__(
        self, settings: Settings, *, tracer_provider: Any = None, meter_provider: Any = None, inline: bool | None = None
    ) -> None:
        self.active = False
        self.settings = settings
        self.home = Home(settings.home)
        self.faults = Faults()
        self.bundle = bundles.load(settings, self.home.cache if self.home.persistent else None)
        self.worker = Worker(
            inline=inline,
            on_error=lambda error: self.faults.note("worker", error, "a job was lost"),
            on_refusal=lambda: self.faults.say(
                "jobs", "the queue is full", "spans go without candidates, and audit rows are missing"
            ),
        )
        self.digest = self.home.digest()
        self.state: State = MemoryState(offset_ns=offset_of(settings.time_zone, "WAYPOST_TIME_ZONE"))
        self.http = Http()
        self.results = Results()
        self.put_off = PutOff(self._settle, self.worker)
        self.providers = resolve(tracer_provider, meter_provider, worker=self.worker)
        self.metrics = OtelMetrics(
            self.providers.meter, dropped=self.dropped, before_collect=lambda: self.worker.drain(1.0)
        )
        self.spans = OtelSpans(
            self.providers.tracer, self.worker.submit, inline=self.worker.inline, metrics=self.metrics
        )
        self.recorder = self._recorder()
        self._keeper: Keeper | None = None
        self.lookup = Lookup(self)
        self.lending = Lending(self.faults)
        self.only: Chosen | None = None
        """The clients that are seen; all of them where it is ``None``."""
        self._places: dict[tuple[str, str], tuple[str, str] | None] = {}
        self._hearing = Hearing(self.faults)
        self.strangers = Strangers()
        self._unmatched = Unmatched()
        self.keep(self.bundle)
        self.reloader = Reloader(self)

    def _recorder(self) -> Recorder:
        sinks: list[Any] = [self.spans]
        if self.settings.jsonl is not None:
            lost = partial(self.faults.count, "rows")
            sinks.append(Jsonl(self.settings.jsonl, self.worker.submit, on_loss=lost))
        if self.settings.console:
            sinks.append(Console(self.worker.submit))
        return Recorder(
            Journal(self.home.journal),
            sinks,
            self.worker,
            self.faults,
            pseudonym=self.home.pseudonym(),
            fold=lambda: self.lookup.fold(),
            activate=self.spans.activate,
            trace_id=self.spans.trace_id,
            restore=self._restore,
        )

    def _restore(self) -> None:
        """The home was deleted while in use: what it held beside receipts is laid there again."""
        try:
            self.home.restore()
        except OSError as error:
            self.faults.loss("home", error, "other processes may give people other pseudonyms")
        self.keep(self.bundle)

    # --- wrapped calls

    def call(self, sdk: Any, wrapped: Callable[..., Any], client: Any, args: Any, kwargs: Any) -> Any:
        """A sync client's `request()`."""
        if not self._sees(sdk, wrapped, client, args, kwargs):
            return wrapped(*args, **kwargs)
        if sdk.prepare is not None:
            args, kwargs = _prepared(args, kwargs, sdk.prepare(client, args, kwargs))
        bound = self._bind(sdk, wrapped, client, args, kwargs)
        if bound is None:
            return wrapped(*args, **kwargs)
        call, performer = bound
        try:
            answer: Answer = drive(route(call, performer.routes), performer)
        except NativeError as error:
            raise self._failed(call, error, performer) from error.__cause__
        except Exception as error:
            self._remember(call, error)
            raise
        return self._remember(call, self._native(call, answer, performer))

    async def acall(self, sdk: Any, wrapped: Callable[..., Any], client: Any, args: Any, kwargs: Any) -> Any:
        """An async client's `request()`."""
        if not self._sees(sdk, wrapped, client, args, kwargs):
            return await wrapped(*args, **kwargs)
        if sdk.prepare is not None:
            options = sdk.prepare(client, args, kwargs)
            args, kwargs = _prepared(args, kwargs, None if options is None else await options)
        bound = self._bind(sdk, wrapped, client, args, kwargs)
        if bound is None:
            return await wrapped(*args, **kwargs)
        call, performer = bound
        try:
            answer: Answer = await adrive(route(call, performer.routes), performer)
        except NativeError as error:
            raise self._failed(call, error, performer) from error.__cause__
        except Exception as error:
            self._remember(call, error)
            raise
        value = self._native(call, answer, performer)
        return self._remember(call, await value if answer.wire is not None and isawaitable(value) else value)

    def _sees(self, sdk: Any, wrapped: Any, client: Any, args: Any, kwargs: Any) -> bool:
        if not self.active or suppressed() or getattr(client, BYPASS, False):
            return False
        if self.only is not None and not self.only.has(client):
            return False
        if not self.bundle.off:
            return True
        try:
            return not sdk.silent(wrapped, client, args, kwargs)
        except Exception as error:
            self.faults.note("bind", error, "the call went through unrouted")
            return False

    def _bind(
        self, sdk: Any, wrapped: Callable[..., Any], client: Any, args: Any, kwargs: Any
    ) -> tuple[Call, Performer] | None:
        try:
            call = sdk.bind(self, wrapped, client, args, kwargs)
        except Exception as error:
            self.faults.note("bind", error, "the call went through unrouted")
            return None
        if call is None:
            return None
        if self.put_off:  # what they cost counts for this call
            self.put_off.settle()
        bundle = self.bundle
        credentials = bundle.credentials
        lent = self.lending.clients(call, bundle.routes.endpoints)
        if lent:
            usable = tuple(sorted(name for name, item in lent.items() if item is not None))
            barred = tuple(sorted(name for name, item in lent.items() if item is None))
            call, credentials = replace(call, lent=usable, barred=barred), credentials.lent(lent)
        return call, Performer(self, call, bundle.routes, credentials)

    def _failed(self, call: Call, error: NativeError, performer: Performer) -> Any:
        """The SDK's own exception in the place of ours."""
        return self._remember(call, call.native.fail(error, performer.routes.codecs[call.dialect]))

    def _native(self, call: Call, answer: Answer, performer: Performer) -> Any:
        if answer.stream is not None:
            answer.stream.ending.on_end = lambda end, opened=answer.opened: self._ended(opened, end, performer)
        return call.native.answer(answer, call.receipt)

    def _ended(self, opened: Open | None, end: StreamEnd, performer: Performer) -> None:
        """A stream has ended, on whichever thread closed it, which may be in the middle of anything."""
        if opened is None:
            return
        if self._busy():
            self.put_off.add(opened, end, performer)
        else:
            self._settle(opened, end, performer)

    def _busy(self) -> bool:
        try:
            return self.state.busy()
        except Exception as error:
            self.faults.note("state", error, "a stream is settled a moment later")
            return True

    def _settle(self, opened: Open, end: StreamEnd, performer: Performer) -> None:
        try:
            drive(finish(opened, end), performer)
        except Exception as error:
            self.faults.note("settle", error, "a receipt stays open")

    def _remember(self, call: Call, value: Any) -> Any:
        with suppress(Exception):
            self.results.remember(value, call.receipt)
        return value

    @property
    def keeper(self) -> Keeper:
        """Who keeps contents, made for the first call of which some is kept."""
        if self._keeper is None:
            from waypost.runtime.content import Keeper  # imported since a policy that keeps content was loaded

            self._keeper = Keeper(self.home, self.worker, self.recorder, self.settings.content_size)
        return self._keeper

    # --- what an SDK adapter asks of the process

    def endpoint_at(self, dialect: str, base_url: str) -> tuple[str, str] | None:
        """The known endpoint there: the catalog's, one moved by its variable, or a registered client's."""
        key = (dialect, base_url)
        try:
            return self._places[key]
        except KeyError:
            pass
        place = (dialect, bundles.normal(base_url))
        found = self.bundle.places.get(place) or self._moved(place)
        if len(self._places) > 512:
            self._places.clear()
        self._places[key] = found
        return found

    def _moved(self, place: tuple[str, str]) -> tuple[str, str] | None:
        """A variable that was set after we were switched on moves its endpoint now."""
        dialect, wanted = place
        for endpoint in self.bundle.routes.catalog.endpoints.values():
            moved = os.environ.get(endpoint.base_url_env) if endpoint.base_url_env else None
            if moved and endpoint.speaks(dialect) and bundles.normal(moved) == wanted:
                self._move()
                return self.bundle.places.get(place)
        return None

    def _move(self) -> None:
        """What is in force, with the endpoints where the environment puts them now."""
        old = self.bundle
        routes, files = old.routes, old.files
        new = bundles.assemble(routes.plans, routes.catalog, self.settings, forced=routes.overrides, files=files)
        if self.bundle is old:  # else it was loaded anew in the meantime, and knows
            self.swap(new)

    def claims(self, layers: Sequence[Mapping[str, Any]]) -> Heard:
        """The current context with a call's own claims on top, the outermost first."""
        return self._hearing.hear(layers, self.bundle.routes)

    # --- the process

    def dropped(self) -> Mapping[str, int]:
        """What was lost so far, by what it was."""
        return {"jobs": self.worker.dropped, **self.faults.counts}

    def use(self, provider: str, client: Any, where: str = "waypost.use") -> None:
        """Send to ``provider`` with ``client``, and know its base URL as that provider's. Raises SettingsError."""
        endpoints = self.bundle.routes.catalog.endpoints
        names = fitting(provider, client, endpoints, where)
        for name in names:
            for colour in colours(client):
                self.bundle.credentials.use(name, client, is_async=colour)
        base_url = place_of(client)
        if base_url is not None:
            endpoint = endpoints[names[0]]
            for dialect in (endpoint.dialect, *(also for also, _ in endpoint.also)):
                place = (dialect, bundles.normal(base_url))
                self.bundle.places[place] = self.bundle.registered[place] = (endpoint.name, endpoint.provider)
            self._places.clear()

    def swap(self, new: bundles.Bundle) -> None:
        """Put ``new`` in force, with the clients that were registered and the places that they made known."""
        old = self.bundle
        for (endpoint, asynchronous), client in old.credentials.clients().items():
            new.credentials.use(endpoint, client, is_async=asynchronous)
        for place, found in old.registered.items():
            new.registered[place] = found
            new.places[place] = found
        self.bundle = new
        self._places.clear()

    def keep(self, bundle: bundles.Bundle) -> None:
        """Store its policies and catalog by their fingerprints, so that receipts can be explained later; and say once
        which policy is the last resort, where nobody wrote one for it."""
        self._unmatched.note(bundle)
        try:
            bundles.keep(bundle, ObjectStore(self.home.objects))
        except OSError as error:
            self.faults.loss("objects", error, "receipts of this process cannot be explained after it ends")

    def flush(self, timeout_s: float) -> bool:
        """Everything that waits: the worker's jobs, the store, and our exporters. ``False`` where time ran out, or the
        store could not be written."""
        until, lost = time.monotonic() + timeout_s, self.faults.counts.get("store", 0)
        if self.recorder.journal.path is not None:
            self.recorder.fold()
        done = self.worker.drain(timeout_s)
        stored = self.faults.counts.get("store", 0) == lost
        return bool(self.providers.flush(max(until - time.monotonic(), 0.0))) and done and stored

    def retire(self) -> None:
        """Another is in its place: what waits is done, and nothing stays open. Calls under way end as they would, told
        on their own threads. Never raises."""
        self.active = False
        try:
            self.flush(RETIRE_S)
            self.worker.close(RETIRE_S)
            self.recorder.journal.close()
            self.lookup.close()
        except Exception as error:
            self.faults.note("retire", error, "an engine that was replaced stays open")


def _prepared(args: Any, kwargs: Any, options: Any) -> tuple[Any, Any]:
    """The arguments with ``options`` in the place of the call's own; as they are where it is ``None``."""
    if options is None:
        return args, kwargs
    if len(args) > 1:
        return (args[0], options, *args[2:]), kwargs
    return args, {**kwargs, "options": options}
