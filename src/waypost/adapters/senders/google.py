"""A client of the Google Gen AI SDK that the user registered or lent, for Vertex or an account of one's own.

It serves both colours. Its calls go through the SDK's own methods as they are below every wrapper, so that none of them
is taken for a call of the application's.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncGenerator, Generator
from typing import Any

from waypost.adapters.senders.streams import Ending, shells
from waypost.core.model.outcome import Failure
from waypost.core.routing.effects import Send, SendFailed, Wire
from waypost.core.routing.observe import Watch
from waypost.core.routing.ports import Codec


def is_google(client: Any) -> bool:
    """Whether a client is one of this SDK."""
    return hasattr(client, "_api_client") and not hasattr(client, "with_options")


def base_url(client: Any) -> str | None:
    """Where it sends to; nowhere that is known, if that is Vertex."""
    below = client._api_client
    return None if below.vertexai else below._http_options.base_url


def send(effect: Send, client: Any, *, is_async: bool) -> Any:
    """The SDK's own request: its answer or stream, or an awaitable of it. Raises what the SDK raises."""
    below = client._api_client
    streaming = effect.call.streaming
    name = ("async_" if is_async else "") + ("request_streamed" if streaming else "request")
    method = inspect.unwrap(getattr(type(below), name))
    body = dict(effect.body or {})
    model = body.pop("model", "")
    body.pop("stream", None)
    place = "publishers/google/models" if below.vertexai else "models"
    verb = "streamGenerateContent?alt=sse" if streaming else "generateContent"
    limits = [ns for ns in (effect.timeout_ns, effect.call.timeout_ns) if ns is not None]
    options = type(below._http_options)(timeout=max(min(limits) // 1_000_000, 1)) if limits else None
    return method(below, "post", f"{place}/{model}:{verb}", body, options)


def received(effect: Send, value: Any, codec: Codec, *, is_async: bool) -> Wire:
    """What the client brought back, as the wire answer that it is. Raises SendFailed."""
    if not effect.call.streaming:
        try:
            body = json.loads(value.body)
        except (TypeError, ValueError):
            body = None
        if not isinstance(body, dict):
            raise SendFailed(Failure("malformed", 200))
        return Wire(200, {}, body)
    watch = Watch.of(effect)
    sync, asynchronous = shells(effect.call.native.http_library())
    ending = Ending(watch, codec, gone=effect.call.native.closed)
    if is_async:
        aframes = _aframes(value)
        return Wire(200, {}, None, asynchronous(aframes, ending, aframes.aclose))
    frames = _frames(value)
    return Wire(200, {}, None, sync(frames, ending, frames.close))


def failed(error: Exception, codec: Codec) -> Failure | None:
    """An exception of this SDK as a failure; ``None`` for one that has no status."""
    code = getattr(error, "code", None)
    return codec.failure(code, getattr(error, "details", None)) if isinstance(code, int) else None


def _framed(chunk: Any) -> bytes:
    return b"data: " + str(chunk.body).encode() + b"\n\n"


def _frames(chunks: Any) -> Generator[bytes, None, None]:
    try:
        for chunk in chunks:
            yield _framed(chunk)
    finally:
        chunks.close()


async def _aframes(chunks: Any) -> AsyncGenerator[bytes, None]:
    try:
        async for chunk in chunks:
            yield _framed(chunk)
    finally:
        await chunks.aclose()
