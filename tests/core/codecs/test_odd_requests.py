"""Requests that servers take although nobody would write them: what of them crosses, and what is told of the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from codec_meaning import TARGET
from waypost.core.codecs import CODECS
from waypost.core.model.conversation import Blob
from waypost.core.model.target import Endpoint

C, R, A = "openai.chat", "openai.responses", "anthropic.messages"
PNG = "iVBORw0KGgo="
ANTHROPIC = Endpoint("anthropic", "anthropic", A, "https://a.test", "/v1/messages")


def with_image(dialect: str, url: str) -> dict[str, Any]:
    if dialect == C:
        part = {"type": "image_url", "image_url": {"url": url}}
        return {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": [part]}]}
    item = {"role": "user", "content": [{"type": "input_image", "image_url": url, "detail": "auto"}]}
    return {"model": "m", "max_output_tokens": 16, "store": False, "input": [item]}


@pytest.mark.parametrize("dialect", [C, R])
@pytest.mark.parametrize("head", ["data:image/png;base64,", "Data:image/png;base64,", "DATA:IMAGE/PNG;BASE64,"])
def test_the_scheme_of_a_data_url_is_in_any_case(dialect: str, head: str) -> None:
    """Schemes are, and so are types and the word for the encoding; Anthropic is sent the picture itself."""
    conversation = CODECS[dialect].decode_request(with_image(dialect, head + PNG))
    (part,) = conversation.messages[0].parts
    assert isinstance(part, Blob)
    assert (part.mime, part.base64) == ("image/png", PNG)
    body = CODECS[A].encode_request(conversation, replace(TARGET, max_output=64), ANTHROPIC)
    source = {"type": "base64", "media_type": "image/png", "data": PNG}
    assert body["messages"][0]["content"] == [{"type": "image", "source": source}]


@pytest.mark.parametrize("dialect", [C, R])
@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/a.png", "a.png", ""])
def test_what_no_provider_fetches_stays_at_its_origin(dialect: str, url: str) -> None:
    """Only its origin can tell what is meant; another provider is not asked to look for it."""
    needs = CODECS[dialect].decode_request(with_image(dialect, url)).needs
    assert "input.data_url" in [need.flag for need in needs]


@pytest.mark.parametrize("url", ["https://host/a.png", "HTTP://host/a.png"])
def test_what_is_fetched_is_fetched_by_the_provider(url: str) -> None:
    assert [need.flag for need in CODECS[C].decode_request(with_image(C, url)).needs] == ["input.image.url"]


def test_a_blank_result_of_a_tool_is_told() -> None:
    """Anthropic refuses a text of white space alone, so it is left out of the result, as a hint."""
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    turns = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "a", "content": " \n "},
    ]
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    conversation = CODECS[C].decode_request({"model": "m", "max_tokens": 9, "messages": turns, "tools": tools})
    assert ("text.blank", "messages[2].content", "hint") in [
        (need.flag, need.path, need.severity) for need in conversation.needs
    ]


def test_a_blank_result_of_responses_is_told_too() -> None:
    """The same of the other dialect that says a result as plain text."""
    items = [
        {"role": "user", "content": "x"},
        {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "a", "output": " \n "},
    ]
    conversation = CODECS[R].decode_request({"model": "m", "store": False, "input": items})
    assert ("text.blank", "input[2].output") in [(need.flag, need.path) for need in conversation.needs]
