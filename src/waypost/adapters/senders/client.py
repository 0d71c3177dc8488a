"""A client that the user registered with `waypost.use`: for proxies, mTLS, Bedrock, Vertex, keys of one's own.

It is the user's object and may be instrumented by us too; a copy of it, marked, is what sends.
"""

from __future__ import annotations

import sys
from typing import Any

from waypost.adapters.senders import google
from waypost.adapters.senders.http import KEPT, told
from waypost.adapters.senders.streams import Ending, shells, transport_failure
from waypost.core.model.outcome import Failure
from waypost.core.model.target import Endpoint
from waypost.core.routing.effects import Send, SendFailed, Wire
from waypost.core.routing.observe import Watch
from waypost.core.routing.ports import Codec

BYPASS = "_waypost_bypass"
"""An attribute of our copies: the seam lets their calls through."""
PATHS = {"openai.chat": "/chat/completions", "openai.responses": "/responses", "anthropic.messages": "/v1/messages"}
"""What the SDKs append to their base URLs; some of their clients make another path of it (Azure's, Bedrock's)."""


_SPOKEN = {
    "openai": ("openai.chat", "openai.responses"),
    "anthropic": ("anthropic.messages",),
    "google": ("google.generate_content",),
}


def sdk_of(client: Any) -> str | None:
    """The package of the SDK whose client it is, a subclass of the user's own included; ``None`` for anything else."""
    if google.is_google(client):
        return "google"
    bases = (kind for kind in type(client).__mro__ if kind.__name__ in ("SyncAPIClient", "AsyncAPIClient"))
    return next((kind.__module__.partition(".")[0] for kind in bases), None)


def speaks(client: Any, endpoint: Endpoint | None) -> bool:
    """Whether it is a client of an SDK, and one in whose words ``endpoint`` understands calls. SDKs of the same make
    that vendors have of their own speak OpenAI's chat."""
    sdk = sdk_of(client)
    if sdk is None or endpoint is None:
        return sdk is not None
    return any(endpoint.speaks(dialect) for dialect in _SPOKEN.get(sdk, _SPOKEN["openai"][:1]))


def colours(client: Any) -> tuple[bool, ...]:
    """Whether it serves async calls: yes, no, or both."""
    return (False, True) if google.is_google(client) else (is_async(client),)


def place_of(client: Any) -> str | None:
    """The base URL of a client, which is known as its provider's from now on."""
    found = google.base_url(client) if google.is_google(client) else getattr(client, "base_url", None)
    return None if found is None else str(found)


def is_async(client: Any) -> bool:
    return any(kind.__name__ == "AsyncAPIClient" for kind in type(client).__mro__)


def send(effect: Send, client: Any) -> Any:
    """The SDK's low-level ``post``: a dict or a stream, or an awaitable of it. Raises what that SDK raises."""
    if google.is_google(client):
        return google.send(effect, client, is_async=effect.call.is_async)
    marked = client.with_options(max_retries=0)
    limits = [ns for ns in (effect.timeout_ns, effect.call.timeout_ns) if ns is not None]
    if limits:
        marked = marked.with_options(timeout=min(limits) / 1e9)
    setattr(marked, BYPASS, True)
    assert effect.endpoint is not None
    body = dict(effect.body or {})
    path = _path(effect.endpoint, client)
    if not effect.call.streaming:
        return marked.post(path, cast_to=object, body=body)
    package = sys.modules[str(sdk_of(client))]
    stream = package.AsyncStream if is_async(client) else package.Stream
    return marked.post(path, cast_to=object, body=body, stream=True, stream_cls=stream[object])


def _path(endpoint: Endpoint, client: Any) -> str:
    """The catalog's, where the client is at the catalog's address, and else what the SDK itself would append."""
    at_home = str(client.base_url).rstrip("/") == endpoint.base_url.rstrip("/")
    return endpoint.path if at_home and "{" not in endpoint.path else PATHS.get(endpoint.dialect, endpoint.path)


def received(effect: Send, value: Any, codec: Codec, client: Any) -> Wire:
    """What the registered client brought back, as the wire answer that it is."""
    if google.is_google(client):
        return google.received(effect, value, codec, is_async=effect.call.is_async)
    if not effect.call.streaming:
        if not isinstance(value, dict):
            raise SendFailed(Failure("malformed", 200))
        return Wire(200, {}, value)
    response = value.response
    watch = Watch.of(effect)
    sync, asynchronous = shells(effect.call.native.http_library())
    headers = {name: response.headers[name] for name in KEPT if name in response.headers}
    ending = Ending(watch, codec, gone=effect.call.native.closed)
    if hasattr(response, "aiter_bytes") and effect.call.native.is_async:
        source = response.aiter_bytes()
        return Wire(200, headers, None, asynchronous(source, ending, response.aclose))
    return Wire(200, headers, None, sync(response.iter_bytes(), ending, response.close))


def failed(error: Exception, codec: Codec) -> SendFailed:
    """An exception of the registered client's SDK as a failure, by its status and body type."""
    status = getattr(error, "status_code", None)
    if status is None:
        said = google.failed(error, codec)
        if said is not None:
            return SendFailed(said)
        return SendFailed(transport_failure(error.__cause__ or error))
    body = getattr(error, "body", None)
    failure = codec.failure(status, body if isinstance(body, dict) and "error" in body else {"error": body})
    return told(failure, error.response.headers) if hasattr(error, "response") else SendFailed(failure)
