"""Credentials of endpoints: from the environment variables that the catalog names, or a client that was registered.

A key is read when it is used, never stored, and never part of a repr, a receipt or a log.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from waypost.core.model.target import Endpoint

_FRESH_NS = 1_000_000_000


class Credentials:
    """Which endpoints can be used, looked at anew at most once a second, so that a late `.env` counts too."""

    def __init__(self, endpoints: Mapping[str, Endpoint], environ: Mapping[str, str] | None = None) -> None:
        self._endpoints = endpoints
        self._variables = frozenset(
            name for item in endpoints.values() for name in (*item.key_env, item.base_url_env) if name is not None
        )
        self._environ = os.environ if environ is None else environ
        self._clients: dict[tuple[str, bool], Any] = {}
        self._names: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self._until_ns = 0

    def __repr__(self) -> str:
        return f"Credentials({', '.join(self.names(False))})"

    def use(self, endpoint: str, client: Any, *, is_async: bool) -> None:
        """Send to ``endpoint`` with the user's own client from now on."""
        self._clients[endpoint, is_async] = client
        self._until_ns = 0

    def client(self, endpoint: str, *, is_async: bool) -> Any | None:
        return self._clients.get((endpoint, is_async))

    def lent(self, clients: Mapping[str, Any]) -> Credentials:
        """These, for one call that was lent ``clients`` by endpoint, of its colour: there nothing of the process's is
        used, also where the client is ``None``."""
        return _Lent(self, clients)

    def clients(self) -> dict[tuple[str, bool], Any]:
        """All registered clients, to be carried over to the next bundle."""
        return dict(self._clients)

    def names(self, is_async: bool) -> tuple[str, ...]:
        """Names of the endpoints that a key, or a client of that colour, was found for; sorted.

        One that needs no key (a local server) counts once its address is given by its variable: nobody's prompts are
        sent to whatever may listen on a default port. So does one whose address has a blank (an account of your own).
        """
        now = time.monotonic_ns()
        if now >= self._until_ns:
            # One walk over the environment: to miss each of these variables in turn takes six times as long.
            there = self._variables.intersection(self._environ)
            keyed = [name for name, item in self._endpoints.items() if self._found(item, there)]
            self._names = (self._with_clients(keyed, False), self._with_clients(keyed, True))
            self._until_ns = now + _FRESH_NS
        return self._names[is_async]

    def _with_clients(self, keyed: list[str], is_async: bool) -> tuple[str, ...]:
        registered = (name for name, colour in self._clients if colour is is_async and name in self._endpoints)
        return tuple(sorted({*keyed, *registered}))

    def _found(self, endpoint: Endpoint, there: frozenset[str]) -> bool:
        """Whether a key for it, or its address, is among the variables that are there."""
        if "{" in endpoint.base_url:
            return False
        if endpoint.key_env:
            return not there.isdisjoint(endpoint.key_env) and self.key(endpoint) is not None
        where = endpoint.base_url_env
        return where is None or (where in there and bool(self._environ.get(where)))

    def key(self, endpoint: Endpoint) -> str | None:
        for variable in endpoint.key_env:
            value = self._environ.get(variable)
            if value:
                return value
        return None

    def headers(self, endpoint: Endpoint) -> dict[str, str]:
        """The authentication headers for ``endpoint``; only the constant ones where it needs no key."""
        auth = endpoint.auth
        if auth is None:
            return {}
        headers = dict(auth.extra)
        key = self.key(endpoint)
        if key is not None:
            headers[auth.header] = auth.prefix + key
        return headers


class _Lent(Credentials):
    """What a call has with clients of its own; everything else is the process's."""

    def __init__(self, own: Credentials, clients: Mapping[str, Any]) -> None:
        super().__init__(own._endpoints, own._environ)
        self._lent = clients
        self._clients = own._clients

    def client(self, endpoint: str, *, is_async: bool) -> Any | None:
        if endpoint in self._lent:
            return self._lent[endpoint]
        return super().client(endpoint, is_async=is_async)

    def key(self, endpoint: Endpoint) -> str | None:
        return None if endpoint.name in self._lent else super().key(endpoint)
