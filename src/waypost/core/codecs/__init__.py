"""One file a dialect: wire dict to conversation and back. Codecs know nothing of each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from waypost.core.codecs.anthropic_messages import AnthropicMessages
from waypost.core.codecs.google_embeddings import GoogleEmbeddings
from waypost.core.codecs.google_generate_content import GoogleGenerateContent
from waypost.core.codecs.openai_chat import OpenAIChat
from waypost.core.codecs.openai_embeddings import OpenAIEmbeddings
from waypost.core.codecs.openai_responses import OpenAIResponses
from waypost.core.model.target import Dialect

__all__ = ["CODECS", "EXPRESSES", "READ", "AnyCodec"]

AnyCodec = OpenAIChat | OpenAIResponses | AnthropicMessages | GoogleGenerateContent

CODECS: Final[Mapping[Dialect, AnyCodec]] = {
    codec.dialect: codec for codec in (OpenAIChat(), OpenAIResponses(), AnthropicMessages(), GoogleGenerateContent())
}
"""Every dialect that is spoken here. A new one is a file of its own and a word in this line."""

READ: Final[Mapping[Dialect, AnyCodec]] = {
    **CODECS,
    **{codec.dialect: codec for codec in (OpenAIEmbeddings(), GoogleEmbeddings())},
}
"""These, and those that are only read: their calls are observed and never sent elsewhere."""

EXPRESSES: Final[Mapping[Dialect, frozenset[str]]] = {name: codec.expresses for name, codec in CODECS.items()}
"""What each dialect can say of another's needs, for the decision."""
