"""Answers for the generated tests of the SDKs (`api_resources`), which want a server that speaks their whole API.

Those tests look at nothing but the types of what comes back, some of them strictly, so one fixed body each will do.
The server speaks the dialects of OpenAI, Anthropic and Google at one address. Standard library only.
"""

from __future__ import annotations

from typing import Any

from stub_provider import (
    Answer,
    Seen,
    chat_body,
    chat_chunks,
    generated_body,
    generated_chunks,
    json_answer,
    message_body,
    message_events,
    response_body,
    response_events,
    sse_answer,
)

_WORDS = ["Hel", "lo."]
_PAGE = {"object": "list", "first_id": "one", "last_id": "one", "has_more": False}
_INPUT = {
    "id": "one",
    "type": "message",
    "role": "user",
    "status": "completed",
    "content": [{"type": "input_text", "text": "Hello?"}],
}
_COMPLETION = {
    "id": "cmpl-1",
    "object": "text_completion",
    "created": 1_700_000_000,
    "model": "stub",
    "choices": [{"index": 0, "text": "Hello.", "finish_reason": "stop", "logprobs": None}],
}
_VECTORS = {
    "object": "list",
    "model": "stub",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.25, 0.5]}],
    "usage": {"prompt_tokens": 2, "total_tokens": 2},
}


def answer(request: Seen) -> Answer:
    """What the server says to one request."""
    path, _, query = request.path.partition("?")
    steps = [step for step in path.split("/") if step]
    body = request.body if isinstance(request.body, dict) else {}
    streamed = bool(body.get("stream")) or "stream=true" in query.lower()
    match steps:
        case ["chat", "completions", *rest]:
            return _chat(request.method, rest, streamed)
        case ["responses", *rest]:
            return _responses(request.method, rest, streamed)
        case ["v1", "messages", *rest]:
            return _messages(rest, streamed)
        case ["v1beta", "models", call]:
            return sse_answer(generated_chunks(_WORDS)) if "stream" in call else json_answer(generated_body("Hello."))
        case ["completions"]:
            return sse_answer([_COMPLETION, "[DONE]"]) if streamed else json_answer(_COMPLETION)
        case ["embeddings"]:
            return json_answer(_VECTORS)
    return _unknown(request.method, path)


def _chat(method: str, rest: list[str], streamed: bool) -> Answer:
    whole = chat_body("Hello.", "stub")
    match method, rest:
        case "POST", []:
            return sse_answer(chat_chunks(_WORDS, "stub")) if streamed else json_answer(whole)
        case "GET", []:
            return json_answer({**_PAGE, "data": [whole]})
        case "DELETE", [name]:
            return json_answer({"id": name, "object": "chat.completion.deleted", "deleted": True})
        case _, [_]:
            return json_answer(whole)
        case "GET", [_, "messages"]:
            kept = {"id": "one", "role": "assistant", "content": "Hello.", "refusal": None}
            return json_answer({**_PAGE, "data": [kept]})
    return _unknown(method, "/chat/completions")


def _responses(method: str, rest: list[str], streamed: bool) -> Answer:
    whole = response_body("Hello.", "stub")
    match method, rest:
        case "POST", ["input_tokens"]:
            return json_answer({"object": "response.input_tokens", "input_tokens": 2})
        case "POST", ["compact"]:
            short: dict[str, Any] = {"id": "resp_2", "object": "response.compaction", "created_at": 1_700_000_000}
            return json_answer({**short, "output": [], "usage": whole["usage"]})
        case "DELETE", [_]:
            return json_answer(None)
        case "GET", [_, "input_items"]:
            return json_answer({**_PAGE, "data": [_INPUT]})
        case ("POST", []) | ("GET", [_]) if streamed:
            return sse_answer(response_events(_WORDS, "stub"))
        case ("POST", []) | ("GET", [_]) | ("POST", [_, "cancel"]):
            return json_answer(whole)
    return _unknown(method, "/responses")


def _messages(rest: list[str], streamed: bool) -> Answer:
    match rest:
        case []:
            return sse_answer(message_events(_WORDS, "stub")) if streamed else json_answer(_message())
        case ["count_tokens"]:
            return json_answer({"input_tokens": 2, "context_management": None})
    return _unknown("POST", "/v1/messages")


def _message() -> dict[str, Any]:
    whole = message_body("Hello.", "stub")
    blocks = [{**block, "citations": None} for block in whole["content"]]
    return {**whole, "content": blocks, "container": None}


def _unknown(method: str, path: str) -> Answer:
    said = {"message": f"the stub has no {method} {path}", "type": "stub"}
    return json_answer({"error": said}, 501, x_should_retry="false")
