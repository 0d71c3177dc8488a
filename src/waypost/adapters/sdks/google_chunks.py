"""Streams of the Google Gen AI SDK: what passes at its seam are chunks, each with one JSON body, and not bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from waypost.core.codecs.framing import SseParser
from waypost.core.model.outcome import Failure


def primed(chunks: Any) -> Any:
    """A generator that has been started, so that what fails before its first chunk fails now."""
    try:
        first = next(chunks)
    except StopIteration:
        return chunks  # it has ended, and stays so
    return _after(first, chunks)


def _after(first: Any, rest: Any) -> Iterator[Any]:
    try:
        yield first
        yield from rest
    finally:
        rest.close()


def tell(answer: Any, told: Mapping[str, str]) -> None:
    """Put headers of ours on an answer or a chunk that has some.

    Whatever came over HTTP has; a double in somebody's test may have none, and is compared as a whole.
    """
    headers = getattr(answer, "headers", None)
    if headers:
        answer.headers = {**headers, **told}


class Chunks:
    """A native stream of chunks that passes by; its ``ending`` sees each as the frame that it was on the wire.

    Ends once: when read to the end, closed, failed, cancelled or dropped. ``told`` are headers that every chunk gets.
    """

    __slots__ = ("_ahead", "_classify", "_source", "ending", "is_async", "told")

    def __init__(
        self, source: Any, ending: Any, classify: Callable[[BaseException], Failure], *, is_async: bool
    ) -> None:
        self._source = source
        self._classify = classify
        self._ahead: list[Any] = []
        self.ending = ending
        self.is_async = is_async
        self.told: Mapping[str, str] = {}

    def native(self) -> Any:
        """What the caller's SDK reads."""
        return self._achunks() if self.is_async else self._chunks()

    def pull(self, deadline_ns: int | None) -> Any:
        """Read ahead up to the first content; a `Failure` or ``None``, or an awaitable of it."""
        return self._apull(deadline_ns) if self.is_async else self._pull(deadline_ns)

    def discard(self) -> Any:
        """Close it unread and without a report; ``None``, or an awaitable of it."""
        self.ending.done = True
        return self._source.aclose() if self.is_async else self._source.close()

    def _seen(self, chunk: Any) -> Any:
        body = getattr(chunk, "body", None)
        if isinstance(body, str):
            frame = b"data: " + body.encode(errors="replace") + b"\n\n"
            try:
                self.ending.chunk(frame)
            except Exception:
                self.ending.contain(frame)
        return chunk

    def _out(self, chunk: Any) -> Any:
        tell(chunk, self.told)
        return chunk

    def _failed(self, error: Exception) -> Failure:
        return Failure("malformed") if type(error) is ValueError else self._classify(error)

    def _fails(self, error: BaseException) -> None:
        failure = self._classify(error) if isinstance(error, Exception) else None
        if failure is not None and self.ending.watch.failure is None:
            self.ending.watch.failure = failure
        self.ending.report("error" if failure is not None else "cancelled", owed=bool(self._ahead))

    def _pull(self, deadline_ns: int | None) -> Failure | None:
        try:
            for chunk in self._source:
                self._ahead.append(self._seen(chunk))
                stop, failure = self.ending.pulled(deadline_ns)
                if stop:
                    return failure  # type: ignore[no-any-return]
            self.ending.watch.flush()
        except Exception as error:
            return self._failed(error)
        return self.ending.pulled(None)[1]  # type: ignore[no-any-return]

    async def _apull(self, deadline_ns: int | None) -> Failure | None:
        try:
            async for chunk in self._source:
                self._ahead.append(self._seen(chunk))
                stop, failure = self.ending.pulled(deadline_ns)
                if stop:
                    return failure  # type: ignore[no-any-return]
            self.ending.watch.flush()
        except Exception as error:
            return self._failed(error)
        return self.ending.pulled(None)[1]  # type: ignore[no-any-return]

    def _chunks(self) -> Iterator[Any]:
        try:
            while self._ahead:
                yield self._out(self._ahead.pop(0))
            for chunk in self._source:
                yield self._out(self._seen(chunk))
        except GeneratorExit:
            self.ending.report("cancelled", owed=bool(self._ahead))
            raise
        except BaseException as error:
            self._fails(error)
            raise
        finally:
            self._source.close()
        self.ending.report("ok")

    async def _achunks(self) -> Any:
        try:
            while self._ahead:
                yield self._out(self._ahead.pop(0))
            async for chunk in self._source:
                yield self._out(self._seen(chunk))
        except GeneratorExit:
            self.ending.report("cancelled", owed=bool(self._ahead))
            raise
        except BaseException as error:
            self._fails(error)
            raise
        finally:
            await self._source.aclose()
        self.ending.report("ok")

    def __del__(self) -> None:
        self.ending.report("abandoned", owed=bool(self._ahead))


def unframed(stream: Any, made: Callable[[str], Any], *, is_async: bool) -> Any:
    """The chunks that a byte stream of frames comes to, each made of the text of one frame."""
    return _aunframed(stream, made) if is_async else _unframed(stream, made)


def _unframed(stream: Any, made: Callable[[str], Any]) -> Iterator[Any]:
    parser = SseParser()
    try:
        for data in stream:
            for _, body in parser.feed(data):
                yield made(body)
    finally:
        stream.close()


async def _aunframed(stream: Any, made: Callable[[str], Any]) -> Any:
    parser = SseParser()
    try:
        async for data in stream:
            for _, body in parser.feed(data):
                yield made(body)
    finally:
        await stream.aclose()
