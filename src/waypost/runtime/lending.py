"""Clients that the application lends to single calls: a tenant's own key, proxy or account.

They come from `waypost.context(clients=...)`, or from the resolver that `auto_instrument(clients=...)` was given, and
are used for what such a call sends elsewhere. The caller's own endpoint is always met by the caller's own client.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from waypost.adapters.senders.client import colours
from waypost.core.model.question import Context
from waypost.core.model.target import Endpoint
from waypost.core.routing.effects import Call
from waypost.runtime.context import current
from waypost.runtime.recording import Faults

Resolver: TypeAlias = Callable[[Context], Mapping[str, Any] | None]
"""Who asks to SDK clients by provider or endpoint; it runs in every call that is seen, so it must be quick."""


GOES_ON = "a call went on with the clients of the process"


class Lending:
    """Finds the clients of a call; what cannot be used is left out and said once."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self.resolver: Resolver | None = None

    def clients(self, call: Call, endpoints: Mapping[str, Endpoint]) -> dict[str, Any]:
        """By endpoint, in the colour of the call. What a block says stands above the resolver's word."""
        said = current().clients
        if self.resolver is None and not said:
            return {}
        try:
            return self._found({**self._resolved(call), **said}, call, endpoints)
        except Exception as error:  # what the application handed over is of any kind
            self._faults.note("clients", error, GOES_ON)
            return {}

    def _found(self, clients: Mapping[str, Any], call: Call, endpoints: Mapping[str, Endpoint]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for provider, client in clients.items():
            names = [name for name, item in endpoints.items() if provider in (name, item.provider)]
            if not names:
                self._faults.refuse("clients", provider, f"there is no provider {provider!r} to lend a client for")
            elif client is not None and call.is_async in colours(client):
                found.update(dict.fromkeys(names, client))
        return found

    def _resolved(self, call: Call) -> Mapping[str, Any]:
        if self.resolver is None:
            return {}
        try:
            return dict(self.resolver(call.context) or {})
        except Exception as error:
            self._faults.note("clients", error, GOES_ON)
            return {}
