"""The Google Gen AI SDK: generate content in every call style, chats and automatic function calling included, on
google-genai 1.30 and newer.

All of them end in four methods of one client class. What goes in and comes out there is wire JSON; the model, and
whether the answer is streamed, stand in the path. Vertex is an origin that stays home.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from waypost.adapters.sdks import claims, seeds
from waypost.adapters.sdks.google_bound import PACKAGE, GoogleBound, classify
from waypost.adapters.sdks.stainless import World
from waypost.core.codecs import CODECS
from waypost.core.model.needs import Need
from waypost.core.model.question import Origin
from waypost.core.model.target import host_and_port
from waypost.core.routing.effects import Call

MODULE = "google.genai._api_client"
"""The module whose import is waited for; importing it is never ours to do."""

POINTS = (
    ("BaseApiClient", "request", False),
    ("BaseApiClient", "request_streamed", False),
    ("BaseApiClient", "async_request", True),
    ("BaseApiClient", "async_request_streamed", True),
)
"""Class, method, and whether the method is a coroutine function."""

prepare = None
"""A body at the seam is plain JSON in all versions."""

DIALECT = "google.generate_content"
EMBEDDINGS = "google.embed_content"
AUTO = frozenset(("auto", "best"))
_PARAMETERS = ("http_method", "path", "request_dict", "http_options")
_PATH = re.compile(
    r"(?P<place>.*?)(?P<model>[^/:?]+):"
    r"(?P<verb>generateContent|streamGenerateContent|(?P<embeds>embedContent|batchEmbedContents|predict))(?P<query>\?.*)?"
)
_PLAIN_HEADERS = frozenset(("content-type", "accept", "user-agent", "x-goog-api-client", "x-server-timeout"))


def fits(module: ModuleType) -> str | None:
    """``None``, or why this version is left alone."""
    kind = getattr(module, "BaseApiClient", None)
    if kind is None:
        return f"{module.__name__} has no BaseApiClient"
    for _, method, _ in POINTS:
        found = getattr(kind, method, None)
        if not callable(found):
            return f"BaseApiClient has no {method}()"
        if tuple(inspect.signature(found).parameters)[1:5] != _PARAMETERS:
            return f"BaseApiClient.{method} takes other arguments"
    if getattr(sys.modules.get(f"{PACKAGE}.types"), "HttpResponse", None) is None:
        return f"{PACKAGE}.types has no HttpResponse"
    return None


def silent(wrapped: Callable[..., Any], client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether there is nothing of ours in the call, so that it can go through as it is where the mode is off."""
    given = {**dict(zip(_PARAMETERS, args, strict=False)), **kwargs}
    found = _found(given)
    if found is None:
        return True
    bound = GoogleBound(wrapped, client, given, found)
    said = claims.silent(given.get("request_dict"), bound.call_option("extra_body"), bound.call_option("headers"))
    return said and not claims.said_in(bound.client_headers())


def bind(
    world: World, wrapped: Callable[..., Any], client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Call | None:
    """The call, if it is one that can be routed or observed. Never changes what it is given."""
    given = {**dict(zip(_PARAMETERS, args, strict=False)), **kwargs}
    found = _found(given)
    wire = given.get("request_dict")
    if found is None or str(given["http_method"]).lower() != "post" or not isinstance(wire, Mapping):
        return None
    if DIALECT not in CODECS:
        return None
    bound = GoogleBound(wrapped, client, given, found)
    body, layers, needs = _read(bound, wire)
    heard = world.claims(layers)
    origin, port = _origin(world, client, bound)
    requested = found["model"]
    embeds = found["embeds"] is not None
    seed = seeds.take()
    return Call(
        receipt="wp_" + seed.hex(),
        seed=seed,
        sdk="google-genai",
        operation="embeddings" if embeds else "generate_content",
        dialect=EMBEDDINGS if embeds else DIALECT,
        body=body,
        streaming=bound.streaming,
        requested=requested,
        auto=not embeds and origin.endpoint is not None and requested in AUTO,
        origin=origin,
        context=heard.context,
        max_retries=bound.max_retries,
        timeout_ns=bound.timeout_ns(),
        classify=classify,
        needs=needs,
        request_id=heard.request_id,
        is_async=bound.is_async,
        native=bound,
        port=port,
        withheld=heard.withheld,
        names_policy=heard.names_policy,
        closed=bound.closed(),
        pause_ns=bound.pause_ns,
    )


def _found(given: Mapping[str, Any]) -> re.Match[str] | None:
    """The call's path, if it is one of ours to see. Vertex predicts with models of any kind; some of them embed."""
    found = _PATH.fullmatch(str(given.get("path")))
    if found is None or (found["verb"] == "predict" and "embedding" not in found["model"]):
        return None
    return found


def _origin(world: World, client: Any, bound: GoogleBound) -> tuple[Origin, int | None]:
    """The caller's endpoint by its base URL; Vertex and tuned models are nobody's."""
    base_url = str(bound.option("base_url") or "")
    host, port = host_and_port(base_url)
    cloud = bool(client.vertexai)
    known = None if cloud or bound.place != "models/" else world.endpoint_at(DIALECT, base_url)
    provider = "gcp.vertex_ai" if cloud else "gcp.gemini"
    endpoint, provider = known if known is not None else (None, provider)
    return Origin("google-genai", type(client).__name__, host, provider, endpoint), port


def _read(
    bound: GoogleBound, wire: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[Mapping[str, Any], ...], tuple[Need, ...]]:
    """The body with its model and whether it is streamed in it, what the call claims, and what its headers need."""
    extra = bound.call_option("extra_body")
    plain, said = claims.taken(extra) if isinstance(extra, Mapping) else ({}, {})
    body = _merged({name: value for name, value in wire.items() if not name.startswith("_")}, plain)
    headers = bound.call_option("headers")
    headers = headers if isinstance(headers, Mapping) else {}
    ours = {name: key for name in headers if (key := claims.own_key(name.lower())) is not None}
    needs = [
        Need("custom_headers", f"headers.{name.lower()}")
        for name in headers
        if name not in ours and name.lower() not in _PLAIN_HEADERS
    ]
    if bound.query not in ("", "?alt=sse"):
        needs.append(Need("custom_query", "query"))
    if ours or said:
        bound.keep_back({name: value for name, value in headers.items() if name not in ours}, plain)
    body["model"] = bound.model
    if bound.streaming:
        body["stream"] = True
    layers = (claims.said_in(bound.client_headers()), claims.said_in(headers), said)
    return body, tuple(layer for layer in layers if layer), tuple(needs)


def _merged(body: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """``extra`` laid over ``body`` member by member, as the SDK does it; nothing that was given is changed."""
    for name, value in extra.items():
        below = body.get(name)
        both = isinstance(value, Mapping) and isinstance(below, Mapping)
        body[name] = _merged(dict(below), value) if both and below is not None else value
    return body
