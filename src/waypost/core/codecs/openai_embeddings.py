"""The dialect of OpenAI's embeddings. It is only ever read: vectors of different models do not stand for each other, so
that such a call is never sent elsewhere and never translated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from waypost.core.codecs.openai_chat import OpenAIChat
from waypost.core.model.conversation import Conversation, Message, Text
from waypost.core.model.target import Dialect

DIALECT: Dialect = "openai.embeddings"


class OpenAIEmbeddings(OpenAIChat):
    """`waypost.core.routing.ports.Codec` of ``openai.embeddings``. Usage and errors are those of chat."""

    dialect: Dialect = DIALECT
    expresses: frozenset[str] = frozenset()

    def decode_request(self, body: Mapping[str, Any]) -> Conversation:
        """What is embedded as one message; of a batch the first text stands for all, because many are long."""
        given = body.get("input")
        first = given[0] if isinstance(given, list | tuple) and given else given
        texts = (Message("user", (Text(first),)),) if isinstance(first, str) else ()
        return Conversation(self.dialect, str(body.get("model") or ""), texts, include_usage=True)
