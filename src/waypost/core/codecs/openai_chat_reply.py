"""OpenAI chat: answers and usage, both ways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from waypost.core.codecs.citations import AUDIO, CHOICES, LEFT_OUT, from_openai, to_openai
from waypost.core.codecs.handout import Handout, Signer
from waypost.core.codecs.ids import answer_id, call_id_or_position, reply_seed
from waypost.core.codecs.json_text import as_json_text
from waypost.core.codecs.openai_chat_encode import CALL_ID
from waypost.core.codecs.openai_chat_turns import DIALECT
from waypost.core.codecs.sealing import sealed
from waypost.core.codecs.unwrapping import signature_of
from waypost.core.codecs.wire import as_list, as_map, as_text, count, opt_list, opt_map, opt_text
from waypost.core.model.conversation import (
    NO_EXT,
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
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_call",
    "function_call": "tool_call",
    "content_filter": "content_filter",
}
FINISH_OUT: Final[Mapping[Finish, str]] = {
    "stop": "stop",
    "length": "length",
    "tool_call": "tool_calls",
    "content_filter": "content_filter",
    "error": "stop",
    "other": "stop",
}


def finish_of(raw: str | None, called: bool) -> Finish:
    """Why an answer ended. A call that was forced by name ends with ``stop`` here, and is a call all the same."""
    finish = FINISH.get(raw or "", "other")
    return "tool_call" if called and finish == "stop" else finish


def decode_response(body: Mapping[str, Any]) -> Reply:
    """The first choice as a reply; others stay in ``ext``. Raises ValueError with a path where it has none."""
    choices = as_list(body.get("choices"), "choices")
    if not choices:
        raise ValueError("choices: expected at least one")
    choice = as_map(choices[0], "choices[0]")
    message = as_map(choice.get("message"), "choices[0].message")
    raw_finish = opt_text(choice.get("finish_reason"), "choices[0].finish_reason")
    created = body.get("created")
    said = {
        "service_tier": body.get("service_tier"),
        "system_fingerprint": body.get("system_fingerprint"),
        "choices": choices[1:],
    }
    ext = {name: value for name, value in said.items() if value}
    pages, others = from_openai(message.get("annotations"), "choices[0].message.annotations")
    parts = tuple(_parts(message, pages))
    return Reply(
        id=str(body.get("id") or ""),
        model=str(body.get("model") or ""),
        parts=parts,
        finish=finish_of(raw_finish, any(isinstance(part, ToolCall) for part in parts)),
        usage=usage_of(body),
        raw_finish=raw_finish,
        created=created if isinstance(created, int) else None,
        ext=ext or NO_EXT,
        logprobs=logprobs_of(choice),
        left_out=_beside(message, choices, others),
    )


def _beside(message: Mapping[str, Any], choices: Sequence[Any], others: bool) -> tuple[str, ...]:
    """What of an answer is left out of it in any other dialect."""
    found = {LEFT_OUT: others, CHOICES: len(choices) > 1, AUDIO: message.get("audio") is not None}
    return tuple(sorted(name for name, is_so in found.items() if is_so))


def logprobs_of(choice: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """What is known of the tokens of a choice's text; those of a refusal are not carried."""
    found = opt_list(opt_map(choice.get("logprobs"), "choices[0].logprobs").get("content"), "choices[0].logprobs")
    return tuple(as_map(item, f"choices[0].logprobs[{index}]") for index, item in enumerate(found))


def logprobs_out(logprobs: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The same as OpenAI writes it, where bytes and alternatives are required."""
    if not logprobs:
        return None
    return {"content": [_token(item) for item in logprobs], "refusal": None}


def _token(item: Mapping[str, Any]) -> dict[str, Any]:
    others = [{**other, "bytes": other.get("bytes")} for other in item.get("top_logprobs") or ()]
    return {**item, "bytes": item.get("bytes"), "top_logprobs": others}


def _parts(message: Mapping[str, Any], pages: tuple[Citation, ...]) -> list[Part]:
    parts: list[Part] = [
        Reasoning(message[field], DIALECT, ext={"field": field})
        for field in ("reasoning_content", "reasoning")
        if isinstance(message.get(field), str) and message[field]
    ]
    text = content_text(message.get("content"), "choices[0].message.content")
    if text:
        parts.append(Text(text, NO_EXT, None, pages))
    if message.get("refusal"):
        parts.append(Refusal(as_text(message["refusal"], "choices[0].message.refusal")))
    for index, item in enumerate(opt_list(message.get("tool_calls"), "choices[0].message.tool_calls")):
        path = f"choices[0].message.tool_calls[{index}]"
        call = as_map(item, path)
        if call.get("type") == "custom":
            custom = as_map(call.get("custom"), f"{path}.custom")
            name = as_text(custom.get("name"), f"{path}.custom.name")
            given = as_text(custom.get("input"), f"{path}.custom.input")
            parts.append(ToolCall(str(call.get("id") or ""), name, given, NO_EXT, free=True))
            continue
        if call.get("type", "function") != "function":
            parts.append(Opaque(DIALECT, call))
            continue
        function = as_map(call.get("function"), f"{path}.function")
        name = as_text(function.get("name"), f"{path}.function.name")
        arguments = as_json_text(function.get("arguments"), f"{path}.function.arguments")
        seal = sealed(signature_of(call), DIALECT)
        parts.append(ToolCall(str(call.get("id") or ""), name, arguments, NO_EXT, seal=seal))
    if message.get("function_call") is not None and not message.get("tool_calls"):
        parts.append(_legacy_call(message["function_call"]))
    return parts


def _legacy_call(raw: Any) -> ToolCall:
    """The deprecated form, which has no id."""
    path = "choices[0].message.function_call"
    called = as_map(raw, path)
    name = as_text(called.get("name"), f"{path}.name")
    return ToolCall("", name, as_json_text(called.get("arguments"), f"{path}.arguments"), NO_EXT)


def content_text(content: Any, path: str) -> str | None:
    """Text of an answer; some vendors send a list of parts, of which the texts are read."""
    if not isinstance(content, list):
        return opt_text(content, path)
    parts = [as_map(item, f"{path}[{index}]") for index, item in enumerate(content)]
    return "".join(as_text(part.get("text"), f"{path}.text") for part in parts if part.get("type") == "text")


def encode_response(reply: Reply, signer: Signer | None = None) -> dict[str, Any]:
    """A whole answer as OpenAI writes it. Reasoning has no field here and is not shown; what is to come back with the
    calls of an answer is kept by ``signer``."""
    made = answer_id("chatcmpl-", reply.id, reply_seed(reply))
    texts = [part.text for part in reply.parts if isinstance(part, Text)]
    refusals = [part.text for part in reply.parts if isinstance(part, Refusal)]
    calls = [part for part in reply.parts if isinstance(part, ToolCall)]
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(texts) if texts else None,
        "refusal": "\n".join(refusals) if refusals else None,
        "annotations": _annotations(reply),
    }
    if calls:
        called = message["tool_calls"] = [_call(call, made, position) for position, call in enumerate(calls)]
        if signer is not None and signer.keep is not None:
            ids = [raw["id"] for raw in called]
            parts = _kept(replace(signer, shown=True), reply.parts, iter(ids))
            if parts:
                signer.keep([(made, call.name) for made, call in zip(ids, calls, strict=True)], parts)
    choice = {
        "index": 0,
        "message": message,
        "logprobs": logprobs_out(reply.logprobs),
        "finish_reason": FINISH_OUT[reply.finish],
    }
    return {
        "id": made,
        "object": "chat.completion",
        "created": reply.created or 0,
        "model": reply.model,
        "choices": [choice],
        "usage": usage_out(reply.usage),
        "service_tier": None,
        "system_fingerprint": None,
    }


def _kept(signer: Signer, parts: Sequence[Part], ids: Iterator[str]) -> list[Reasoning]:
    handout = Handout(signer)
    out: list[Reasoning] = []
    for part in parts:
        match part:
            case Reasoning(text=text):
                out += handout.kept(handout.thought(part), text)
            case Text():
                out += handout.kept(handout.after(part))
            case ToolCall(seal=seal):
                out += handout.kept(handout.before(seal, next(ids)))
            case _:
                continue
    return out


def _annotations(reply: Reply) -> list[dict[str, Any]]:
    """The pages of all texts, which are one here."""
    out: list[dict[str, Any]] = []
    shift = 0
    for part in reply.parts:
        if isinstance(part, Text):
            out += to_openai(part.citations, len(part.text), nested=True, shift=shift)
            shift += len(part.text)
    return out


def _call(call: ToolCall, answer: str, position: int) -> dict[str, Any]:
    call_id = call_id_or_position(call, answer, position, CALL_ID)
    if call.free:
        return {"id": call_id, "type": "custom", "custom": {"name": call.name, "input": call.arguments}}
    return {"id": call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments or "{}"}}


# Usage.


def usage_of(body: Mapping[str, Any]) -> Usage | None:
    """Usage of a body or a chunk. Some vendors put it below ``x_groq``, or count cache hits at the top level."""
    usage = body.get("usage")
    if not isinstance(usage, Mapping):
        groq = body.get("x_groq")
        usage = groq.get("usage") if isinstance(groq, Mapping) else None
        if not isinstance(usage, Mapping):
            return None
    prompt = usage.get("prompt_tokens_details")
    prompt = prompt if isinstance(prompt, Mapping) else {}
    completion = usage.get("completion_tokens_details")
    completion = completion if isinstance(completion, Mapping) else {}
    reasoning = completion.get("reasoning_tokens")
    return Usage(
        input=count(usage.get("prompt_tokens")),
        output=count(usage.get("completion_tokens")),
        cache_read=count(prompt.get("cached_tokens")) or count(usage.get("prompt_cache_hit_tokens")),
        cache_write=count(prompt.get("cache_write_tokens")),
        reasoning=None if reasoning is None else count(reasoning),
    )


def usage_out(usage: Usage | None) -> dict[str, Any] | None:
    """Usage as OpenAI writes it; ``reasoning_tokens`` is null where the upstream did not say."""
    if usage is None:
        return None
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {
            "cached_tokens": usage.cache_read,
            "cache_write_tokens": usage.cache_write,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
