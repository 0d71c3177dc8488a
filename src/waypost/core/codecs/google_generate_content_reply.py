"""Google generate content: answers and usage, both ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from waypost.core.codecs.citations import LEFT_OUT, others_of_google, placed, to_google
from waypost.core.codecs.google_generate_content_calls import SKIP_SIGNATURE
from waypost.core.codecs.google_generate_content_turns import DIALECT
from waypost.core.codecs.handout import Handout, Signer
from waypost.core.codecs.ids import answer_id, reply_seed
from waypost.core.codecs.json_text import arguments_object, arguments_text, cut_off, object_text
from waypost.core.codecs.sealing import sealed
from waypost.core.codecs.wire import as_map, as_text, camel, count, opt_list, opt_map, opt_text
from waypost.core.model.conversation import (
    NO_EXT,
    SEAL,
    Citation,
    Finish,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Reply,
    Text,
    ToolCall,
)
from waypost.core.model.outcome import Usage

FINISH: Final[Mapping[str, Finish]] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    **dict.fromkeys(
        (
            *("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "JAILBREAK", "MODEL_ARMOR"),
            *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
        ),
        "content_filter",
    ),
}
BROKEN: Final = frozenset(
    {
        *("MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"),
        *("MISSING_THOUGHT_SIGNATURE", "LANGUAGE", "OTHER", "IMAGE_OTHER", "NO_IMAGE"),
    }
)
"""Reasons of an answer that is none: the provider failed, and another may do better."""

FINISH_OUT: Final[Mapping[Finish, str]] = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "tool_call": "STOP",
    "content_filter": "SAFETY",
    "error": "OTHER",
    "other": "OTHER",
}


def finish_of(raw: str | None, called: bool) -> Finish:
    """Why an answer ended. Calls end with ``STOP`` here as texts do."""
    finish = FINISH.get(raw or "", "other")
    return "tool_call" if called and finish == "stop" else finish


def decode_response(body: Mapping[str, Any]) -> Reply:
    """The first candidate as a reply; others stay in ``ext``.

    Raises:
        ValueError: with a path; it is no answer of this dialect, or one that says of itself that it is none.
    """
    body = camel(body)
    candidates = opt_list(body.get("candidates"), "candidates")
    blocked = camel(opt_map(body.get("promptFeedback"), "promptFeedback"))
    parts: tuple[Part, ...] = ()
    left_out: tuple[str, ...] = ()
    ext: dict[str, Any] = {"candidates": candidates[1:]} if candidates[1:] else {}
    if candidates:
        candidate = camel(as_map(candidates[0], "candidates[0]"))
        raw_finish = opt_text(candidate.get("finishReason"), "candidates[0].finishReason")
        if raw_finish in BROKEN:
            raise ValueError(f"candidates[0].finishReason: expected an answer, not {raw_finish}")
        parts = placed(_parts(candidate), candidate.get("groundingMetadata"), "candidates[0].groundingMetadata")
        left_out = (LEFT_OUT,) if others_of_google(candidate) else ()
        ext |= {name: value for name, value in candidate.items() if name in _ORIGINAL and value}
    elif blocked.get("blockReason"):
        raw_finish = as_text(blocked["blockReason"], "promptFeedback.blockReason")
        message = opt_text(blocked.get("blockReasonMessage"), "promptFeedback.blockReasonMessage")
        parts = (Refusal(message),) if message else ()
    else:
        raise ValueError("candidates: expected at least one")
    called = any(isinstance(part, ToolCall) for part in parts)
    return Reply(
        id=str(body.get("responseId") or ""),
        model=str(body.get("modelVersion") or ""),
        parts=parts,
        finish=finish_of(raw_finish, called) if candidates else "content_filter",
        usage=usage_of(body),
        raw_finish=raw_finish,
        ext=ext or NO_EXT,
        left_out=left_out,
    )


_ORIGINAL = frozenset(
    {"citationMetadata", "groundingMetadata", "logprobsResult", "urlContextMetadata", "safetyRatings"}
)


def _parts(candidate: Mapping[str, Any]) -> tuple[Part, ...]:
    path = "candidates[0].content"
    content = camel(opt_map(candidate.get("content"), path))
    return tuple(
        _part(as_map(item, f"{path}.parts[{at}]"), f"{path}.parts[{at}]")
        for at, item in enumerate(opt_list(content.get("parts"), f"{path}.parts"))
    )


def _part(item: Mapping[str, Any], path: str) -> Part:
    raw = camel(item)
    signature = opt_text(raw.get("thoughtSignature"), f"{path}.thoughtSignature")
    if raw.get("functionCall") is not None:
        call = camel(as_map(raw["functionCall"], f"{path}.functionCall"))
        name = as_text(call.get("name"), f"{path}.functionCall.name")
        where = f"{path}.functionCall.args"
        arguments = arguments_text(opt_map(call.get("args"), where), where)
        return ToolCall(str(call.get("id") or ""), name, arguments, {"raw": item}, seal=sealed(signature, DIALECT))
    text = opt_text(raw.get("text"), f"{path}.text")
    if raw.get("thought") or (text is None and signature is not None):
        return Reasoning(text or "", DIALECT, sealed(signature, DIALECT), False, {"raw": item})
    return (
        Opaque(DIALECT, item)
        if text is None
        else Text(text, {"raw": item, SEAL: sealed(signature, DIALECT)} if signature else NO_EXT)
    )


def encode_response(reply: Reply, signer: Signer | None = None) -> dict[str, Any]:
    """A whole answer as Google writes it, with the reasoning of ``signer`` in envelopes.

    A refusal in words is text, with the reason of one that was filtered. A call that the end of the answer cut off is
    left out.

    Raises:
        ValueError: the model's tool arguments are not a JSON object, which this dialect cannot carry.
    """
    parts: list[dict[str, Any]] = []
    called = False
    handout = Handout(signer)
    cited: list[tuple[int, str, tuple[Citation, ...]]] = []
    for part in reply.parts:
        if isinstance(part, Text | Refusal) and part.text:
            if isinstance(part, Text) and part.citations:
                cited.append((len(parts), part.text, part.citations))
            parts.append({"text": part.text})
            parts += map(thought_out, handout.after(part) if isinstance(part, Text) else ())
        elif isinstance(part, Reasoning):
            parts += map(thought_out, handout.thought(part))
        elif isinstance(part, ToolCall) and not cut_off(part, reply.finish):
            parts += map(thought_out, handout.before(part.seal, part.id))
            arguments = object_text(part.arguments) if part.free else part.arguments
            parts.append(call_out(part.id, part.name, arguments, first=not called))
            called = True
    refused = any(isinstance(part, Refusal) for part in reply.parts)
    return chunk(
        answer_id("", reply.id, reply_seed(reply)),
        reply.model,
        parts,
        FINISH_OUT["content_filter" if refused else reply.finish],
        reply.usage,
        to_google(cited),
    )


def chunk(
    answer: str,
    model: str,
    parts: Sequence[Mapping[str, Any]],
    finish: str | None,
    usage: Usage | None,
    grounding: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """An answer, or a piece of one: they have the same form."""
    content: dict[str, Any] = {"role": "model"}
    if parts:
        content["parts"] = parts
    candidate: dict[str, Any] = {"content": content, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    if grounding is not None:
        candidate["groundingMetadata"] = grounding
    raw: dict[str, Any] = {"candidates": [candidate]}
    if usage is not None:
        raw["usageMetadata"] = usage_out(usage)
    return {**raw, "modelVersion": model, "responseId": answer}


def thought_out(handed: tuple[Reasoning, str]) -> dict[str, Any]:
    """Reasoning, and what stands for the seals of other parts."""
    part, envelope = handed
    return {"text": part.text, "thought": True, "thoughtSignature": envelope}


def call_out(call_id: str | None, name: str, arguments: str, *, first: bool) -> dict[str, Any]:
    """A call as a part. Raises ValueError where its arguments are not a JSON object.

    The ``first`` of an answer is signed with the word for none, for the caller gives it back and Google asks for it.
    """
    args = arguments_object(arguments, "functionCall.args")
    raw: dict[str, Any] = {"functionCall": {**({"id": call_id} if call_id else {}), "name": name, "args": args}}
    if first:
        raw["thoughtSignature"] = SKIP_SIGNATURE
    return raw


# Usage.


def usage_of(body: Mapping[str, Any]) -> Usage | None:
    """Usage of a body or of an event. Thoughts are counted beside the answer, and tools' results beside the prompt."""
    usage = body.get("usageMetadata", body.get("usage_metadata"))
    if not isinstance(usage, Mapping):
        return None
    usage = camel(usage)
    thoughts = usage.get("thoughtsTokenCount")
    return Usage(
        input=count(usage.get("promptTokenCount")) + count(usage.get("toolUsePromptTokenCount")),
        output=count(usage.get("candidatesTokenCount")) + count(thoughts),
        cache_read=count(usage.get("cachedContentTokenCount")),
        reasoning=None if thoughts is None else count(thoughts),
    )


def usage_out(usage: Usage) -> dict[str, Any]:
    """Usage as Google writes it; how much was written to a cache has no name here and stays a part of the prompt."""
    out = {
        "promptTokenCount": usage.input,
        "candidatesTokenCount": max(usage.output - (usage.reasoning or 0), 0),
        "totalTokenCount": usage.input + usage.output,
    }
    if usage.reasoning is not None:
        out["thoughtsTokenCount"] = usage.reasoning
    if usage.cache_read:
        out["cachedContentTokenCount"] = usage.cache_read
    return out
