"""The dialect of Google's generateContent, of the Gemini API and of Vertex AI."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from waypost.core.codecs.expression import check, retarget
from waypost.core.codecs.google_generate_content_decode import decode_request
from waypost.core.codecs.google_generate_content_encode import encode_request
from waypost.core.codecs.google_generate_content_errors import classify, encode_error
from waypost.core.codecs.google_generate_content_reader import GenerateReader
from waypost.core.codecs.google_generate_content_reply import (
    decode_response,
    encode_response,
    usage_of,
)
from waypost.core.codecs.google_generate_content_turns import DIALECT
from waypost.core.codecs.google_generate_content_writer import GenerateWriter
from waypost.core.codecs.handout import Signer
from waypost.core.codecs.hints import Words
from waypost.core.codecs.marks import Marks, finish, text
from waypost.core.model.conversation import Conversation, Reply
from waypost.core.model.outcome import Failure, Usage
from waypost.core.model.target import Dialect, Endpoint, Target

__all__ = ["EXPRESSES", "GoogleGenerateContent"]

EXPRESSES = frozenset(
    {
        *(
            "answer.finish",
            "answer.reasoning",
        ),
        *("tools", "tools.parallel", "tools.strict", "tool_choice.required", "tool_choice.allowed_subset"),
        *("input.image", "input.pdf", "input.audio", "output.json_object", "output.json_schema"),
        *("sampling.temperature", "sampling.temperature.above_1", "sampling.temperature_and_top_p"),
        *("sampling.top_p", "sampling.top_k"),
        *("sampling.penalties", "seed", "stop", "stop.max", "stop.blank", "stream"),
        *("reasoning.effort", "reasoning.effort.minimal", "reasoning.budget", "reasoning.display"),
        *("text.blank", "message.part_order", "prefill"),
        *("tool_result.image", "tool_result.document", "tool_result.is_error"),
        *("schema.constraints", "schema.optional_properties", "service_tier", "citations.response"),
    }
)
"""What a conversation of another dialect may need and this codec can say. What only this dialect has is not here.

Some hold for a part of their values alone (at most five stop sequences, certain keywords of a schema, pictures of
certain kinds); the others are refused when they are encoded, by the same names.
"""


MARKS = Marks(
    finish("finishReason"),
    id=text("responseId"),
    model=text("modelVersion"),
    usage=re.compile(rb'"(usageMetadata)"\s*:\s*(?=\{)'),
)


class GoogleGenerateContent:
    """`waypost.core.routing.ports.Codec` of ``google.generate_content``."""

    dialect: Dialect = DIALECT
    expresses: frozenset[str] = EXPRESSES
    words: Words = Words(EXPRESSES)
    marks: Marks = MARKS
    has_room: bool = True

    def decode_request(self, body: Mapping[str, Any]) -> Conversation:
        return decode_request(body)

    def encode_request(self, conversation: Conversation, target: Target, endpoint: Endpoint) -> dict[str, Any]:
        check(conversation, self.dialect, self.expresses, endpoint.domain)
        body = encode_request(conversation, target, endpoint.domain)
        for name in endpoint.drops:
            body.pop(name, None)
        return body

    def retarget(self, body: Mapping[str, Any], target: Target, endpoint: Endpoint) -> dict[str, Any]:
        return retarget(body, target, endpoint)

    def ask_usage(self, body: Mapping[str, Any], drops: Sequence[str]) -> None:
        """Usage is always part of a stream here."""
        del body, drops

    def decode_response(self, body: Mapping[str, Any]) -> Reply:
        return decode_response(body)

    def encode_response(self, reply: Reply, signer: Signer | None = None) -> dict[str, Any]:
        return encode_response(reply, signer)

    def reader(self) -> GenerateReader:
        return GenerateReader()

    def writer(self, *, include_usage: bool, signer: Signer | None = None) -> GenerateWriter:
        """Usage is always part of a stream here."""
        del include_usage
        return GenerateWriter(signer)

    def usage(self, body: Mapping[str, Any]) -> Usage | None:
        return usage_of(body)

    def failure(self, status: int | None, body: Any) -> Failure:
        return classify(status, body)

    def encode_error(self, failure: Failure, message: str) -> tuple[int, dict[str, Any]]:
        return encode_error(failure, message)
