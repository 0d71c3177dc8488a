"""Which clients are seen, where only some are to be."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

from waypost.errors import SettingsError


class Chosen:
    """SDK clients and the copies of them that share their HTTP client (`with_options()`); none is kept alive."""

    def __init__(self, clients: Iterable[Any]) -> None:
        """Raises SettingsError for what is no SDK client."""
        self._seen: weakref.WeakSet[Any] = weakref.WeakSet()
        for client in clients:
            below = _below(client)
            if below is client:
                what, remedy = f"only has a {type(client).__name__}", "give SDK clients, as in only=[client]"
                raise SettingsError(what, where="auto_instrument", remedy=remedy)
            self._seen.add(below)

    def has(self, client: Any) -> bool:
        """Whether a client at the seam is one of them."""
        return _below(client) in self._seen


def _below(client: Any) -> Any:
    """What copies share: the HTTP client, or the one of Google's SDK on which all of its calls go out."""
    for name in ("_api_client", "_client"):
        found = getattr(client, name, None)
        if found is not None:
            return found
    return client
