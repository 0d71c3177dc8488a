"""Anthropic messages: answers, usage and errors, both ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from waypost.core.codecs.anthropic_messages_encode import CALL_ID
from waypost.core.codecs.anthropic_messages_turns import DIALECT
from waypost.core.codecs.citations import LEFT_OUT, from_anthropic
from waypost.core.codecs.failures import Described, described, kind_of
from waypost.core.codecs.handout import Handout, Signer
from waypost.core.codecs.ids import answer_id, distinct_id, reply_seed
from waypost.core.codecs.json_text import arguments_object, arguments_text, cut_off, object_text
from waypost.core.codecs.sealing import sealed
from waypost.core.codecs.wire import as_list, as_map, as_text, count, opt_map, opt_text
from waypost.core.model.conversation import NO_EXT, Finish, Opaque, Part, Reasoning, Refusal, Reply, Text, ToolCall
from waypost.core.model.outcome import Failure, FailureKind, Usage

FINISH: Final[Mapping[str, Finish]] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_call",
    "refusal": "content_filter",
    "pause_turn": "other",
}
FINISH_OUT: Final[Mapping[Finish, str]] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_call": "tool_use",
    "content_filter": "refusal",
    "error": "end_turn",
    "other": "end_turn",
}


def decode_response(body: Mapping[str, Any]) -> Reply:
    """A whole message as a reply. Raises ValueError with a path where it is none."""
    parts = [
        _part(as_map(item, f"content[{index}]"), f"content[{index}]")
        for index, item in enumerate(as_list(body.get("content"), "content"))
    ]
    explanation = opt_map(body.get("stop_details"), "stop_details").get("explanation")
    if explanation:
        parts.append(Refusal(as_text(explanation, "stop_details.explanation")))
    raw_finish = opt_text(body.get("stop_reason"), "stop_reason")
    return Reply(
        id=str(body.get("id") or ""),
        model=str(body.get("model") or ""),
        parts=tuple(parts),
        finish=FINISH.get(raw_finish or "", "other"),
        usage=usage_of(body),
        raw_finish=raw_finish,
        stop_sequence=opt_text(body.get("stop_sequence"), "stop_sequence"),
        ext=NO_EXT,
        left_out=(LEFT_OUT,) if any(isinstance(part, Text) and part.ext for part in parts) else (),
    )


def _part(raw: Mapping[str, Any], path: str) -> Part:
    kind = raw.get("type")
    if kind == "text":
        pages, others = from_anthropic(raw.get("citations"), f"{path}.citations")
        ext = {"citations": raw["citations"]} if others else NO_EXT
        return Text(as_text(raw.get("text"), f"{path}.text"), ext, None, pages)
    if kind == "tool_use":
        arguments = arguments_text(as_map(raw.get("input"), f"{path}.input"), f"{path}.input")
        return ToolCall(str(raw.get("id") or ""), as_text(raw.get("name"), f"{path}.name"), arguments, NO_EXT)
    if kind == "thinking":
        signature = opt_text(raw.get("signature"), f"{path}.signature")
        return Reasoning(as_text(raw.get("thinking"), f"{path}.thinking"), DIALECT, sealed(signature, DIALECT))
    if kind == "redacted_thinking":
        return Reasoning("", DIALECT, sealed(as_text(raw.get("data"), f"{path}.data"), DIALECT), True)
    return Opaque(DIALECT, raw)


def encode_response(reply: Reply, signer: Signer | None = None) -> dict[str, Any]:
    """A whole answer as Anthropic writes it, with the reasoning of ``signer`` in envelopes. A call that the end of the
    answer cut off is left out.

    Raises:
        ValueError: the model's tool arguments are not a JSON object, which this dialect cannot carry.
    """
    made = answer_id("msg_", reply.id, reply_seed(reply))
    content: list[dict[str, Any]] = []
    calls = 0
    ids: set[str] = set()
    handout = Handout(signer)
    for part in reply.parts:
        if isinstance(part, Text) and part.text:
            content.append({"type": "text", "text": part.text, "citations": None})
            content += map(_sealed_block, handout.after(part))
        elif isinstance(part, Reasoning):
            content += map(_sealed_block, handout.thought(part))
        elif isinstance(part, ToolCall) and not cut_off(part, reply.finish):
            called = _tool_use(part, distinct_id(part.id or f"{made}/{calls}", calls, ids, CALL_ID), calls)
            content += map(_sealed_block, handout.before(part.seal, called["id"]))
            content.append(called)
            calls += 1
    refusals = [part.text for part in reply.parts if isinstance(part, Refusal)]
    return {
        "id": made,
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": content,
        "usage": usage_out(reply.usage),
        **stop_out(reply.finish, reply.stop_sequence, "\n".join(refusals)),
    }


def _sealed_block(handed: tuple[Reasoning, str]) -> dict[str, Any]:
    part, envelope = handed
    if part.text:
        return {"type": "thinking", "thinking": part.text, "signature": envelope}
    return redacted_out(envelope)


def redacted_out(envelope: str) -> dict[str, Any]:
    """Reasoning of which there is nothing to be read."""
    return {"type": "redacted_thinking", "data": envelope}


def _tool_use(call: ToolCall, call_id: str, position: int) -> dict[str, Any]:
    return {
        "type": "tool_use",
        "id": call_id,
        "name": call.name,
        "input": arguments_object(
            object_text(call.arguments) if call.free else call.arguments, f"tool_calls[{position}].arguments"
        ),
    }


def stop_out(finish: Finish, stop_sequence: str | None, refusal: str) -> dict[str, Any]:
    """Why the answer ends. A refusal that was said in words is a refusal here, whatever else ended the answer."""
    if stop_sequence is not None:
        return {"stop_reason": "stop_sequence", "stop_sequence": stop_sequence, "stop_details": None}
    reason = "refusal" if refusal else FINISH_OUT[finish]
    details = {"type": "refusal", "category": None, "explanation": refusal or None} if reason == "refusal" else None
    return {"stop_reason": reason, "stop_sequence": None, "stop_details": details}


# Usage.


def usage_of(body: Mapping[str, Any]) -> Usage | None:
    """Usage of a body or of an event. What Anthropic calls input leaves out the cache; here it is all input.

    The last event of a stream may leave out the input, which `waypost.core.codecs.usage.later` takes from the first.
    """
    usage = body.get("usage")
    if not isinstance(usage, Mapping):
        message = body.get("message")
        usage = message.get("usage") if isinstance(message, Mapping) else None
        if not isinstance(usage, Mapping):
            return None
    read = count(usage.get("cache_read_input_tokens"))
    split = usage.get("cache_creation")
    split = split if isinstance(split, Mapping) else {}
    long_lived = count(split.get("ephemeral_1h_input_tokens"))
    written = max(
        count(usage.get("cache_creation_input_tokens")), long_lived + count(split.get("ephemeral_5m_input_tokens"))
    )
    details = usage.get("output_tokens_details")
    thinking = details.get("thinking_tokens") if isinstance(details, Mapping) else None
    return Usage(
        input=count(usage.get("input_tokens")) + read + written,
        output=count(usage.get("output_tokens")),
        cache_read=read,
        cache_write=written,
        cache_write_1h=long_lived,
        reasoning=None if thinking is None else count(thinking),
    )


def usage_out(usage: Usage | None) -> dict[str, Any]:
    """Usage as Anthropic writes it, where it is required: zeros if nobody knows."""
    usage = usage or Usage(0, 0)
    return {
        **delta_usage_out(usage),
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write - usage.cache_write_1h,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        },
        "service_tier": None,
    }


def delta_usage_out(usage: Usage) -> dict[str, Any]:
    """The part of it that the last event of a stream repeats."""
    details = None if usage.reasoning is None else {"thinking_tokens": usage.reasoning}
    return {
        "input_tokens": max(usage.input - usage.cache_read - usage.cache_write, 0),
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation_input_tokens": usage.cache_write,
        "output_tokens": usage.output,
        "output_tokens_details": details,
        "server_tool_use": None,
    }


# Errors.

_BY_TYPE: Mapping[str, FailureKind] = {
    "rate_limit_error": "rate_limited",
    "billing_error": "rate_limited",
    "overloaded_error": "overloaded",
    "timeout_error": "timeout",
    "api_error": "server_error",
    "conflict_error": "server_error",
    "authentication_error": "auth",
    "permission_error": "auth",
    "not_found_error": "not_found",
    "request_too_large": "context_length",
    "invalid_request_error": "bad_request",
}


def classify(status: int | None, body: Any) -> Failure:
    """A failure out of an error answer or an error event."""
    error = body.get("error") if isinstance(body, Mapping) else None
    words = described(error.get("type")) if isinstance(error, Mapping) else []
    return Failure(kind_of(status, words, _BY_TYPE), status, words[0] if words else None)


_OUT: Mapping[FailureKind, Described] = {
    "rate_limited": Described(429, "rate_limit_error"),
    "overloaded": Described(529, "overloaded_error"),
    "timeout": Described(504, "timeout_error"),
    "connection": Described(502, "api_error"),
    "server_error": Described(500, "api_error"),
    "auth": Described(502, "api_error"),
    "not_found": Described(404, "not_found_error"),
    "context_length": Described(400, "invalid_request_error"),
    "content_filter": Described(400, "invalid_request_error"),
    "bad_request": Described(400, "invalid_request_error"),
    "stream_error": Described(502, "api_error"),
    "malformed": Described(502, "api_error"),
    "internal": Described(500, "api_error"),
}


def encode_error(failure: Failure, message: str) -> tuple[int, dict[str, Any]]:
    """Status and body. Bad credentials of a target are never shown as the caller's own 401."""
    return _OUT[failure.kind].status_for(failure), error_body(failure, message)


def error_body(failure: Failure, message: str) -> dict[str, Any]:
    """The body alone, as it also stands in a stream."""
    text = message or f"The model's provider failed: {failure.kind.replace('_', ' ')}."
    kind = "conflict_error" if failure.status == 409 and failure.kind == "server_error" else _OUT[failure.kind].type
    return {"type": "error", "error": {"type": kind, "message": text}, "request_id": None}
