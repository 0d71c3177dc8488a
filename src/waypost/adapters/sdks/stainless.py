"""What the OpenAI and Anthropic SDKs share: one `request()` below all resources and above the retry loop.

The wire answer of another endpoint is handed to the SDK's own response processing as a synthetic HTTP response, so that
the SDK itself builds every native object, stream, parsed result and exception. Only names that have been there since
the floor versions are used; `fits` checks them before anything is patched.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Mapping, Sequence
from types import MethodType, ModuleType
from typing import Any, Protocol

from waypost.adapters import reporters
from waypost.adapters.sdks import claims, seeds
from waypost.adapters.sdks.bound import Bound, Flavour
from waypost.adapters.sdks.native import broken_at, classify
from waypost.core.model.frozen import factory
from waypost.core.model.needs import Need
from waypost.core.model.question import Origin
from waypost.core.model.target import host_and_port
from waypost.core.routing.effects import Call

REQUIRED = (
    "request",
    "_process_response",
    "_maybe_override_cast_to",
    "_build_request",
    "_make_status_error_from_response",
)

_new_call = factory(Call)


class World(Protocol):
    """What the runtime tells an adapter about the process."""

    def endpoint_at(self, dialect: str, base_url: str) -> tuple[str, str] | None:
        """``(endpoint name, provider)`` of the known endpoint at that base URL."""

    def claims(self, layers: Sequence[Mapping[str, Any]]) -> claims.Heard:
        """The current context with ``layers`` on top, the outermost first, and the caller's request id."""


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


def prepare(flavour: Flavour, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What the SDK's own `_copy_and_prepare` makes of the options of a call of ours, or an awaitable of it.

    A body may hold iterators and open files, which can be read once only: what comes back is what has to be sent.
    ``None`` where the version has no such step or the call is none of ours. Raises what the SDK raises.
    """
    ready = getattr(client, "_copy_and_prepare", None)
    options = args[1] if len(args) > 1 else kwargs.get("options")
    if ready is None or options is None or options.url.partition("?")[0] not in flavour.paths:
        return None
    return ready(options) if options.method.lower() == "post" else None


def silent(flavour: Flavour, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether there is nothing of ours in the call, nor in what its client sends with every call."""
    options = args[1] if len(args) > 1 else kwargs["options"]
    if options.url.partition("?")[0] not in flavour.paths:
        return True
    return not _place_of(client, flavour).own and claims.silent(
        options.json_data, options.extra_json, claims.headers_of(options)
    )


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
    heard = world.claims((*layers, said) if said else layers)
    origin = place.origin(flavour, world, dialect)
    requested = body.get("model")
    operation = flavour.operations.get(dialect, "chat")
    routable = operation == "chat" and origin.endpoint is not None
    auto = routable and (requested is None or requested in flavour.auto)
    streaming = bool(bound.stream or body.get("stream"))
    if streaming and place.framed:
        needs = (*needs, Need("stream.framing", "stream"))
    seed = seeds.take()
    return _new_call(
        receipt="wp_" + seed.hex(),
        seed=seed,
        sdk=flavour.sdk,
        operation=operation,
        dialect=dialect,
        body=body,
        streaming=streaming,
        requested=requested if isinstance(requested, str) and (requested or not auto) else "auto",
        auto=auto,
        origin=origin,
        context=heard.context,
        max_retries=bound.options.get_max_retries(client.max_retries),
        timeout_ns=bound.timeout_ns(),
        classify=classify,
        needs=needs,
        request_id=heard.request_id or claims.given(headers, "x-request-id"),
        is_async=bound.is_async,
        native=bound,
        port=place.port,
        withheld=heard.withheld,
        names_policy=heard.names_policy,
        lost=bound.lost(),
        closed=bound.closed(),
        pause_ns=bound.pause_ns,
        broken_at=broken_at,
        reports=_reported(wrapped) or (flavour.reports is not None and flavour.reports(client, bound.options)),
    )


def _reported(wrapped: Callable[..., Any]) -> bool:
    """Whether the method below ours stands in a wrapper of a library that reports inferences: one that was there before
    us, on a class of its own. Its module is told by what wrapt holds, or by where the wrapping function was written."""
    wrapper = None if type(wrapped) is MethodType else getattr(wrapped, "_self_wrapper", None)
    if wrapper is not None:
        return str(getattr(wrapper, "__module__", "")).startswith(reporters.MODULES)
    written = getattr(getattr(wrapped, "__func__", None), "__globals__", None)
    return written is not None and str(written.get("__name__", "")).startswith(reporters.MODULES)


class _Place:
    """Where a client sends to, read once for as long as its base URL stays the same object.

    A cloud class or a provider of its own is nobody's endpoint.
    """

    __slots__ = ("base_url", "cloud", "framed", "host", "is_async", "kind", "known", "own", "port", "provider", "text")

    def __init__(self, client: Any, flavour: Flavour, base_url: Any) -> None:
        names = [base.__name__ for base in type(client).__mro__]
        clouds = [flavour.clouds[name] for name in names if name in flavour.clouds]
        if getattr(client, "_provider", None) is not None:
            lent = getattr(getattr(client, "_provider_runtime", None), "name", "")
            clouds.append(flavour.lent.get(lent, flavour.provider))
        self.base_url = base_url
        self.text = str(base_url)
        self.host, self.port = host_and_port(self.text)
        self.kind = type(client).__name__
        self.is_async = "AsyncAPIClient" in names
        self.framed = not flavour.framed.isdisjoint(names)
        self.cloud = bool(clouds)
        self.provider = clouds[0] if clouds else flavour.provider
        self.known: tuple[tuple[str, str] | None, Origin] | None = None
        self.own = claims.always(client)

    def origin(self, flavour: Flavour, world: World, dialect: str) -> Origin:
        """The caller's endpoint by its base URL, as far as the process knows it now."""
        known = None if self.cloud else world.endpoint_at(flavour.beside.get(dialect, dialect), self.text)
        if self.known is None or self.known[0] != known:
            endpoint, provider = known if known is not None else (None, self.provider)
            self.known = known, Origin(flavour.sdk, self.kind, self.host, provider, endpoint)
        return self.known[1]


_places: weakref.WeakKeyDictionary[Any, _Place] = weakref.WeakKeyDictionary()


def _place_of(client: Any, flavour: Flavour) -> _Place:
    base_url = client.base_url
    place = _places.get(client)
    if place is None or place.base_url is not base_url:
        place = _places[client] = _Place(client, flavour, base_url)
    return place
