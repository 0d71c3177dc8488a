"""The bytes of another endpoint's stream as they arrive, with its signatures in envelopes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator

from waypost.core.codecs.resealing import Resealer


def arriving(source: Iterator[bytes], resealer: Resealer | None) -> Iterator[bytes]:
    """``source`` itself where nothing is to be changed."""
    return source if resealer is None else _changed(source, resealer)


def aarriving(source: AsyncIterator[bytes], resealer: Resealer | None) -> AsyncIterator[bytes]:
    """The same for async calls."""
    return source if resealer is None else _achanged(source, resealer)


def _changed(source: Iterator[bytes], resealer: Resealer) -> Generator[bytes, None, None]:
    for data in source:
        made = resealer.feed(data)
        if made:
            yield made
    rest = resealer.close()
    if rest:
        yield rest


async def _achanged(source: AsyncIterator[bytes], resealer: Resealer) -> AsyncGenerator[bytes, None]:
    async for data in source:
        made = resealer.feed(data)
        if made:
            yield made
    rest = resealer.close()
    if rest:
        yield rest
