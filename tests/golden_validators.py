"""The SDKs' own types as judges of golden pairs, in strict mode. One entry a dialect in each table."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import anthropic
import httpx2
import openai
from anthropic.types.beta import message_create_params as beta
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming, MessageCreateParamsStreaming
from openai.types.beta import response_create_params as beta_responses
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)
from openai.types.responses.response_create_params import (
    ResponseCreateParamsNonStreaming,
    ResponseCreateParamsStreaming,
)
from pydantic import TypeAdapter

import golden_google

_REQUESTS: Mapping[tuple[str, bool], TypeAdapter[Any]] = {
    ("openai.chat", False): TypeAdapter(CompletionCreateParamsNonStreaming),
    ("openai.chat", True): TypeAdapter(CompletionCreateParamsStreaming),
    ("openai.responses", False): TypeAdapter(ResponseCreateParamsNonStreaming),
    ("openai.responses", True): TypeAdapter(ResponseCreateParamsStreaming),
    ("anthropic.messages", False): TypeAdapter(MessageCreateParamsNonStreaming),
    ("anthropic.messages", True): TypeAdapter(MessageCreateParamsStreaming),
}
_BETA: Mapping[tuple[str, bool], TypeAdapter[Any]] = {
    ("anthropic.messages", False): TypeAdapter(beta.MessageCreateParamsNonStreaming),
    ("anthropic.messages", True): TypeAdapter(beta.MessageCreateParamsStreaming),
    ("openai.responses", False): TypeAdapter(beta_responses.ResponseCreateParamsNonStreaming),
    ("openai.responses", True): TypeAdapter(beta_responses.ResponseCreateParamsStreaming),
}
"""The same of the betas of a dialect, which judge a body with a field that only they have."""
_BETA_ONLY: Mapping[str, frozenset[str]] = {
    "anthropic.messages": frozenset(beta.MessageCreateParamsBase.__annotations__)
    - frozenset(MessageCreateParamsNonStreaming.__annotations__),
    "openai.responses": frozenset(beta_responses.ResponseCreateParamsBase.__annotations__)
    - frozenset(ResponseCreateParamsNonStreaming.__annotations__),
}
# The SDK has no such arguments since 1.0, but the API and older models still take them, as extra body.
_BODY_ONLY = {"anthropic.messages": frozenset({"temperature", "top_p", "top_k"})}


def plain(value: Any) -> Any:
    """``value`` with lazy iterators read and null members left out."""
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items() if item is not None}
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return [plain(item) for item in value]


def check_request(dialect: str, body: Mapping[str, Any]) -> None:
    """Raise unless the SDK's parameter types take ``body`` strictly and know every member of it."""
    if dialect == golden_google.DIALECT:
        golden_google.check_request(body)
        return
    known = {name: item for name, item in body.items() if name not in _BODY_ONLY.get(dialect, ())}
    streamed = bool(body.get("stream"))
    plainly = _BETA_ONLY.get(dialect, frozenset()).isdisjoint(known)
    seen = (_REQUESTS if plainly else _BETA)[dialect, streamed].validate_python(known, strict=True)
    assert plain(seen) == plain(known)


def _client(dialect: str, status: int, content: bytes, kind: str) -> Any:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, content=content, headers={"content-type": kind}, request=request)

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    sdk: Callable[..., Any] = anthropic.Anthropic if dialect == "anthropic.messages" else openai.OpenAI
    return sdk(
        api_key="k", base_url="http://golden.test", http_client=http, max_retries=0, _strict_response_validation=True
    )


def _call(dialect: str, client: Any, stream: bool) -> Any:
    messages = [{"role": "user", "content": "x"}]
    if dialect == "openai.chat":
        return client.chat.completions.create(model="m", messages=messages, stream=stream)
    if dialect == "openai.responses":
        return client.responses.create(model="m", input="x", stream=stream)
    return client.messages.create(model="m", max_tokens=9, messages=messages, stream=stream)


def read_response(dialect: str, body: Mapping[str, Any]) -> Any:
    """The native object that a strict client makes of ``body``."""
    if dialect == golden_google.DIALECT:
        return golden_google.read_response(body)
    with _client(dialect, 200, json.dumps(body).encode(), "application/json") as client:
        return _call(dialect, client, False)


def read_stream(dialect: str, content: bytes) -> list[Any]:
    """The native events that a strict client makes of the bytes of a stream."""
    if dialect == golden_google.DIALECT:
        return golden_google.read_stream(content)
    with _client(dialect, 200, content, "text/event-stream") as client, _call(dialect, client, True) as stream:
        return list(stream)


def read_error(dialect: str, status: int, body: Mapping[str, Any]) -> Exception:
    """The native exception that a client raises for ``body``."""
    if dialect == golden_google.DIALECT:
        return golden_google.read_error(status, body)
    with _client(dialect, status, json.dumps(body).encode(), "application/json") as client:
        try:
            _call(dialect, client, False)
        except (openai.APIStatusError, anthropic.APIStatusError) as error:
            return error
    raise AssertionError("no error was raised")


def model_of(native: Any) -> str:
    """The name of the model that a native answer tells."""
    return native.model_version if hasattr(native, "model_version") else native.model


def status_of(error: Exception) -> int:
    """The status that a native exception tells."""
    return getattr(error, "status_code", None) or error.code
