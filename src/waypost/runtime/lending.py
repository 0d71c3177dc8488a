"""Clients that the application lends to single calls: a tenant's own key, proxy or account.

They come from `waypost.context(clients=...)`, or from the resolver that `auto_instrument(clients=...)` was given, and
are used for what such a call sends elsewhere. The caller's own endpoint is always met by the caller's own client.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from waypost.adapters.senders.client import colours, speaks
from waypost.core.model.question import Context
from waypost.core.model.target import Endpoint
from waypost.core.routing.effects import Call
from waypost.runtime.context import current
from waypost.runtime.lendable import each, served, shown
from waypost.runtime.recording import Faults

Resolver: TypeAlias = Callable[[Context], Mapping[str, Any] | None]
"""Who asks to SDK clients by provider or endpoint; it runs in every call that is seen, so it must be quick."""


GOES_ON = "a call went on with the clients of the process"
NOBODY = "such calls are not sent there"
BOTH = "lend the one that fits, or both in a list"


class Lending:
    """Finds the clients of a call; what cannot be used is said once, and nobody else's is used in its place."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self.resolver: Resolver | None = None

    def clients(self, call: Call, endpoints: Mapping[str, Endpoint]) -> dict[str, Any]:
        """By endpoint, in the colour of the call; ``None`` where what was lent cannot be used. What a block says stands
        above the resolver's word."""
        said = current().clients
        found: dict[str, Any] = {}
        if self.resolver is None and not said:
            return found
        for clients in (self._resolved(call), said):
            means = sorted(((served(name, endpoints), name) for name in clients), key=lambda one: -len(one[0]))
            for names, name in means:  # an endpoint's own name is narrower than its provider's, and holds
                if not names:
                    self._faults.refuse("clients", str(name), f"there is no provider {name!r} to lend a client for")
                for endpoint in names:
                    if clients[name] is None:
                        found.pop(endpoint, None)
                    else:
                        found[endpoint] = self._usable(name, clients[name], call.is_async, endpoints[endpoint])
        return found

    def _usable(self, name: str, given: Any, is_async: bool, endpoint: Endpoint) -> Any | None:
        wanted, other = ("async", "sync") if is_async else ("sync", "async")
        try:
            speaking = [client for client in each(given) if speaks(client, endpoint)]
            fit = next((client for client in speaking if is_async in colours(client)), None)
        except Exception as error:  # what the application handed over is of any kind
            self._faults.note("clients", error, NOBODY)
            return None
        if fit is None:
            what = ", ".join(map(shown, each(given)))
            why = f"this call is {wanted} and the client is {other}; {BOTH}" if speaking else "it does not speak to it"
            reason = f"{what} was lent for {name!r}, but {why}"
            self._faults.refuse("clients", f"{endpoint.name} {wanted}", reason, NOBODY)
        return fit

    def _resolved(self, call: Call) -> Mapping[str, Any]:
        if self.resolver is None:
            return {}
        try:
            return dict(self.resolver(call.context) or {})
        except Exception as error:
            self._faults.note("clients", error, GOES_ON)
            return {}
