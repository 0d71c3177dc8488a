"""What the OpenAI and Anthropic SDKs share: one `request()` below all resources and above the retry loop.

The wire answer of another endpoint is handed to the SDK's own response processing as a synthetic HTTP response, so that
the SDK itself builds every native object, stream, parsed result and exception. Only names that have been there since
the floor versions are used; `fits` checks them before anything is patched.
"""

from __future__ import annotations

import datetime
import inspect
import json
import sys
import weakref
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, Protocol

from waypost.adapters.sdks import claims, seeds
from waypost.core.codecs import CODECS
from waypost.core.model.frozen import dataclass
from waypost.core.model.money import NANO
from waypost.core.model.outcome import Failure
from waypost.core.model.question import Context, Origin
from waypost.core.model.target import host_and_port
from waypost.core.routing.effects import Answer, Call, NativeError, Observed, Summary
from waypost.core.routing.ports import Codec

RAW = "x-stainless-raw-response"
DECISION = "x-perpetuo-routing-decision"
DECISION_ALIAS = "x-perpetuo-router-decision"
RECEIPT = "x-waypost-receipt"
REQUIRED = (
    "request",
    "_process_response",
    "_maybe_override_cast_to",
    "_build_request",
    "_make_status_error_from_response",
)
_NOT_THE_CALLERS = ("connection", "auth", "not_found")
"""Failures at another endpoint that would mislead as a status of the caller's own: its key and model are fine."""


class World(Protocol):
    """What the runtime tells an adapter about the process."""

    def endpoint_at(self, dialect: str, base_url: str) -> tuple[str, str] | None:
        """``(endpoint name, provider)`` of the known endpoint at that base URL."""

    def claims(self, layers: Sequence[Mapping[str, Any]]) -> tuple[Context, str | None]:
        """The current context with ``layers`` on top, the outermost first, and the caller's request id."""


@dataclass(frozen=True, slots=True)
class Flavour:
    """What distinguishes one Stainless SDK from another."""

    sdk: str
    package: str
    provider: str
    paths: Mapping[str, str]
    """URL at the seam, without its query, to dialect."""
    cloud: frozenset[str]
    """Names of client classes that sign or rewrite for a cloud of their own; they stay home."""
    auto: frozenset[str]


def fits(base_client: ModuleType) -> str | None:
    """``None``, or why this version of the SDK is not one that the seam knows."""
    for name in ("SyncAPIClient", "AsyncAPIClient"):
        kind = getattr(base_client, name, None)
        if kind is None:
            return f"{base_client.__name__} has no {name}"
        for attribute in REQUIRED:
            if not callable(getattr(kind, attribute, None)):
                return f"{name} has no {attribute}()"
        if "options" not in inspect.signature(kind.request).parameters:
            return f"{name}.request takes no options"
    return None


class Bound:
    """One call of one client, with everything that is native about it."""

    __slots__ = ("cast_to", "client", "extra", "flavour", "is_async", "options", "stream", "stream_cls", "wrapped")

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
        seconds = own if own is None or isinstance(own, int | float) else own.read
        return None if seconds is None else int(seconds * 1e9)

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
            return _observe_response(response, codec)
        if isinstance(value, dict):
            return _observe_dict(value, codec)
        usage = getattr(value, "usage", None)
        body = {"usage": _fields(usage)} if hasattr(usage, "model_fields_set") else {}
        choices = getattr(value, "choices", None) or ()
        return Observed(
            usage=codec.usage(body) if body else None,
            response_id=_text(getattr(value, "id", None)),
            response_model=_text(getattr(value, "model", None)),
            finish_reasons=tuple(str(choice.finish_reason) for choice in choices if choice.finish_reason),
            request_id=_text(getattr(value, "_request_id", None)),
        )

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
        known = inspect.signature(self.client._process_response).parameters
        if not any(item.kind is inspect.Parameter.VAR_KEYWORD for item in known.values()):
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
                body["error"]["code"] = error.code
            headers = {"content-type": "application/json", "x-should-retry": "false"}
            if failure.retry_after_ns is not None:
                headers["retry-after"] = str(-(-failure.retry_after_ns // NANO))
            native = self.client._make_status_error_from_response(self._response(status, headers, body=body))
        for note in error.notes:
            native.add_note(note)
        return native

    def _response(
        self, status: int, headers: Mapping[str, str], *, body: Mapping[str, Any] | None = None, stream: Any = None
    ) -> Any:
        """A response to the request that the SDK would have sent; unread where the caller wants to read it."""
        request = self._native_request()
        library = library_of(request)
        if stream is not None:
            return library.Response(status, headers=headers, stream=stream, request=request)
        data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        if status < 400 and request.headers.get(RAW) == "stream":
            return library.Response(status, headers=headers, stream=once(library, data), request=request)
        response = library.Response(status, headers=headers, content=data, request=request)
        response.elapsed = datetime.timedelta(0)
        return response


def bind(
    flavour: Flavour,
    world: World,
    wrapped: Callable[..., Any],
    client: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Call | None:
    """The call if it is one of ours to see, else ``None``. Never changes what it is given."""
    options = args[1] if len(args) > 1 else kwargs["options"]
    dialect = flavour.paths.get(options.url.partition("?")[0])
    if dialect is None or options.method.lower() != "post" or not isinstance(options.json_data, Mapping):
        return None
    arguments = {"cast_to": args[0], **kwargs} if args else dict(kwargs)
    arguments["options"] = options
    if len(args) > 2:
        arguments["remaining_retries"] = args[2]
    place = _place_of(client, flavour)
    bound = Bound(flavour, wrapped, client, arguments, is_async=place.is_async)
    body, said = claims.of_body(bound)
    headers = claims.headers_of(options)
    layers, needs = claims.of_headers(bound, headers, place.own)
    context, request_id = world.claims((*layers, said) if said else layers)
    origin = place.origin(flavour, world, dialect)
    requested = body.get("model")
    auto = origin.endpoint is not None and (requested is None or requested in flavour.auto)
    seed = seeds.take()
    return Call(
        receipt="wp_" + seed.hex(),
        seed=seed,
        sdk=flavour.sdk,
        operation="chat",
        dialect=dialect,
        body=body,
        streaming=bool(bound.stream or body.get("stream")),
        requested=requested if isinstance(requested, str) and requested else "auto",
        auto=auto,
        origin=origin,
        context=context,
        max_retries=bound.options.get_max_retries(client.max_retries),
        timeout_ns=bound.timeout_ns(),
        classify=classify,
        needs=needs,
        request_id=request_id or claims.given(headers, "x-request-id"),
        is_async=bound.is_async,
        native=bound,
        port=place.port,
    )


class _Place:
    """Where a client sends to, read once for as long as its base URL stays the same object.

    A cloud class or a provider of its own is nobody's endpoint.
    """

    __slots__ = ("base_url", "cloud", "host", "is_async", "kind", "known", "own", "port", "text")

    def __init__(self, client: Any, flavour: Flavour, base_url: Any) -> None:
        names = {base.__name__ for base in type(client).__mro__}
        self.base_url = base_url
        self.text = str(base_url)
        self.host, self.port = host_and_port(self.text)
        self.kind = type(client).__name__
        self.is_async = "AsyncAPIClient" in names
        self.cloud = bool(names & flavour.cloud) or getattr(client, "_provider", None) is not None
        self.known: tuple[tuple[str, str] | None, Origin] | None = None
        self.own = claims.always(client)

    def origin(self, flavour: Flavour, world: World, dialect: str) -> Origin:
        """The caller's endpoint by its base URL, as far as the process knows it now."""
        known = None if self.cloud else world.endpoint_at(dialect, self.text)
        if self.known is None or self.known[0] != known:
            endpoint, provider = known if known is not None else (None, flavour.provider)
            self.known = known, Origin(flavour.sdk, self.kind, self.host, provider, endpoint)
        return self.known[1]


_places: weakref.WeakKeyDictionary[Any, _Place] = weakref.WeakKeyDictionary()


def _place_of(client: Any, flavour: Flavour) -> _Place:
    base_url = client.base_url
    place = _places.get(client)
    if place is None or place.base_url is not base_url:
        place = _places[client] = _Place(client, flavour, base_url)
    return place


def classify(error: BaseException) -> Failure:
    """One of the SDK's exceptions as a failure: by its class, status and body type, never by its text."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if "APITimeoutError" in names:
        return Failure("timeout", type=type(error).__name__)
    if "APIConnectionError" in names:
        return Failure("connection", type=type(error).__name__)
    status = getattr(error, "status_code", None)
    if "APIStatusError" in names and isinstance(status, int):
        body = getattr(error, "body", None)
        whole = body if isinstance(body, dict) and "error" in body else {"error": body}
        failure = _codec_for(error).failure(status, whole)
        return Failure(failure.kind, failure.status, failure.type, _retry_after(error))
    if "APIError" in names:
        return Failure("server_error", type=type(error).__name__)
    return Failure("internal", type=type(error).__name__)


def _codec_for(error: BaseException) -> Codec:
    package = type(error).__module__.partition(".")[0]
    return CODECS["anthropic.messages" if package == "anthropic" else "openai.chat"]


def _retry_after(error: Any) -> int | None:
    headers = error.response.headers
    for name, scale in (("retry-after-ms", 1_000_000), ("retry-after", 1_000_000_000)):
        try:
            return max(int(float(headers[name]) * scale), 0)
        except (KeyError, ValueError):
            continue
    return None


# --- the decision on the response


def summary_dict(summary: Summary) -> dict[str, Any]:
    """The fields of S1.06; savings are USD."""
    savings = summary.estimated_cost_savings
    return {
        "session_id": summary.session_id,
        "selected_provider": summary.selected_provider,
        "selected_model": summary.selected_model,
        "reasoning": summary.reasoning,
        "tradeoff": summary.tradeoff,
        "estimated_cost_savings": None if savings is None else savings / 1e9,
    }


def told_headers(summary: Summary | None, receipt: str) -> dict[str, str]:
    if summary is None:
        return {}
    text = json.dumps(summary_dict(summary), ensure_ascii=True)
    return {DECISION: text, DECISION_ALIAS: text, RECEIPT: receipt}


def decorate(value: Any, summary: Summary, receipt: str) -> None:
    """The decision on a native object: an extra field where the SDK keeps those, headers elsewhere."""
    response = response_under(value)
    if response is not None:
        response.headers.update(told_headers(summary, receipt))
    extra = getattr(value, "__pydantic_extra__", None)
    if isinstance(extra, dict):
        extra[DECISION] = summary_dict(summary)
    elif isinstance(value, dict):
        value[DECISION] = summary_dict(summary)


# --- small things


def response_under(value: Any) -> Any | None:
    """The HTTP response that a raw response, a stream or a response itself stands on."""
    if hasattr(type(value), "model_fields"):
        return None  # a parsed answer; looking for what a pydantic model has not got is slow
    if library_of(value) is not None:
        return value
    for name in ("http_response", "response"):
        found = getattr(value, name, None) if not isinstance(value, dict | str) else None
        if found is not None and library_of(found) is not None:
            return found
    return None


def library_of(value: Any) -> Any:
    """httpx or httpx2: the library that ``value``'s class comes from, by the object and not by the SDK's namespace."""
    kind = type(value)
    if kind not in _LIBRARIES:
        if len(_LIBRARIES) >= 256:
            _LIBRARIES.clear()
        tops = (base.__module__.partition(".")[0] for base in kind.__mro__)
        _LIBRARIES[kind] = next((top for top in tops if top in ("httpx", "httpx2")), None)
    top = _LIBRARIES.get(kind)
    return None if top is None else sys.modules[top]


_LIBRARIES: dict[type, str | None] = {}


def _fields(model: Any) -> dict[str, Any]:
    """What was set of a pydantic model and of those in it; an eighth of the price of its own dump."""
    found = {**model.__dict__, **(model.__pydantic_extra__ or {})}
    return {name: _fields(item) if hasattr(item, "model_fields_set") else item for name, item in found.items()}


def once(library: ModuleType, data: bytes) -> Any:
    """An unread body of one chunk, for either kind of client."""

    class Once(library.SyncByteStream, library.AsyncByteStream):  # type: ignore[name-defined, misc]
        def __iter__(self) -> Any:
            yield data

        async def __aiter__(self) -> Any:
            yield data

    return Once()


def _observe_response(response: Any, codec: Codec) -> Observed:
    if not response.is_closed and not response.is_stream_consumed:
        return Observed(request_id=response.headers.get("x-request-id") or response.headers.get("request-id"))
    try:
        body = json.loads(response.content)
    except ValueError:
        return Observed()
    seen = _observe_dict(body, codec) if isinstance(body, dict) else Observed()
    request_id = response.headers.get("x-request-id") or response.headers.get("request-id")
    return Observed(seen.usage, seen.response_id, seen.response_model, seen.finish_reasons, request_id)


def _observe_dict(body: Mapping[str, Any], codec: Codec) -> Observed:
    choices = body.get("choices") or ()
    reasons = [choice.get("finish_reason") for choice in choices if isinstance(choice, Mapping)]
    return Observed(
        codec.usage(body), _text(body.get("id")), _text(body.get("model")), tuple(str(r) for r in reasons if r)
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
