"""A client of Google's SDK as it would be without the headers of ours among those that it sends with every call.

The SDK lays a call's headers over its client's, so that a call can add and change some and never take one away.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from waypost.adapters.sdks.claims import own_key


def without_ours(client: Any) -> Any:
    """A double of ``client`` that shares all its state, connections included, and reads other headers in its options.

    The client itself stays as it is, for whoever looks at it and for calls that are under way.
    """
    kind: Any = type(client)
    double = object.__new__(_double_of(kind))
    double.__dict__ = client.__dict__
    return double


def rebound(method: Callable[..., Any], client: Any) -> Callable[..., Any]:
    """The same method of another instance, with whatever others have wrapped around it."""
    around = getattr(method, "_self_parent", None)  # wrapt's way to bind
    if around is not None:
        return around.__get__(client, type(client))  # type: ignore[no-any-return]
    return method.__func__.__get__(client, type(client))  # type: ignore[attr-defined, no-any-return]


@functools.cache
def _double_of(kind: Any) -> Any:
    def read(self: Any) -> Any:
        options = self.__dict__["_http_options"]
        headers = {name: value for name, value in (options.headers or {}).items() if own_key(name.lower()) is None}
        return options.model_copy(update={"headers": headers})

    def write(self: Any, options: Any) -> None:
        self.__dict__["_http_options"] = options

    def forget(_: Any) -> None:
        """The state is another's, and so is the closing of it."""

    members = {"_http_options": property(read, write), "__del__": forget, "__module__": kind.__module__}
    return type(kind.__name__, (kind,), members)
