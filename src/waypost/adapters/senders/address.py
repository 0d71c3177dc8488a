"""Where one call goes: the endpoint's address, with what of the request some dialects say in the URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from waypost.core.model.target import Endpoint

_CHOICE = re.compile(r"\{([^{}|]*)\|([^{}|]*)\}")
_MODEL = "{model}"


def address(endpoint: Endpoint, body: Mapping[str, Any], *, streaming: bool) -> tuple[str, Mapping[str, Any]]:
    """The URL for ``body``, and what of it stays in the body.

    In the endpoint's path ``{model}`` stands for the model, and ``{a|b}`` is ``a`` for a whole answer and ``b`` for a
    streamed one. What the path says so, the body does not.
    """
    path = endpoint.path
    if "{" not in path:
        return endpoint.base_url.rstrip("/") + path, body
    said: set[str] = set()
    if _CHOICE.search(path):
        said.add("stream")
        path = _CHOICE.sub(lambda found: found[2 if streaming else 1], path)
    if _MODEL in path:
        said.add("model")
        path = path.replace(_MODEL, quote(str(body.get("model", "")), safe=""))
    rest = {name: value for name, value in body.items() if name not in said}
    return endpoint.base_url.rstrip("/") + path, rest
