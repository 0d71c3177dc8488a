"""What a call says for itself in headers and in reserved keys of its body, taken out of what is sent.

Each place is a layer of its own: the headers that a client sends with every call, then those of the call, then its
body. Whoever reads them lets a later layer narrow an earlier one.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

from waypost.core.model.needs import Need
from waypost.core.model.question import Context

OWN_HEADERS = {
    "x-department": "department",
    "x-budget-tier": "tier",
    "x-routing-preference": "preference",
    "x-perpetuo-route": "strategy",
}
OWN_PREFIX = "x-waypost-"
OWN_KEY = "waypost"
UNMAPPED = "extra_body.waypost"
"""The name of what stands in the reserved key where that is no mapping; no claim is called so."""
OWN_KEYS = ("routing_preference", OWN_KEY)
_OWN = frozenset(OWN_KEYS)
_PLUMBING = frozenset(("accept", "content-type", "idempotency-key", "user-agent", "x-request-id", "authorization"))
Always: TypeAlias = Mapping[str, tuple[str, str]]
"""Ours among the headers that a client sends with every call: name to key and value."""


class Heard(NamedTuple):
    """What holds of all that is said around a call and by it; ``withheld`` are claims of the call that do not, each
    with why: ``department: settled around the call``. ``names_policy`` is whether the call itself names the context's
    policy, in a header or in its body."""

    context: Context
    request_id: str | None = None
    withheld: tuple[str, ...] = ()
    names_policy: bool = False


class Flavour(Protocol):
    """The part of an SDK's description that is needed here."""

    @property
    def package(self) -> str: ...

    @property
    def said_in_bodies(self) -> Mapping[str, frozenset[str]]: ...

    @property
    def plain_query(self) -> Mapping[str, str]: ...


class Sending(Protocol):
    """A call whose options are replaced by a copy where something of ours is taken out."""

    options: Any

    @property
    def flavour(self) -> Flavour: ...


def of_body(bound: Sending) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """The wire body with the caller's extra fields in it, and what our reserved keys say, taken out of both."""
    options = bound.options
    extra = options.extra_json
    body: Mapping[str, Any] = options.json_data if not extra else {**options.json_data, **extra}
    clean, said = taken(body)
    if clean is not body:
        bound.options = options.model_copy()
        bound.options.json_data, bound.options.extra_json = clean, None
    return clean, said


def taken(body: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """``body`` without our reserved keys, and what those say; ``body`` itself where it has none."""
    if _OWN.isdisjoint(body):
        return body, {}
    clean = {name: value for name, value in body.items() if name not in OWN_KEYS}
    own = body.get(OWN_KEY)
    said = {str(name): value for name, value in own.items()} if isinstance(own, Mapping) else {}
    if own is not None and not isinstance(own, Mapping):
        said[UNMAPPED] = own
    if "routing_preference" in body:
        said["preference"] = body["routing_preference"]
    return clean, said


def of_headers(
    bound: Sending, headers: Mapping[str, Any], always: Always
) -> tuple[tuple[dict[str, str], ...], tuple[Need, ...]]:
    """Our own headers, taken out of what is sent, as layers; what else the caller added, as needs.

    ``always`` are ours among the client's own headers; one that the call takes away (``Omit()``) says nothing.
    """
    query = bound.options.params
    if not (headers or query or always):
        return (), ()
    needs: list[Need] = []
    ours: dict[str, str] = {}
    said: dict[str, str] = {}
    again: list[dict[str, str]] = []
    for name, value in headers.items():
        lower = name.lower()
        key = own_key(lower)
        if key is not None:
            ours[name] = key
            if isinstance(value, str):
                # The same header in other letters is one more word on the matter, not another in its place.
                again += [{key: value}] if key in said else []
                said.setdefault(key, value)
        elif isinstance(value, str) and not lower.startswith("x-stainless-") and not plain(bound, lower, value):
            needs.append(Need("custom_headers", f"headers.{lower}"))
    if query and not query.items() <= bound.flavour.plain_query.items():
        needs.append(Need("custom_query", "query"))
    if not ours and not always:
        return (), tuple(needs)
    sent = {name: value for name, value in headers.items() if name not in ours}
    omitted = {key for key in ours.values() if key not in said}
    client: dict[str, str] = {}
    for name, (key, value) in always.items():
        sent[name] = sys.modules[f"{bound.flavour.package}._types"].Omit()
        if key not in omitted:
            client[key] = value
    bound.options = bound.options.model_copy()
    bound.options.headers = sent
    return tuple(layer for layer in (client, said, *again) if layer), tuple(needs)


def plain(bound: Sending, lower: str, value: str) -> bool:
    """Whether a header asks for nothing that the body does not say too."""
    if lower in _PLUMBING:
        return True
    said = bound.flavour.said_in_bodies.get(lower)
    return said is not None and all(word.strip() in said for word in value.split(","))


def silent(body: Any, extra: Any, headers: Any) -> bool:
    """Whether a call says nothing of ours, in its body, in fields beside it or in its headers."""
    for part in (body, extra):
        if part and any(name in part for name in OWN_KEYS):
            return False
    return not headers or not any(map(own_key, map(str.lower, headers)))


def own_key(lower: str) -> str | None:
    """The key of a context that a header of ours, its name in lower case, stands for."""
    return OWN_HEADERS.get(lower) or (
        lower.removeprefix(OWN_PREFIX).replace("-", "_") if lower.startswith(OWN_PREFIX) else None
    )


def said_in(headers: Mapping[str, Any]) -> dict[str, str]:
    """What our own headers among ``headers`` say."""
    found = {own_key(name.lower()): value for name, value in headers.items() if isinstance(value, str)}
    return {key: value for key, value in found.items() if key is not None}


def always(client: Any) -> dict[str, tuple[str, str]]:
    """Ours among the headers that a client sends with every call."""
    found = {}
    for name, value in (getattr(client, "_custom_headers", None) or {}).items():
        key = own_key(name.lower())
        if key is not None and isinstance(value, str):
            found[name] = key, value
    return found


def headers_of(options: Any) -> Mapping[str, Any]:
    """The headers that a call adds to its client's."""
    headers = options.headers
    return headers if headers and isinstance(headers, Mapping) else {}


def given(headers: Mapping[str, Any], wanted: str) -> str | None:
    """The text of the header of that name, in lower case."""
    if not headers:
        return None
    return next((value for name, value in headers.items() if name.lower() == wanted and isinstance(value, str)), None)
