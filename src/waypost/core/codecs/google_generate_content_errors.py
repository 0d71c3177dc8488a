"""Google generate content: errors, both ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from waypost.core.codecs.failures import Described, described, kind_of
from waypost.core.model.outcome import Failure, FailureKind

_BY_WORD: Mapping[str, FailureKind] = {
    "api_key_invalid": "auth",
    "api_key_service_blocked": "auth",
    "api_key_http_referrer_blocked": "auth",
    "api_key_ip_address_blocked": "auth",
    "access_token_expired": "auth",
    "service_disabled": "auth",
    "consumer_suspended": "auth",
    "unauthenticated": "auth",
    "permission_denied": "auth",
    # A place or an account that the service is not open to.
    "failed_precondition": "auth",
    "billing_disabled": "rate_limited",
    "rate_limit_exceeded": "rate_limited",
    "resource_exhausted": "rate_limited",
    "unavailable": "overloaded",
    "deadline_exceeded": "timeout",
    "not_found": "not_found",
    "internal": "server_error",
    "aborted": "server_error",
    "data_loss": "server_error",
    "unknown": "server_error",
    "invalid_argument": "bad_request",
    "out_of_range": "bad_request",
}


def classify(status: int | None, body: Any) -> Failure:
    """A failure out of an error answer or an error event, with the wait that its details ask for."""
    if isinstance(body, list) and body:
        body = body[0]
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return Failure(kind_of(status, (), _BY_WORD), status)
    details = error.get("details")
    told = [item for item in details if isinstance(item, Mapping)] if isinstance(details, list) else []
    words = described(*(item.get("reason") for item in told), error.get("status"))
    waits = [wait for item in told if (wait := _nanoseconds(item.get("retryDelay"))) is not None]
    return Failure(kind_of(status, words, _BY_WORD), status, words[0] if words else None, max(waits, default=None))


def _nanoseconds(delay: Any) -> int | None:
    """A duration of protobuf's JSON: seconds with up to nine places and an ``s``."""
    if not isinstance(delay, str) or not delay.endswith("s"):
        return None
    whole, _, places = delay[:-1].partition(".")
    if not (whole + places).isdecimal() or len(whole) > 6 or not (whole + places).isascii():
        return None
    return int(whole or "0") * 1_000_000_000 + int(places.ljust(9, "0")[:9])


_OUT: Mapping[FailureKind, Described] = {
    "rate_limited": Described(429, "RESOURCE_EXHAUSTED"),
    "overloaded": Described(503, "UNAVAILABLE"),
    "timeout": Described(504, "DEADLINE_EXCEEDED"),
    "connection": Described(502, "UNAVAILABLE"),
    "server_error": Described(500, "INTERNAL"),
    "auth": Described(502, "UNAVAILABLE"),
    "not_found": Described(404, "NOT_FOUND"),
    "context_length": Described(400, "INVALID_ARGUMENT"),
    "content_filter": Described(400, "INVALID_ARGUMENT"),
    "bad_request": Described(400, "INVALID_ARGUMENT"),
    "stream_error": Described(502, "UNAVAILABLE"),
    "malformed": Described(502, "UNAVAILABLE"),
    "internal": Described(500, "INTERNAL"),
}


def encode_error(failure: Failure, message: str) -> tuple[int, dict[str, Any]]:
    """Status and body. Bad credentials of a target are never shown as the caller's own 401."""
    return _OUT[failure.kind].status_for(failure), error_body(failure, message)


def error_body(failure: Failure, message: str) -> dict[str, Any]:
    """The body alone, as it also stands in a stream."""
    known = _OUT[failure.kind]
    text = message or f"The model's provider failed: {failure.kind.replace('_', ' ')}."
    status = "ABORTED" if failure.status == 409 and failure.kind == "server_error" else known.type
    return {"error": {"code": known.status_for(failure), "message": text, "status": status}}
