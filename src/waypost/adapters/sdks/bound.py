"""One call of one client, with everything that is native about it: sending it, reading what came, answering it."""

from __future__ import annotations

import datetime
import functools
import inspect
import sys
import time
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from waypost.adapters.sdks import claims
from waypost.adapters.sdks.native import (
    DECISION,
    decorate,
    fields_of,
    finish_reasons,
    is_model,
    library_of,
    observe_dict,
    observe_response,
    once,
    response_under,
    summary_dict,
    text,
    told_headers,
    wrong_with_bytes,
)
from waypost.core.codecs.json_text import encoded
from waypost.core.model.frozen import dataclass, factory, field
from waypost.core.model.money import NANO
from waypost.core.model.outcome import Failure
from waypost.core.routing.effects import Answer, NativeError, Observed
from waypost.core.routing.glimpse import wrong_with
from waypost.core.routing.ports import Codec

_new_observed = factory(Observed)

RAW = "x-stainless-raw-response"
_NOT_THE_CALLERS = ("connection", "auth", "not_found")
"""Failures at another endpoint that would mislead as a status of the caller's own: its key and model are fine."""


@dataclass(frozen=True, slots=True)
class Flavour:
    """What distinguishes one Stainless SDK from another."""

    sdk: str
    package: str
    provider: str
    paths: Mapping[str, str]
    """URL at the seam, without its query, to dialect."""
    clouds: Mapping[str, str]
    """Names of client classes that sign or rewrite for a cloud of their own, so that they stay home, each with
    OpenTelemetry's name of who answers there."""
    auto: frozenset[str]
    lent: Mapping[str, str] = field(default_factory=dict)
    """The same of provider objects that a client can be given, by their names."""
    framed: frozenset[str] = frozenset()
    """Those of them that read streams in frames of their cloud's, and not server-sent events."""
    said_in_bodies: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Headers in lower case, each with the words that only unlock fields of the body, so that they need no care."""
    plain_query: Mapping[str, str] = field(default_factory=dict)
    """Query parameters that say nothing, because the SDK itself puts them there or leaves them out."""
    operations: Mapping[str, str] = field(default_factory=dict)
    """Dialects whose calls are no chat, to OpenTelemetry's name of what they do."""
    beside: Mapping[str, str] = field(default_factory=dict)
    """Dialects that no catalog names, to the one that is spoken at the same place."""
    lost: Callable[[Mapping[str, Any]], str | None] | None = None
    """Given a body: see `Call.lost`."""
    reports: Callable[[Any, Any], bool] | None = None
    """Given a client and a call's options: whether the SDK reports the call by a span of its own."""


class Bound:
    """One call of one client, with everything that is native about it."""

    tee = None
    """Its streams are HTTP responses, on whose bytes the shell of the HTTP library stands."""

    __slots__ = (
        "_begun",
        "cast_to",
        "client",
        "extra",
        "flavour",
        "is_async",
        "options",
        "stream",
        "stream_cls",
        "wrapped",
    )

    def __init__(
        self, flavour: Flavour, wrapped: Callable[..., Any], client: Any, arguments: dict[str, Any], *, is_async: bool
    ) -> None:
        self.flavour = flavour
        self.wrapped = wrapped
        self.client = client
        self.cast_to = arguments.pop("cast_to")
        self.options = arguments.pop("options")
        self.stream: bool = arguments.pop("stream", False) or False
        self.stream_cls = arguments.pop("stream_cls", None)
        self.extra = arguments
        self.is_async = is_async
        self._begun = time.perf_counter()

    # --- sending at home

    def send(
        self,
        body: Mapping[str, Any] | None,
        *,
        retries: int | None,
        timeout_ns: int | None,
        plain_encoding: bool,
        fresh_key: bool,
    ) -> Any:
        """The original request with the edits that were asked for, on a copy of its options."""
        options = self.options
        changed: dict[str, Any] = {}
        if body is not None:
            changed["json_data"], changed["extra_json"] = body, None
        if retries is not None:
            changed["max_retries"] = retries
        if timeout_ns is not None:
            changed["timeout"] = self._timeout(timeout_ns)
        if fresh_key:
            changed["idempotency_key"] = None
        if plain_encoding:
            changed["headers"] = {**claims.headers_of(options), "Accept-Encoding": "identity"}
        if changed:
            options = options.model_copy(update=changed)
        return self.wrapped(self.cast_to, options, stream=self.stream, stream_cls=self.stream_cls, **self.extra)

    def _timeout(self, left_ns: int) -> Any:
        """Each phase of the caller's timeout, held within what is left of the deadline."""
        left = left_ns / 1e9
        own = self._own_timeout()
        if own is None:
            return left
        if isinstance(own, int | float):
            return min(float(own), left)
        phases = {name: getattr(own, name) for name in ("connect", "read", "write", "pool")}
        return type(own)(**{name: left if value is None else min(value, left) for name, value in phases.items()})

    def _own_timeout(self) -> Any:
        given = self.options.timeout
        return self.client.timeout if type(given).__name__ == "NotGiven" else given

    def timeout_ns(self) -> int | None:
        """The caller's own timeout for waiting on an answer, in nanoseconds."""
        own = self._own_timeout()
        seconds = getattr(own, "read", own)
        return None if seconds is None else int(seconds * 1e9)

    def pause_ns(self, failure: Failure, repeats: int, told: bool | None) -> int | None:
        """How long this SDK, of this version, would wait before it sends the call again after ``failure``, which is
        another endpoint's; ``None`` where it would not. ``told``: what the server said of that."""
        client, headers = self.client, {}
        left = self.options.get_max_retries(client.max_retries) - repeats
        if left <= 0 or (failure.status is None and failure.kind not in ("timeout", "connection")):
            return None
        if failure.retry_after_ns is not None:
            headers["retry-after-ms"] = str(failure.retry_after_ns / 1e6)
        if told is not None:
            headers["x-should-retry"] = str(told).lower()
        said = self.http_library().Response(failure.status or 500, headers=headers)
        if failure.status is not None and (said.is_success or not client._should_retry(said)):
            return None
        return int(client._calculate_retry_timeout(left, self.options, said.headers) * NANO)

    def closed(self) -> bool:
        """Whether the caller has closed the client, which then sends nothing and whose streams break."""
        return bool(self.client._client.is_closed)

    # --- looking at what came back

    def open_response(self, value: Any, *, restore_timeout: bool) -> Any | None:
        """The HTTP response under ``value`` while its body is unread, else ``None``."""
        response = response_under(value)
        if response is None or response.is_closed or response.is_stream_consumed:
            return None
        if restore_timeout:
            timeout = response.request.extensions.get("timeout")
            own = self.timeout_ns()
            if timeout is not None:
                timeout["read"] = None if own is None else own / 1e9
        return response

    def observe(self, value: Any, codec: Codec) -> Observed:
        """Usage, ids and finish reasons of a whole native answer, in whatever form the caller asked for it."""
        if self.stream:
            return Observed()
        response = response_under(value)
        if response is not None:
            return observe_response(response, codec)
        if isinstance(value, dict):
            return observe_dict(value, codec)
        usage = getattr(value, "usage", None)
        body = {"usage": fields_of(usage)} if is_model(usage) else {}
        return _new_observed(
            usage=codec.usage(body) if body else None,
            response_id=text(getattr(value, "id", None)),
            response_model=text(getattr(value, "model", None)),
            finish_reasons=finish_reasons(value),
            request_id=text(getattr(value, "_request_id", None)),
        )

    def unread(self, value: Any, codec: Codec) -> Failure | None:
        """What is wrong with a whole answer without usage, if something is."""
        response = response_under(value)
        if response is not None:
            read = response.is_closed or response.is_stream_consumed
            return wrong_with_bytes(response.content, codec) if read else None
        if is_model(value):
            error = getattr(value, "error", None)
            error = fields_of(error) if is_model(error) else error
            return wrong_with({"error": error}, 200, codec)
        plain = isinstance(value, Mapping | list | str | int | float | None)
        return wrong_with(value, 200, codec) if plain and hasattr(self.cast_to, "model_fields") else None

    def http_library(self) -> ModuleType:
        """httpx or httpx2: the one that this client's requests are made of."""
        library: ModuleType = library_of(self.client._client) or library_of(self._native_request())
        return library

    def library(self, response: Any) -> ModuleType:
        library: ModuleType = library_of(response)
        return library

    def _native_request(self) -> Any:
        """The request that the SDK would have sent. A client that gets its key only when it sends has none yet: then
        one without authentication stands in, for no answer of ours depends on it."""
        try:
            return self.client._build_request(self.options.model_copy())
        except Exception:
            headers = {name: value for name, value in claims.headers_of(self.options).items() if isinstance(value, str)}
            url = str(self.client._prepare_url(self.options.url))
            return library_of(self.client._client).Request(self.options.method.upper(), url, headers=headers)

    # --- answering

    def answer(self, answer: Answer, receipt: str) -> Any:
        """The native value; for a wire answer what the SDK makes of it (a coroutine on an async client)."""
        if answer.wire is None:
            if answer.summary is not None:
                decorate(answer.value, answer.summary, receipt)
            return answer.value
        headers = {**answer.wire.headers, **told_headers(answer.summary, receipt)}
        request_id = headers.get("x-request-id") or headers.get("request-id")
        if request_id is not None:  # each SDK looks for its own name
            headers["x-request-id"] = headers["request-id"] = request_id
        if answer.stream is not None:
            response = self._response(200, {**headers, "content-type": "text/event-stream"}, stream=answer.stream)
        else:
            body = dict(answer.wire.body or {})
            if answer.summary is not None:
                body[DECISION] = summary_dict(answer.summary)
            response = self._response(200, {**headers, "content-type": "application/json"}, body=body)
        keywords = {
            "cast_to": self.client._maybe_override_cast_to(self.cast_to, self.options),
            "options": self.options,
            "response": response,
            "stream": self.stream,
            "stream_cls": self.stream_cls,
            "retries_taken": 0,
        }
        known = _taken(type(self.client)._process_response)
        if known is not None:
            keywords = {name: value for name, value in keywords.items() if name in known}
        return self.client._process_response(**keywords)

    def fail(self, error: NativeError, codec: Codec) -> Exception:
        """The SDK's own exception for a failure that has none."""
        failure = error.failure
        package = sys.modules[self.flavour.package]
        request = self._native_request()
        native: Exception
        if failure.kind == "timeout" and failure.status is None:
            native = package.APITimeoutError(request=request)
        elif failure.kind in _NOT_THE_CALLERS or (failure.status is None and failure.kind != "internal"):
            native = package.APIConnectionError(message=error.message, request=request)
        else:
            status, body = codec.encode_error(failure, error.message)
            if error.code is not None and isinstance(body.get("error"), dict):
                body["error"].update(code=error.code)
                if error.code == self.lost():
                    body["error"]["details"] = {"error_code": error.code}
            headers = {"content-type": "application/json", "x-should-retry": "false"}
            if failure.retry_after_ns is not None:
                headers["retry-after"] = str(-(-failure.retry_after_ns // NANO))
            native = self.client._make_status_error_from_response(self._response(status, headers, body=body))
        for note in error.notes:
            native.add_note(note)
        return native

    def lost(self) -> str | None:
        """See `Call.lost`."""
        body, lost = self.options.json_data, self.flavour.lost
        return lost(body) if lost is not None and isinstance(body, Mapping) else None

    def _response(
        self, status: int, headers: Mapping[str, str], *, body: Mapping[str, Any] | None = None, stream: Any = None
    ) -> Any:
        """A response to the request that the SDK would have sent; unread where the caller wants to read it."""
        request = self._native_request()
        library = library_of(request)
        if stream is not None:
            return library.Response(status, headers=headers, stream=stream, request=request)
        data = encoded(body)
        if status < 400 and request.headers.get(RAW) == "stream":
            return library.Response(status, headers=headers, stream=once(library, data), request=request)
        response = library.Response(status, headers=headers, content=data, request=request)
        response.elapsed = datetime.timedelta(seconds=time.perf_counter() - self._begun)
        return response


@functools.lru_cache(maxsize=64)
def _taken(process: Callable[..., Any]) -> frozenset[str] | None:
    """The names that `_process_response` takes, which differ by version; ``None`` where it takes any."""
    known = inspect.signature(process).parameters
    if any(item.kind is inspect.Parameter.VAR_KEYWORD for item in known.values()):
        return None
    return frozenset(known)
