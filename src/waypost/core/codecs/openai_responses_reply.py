"""OpenAI responses: answers and usage, both ways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from waypost.core.codecs.citations import LEFT_OUT, from_openai, to_openai
from waypost.core.codecs.failures import described
from waypost.core.codecs.handout import Handed, Handout, Signer
from waypost.core.codecs.ids import INFIX, answer_id, call_id_or_position, reply_seed, short_hash
from waypost.core.codecs.json_text import as_json_text
from waypost.core.codecs.openai_responses_calls import reasoning_text
from waypost.core.codecs.openai_responses_encode import CALL_ID
from waypost.core.codecs.openai_responses_parts import DIALECT
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
    Sealed,
    Text,
    ToolCall,
)
from waypost.core.model.outcome import Usage

_LONGEST = 64
_INCOMPLETE: Mapping[str, Finish] = {"max_output_tokens": "length", "content_filter": "content_filter"}


def decode_response(body: Mapping[str, Any]) -> Reply:
    """A whole answer as a reply.

    Raises:
        ValueError: with a path, where the body is no answer, or one that says that it failed.
    """
    output = as_list(body.get("output"), "output")
    if body.get("status") == "failed":
        words = described(opt_map(body.get("error"), "error").get("code"))
        raise ValueError(f"status: the answer failed{f' with {words[0]}' if words else ''}")
    parts: list[Part] = []
    logprobs: list[Mapping[str, Any]] = []
    for index, item in enumerate(output):
        parts += item_parts(as_map(item, f"output[{index}]"), f"output[{index}]", logprobs)
    created = body.get("created_at")
    called = any(isinstance(part, ToolCall) for part in parts)
    refused = any(isinstance(part, Refusal) for part in parts)
    finish, raw_finish = finish_of(body, called=called, refused=refused)
    tier = body.get("service_tier")
    return Reply(
        id=str(body.get("id") or ""),
        model=str(body.get("model") or ""),
        parts=tuple(parts),
        finish=finish,
        usage=usage_of(body),
        raw_finish=raw_finish,
        created=int(created) if isinstance(created, int | float) else None,
        ext={"service_tier": tier} if tier else NO_EXT,
        logprobs=tuple(logprobs),
        left_out=(LEFT_OUT,) if any(isinstance(part, Text) and part.ext for part in parts) else (),
    )


def finish_of(body: Mapping[str, Any], *, called: bool, refused: bool) -> tuple[Finish, str | None]:
    """Why an answer ended, and the upstream's word for it: the reason of an incomplete one, else its status."""
    status = opt_text(body.get("status"), "status")
    if status == "incomplete":
        reason = opt_text(opt_map(body.get("incomplete_details"), "incomplete_details").get("reason"), "reason")
        return _INCOMPLETE.get(reason or "", "other"), reason or status
    if status not in (None, "completed"):
        return "other", status
    if refused:
        return "content_filter", status
    return "tool_call" if called else "stop", status


def item_parts(item: Mapping[str, Any], path: str, logprobs: list[Mapping[str, Any]]) -> Iterator[Part]:
    """The parts of one item of an answer; what is known of its tokens is added to ``logprobs``."""
    match item.get("type"):
        case "message":
            for index, raw in enumerate(opt_list(item.get("content"), f"{path}.content")):
                yield _said(as_map(raw, f"{path}.content[{index}]"), f"{path}.content[{index}]", logprobs)
        case "function_call":
            name = as_text(item.get("name"), f"{path}.name")
            arguments = as_json_text(item.get("arguments"), f"{path}.arguments")
            yield ToolCall(str(item.get("call_id") or ""), name, arguments, NO_EXT)
        case "custom_tool_call":
            name = as_text(item.get("name"), f"{path}.name")
            given = as_text(item.get("input"), f"{path}.input")
            yield ToolCall(str(item.get("call_id") or ""), name, given, NO_EXT, free=True)
        case "reasoning":
            sealed = opt_text(item.get("encrypted_content"), f"{path}.encrypted_content")
            seal = Sealed(sealed, DIALECT, "", opt_text(item.get("id"), f"{path}.id")) if sealed else None
            yield Reasoning(reasoning_text(item, path), DIALECT, seal)
        case _:
            yield Opaque(DIALECT, item)


def _said(raw: Mapping[str, Any], path: str, logprobs: list[Mapping[str, Any]]) -> Part:
    match raw.get("type"):
        case "output_text":
            logprobs += logprobs_of(raw, path)
            pages, others = from_openai(raw.get("annotations"), f"{path}.annotations")
            text = as_text(raw.get("text"), f"{path}.text")
            return Text(text, {"annotations": raw["annotations"]} if others else NO_EXT, None, pages)
        case "refusal":
            return Refusal(as_text(raw.get("refusal"), f"{path}.refusal"))
        case _:
            return Opaque(DIALECT, raw)


def logprobs_of(raw: Mapping[str, Any], path: str) -> tuple[Mapping[str, Any], ...]:
    """What is known of the tokens of a text."""
    found = opt_list(raw.get("logprobs"), f"{path}.logprobs")
    return tuple(as_map(item, f"{path}.logprobs[{index}]") for index, item in enumerate(found))


def encode_response(reply: Reply, signer: Signer | None = None) -> dict[str, Any]:
    """A whole answer as OpenAI writes it, with the reasoning of ``signer`` in envelopes."""
    made = answer_id("resp_", reply.id, reply_seed(reply))
    status = answer_status(reply.finish, refused=any(isinstance(part, Refusal) for part in reply.parts))
    said = "incomplete" if status == "incomplete" else "completed"
    output = list(_output(reply, made, said, Handout(signer)))
    return response_out(made, reply.model, reply.created, output, status, reply.finish, reply.usage)


_STATUS: Mapping[Finish, str] = {"length": "incomplete", "content_filter": "incomplete", "error": "failed"}
_REASON: Mapping[Finish, str] = {"length": "max_output_tokens", "content_filter": "content_filter"}


def answer_status(finish: Finish, *, refused: bool) -> str:
    """The status of an answer. One that ends with a refusal in words is complete."""
    return "completed" if finish == "content_filter" and refused else _STATUS.get(finish, "completed")


def _output(reply: Reply, made: str, status: str, handout: Handout) -> Iterator[dict[str, Any]]:
    content: list[dict[str, Any]] = []
    items = calls = 0
    for part in reply.parts:
        handed: Handed = ()
        call_id = ""
        if isinstance(part, Text | Refusal):
            known = reply.logprobs if not content else ()
            pages = part.citations if isinstance(part, Text) else ()
            content.append(said_out(part.text, refusal=isinstance(part, Refusal), logprobs=known, citations=pages))
            handed = handout.after(part) if isinstance(part, Text) else ()
        elif isinstance(part, Reasoning):
            handed = handout.thought(part)
        elif isinstance(part, ToolCall):
            call_id = call_id_or_position(part, made, calls, CALL_ID)
            handed = handout.before(part.seal, call_id)
        if content and (handed or isinstance(part, ToolCall)):
            yield message_out(item_id("msg_", made, items), content, status)
            content, items = [], items + 1
        for thought, envelope in handed:
            yield reasoning_out(item_id("rs_", made, items), thought.text, envelope)
            items += 1
        if isinstance(part, ToolCall):
            yield call_out(part, made, items, call_id)
            items, calls = items + 1, calls + 1
    if content:
        yield message_out(item_id("msg_", made, items), content, status)


def reasoning_out(made: str, text: str, envelope: str | None, status: str = "completed") -> dict[str, Any]:
    """A reasoning item."""
    summary = [{"type": "summary_text", "text": text}] if text else []
    return {"id": made, "type": "reasoning", "summary": summary, "encrypted_content": envelope, "status": status}


def item_id(prefix: str, answer: str, position: int) -> str:
    """The id of an item of an answer of ours, which shows that it is one. It comes back with the next turn, where an id
    longer than 64 characters, or one that occurs twice, is refused."""
    made = f"{prefix}{answer.removeprefix('resp_')}-{position}"
    return made if len(made) <= _LONGEST else f"{prefix}{INFIX}{short_hash(answer)}-{position}"


def said_out(
    text: str, *, refusal: bool, logprobs: Sequence[Mapping[str, Any]] = (), citations: Sequence[Citation] = ()
) -> dict[str, Any]:
    """A part of a message."""
    if refusal:
        return {"type": "refusal", "refusal": text}
    known = [logprob_out(item) for item in logprobs]
    pages = to_openai(citations, len(text), nested=False)
    return {"type": "output_text", "text": text, "annotations": pages, "logprobs": known}


def logprob_out(item: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of one token; bytes and alternatives are required here."""
    others = [{**other, "bytes": other.get("bytes") or []} for other in item.get("top_logprobs") or ()]
    return {**item, "bytes": item.get("bytes") or [], "top_logprobs": others}


def message_out(made: str, content: list[dict[str, Any]], status: str) -> dict[str, Any]:
    """A message item."""
    return {"id": made, "type": "message", "status": status, "role": "assistant", "content": content}


def call_out(call: ToolCall, answer: str, position: int, call_id: str, status: str = "completed") -> dict[str, Any]:
    """A call item. One that has ended has at least an empty object for its arguments."""
    head = {"status": status, "call_id": call_id, "name": call.name}
    if call.free:
        made = item_id("ctc_", answer, position)
        return {"id": made, "type": "custom_tool_call", **head, "input": call.arguments}
    arguments = call.arguments or ("{}" if status == "completed" else "")
    return {"id": item_id("fc_", answer, position), "type": "function_call", **head, "arguments": arguments}


def response_out(
    made: str,
    model: str,
    created: int | None,
    output: list[dict[str, Any]],
    status: str,
    finish: Finish | None = None,
    usage: Usage | None = None,
) -> dict[str, Any]:
    """The whole record of an answer. What it repeats of a request stands at the defaults."""
    reason = _REASON.get(finish) if finish is not None and status == "incomplete" else None
    failed = {"code": "server_error", "message": "The model's provider failed."} if status == "failed" else None
    return {
        "id": made,
        "object": "response",
        "created_at": created or 0,
        "status": status,
        "background": False,
        "error": failed,
        "incomplete_details": {"reason": reason} if reason else None,
        "instructions": None,
        "max_output_tokens": None,
        "metadata": {},
        "model": model,
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "service_tier": None,
        "store": False,
        "temperature": None,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "truncation": "disabled",
        "usage": usage_out(usage),
        "user": None,
    }


# Usage.


def usage_of(body: Mapping[str, Any]) -> Usage | None:
    """Usage of a body, or of an event that holds a whole answer."""
    usage = body.get("usage")
    if not isinstance(usage, Mapping):
        response = body.get("response")
        usage = response.get("usage") if isinstance(response, Mapping) else None
        if not isinstance(usage, Mapping):
            return None
    given = usage.get("input_tokens_details")
    given = given if isinstance(given, Mapping) else {}
    made = usage.get("output_tokens_details")
    reasoning = made.get("reasoning_tokens") if isinstance(made, Mapping) else None
    return Usage(
        input=count(usage.get("input_tokens")),
        output=count(usage.get("output_tokens")),
        cache_read=count(given.get("cached_tokens")),
        cache_write=count(given.get("cache_write_tokens")),
        reasoning=None if reasoning is None else count(reasoning),
    )


def usage_out(usage: Usage | None) -> dict[str, Any] | None:
    """Usage as OpenAI writes it. Tokens of reasoning are required here: none, where the upstream did not say."""
    if usage is None:
        return None
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cache_read, "cache_write_tokens": usage.cache_write},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning or 0},
        "total_tokens": usage.input + usage.output,
    }
