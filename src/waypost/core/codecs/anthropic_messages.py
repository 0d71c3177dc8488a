"""The dialect of Anthropic's messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from waypost.core.codecs.anthropic_messages_decode import decode_request
from waypost.core.codecs.anthropic_messages_encode import encode_request
from waypost.core.codecs.anthropic_messages_reader import MessagesReader
from waypost.core.codecs.anthropic_messages_reply import (
    classify,
    decode_response,
    encode_error,
    encode_response,
    usage_of,
)
from waypost.core.codecs.anthropic_messages_turns import DIALECT
from waypost.core.codecs.anthropic_messages_writer import MessagesWriter
from waypost.core.codecs.expression import check, retarget
from waypost.core.codecs.handout import Signer
from waypost.core.codecs.hints import Words
from waypost.core.codecs.marks import Marks, finish
from waypost.core.model.conversation import Conversation, Reply
from waypost.core.model.outcome import Failure, Usage
from waypost.core.model.target import Dialect, Endpoint, Target
from waypost.errors import Untranslatable

__all__ = ["EXPRESSES", "AnthropicMessages"]

EXPRESSES = frozenset(
    {
        "answer.reasoning",
        *("tools", "tools.parallel", "tools.strict", "tool_choice.required"),
        *("input.image", "input.image.url", "input.pdf", "input.pdf.url", "output.json_schema"),
        *("sampling.temperature", "sampling.top_p", "sampling.top_k", "stop", "reasoning.effort", "stream"),
        *("tools.disable_parallel", "tool_result.image", "tool_result.document", "tool_result.is_error"),
        *("stop.max", "stop.report_match", "text.blank", "message.part_order"),
        *("reasoning.can_disable", "reasoning.budget", "schema.optional_properties", "user", "cache.breakpoints"),
    }
)
"""What a conversation of another dialect may need and this codec can say. What only this dialect has is not here."""


MARKS = Marks(finish("stop_reason"))


class AnthropicMessages:
    """`waypost.core.routing.ports.Codec` of ``anthropic.messages``."""

    dialect: Dialect = DIALECT
    expresses: frozenset[str] = EXPRESSES
    words: Words = Words(EXPRESSES, budgeted=frozenset({"reasoning.display"}))
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
        out = retarget(body, target, endpoint)
        told = [name for name in ("temperature", "top_p") if out.get(name) is not None]
        if len(told) == 2:  # an older model takes both, and 1 is what each is unless it is told
            if all(out[name] != 1 for name in told):
                raise Untranslatable("sampling.temperature_and_top_p", DIALECT, "top_p")
            for name in told:
                if out[name] == 1:
                    del out[name]
        return out

    def ask_usage(self, body: Mapping[str, Any], drops: Sequence[str]) -> None:
        """Usage is always part of a stream here."""
        del body, drops

    def decode_response(self, body: Mapping[str, Any]) -> Reply:
        return decode_response(body)

    def encode_response(self, reply: Reply, signer: Signer | None = None) -> dict[str, Any]:
        return encode_response(reply, signer)

    def reader(self) -> MessagesReader:
        return MessagesReader()

    def writer(self, *, include_usage: bool, signer: Signer | None = None) -> MessagesWriter:
        """Usage is always part of a stream here."""
        del include_usage
        return MessagesWriter(signer)

    def usage(self, body: Mapping[str, Any]) -> Usage | None:
        return usage_of(body)

    def failure(self, status: int | None, body: Any) -> Failure:
        return classify(status, body)

    def encode_error(self, failure: Failure, message: str) -> tuple[int, dict[str, Any]]:
        return encode_error(failure, message)
