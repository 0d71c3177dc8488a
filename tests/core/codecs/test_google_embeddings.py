"""What is read of Google's embeddings, on the Gemini API and on Vertex."""

from __future__ import annotations

from typing import Any

import pytest

from waypost.core.codecs import CODECS, READ
from waypost.core.model.conversation import Message, Text
from waypost.core.model.outcome import Usage

CODEC = READ["google.embed_content"]


def test_it_is_read_and_never_spoken() -> None:
    """No target can be asked in it."""
    assert "google.embed_content" not in CODECS


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ({"content": {"parts": [{"text": "a"}]}}, ["a"]),
        ({"requests": [{"content": {"parts": [{"text": "a"}]}}, {"content": {"parts": [{"text": "b"}]}}]}, ["a", "b"]),
        ({"instances": [{"content": "a"}, {"content": "b"}]}, ["a", "b"]),
        ({"requests": [{"content": {"parts": [{"inlineData": {}}]}}, 7, {"content": "x"}]}, []),
        ({"instances": "x", "requests": None}, []),
        ({}, []),
    ],
)
def test_all_texts_are_read(body: dict[str, Any], texts: list[str]) -> None:
    """One text, a batch, Vertex' instances; what is none is passed over."""
    conversation = CODEC.decode_request({"model": "m", **body})
    expected = (Message("user", tuple(Text(text) for text in texts)),) if texts else ()
    assert (conversation.model, conversation.messages) == ("m", expected)


@pytest.mark.parametrize(
    ("body", "usage"),
    [
        ({"usageMetadata": {"promptTokenCount": 7}}, Usage(7, 0)),
        ({"predictions": [{"embeddings": {"statistics": {"token_count": count}}} for count in (3, 4.0)]}, Usage(7, 0)),
        ({"predictions": [{"embeddings": {"statistics": {"token_count": 3}}}, {"embeddings": {}}]}, None),
        ({"predictions": [{"embeddings": {"statistics": {"token_count": -1}}}]}, None),
        ({"embeddings": []}, None),
    ],
)
def test_usage_is_what_was_counted(body: dict[str, Any], usage: Usage | None) -> None:
    """Of all, or of each; where one is missing the sum is not known."""
    assert CODEC.usage(body) == usage
