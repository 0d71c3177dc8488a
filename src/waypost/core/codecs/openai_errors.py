"""Errors of OpenAI's platform, both ways: its two dialects and the vendors that speak them have the same words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from waypost.core.codecs.failures import Described, described, kind_of
from waypost.core.model.outcome import Failure, FailureKind

_BY_CODE: Mapping[str, FailureKind] = {
    "rate_limit_exceeded": "rate_limited",
    "rate_limit_error": "rate_limited",
    "rate_limit_reached": "rate_limited",
    "too_many_requests": "rate_limited",
    "insufficient_quota": "rate_limited",
    "billing_hard_limit_reached": "rate_limited",
    "billing_not_active": "rate_limited",
    "tokens": "rate_limited",
    "requests": "rate_limited",
    "overloaded": "overloaded",
    "overloaded_error": "overloaded",
    "engine_overloaded": "overloaded",
    "slow_down": "overloaded",
    "service_unavailable": "overloaded",
    "capacity_exceeded": "overloaded",
    "context_length_exceeded": "context_length",
    "model_max_prompt_tokens_exceeded": "context_length",
    "content_filter": "content_filter",
    "content_policy_violation": "content_filter",
    "invalid_prompt": "content_filter",
    "invalid_api_key": "auth",
    "invalid_authentication": "auth",
    "authentication_error": "auth",
    "account_deactivated": "auth",
    "permission_error": "auth",
    "insufficient_permissions": "auth",
    "unsupported_country_region_territory": "auth",
    "model_not_found": "not_found",
    "deployment_not_found": "not_found",
    "not_found_error": "not_found",
    "timeout": "timeout",
    "request_timeout": "timeout",
    "server_error": "server_error",
    "internal_error": "server_error",
    "internal_server_error": "server_error",
    "api_error": "server_error",
}


def classify(status: int | None, body: Any) -> Failure:
    """A failure out of an error answer or an error event, in OpenAI's shape or in one of its vendors'."""
    words = _words(body)
    return Failure(kind_of(status, words, _BY_CODE), status, words[0] if words else None)


def _words(body: Any) -> list[str]:
    """The machine-readable words of an error, the most telling first. Never its message."""
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, Mapping):
        return []
    error = body.get("error")
    source = error if isinstance(error, Mapping) else body
    return described(source.get("code"), source.get("type"), source.get("status"))


_OUT: Mapping[FailureKind, Described] = {
    "rate_limited": Described(429, "rate_limit_error", "rate_limit_exceeded"),
    "overloaded": Described(503, "server_error", "overloaded"),
    "timeout": Described(504, "server_error", "timeout"),
    "connection": Described(502, "server_error", "upstream_unreachable"),
    "server_error": Described(500, "server_error", "internal_error"),
    "auth": Described(502, "server_error", "upstream_credentials"),
    "not_found": Described(404, "invalid_request_error", "model_not_found"),
    "context_length": Described(400, "invalid_request_error", "context_length_exceeded"),
    "content_filter": Described(400, "invalid_request_error", "content_filter"),
    "bad_request": Described(400, "invalid_request_error", None),
    "stream_error": Described(502, "server_error", "stream_error"),
    "malformed": Described(502, "server_error", "malformed_answer"),
    "internal": Described(500, "server_error", "internal_error"),
}


def encode_error(failure: Failure, message: str) -> tuple[int, dict[str, Any]]:
    """Status and body. Bad credentials of a target are never shown as the caller's own 401."""
    return _OUT[failure.kind].status_for(failure), error_body(failure, message)


def error_body(failure: Failure, message: str) -> dict[str, Any]:
    """The body alone, as it also stands in a stream."""
    known = _OUT[failure.kind]
    text = message or f"The model's provider failed: {failure.kind.replace('_', ' ')}."
    return {"error": {"message": text, "type": known.type, "param": None, "code": known.code}}
