"""Failures of providers by status and machine-readable word, never by their text. No dialect is named here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from waypost.core.model.frozen import dataclass
from waypost.core.model.outcome import Failure, FailureKind

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")

_BY_STATUS: Mapping[int, FailureKind] = {
    400: "bad_request",
    401: "auth",
    402: "rate_limited",
    403: "auth",
    404: "not_found",
    408: "timeout",
    409: "server_error",
    413: "context_length",
    425: "server_error",
    429: "rate_limited",
    498: "overloaded",
    503: "overloaded",
    504: "timeout",
    524: "timeout",
    529: "overloaded",
}


def described(*values: Any) -> list[str]:
    """Those of ``values`` that are words; texts and numbers are left out."""
    return [value for value in values if isinstance(value, str) and _WORD.fullmatch(value)]


def kind_of(status: int | None, words: Sequence[str], by_word: Mapping[str, FailureKind]) -> FailureKind:
    """The kind by the first word that is known, else by status; an error without either came inside a stream."""
    for word in words:
        kind = by_word.get(word.lower())
        if kind is not None:
            return kind
    if status is None or status < 400:
        return "stream_error"
    known = _BY_STATUS.get(status)
    if known is not None:
        return known
    return "server_error" if status >= 500 else "bad_request"


_KNOWN_APART = (408, 409)
"""A request that came too late and one that met another: they mean the same everywhere, and are no 5xx anywhere."""


@dataclass(frozen=True, slots=True)
class Described:
    """How one kind of failure looks in one dialect."""

    status: int
    type: str
    code: str | None = None

    def status_for(self, failure: Failure) -> int:
        """The upstream's own status where it belongs to the same family or is one that SDKs know apart, else the usual
        one of the kind."""
        if failure.status in _KNOWN_APART and failure.kind in ("timeout", "server_error"):
            return failure.status
        if failure.status is None or failure.kind not in ("bad_request", "server_error"):
            return self.status
        return failure.status if failure.status // 100 == self.status // 100 else self.status
