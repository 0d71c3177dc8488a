"""Which dialect a body is of, by its shape (S2.17)."""

from __future__ import annotations

from typing import Any

import pytest

from waypost.core.codecs.detect import detect

SAID: list[Any] = [{"role": "user", "content": "hello"}]


@pytest.mark.parametrize(
    ("body", "dialect"),
    [
        ({"model": "gpt-4o", "messages": SAID}, "openai.chat"),
        ({"messages": [{"role": "system", "content": "x"}, *SAID], "top_k": 3}, "openai.chat"),
        ({"model": "claude-opus-4-5", "messages": SAID, "response_format": {"type": "text"}}, "openai.chat"),
        ({"model": "claude-opus-4-5", "messages": SAID}, "openai.chat"),
        ({"model": "claude-opus-4-5", "max_tokens": 10, "messages": SAID}, "anthropic.messages"),
        ({"model": "auto", "max_tokens": 10, "system": "x", "messages": SAID}, "anthropic.messages"),
        ({"messages": SAID, "tools": [{"name": "f", "input_schema": {}}]}, "anthropic.messages"),
        ({"messages": SAID, "tools": [{"type": "function", "function": {"name": "f"}}]}, "openai.chat"),
        ({"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]}, "anthropic.messages"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "openai.chat"),
        ({"model": "gpt-5", "input": "hello"}, "openai.responses"),
        ({"input": SAID, "instructions": "x"}, "openai.responses"),
        ({"prompt": {"id": "pmpt_1"}}, "openai.responses"),
        ({"model": "gpt-5", "conversation": "conv_1"}, "openai.responses"),
        ({"model": "e", "input": "hello", "encoding_format": "float"}, None),
        ({"contents": [{"parts": []}]}, "google.generate_content"),
        ({"prompt": "hello"}, None),
        ({"messages": "hello"}, None),
        ({"messages": [None, 3], "tools": "x", "model": 4}, "openai.chat"),
        ({}, None),
    ],
)
def test_shapes_tell_the_dialect(body: dict[str, Any], dialect: str | None) -> None:
    """What only one dialect has decides; where nothing does, it is chat completions."""
    assert detect(body) == dialect
