"""The types of google-genai as judges of golden pairs: strictly, and with no member that they do not know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Required

import httpx2
from google import genai
from google.genai import errors, types
from pydantic import ConfigDict, TypeAdapter
from typing_extensions import TypedDict

DIALECT = "google.generate_content"


class _Body(TypedDict, total=False):
    """What stands in the body of a request; the SDK has no type of it, only of its members."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    contents: Required[list[types.Content]]
    systemInstruction: types.Content
    tools: list[types.Tool]
    toolConfig: types.ToolConfig
    safetySettings: list[types.SafetySetting]
    generationConfig: types.GenerationConfig
    cachedContent: str
    labels: dict[str, str]
    serviceTier: types.ServiceTier
    store: bool


_BODY = TypeAdapter(_Body)
_COMMON = str.maketrans("-_", "+/")


def check_request(body: Mapping[str, Any]) -> None:
    """Raise unless the SDK's types take ``body`` strictly and know every member of it."""
    known = {name: item for name, item in body.items() if name not in ("model", "stream")}
    seen = _BODY.validate_json(json.dumps(known), strict=True)
    written = _BODY.dump_python(seen, mode="json", by_alias=True, exclude_none=True)
    assert _standard(written) == _standard(json.loads(json.dumps(known)))


def _standard(value: Any) -> Any:
    """``value`` with the base64 of media in the common alphabet; the SDK writes the one for URLs."""
    if isinstance(value, list):
        return [_standard(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: item.translate(_COMMON) if name == "data" and isinstance(item, str) else _standard(item)
        for name, item in value.items()
    }


def _client(status: int, content: bytes, kind: str) -> genai.Client:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, content=content, headers={"content-type": kind}, request=request)

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    return genai.Client(api_key="k", http_options=types.HttpOptions(base_url="http://golden.test", httpx_client=http))


def read_response(body: Mapping[str, Any]) -> types.GenerateContentResponse:
    """The native answer that the client makes of ``body``, which its type takes strictly."""
    types.GenerateContentResponse.model_validate_json(json.dumps(body), strict=True)
    with _client(200, json.dumps(body).encode(), "application/json") as client:
        return client.models.generate_content(model="m", contents="x")


def read_stream(content: bytes) -> list[types.GenerateContentResponse]:
    """The native chunks that the client makes of the bytes of a stream."""
    for line in content.decode().splitlines():
        if line.startswith("data: ") and '"error"' not in line:
            types.GenerateContentResponse.model_validate_json(line.removeprefix("data: "), strict=True)
    with _client(200, content, "text/event-stream") as client:
        return list(client.models.generate_content_stream(model="m", contents="x"))


def read_error(status: int, body: Mapping[str, Any]) -> errors.APIError:
    """The native exception that the client raises for ``body``."""
    with _client(status, json.dumps(body).encode(), "application/json") as client:
        try:
            client.models.generate_content(model="m", contents="x")
        except errors.APIError as error:
            return error
    raise AssertionError("no error was raised")
