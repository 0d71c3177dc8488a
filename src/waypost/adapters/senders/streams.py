"""The two shells around a byte stream, sync and async; all bookkeeping is `waypost.core.routing.observe.Watch`.

They are byte streams of the HTTP library that the caller's SDK uses (httpx or httpx2), so that they can stand in a
response of it. They end once: when read to the end, closed, failed, cancelled or dropped.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

from waypost.core.model.outcome import Failure
from waypost.core.routing.effects import StreamEnd
from waypost.core.routing.observe import Watch
from waypost.core.routing.ports import Codec

CLOSED = "the client has been closed"
"""What breaks a stream whose connection would have been closed with the caller's client."""


class Ending:
    """The end of one stream, reported once. It holds no reference to the stream object that the caller has."""

    def __init__(
        self, watch: Watch, codec: Codec, *, listens: bool = True, gone: Callable[[], bool] | None = None
    ) -> None:
        """``listens``: what the stream said last tells how it ended; else whoever reports it knows. ``gone``: whether
        the caller has closed the client, of whose connections another endpoint's stream is none."""
        self.listens = listens
        self.gone = gone
        self.watch = watch
        self.codec = codec
        self.on_end: Callable[[StreamEnd], Any] | None = None
        self.done = False
        self.first_ns: int | None = None

    def chunk(self, data: bytes) -> bytes:
        """One chunk to what goes on of it; the first of them is stamped."""
        if self.first_ns is None:
            self.first_ns = time.time_ns()
        try:
            return self.watch.chunk(data)
        except Exception:
            return self.contain(data)

    def contain(self, data: bytes) -> bytes:
        """What goes on of a chunk that broke us: observing must not cost the caller a stream that is passing by."""
        if self.watch.reader is not None:
            raise
        return data

    def report(self, outcome: str, error: BaseException | None = None, *, owed: bool = False) -> None:
        """Tell the end, unless it has been told. ``owed``: the caller never took all that was read ahead."""
        if self.done:
            return
        self.done = True
        report, self.on_end = self.on_end, None
        if report is None:
            return
        failure = self.watch.failure or self.watch.unsayable()
        if outcome in ("cancelled", "abandoned") and not owed and self.watch.complete():
            outcome = "ok"
        if error is not None:
            failure = transport_failure(error, committed=True)
        elif failure is None and self.listens and not owed:
            failure = self.watch.broken(self.codec, over=outcome == "ok")
        if failure is not None:
            outcome = "error"
        observed = self.watch.observed(self.codec)
        spoken = self.watch.spoken() if observed.usage is None else 0
        report(StreamEnd(outcome, observed, time.time_ns(), self.first_ns, self.watch.events, failure, spoken))

    def pulled(self, deadline_ns: int | None) -> tuple[bool, Failure | None]:
        """Whether reading ahead may stop, and why the stream is of no use if it is not."""
        if self.watch.failure is not None:
            return True, replace(self.watch.failure, committed=False)  # what was read ahead has reached nobody
        if self.watch.committed:
            return True, None
        if deadline_ns is not None and time.time_ns() >= deadline_ns:
            return True, Failure("timeout")
        return False, None


def transport_failure(error: BaseException, *, committed: bool = False) -> Failure:
    """Timeouts and connection errors of httpx and httpx2, by the class; a ValueError is our reader's word."""
    if isinstance(error, ValueError):
        return Failure("malformed", committed=committed)
    names = {kind.__name__ for kind in type(error).__mro__}
    kind = "timeout" if names & {"TimeoutException", "TimeoutError"} else "connection"
    return Failure("timeout" if kind == "timeout" else "connection", type=type(error).__name__, committed=committed)


@functools.cache
def shells(library: ModuleType) -> tuple[type[Any], type[Any]]:
    """The sync and the async byte stream class for ``library`` (httpx or httpx2)."""

    class SyncShell(library.SyncByteStream):  # type: ignore[name-defined, misc]
        def __init__(self, source: Any, ending: Ending, closing: Callable[[], Any]) -> None:
            self._source = iter(source)
            self._closing = closing
            self._ahead: list[bytes] = []
            self.ending = ending

        def pull(self, deadline_ns: int | None) -> Failure | None:
            ending = self.ending
            try:
                for chunk in self._source:
                    self._ahead.append(ending.chunk(chunk))
                    stop, failure = ending.pulled(deadline_ns)
                    if stop:
                        return failure
                self._ahead.append(ending.watch.flush())
            except Exception as error:
                return transport_failure(error)
            return ending.pulled(None)[1]

        def __iter__(self) -> Any:
            ending = self.ending
            try:
                while self._ahead:
                    yield self._ahead.pop(0)
                take: Callable[[bytes], bytes] = ending.chunk
                later = ending.watch.later
                gone = ending.gone
                for chunk in self._source:
                    if gone is not None and gone():
                        self._closing()
                        raise library.ReadError(CLOSED)
                    try:
                        out = take(chunk)
                    except Exception:
                        out = ending.contain(chunk)
                    take = later
                    if out:
                        yield out
                rest = ending.watch.flush()
                if rest:
                    yield rest
            except GeneratorExit:
                ending.report("cancelled", owed=bool(self._ahead))
                raise
            except BaseException as error:
                ending.report("error", error)
                raise
            ending.report("ok")

        def close(self) -> None:
            try:
                self._closing()
            finally:
                self.ending.report("cancelled", owed=bool(self._ahead))

        def discard(self) -> None:
            self.ending.done = True
            self._closing()

        def __del__(self) -> None:
            self.ending.report("abandoned", owed=bool(self._ahead))

    class AsyncShell(library.AsyncByteStream):  # type: ignore[name-defined, misc]
        def __init__(self, source: Any, ending: Ending, closing: Callable[[], Any]) -> None:
            self._source = source.__aiter__()
            self._closing = closing
            self._ahead: list[bytes] = []
            self.ending = ending

        async def pull(self, deadline_ns: int | None) -> Failure | None:
            ending = self.ending
            try:
                async for chunk in self._source:
                    self._ahead.append(ending.chunk(chunk))
                    stop, failure = ending.pulled(deadline_ns)
                    if stop:
                        return failure
                self._ahead.append(ending.watch.flush())
            except Exception as error:
                return transport_failure(error)
            return ending.pulled(None)[1]

        async def __aiter__(self) -> Any:
            ending = self.ending
            try:
                while self._ahead:
                    yield self._ahead.pop(0)
                take: Callable[[bytes], bytes] = ending.chunk
                later = ending.watch.later
                gone = ending.gone
                async for chunk in self._source:
                    if gone is not None and gone():
                        await self._closing()
                        raise library.ReadError(CLOSED)
                    try:
                        out = take(chunk)
                    except Exception:
                        out = ending.contain(chunk)
                    take = later
                    if out:
                        yield out
                rest = ending.watch.flush()
                if rest:
                    yield rest
            except GeneratorExit:
                ending.report("cancelled", owed=bool(self._ahead))
                raise
            except Exception as error:
                ending.report("error", error)
                raise
            except BaseException:
                ending.report("cancelled", owed=bool(self._ahead))
                raise
            ending.report("ok")

        async def aclose(self) -> None:
            try:
                await self._closing()
            finally:
                self.ending.report("cancelled", owed=bool(self._ahead))

        async def discard(self) -> None:
            self.ending.done = True
            await self._closing()

        def __del__(self) -> None:
            self.ending.report("abandoned", owed=bool(self._ahead))

    return SyncShell, AsyncShell
