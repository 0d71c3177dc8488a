"""The dialect of Google's embeddings: one text, a batch, or Vertex' predictions. It is only ever read: vectors of
different models do not stand for each other, so that such a call is never sent elsewhere and never translated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from waypost.core.codecs.google_generate_content import GoogleGenerateContent
from waypost.core.model.conversation import Conversation, Message, Text
from waypost.core.model.outcome import Usage
from waypost.core.model.target import Dialect

DIALECT: Dialect = "google.embed_content"


class GoogleEmbeddings(GoogleGenerateContent):
    """`waypost.core.routing.ports.Codec` of ``google.embed_content``. Errors are those of generated content."""

    dialect: Dialect = DIALECT
    expresses: frozenset[str] = frozenset()

    def decode_request(self, body: Mapping[str, Any]) -> Conversation:
        """What is embedded as one message: all texts, because its tokens have to be estimated where none are told."""
        texts = tuple(Text(text) for text in _texts(body))
        messages = (Message("user", texts),) if texts else ()
        return Conversation(self.dialect, str(body.get("model") or ""), messages, include_usage=True)

    def usage(self, body: Mapping[str, Any]) -> Usage | None:
        """What the answer says of all it embedded, or of each text, which is Vertex' way."""
        told = super().usage(body)
        if told is not None:
            return told
        counts = [_tokens(item) for item in _listed(body.get("predictions"))]
        known = [count for count in counts if count is not None]
        return Usage(sum(known), 0) if known and len(known) == len(counts) else None


def _texts(body: Mapping[str, Any]) -> Iterator[str]:
    for request in (body, *_listed(body.get("requests"))):
        content = request.get("content")
        if isinstance(content, Mapping):
            for part in _listed(content.get("parts")):
                if isinstance(part.get("text"), str):
                    yield part["text"]
    for instance in _listed(body.get("instances")):
        if isinstance(instance.get("content"), str):
            yield instance["content"]


def _tokens(prediction: Mapping[str, Any]) -> int | None:
    found: Any = prediction
    for name in ("embeddings", "statistics", "token_count"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return int(found) if isinstance(found, int | float) and not isinstance(found, bool) and found >= 0 else None


def _listed(items: Any) -> Iterator[Mapping[str, Any]]:
    for item in items if isinstance(items, list | tuple) else ():
        if isinstance(item, Mapping):
            yield item
