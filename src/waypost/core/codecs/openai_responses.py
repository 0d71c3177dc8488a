"""The dialect of OpenAI's responses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from waypost.core.codecs.expression import check
from waypost.core.codecs.handout import Signer
from waypost.core.codecs.hints import Words
from waypost.core.codecs.marks import Event, Marks, error_itself
from waypost.core.codecs.openai_errors import classify, encode_error
from waypost.core.codecs.openai_fields import HINT_FIELDS
from waypost.core.codecs.openai_responses_decode import decode_request
from waypost.core.codecs.openai_responses_encode import encode_request, retarget
from waypost.core.codecs.openai_responses_parts import DIALECT
from waypost.core.codecs.openai_responses_reader import ResponsesReader
from waypost.core.codecs.openai_responses_reply import decode_response, encode_response, usage_of
from waypost.core.codecs.openai_responses_writer import ResponsesWriter
from waypost.core.model.conversation import Conversation, Reply
from waypost.core.model.outcome import Failure, Usage
from waypost.core.model.target import Dialect, Endpoint, Target

__all__ = ["EXPRESSES", "OpenAIResponses"]

EXPRESSES = frozenset(
    {
        "answer.reasoning",
        *("tools", "tools.parallel", "tools.strict", "tools.custom", "tool_choice.required"),
        *("input.image", "input.image.url", "input.pdf", "input.pdf.url", "input.file"),
        *("output.json_object", "output.json_schema"),
        *("sampling.temperature", "sampling.top_p", "logprobs", "reasoning.effort", "verbosity", "stream"),
        *("system.mid_conversation", "message.empty", "message.part_order", "text.blank", "turns.user_first"),
        *("tools.disable_parallel", "tools.undeclared", "tool_choice.allowed_subset"),
        *("tool_result.image", "tool_result.document"),
        *("tool_arguments.invalid_json", "sampling.temperature.above_1", "sampling.temperature_and_top_p"),
        *(
            "reasoning.can_disable",
            "reasoning.effort.minimal",
            "reasoning.display",
            "schema.constraints",
            "schema.root",
        ),
        *("user", "image.detail", "output.schema_name", "cache.breakpoints", "cache.key", "metadata", "service_tier"),
        "citations.response",
    }
)
"""What a conversation of another dialect may need and this codec can say. What only this dialect has is not here."""


def error_of(event: Event) -> Event | None:
    """As elsewhere; a response that failed holds its error."""
    held = event.get("response") if event.get("type") == "response.failed" else None
    return error_itself(held if isinstance(held, Mapping) else event)


MARKS = Marks(
    finishes=(
        (b'"incomplete_details"', re.compile(rb'"incomplete_details"\s*:\s*\{\s*"reason"\s*:\s*"([^"\\]{1,60})"')),
        (b'"response.', re.compile(rb'"response\.(completed|incomplete|failed)"')),
    ),
    error=re.compile(rb'"error"\s*:\s*\{|"type"\s*:\s*"(?:error|response\.failed)"'),
    error_of=error_of,
)


class OpenAIResponses:
    """`waypost.core.routing.ports.Codec` of ``openai.responses``."""

    dialect: Dialect = DIALECT
    expresses: frozenset[str] = EXPRESSES
    words: Words = Words(
        EXPRESSES,
        HINT_FIELDS,
        whole=True,
        alike=frozenset({"openai.chat"}),
        reasons=frozenset({"reasoning.effort"}),
        judges=False,
    )
    marks: Marks = MARKS
    has_room: bool = True

    def decode_request(self, body: Mapping[str, Any]) -> Conversation:
        return decode_request(body)

    def encode_request(self, conversation: Conversation, target: Target, endpoint: Endpoint) -> dict[str, Any]:
        check(conversation, self.dialect, self.expresses, endpoint.domain)
        return encode_request(conversation, target, endpoint)

    def retarget(self, body: Mapping[str, Any], target: Target, endpoint: Endpoint) -> dict[str, Any]:
        return retarget(body, target, endpoint)

    def ask_usage(self, body: Mapping[str, Any], drops: Sequence[str]) -> None:
        """Usage is always part of a stream here."""
        del body, drops

    def decode_response(self, body: Mapping[str, Any]) -> Reply:
        return decode_response(body)

    def encode_response(self, reply: Reply, signer: Signer | None = None) -> dict[str, Any]:
        return encode_response(reply, signer)

    def reader(self) -> ResponsesReader:
        return ResponsesReader()

    def writer(self, *, include_usage: bool, signer: Signer | None = None) -> ResponsesWriter:
        """Usage is always part of a stream here."""
        del include_usage
        return ResponsesWriter(signer)

    def usage(self, body: Mapping[str, Any]) -> Usage | None:
        return usage_of(body)

    def failure(self, status: int | None, body: Any) -> Failure:
        return classify(status, body)

    def encode_error(self, failure: Failure, message: str) -> tuple[int, dict[str, Any]]:
        return encode_error(failure, message)
