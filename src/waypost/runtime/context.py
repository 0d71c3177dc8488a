"""Per-call context: what the application says about its own calls. It lives in a context variable of ours.

W3C baggage is neither read nor written here. A caller's claims narrow what the policy grants, never widen it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from waypost.core.model.frozen import dataclass, field
from waypost.core.model.question import NO_CONTEXT, Context, Narrow
from waypost.core.model.target import Endpoint
from waypost.core.routing.narrow import both
from waypost.errors import SettingsError
from waypost.runtime.claims import (
    CLIENTS,
    FALLBACKS,
    LABELS,
    NARROWING,
    OF_CONTEXT,
    REQUEST_ID,
    entries,
    misspelt,
    narrow_of,
)

_CHOICES: dict[str, tuple[str, ...]] = {
    "preference": ("quality", "cost", "latency"),
    "strategy": ("cheapest", "fastest", "best", "balanced"),
    "mode": ("off", "observe", "advise", "route"),
}


WHO = frozenset(("department", "user", "workflow", "step", "session", "tier", "policy"))
"""Who asks, and under which policy: what a block or a client says of it, a call's headers and body do not change."""


@dataclass(frozen=True, slots=True)
class Claims:
    """A context, with the caller's own id of the request.

    ``outer`` are narrowings around the context's own, the outermost first, that only a catalog can make one of.
    ``clients`` are the application's own, by provider or endpoint.
    """

    context: Context = NO_CONTEXT
    request_id: str | None = None
    outer: tuple[Narrow, ...] = ()
    clients: Mapping[str, Any] = field(default_factory=dict, repr=False)


_current: ContextVar[Claims] = ContextVar("waypost.claims", default=Claims())  # noqa: B039 (frozen)
_suppressed: ContextVar[bool] = ContextVar("waypost.suppressed", default=False)


_endpoints: Callable[[], Mapping[str, Endpoint]] | None = None


def known_by(endpoints: Callable[[], Mapping[str, Endpoint]] | None) -> None:
    """Check whom clients are lent for by what ``endpoints`` says from now on; ``None`` while that is not known."""
    global _endpoints
    _endpoints = endpoints


def current() -> Claims:
    return _current.get()


def suppressed() -> bool:
    return _suppressed.get()


@contextmanager
def context(**keys: Any) -> Iterator[None]:
    """Say who asks and what for, for all calls inside the block.

    Known keys: department, user, workflow, step, session, tier, policy, preference (quality, cost, latency), strategy
    (cheapest, fastest, best, balanced), mode (off, observe, advise, route) and request_id. Any other key is a label,
    read by policies as ``context.<name>``; one that looks like a misspelt key of ours is refused, and said by
    ``labels={"name": "text"}`` where it is meant. Who asks, the policy and labels are settled by the block: an inner
    one may say otherwise, headers and bodies of calls may not.

    Who may answer is narrowed by ``models`` and ``only`` (nobody else), ``ignore`` (not these) and ``max_price``.
    Entries are ids, models, providers, endpoints or globs of ids. A price is in USD per million tokens: one for both
    sides, or ``{"input": 5, "output": "15 USD/MTok"}``. A block can narrow what one around it says, never widen it.

    ``fallbacks`` are who stands by first where the chosen target fails, in order: entries like those, or aliases of the
    catalog. They let nobody in who may not answer; the ones that are said last hold.

    ``clients`` are SDK clients by provider (or endpoint), sync or async like the calls, or both in a list: what is sent
    there by calls inside the block goes through them, with a tenant's own key, proxy or account, and never with the
    process's.

    Raises:
        SettingsError: a value is not of its kind, or not one of the choices, or a key or provider is misspelt.
    """
    token = _current.set(merge(_current.get(), keys, "waypost.context"))
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def suppress() -> Iterator[None]:
    """Calls inside the block go through as if Waypost were not there: no routing, no receipt."""
    token = _suppressed.set(True)
    try:
        yield
    finally:
        _suppressed.reset(token)


def merge(claims: Claims, keys: Mapping[str, Any], where: str) -> Claims:
    """``claims`` with ``keys`` on top; ``None`` takes a key back, but for the narrowing ones, which add up.

    Raises:
        SettingsError: a value that is not of its key's kind, or a key that is misspelt.
    """
    known: dict[str, Any] = {}
    labels: dict[str, str] = {}
    request_id, clients = claims.request_id, claims.clients
    for name, value in keys.items():
        if name in NARROWING:
            continue
        if name == CLIENTS:
            clients = {**clients, **_clients(value, where)}
            continue
        if name == FALLBACKS:
            known[name] = () if value is None else entries(value, name, where)
            continue
        if name == LABELS and isinstance(value, Mapping):
            labels.update(_labels(value, where))
            continue
        ours = name in OF_CONTEXT or name == REQUEST_ID
        if not ours:
            _spelt(name, where)
        value = _read(name, value, where)
        if name == REQUEST_ID:
            request_id = value
        elif ours:
            known[name] = value
        elif value is not None:
            labels[name] = value
    if known.get("preference") is not None:
        known.setdefault("strategy", None)  # the one that is said last holds
    if known.get("mode") is not None and claims.context.mode is not None:
        known["mode"] = min(known["mode"], claims.context.mode, key=_CHOICES["mode"].index)
    merged = replace(claims.context, **known) if known else claims.context
    if labels:
        merged = replace(merged, labels={**merged.labels, **labels})
    return narrowed(Claims(merged, request_id, claims.outer, clients), narrow_of(keys, where))


def _clients(given: Any, where: str) -> Mapping[str, Any]:
    """Only code can hand over a client: what a header says under that name is text."""
    if given is None:
        return {}
    from waypost.runtime.lendable import by_provider, each, fitting  # only who lends pays for it

    known = None if _endpoints is None else _endpoints()
    items = by_provider(given, where)
    for name, item in items.items():
        for client in each(item) if item is not None else ():
            fitting(name, client, known, where)
    return items


def _labels(given: Mapping[Any, Any], where: str) -> dict[str, str]:
    for name, value in given.items():
        if not isinstance(name, str):
            raise SettingsError(f"label {name!r} is {type(name).__name__}", where=where, remedy="give it as text")
        _read(f"label {name}", value, where)
    return {name: value for name, value in given.items() if value is not None}


def _spelt(name: str, where: str) -> None:
    meant = misspelt(name)
    if meant is not None:
        remedy = f"did you mean {meant!r}? A label of that name goes into `labels`"
        raise SettingsError(f"unknown key {name!r}", where=where, remedy=remedy)


def _read(name: str, value: Any, where: str) -> str | None:
    """The text, of a closed choice in lower case: headers are written in many ways."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise SettingsError(f"{name} is {type(value).__name__}", where=where, remedy="give it as text")
    choices = _CHOICES.get(name)
    if choices is None:
        return value
    if (chosen := value.strip().lower()) not in choices:
        raise SettingsError(f"{name} is {value!r}", where=where, remedy="use " + ", ".join(choices))
    return chosen


def narrowed(claims: Claims, inner: Narrow | None) -> Claims:
    """``claims`` inside of which ``inner`` is said."""
    if inner is None:
        return claims
    outer = claims.context.narrow
    one = both(outer, inner)
    if one is not None or outer is None:
        return replace(claims, context=replace(claims.context, narrow=one))
    return replace(claims, context=replace(claims.context, narrow=inner), outer=(*claims.outer, outer))
