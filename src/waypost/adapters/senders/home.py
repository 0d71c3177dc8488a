"""The caller's own client: the call goes through the SDK's original method, edited as little as possible.

Azure and Bedrock signing, `with_options()`, custom HTTP clients and the SDK's own retries survive, because nothing but
the model (and what the policy owns) is replaced.
"""

from __future__ import annotations

from typing import Any

from waypost.adapters.senders.streams import Ending, shells
from waypost.core.model.frozen import factory
from waypost.core.routing.effects import Native, Send
from waypost.core.routing.observe import Watch
from waypost.core.routing.ports import Codec

_new_native = factory(Native)


def send(effect: Send) -> Any:
    """Start the SDK's original request; its value, or an awaitable of it. Raises what the SDK raises."""
    return effect.call.native.send(
        effect.body,
        retries=effect.retries,
        timeout_ns=effect.timeout_ns,
        plain_encoding=effect.strip_usage or effect.reader is not None,
        fresh_key=effect.attempt.number > 1,
    )


def received(effect: Send, value: Any, codec: Codec) -> Native:
    """What came back, with a tee on its byte stream where that is still open."""
    native = effect.call.native
    if native.tee is not None:
        return _teed(effect, value, codec)
    response = native.open_response(value, restore_timeout=effect.timeout_ns is not None)
    if response is None:
        observed = native.observe(value, codec)
        # A stream that its transport has read at once, as doubles in tests do, is no whole answer.
        whole = observed.usage is None and not effect.call.streaming
        return _new_native(value, observed, failure=native.unread(value, codec) if whole else None)
    watch = Watch(
        reader=effect.reader,
        writer=None,
        strip_usage=effect.strip_usage,
        encoding=response.headers.get("content-encoding"),
    )
    sync, asynchronous = shells(native.library(response))
    inner = response.stream
    ending = Ending(watch, codec, listens=effect.call.streaming)
    if native.is_async:
        stream = asynchronous(inner, ending, inner.aclose)
    else:
        stream = sync(inner, ending, inner.close)
    response.stream = stream
    return _new_native(value, native.observe(value, codec), stream)


def _teed(effect: Send, value: Any, codec: Codec) -> Native:
    """The same for an SDK whose streams are not of bytes: it makes the shell itself."""
    native = effect.call.native
    watch = Watch(reader=effect.reader, writer=None, strip_usage=False)
    stream = native.tee(value, Ending(watch, codec, listens=False))
    observed = native.observe(value, codec)
    failure = None if stream is not None or observed.usage is not None else native.unread(value, codec)
    return _new_native(value, observed, stream, failure)
