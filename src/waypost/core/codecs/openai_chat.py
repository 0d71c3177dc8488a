"""The dialect of OpenAI's chat completions, and of every vendor that speaks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from waypost.core.codecs.expression import check
from waypost.core.codecs.handout import Signer
from waypost.core.codecs.hints import Words
from waypost.core.codecs.marks import Marks, finish
from waypost.core.codecs.openai_chat_decode import decode_request
from waypost.core.codecs.openai_chat_encode import ask_usage, encode_request, retarget
from waypost.core.codecs.openai_chat_reader import ChatReader
from waypost.core.codecs.openai_chat_reply import decode_response, encode_response, usage_of
from waypost.core.codecs.openai_chat_turns import DIALECT
from waypost.core.codecs.openai_chat_writer import ChatWriter
from waypost.core.codecs.openai_errors import classify, encode_error
from waypost.core.codecs.openai_fields import HINT_FIELDS
from waypost.core.model.conversation import Conversation, Reply
from waypost.core.model.outcome import Failure, Usage
from waypost.core.model.target import Dialect, Endpoint, Target

__all__ = ["EXPRESSES", "OpenAIChat"]

EXPRESSES = frozenset(
    {
        *("tools", "tools.parallel", "tools.strict", "tools.custom", "tool_choice.required"),
        *("input.image", "input.image.url", "input.pdf", "input.file", "input.audio"),
        *("output.json_object", "output.json_schema"),
        *("sampling.temperature", "sampling.top_p", "sampling.penalties", "seed", "stop", "logprobs"),
        *("reasoning.effort", "verbosity", "stream"),
        *("system.mid_conversation", "message.name", "message.empty", "text.blank", "turns.user_first"),
        *("tools.disable_parallel", "tools.undeclared", "tool_choice.allowed_subset"),
        *("sampling.temperature.above_1", "sampling.temperature_and_top_p"),
        *("tool_arguments.invalid_json", "stop.blank"),
        *("reasoning.can_disable", "reasoning.effort.minimal", "schema.constraints", "schema.root"),
        *("user", "image.detail", "output.schema_name", "cache.breakpoints", "cache.key", "service_tier"),
        "citations.response",
    }
)
"""What a conversation of another dialect may need and this codec can say. What only this dialect has is not here."""


MARKS = Marks(finish("finish_reason"))


class OpenAIChat:
    """`waypost.core.routing.ports.Codec` of ``openai.chat``."""

    dialect: Dialect = DIALECT
    expresses: frozenset[str] = EXPRESSES
    words: Words = Words(EXPRESSES, HINT_FIELDS, alike=frozenset({"openai.responses"}))
    marks: Marks = MARKS
    has_room: bool = False

    def decode_request(self, body: Mapping[str, Any]) -> Conversation:
        return decode_request(body)

    def encode_request(self, conversation: Conversation, target: Target, endpoint: Endpoint) -> dict[str, Any]:
        check(conversation, self.dialect, self.expresses, endpoint.domain)
        return encode_request(conversation, target, endpoint)

    def retarget(self, body: Mapping[str, Any], target: Target, endpoint: Endpoint) -> dict[str, Any]:
        return retarget(body, target, endpoint)

    def ask_usage(self, body: Mapping[str, Any], drops: Sequence[str]) -> Mapping[str, Any] | None:
        return ask_usage(body, drops)

    def decode_response(self, body: Mapping[str, Any]) -> Reply:
        return decode_response(body)

    def encode_response(self, reply: Reply, signer: Signer | None = None) -> dict[str, Any]:
        return encode_response(reply, signer)

    def reader(self) -> ChatReader:
        return ChatReader()

    def writer(self, *, include_usage: bool, signer: Signer | None = None) -> ChatWriter:
        return ChatWriter(include_usage=include_usage, signer=signer)

    def usage(self, body: Mapping[str, Any]) -> Usage | None:
        return usage_of(body)

    def failure(self, status: int | None, body: Any) -> Failure:
        return classify(status, body)

    def encode_error(self, failure: Failure, message: str) -> tuple[int, dict[str, Any]]:
        return encode_error(failure, message)
