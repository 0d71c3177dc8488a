"""Any other endpoint, over plain HTTP, with the HTTP library that the caller's SDK brought (httpx or httpx2).

Nothing of the caller's client goes along: no header, query, cookie, key or base URL. Redirects are not followed, for
they could carry our key elsewhere; a redirect is a failure. One connection pool per (library, process, event loop).
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import threading
import time
import weakref
from contextlib import suppress
from dataclasses import replace
from email.utils import mktime_tz, parsedate_tz
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import ModuleType
from typing import Any

from waypost._version import __version__
from waypost.adapters.senders.address import address
from waypost.adapters.senders.auth import Credentials
from waypost.adapters.senders.streams import Ending, shells, transport_failure
from waypost.core.codecs.json_text import encoded
from waypost.core.model.outcome import Failure
from waypost.core.model.target import Endpoint
from waypost.core.routing.effects import Send, SendFailed, Wire
from waypost.core.routing.observe import Watch
from waypost.core.routing.ports import Codec

KEPT = ("retry-after", "retry-after-ms", "request-id", "x-request-id", "content-type")
"""Response headers of the target that go on to the caller; all others stay behind."""
_DEFAULT_TIMEOUT_S = 600.0
_CONNECT_S = 10.0
_NEAR_S = 120.0
"""A date to wait for that is further away than this is not believed."""


class Http:
    """A sender for every endpoint of a known dialect."""

    def __init__(self) -> None:
        self._pools: dict[tuple[str, int], Any] = {}
        self._loops: weakref.WeakKeyDictionary[Any, dict[tuple[str, int], Any]] = weakref.WeakKeyDictionary()

    def send(self, effect: Send, library: ModuleType, credentials: Credentials, codec: Codec, *, is_async: bool) -> Any:
        """A `Wire`, or a coroutine of it. Raises SendFailed."""
        headers = credentials.headers(_endpoint(effect))
        if is_async:
            return self._asend(effect, library, headers, codec)
        client = self._client(library, is_async=False)
        until = _until(effect)
        try:
            response = client.send(_request(client, library, effect, headers), stream=True, follow_redirects=False)
            if response.is_success and effect.call.streaming:
                return self._streamed(effect, library, codec, response, is_async=False)
            try:
                body = Body(response, until)
                for part in response.iter_bytes():
                    body.take(part)
            finally:
                response.close()
        except library.HTTPError as error:
            raise SendFailed(transport_failure(error)) from error
        return self._whole(response, body.content(), codec)

    async def _asend(self, effect: Send, library: ModuleType, headers: dict[str, str], codec: Codec) -> Wire:
        client = self._client(library, is_async=True)
        until = _until(effect)
        try:
            request = _request(client, library, effect, headers)
            response = await client.send(request, stream=True, follow_redirects=False)
            if response.is_success and effect.call.streaming:
                return self._streamed(effect, library, codec, response, is_async=True)
            try:
                body = Body(response, until)
                async for part in response.aiter_bytes():
                    body.take(part)
            finally:
                await response.aclose()
        except library.HTTPError as error:
            raise SendFailed(transport_failure(error)) from error
        return self._whole(response, body.content(), codec)

    def close(self) -> None:
        """Close the pools of sync calls; those of event loops go with their loops."""
        pools, self._pools = self._pools, {}
        for client in pools.values():
            client.close()

    def _whole(self, response: Any, content: bytes, codec: Codec) -> Wire:
        headers = {name: response.headers[name] for name in KEPT if name in response.headers}
        try:
            body = json.loads(content)
        except ValueError:
            body = None
        if not response.is_success or not isinstance(body, dict):
            raise _refused(codec, response, body)
        return Wire(response.status_code, headers, body)

    def _streamed(self, effect: Send, library: ModuleType, codec: Codec, response: Any, *, is_async: bool) -> Wire:
        watch = Watch.of(effect)
        ending = Ending(watch, codec, gone=effect.call.native.closed)
        sync, asynchronous = shells(library)
        headers = {name: response.headers[name] for name in KEPT if name in response.headers}
        native = effect.call.timeout_ns
        response.request.extensions["timeout"]["read"] = _DEFAULT_TIMEOUT_S if native is None else native / 1e9
        plain = "content-encoding" not in response.headers  # then the decoders' turns would change nothing
        if is_async:
            source = response.stream if plain else response.aiter_bytes()
            return Wire(200, headers, None, asynchronous(source, ending, response.aclose))
        source = response.stream if plain else response.iter_bytes()
        return Wire(200, headers, None, sync(source, ending, response.close))

    def _client(self, library: ModuleType, *, is_async: bool) -> Any:
        key = (library.__name__, os.getpid())
        if not is_async:
            pool = self._pools
            kind = library.Client
        else:
            pool = self._loops.setdefault(asyncio.get_running_loop(), {})
            kind = library.AsyncClient
        client = pool.get(key)
        if client is None:
            # The library's own limit of 100 would let the next stream wait for one of them to end.
            limits = library.Limits(max_connections=None, max_keepalive_connections=100)
            client = kind(follow_redirects=False, cookies=_no_cookies(), limits=limits)
            if not is_async:
                _reentrant(client)
            client = pool.setdefault(key, client)
        return client


class Body:
    """A whole answer as it comes. The library's own limit is one of each read, which a slow drip never exceeds."""

    def __init__(self, response: Any, until_s: float | None) -> None:
        self._parts: list[bytes] = []
        self._until_s = until_s
        self._late = False
        if until_s is not None:
            left = max(until_s - time.monotonic(), 0.001)
            limits = response.request.extensions["timeout"]
            limits["read"] = min(left, limits["read"])

    def take(self, part: bytes) -> None:
        """The next part. One that comes too late may still be the last; SendFailed where it was not."""
        if self._late:
            raise SendFailed(Failure("timeout"))
        self._parts.append(part)
        self._late = self._until_s is not None and time.monotonic() >= self._until_s

    def content(self) -> bytes:
        return b"".join(self._parts)


def _reentrant(client: Any) -> None:
    """Let httpx's pools be entered again by the thread that is in them, as httpx2's can be.

    The garbage collector may run while a pool's lock is held, and close there a stream that the caller forgot: the
    thread would wait for itself, and everybody who sends for it. Where there is no such lock, nothing is to be mended.
    """
    for transport in (client._transport, *client._mounts.values()):
        with suppress(AttributeError):
            guard = transport._pool._optional_thread_lock
            if isinstance(guard._lock, type(threading.Lock())):
                guard._lock = threading.RLock()


def _until(effect: Send) -> float | None:
    """The deadline on the monotonic clock, in seconds."""
    return None if effect.timeout_ns is None else time.monotonic() + effect.timeout_ns / 1e9


def _no_cookies() -> CookieJar:
    """A jar that takes none: what one tenant's call was given would go along with another's."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


def _endpoint(effect: Send) -> Endpoint:
    assert effect.endpoint is not None
    return effect.endpoint


def _request(client: Any, library: ModuleType, effect: Send, credentials: dict[str, str]) -> Any:
    endpoint = _endpoint(effect)
    headers = {
        **_standing(client, library),
        "content-type": "application/json",
        "accept": "text/event-stream" if effect.call.streaming else "application/json",
        "user-agent": f"waypost/{__version__}",
        **credentials,
    }
    url, body = address(endpoint, effect.body or {}, streaming=effect.call.streaming)
    content = encoded(body)
    # The client's own `build_request` would merge a base URL, parameters and cookies, of which it has none.
    extensions = {"timeout": _timeout(library, effect).as_dict()}
    return library.Request("POST", _url(library, url), headers=headers, content=content, extensions=extensions)


def _standing(client: Any, library: ModuleType) -> dict[str, str]:
    """What a client of the library says of the connection and of the encodings that it can read."""
    known = _STANDING.get(library.__name__)
    if known is None:
        known = {name: client.headers[name] for name in ("accept-encoding", "connection") if name in client.headers}
        _STANDING[library.__name__] = known
    return known


_STANDING: dict[str, dict[str, str]] = {}


@functools.lru_cache(maxsize=256)
def _url(library: ModuleType, url: str) -> Any:
    """An address, parsed once."""
    return library.URL(url)


def _refused(codec: Codec, response: Any, body: Any) -> SendFailed:
    """The failure that an answer is, with the wait that the provider asked for."""
    status: int = response.status_code
    failure = Failure("malformed", status) if response.is_success else codec.failure(status, body)
    return told(failure, response.headers)


def told(failure: Failure, headers: Any) -> SendFailed:
    """``failure`` with what the provider says of sending the call again, and when."""
    wait = retry_after_ns(headers)
    failure = failure if wait is None else replace(failure, retry_after_ns=wait)
    return SendFailed(failure, again=_AGAIN.get(headers.get("x-should-retry", "")))


_AGAIN = {"true": True, "false": False}


def retry_after_ns(headers: Any) -> int | None:
    """``retry-after-ms`` or ``retry-after`` in seconds, or a date that is near; of a far one the clocks may differ."""
    for name, scale in (("retry-after-ms", 1_000_000), ("retry-after", 1_000_000_000)):
        text = headers.get(name)
        if text:
            try:
                return max(int(float(text) * scale), 0)
            except (ValueError, OverflowError):
                continue
    until = parsedate_tz(headers.get("retry-after"))
    wait = 0.0 if until is None else mktime_tz(until) - time.time()
    return int(wait * 1e9) if 0 < wait <= _NEAR_S else None


def _timeout(library: ModuleType, effect: Send) -> Any:
    """What is left of the deadline; a stream's reads may take as long as the caller's SDK would let them."""
    native = effect.call.timeout_ns
    read = native / 1e9 if native is not None else _DEFAULT_TIMEOUT_S
    left = read if effect.timeout_ns is None else min(effect.timeout_ns / 1e9, read)
    return library.Timeout(connect=min(_CONNECT_S, left), read=left, write=left, pool=left)
