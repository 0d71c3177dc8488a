"""A loopback provider for tests: answers are scripted per request, and every byte that arrived is kept.

    with StubProvider(lambda request: json_answer({...})) as stub:
        OpenAI(base_url=stub.url + "/v1", api_key="k")

An answer is a list of steps: bytes are written, a float sleeps that many seconds, `RESET` cuts the connection.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

RESET = object()
Answer = Sequence[Any]


@dataclass
class Seen:
    """One request as it arrived; ``raw`` is everything, request line and headers included."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    raw: bytes = field(repr=False)


class StubProvider:
    """A thread per connection; one request each."""

    def __init__(self, answer: Callable[[Seen], Answer]) -> None:
        self.answer = answer
        self.seen: list[Seen] = []
        self.open = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._stop = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self) -> StubProvider:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._listener.close()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                request = _read(connection)
                if request is None:
                    return
                with self._lock:
                    self.seen.append(request)
                    self.open += 1
                try:
                    self._write(connection, self.answer(request))
                finally:
                    with self._lock:
                        self.open -= 1
            except OSError:
                return

    def _write(self, connection: socket.socket, steps: Answer) -> None:
        for step in steps:
            if step is RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
                return
            if isinstance(step, float):
                time.sleep(step)
            else:
                connection.sendall(step)


def _read(connection: socket.socket) -> Seen | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(rest) < int(headers.get("content-length", "0")):
        rest += connection.recv(65536)
    method, path, _ = first.split(" ")
    return Seen(method, path, headers, _body(rest), head + b"\r\n\r\n" + rest)


def _body(rest: bytes) -> Any:
    """JSON as what it says; anything else (a form, say) as its bytes."""
    try:
        return json.loads(rest) if rest else None
    except ValueError:
        return rest


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else 'X'}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join([*lines, "connection: close"]) + "\r\n\r\n").encode("latin-1")


def json_answer(body: Any, status: int = 200, **headers: str) -> Answer:
    data = json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return [_head(status, {"content-type": "application/json", "content-length": str(len(data)), **named}), data]


def text_answer(text: str, status: int, kind: str = "text/html", **headers: str) -> Answer:
    data = text.encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return [_head(status, {"content-type": kind, "content-length": str(len(data)), **named}), data]


def sse_answer(events: Iterable[Any], **headers: str) -> Answer:
    """Dicts become events (named by their ``type`` if they have one); text is sent as data; floats and RESET act."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    steps: list[Any] = [_head(200, {"content-type": "text/event-stream; charset=utf-8", **named})]
    for event in events:
        if isinstance(event, dict):
            name = f"event: {event['type']}\n" if "type" in event else ""
            steps.append(f"{name}data: {json.dumps(event)}\n\n".encode())
        elif isinstance(event, str):
            steps.append(f"data: {event}\n\n".encode())
        else:
            steps.append(event)
    return steps


# --- plausible bodies of the dialects


def chat_body(
    text: str = "Hello.", model: str = "gpt-4o-mini", *, prompt: int = 12, completion: int = 5
) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{model}-{abs(hash(text)) % 10_000}",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion},
    }


def chat_chunks(words: Sequence[str], model: str = "gpt-4o-mini", *, usage: bool = False) -> list[Any]:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {
            "id": "chatcmpl-s1",
            "object": "chat.completion.chunk",
            "created": 1_700_000_000,
            "model": model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}],
            **({"usage": None} if usage else {}),
        }

    out: list[Any] = [chunk({"role": "assistant", "content": ""})]
    out += [chunk({"content": word}) for word in words]
    out.append(chunk({}, "stop"))
    if usage:
        out.append(
            {
                "id": "chatcmpl-s1",
                "object": "chat.completion.chunk",
                "created": 1_700_000_000,
                "model": model,
                "choices": [],
                "usage": {"prompt_tokens": 12, "completion_tokens": len(words), "total_tokens": 12 + len(words)},
            }
        )
    return [*out, "[DONE]"]


def message_body(text: str = "Bonjour.", model: str = "claude-haiku-4-5") -> dict[str, Any]:
    return {
        "id": "msg_01abc",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 10,
            "output_tokens": 4,
            "cache_read_input_tokens": 2,
            "cache_creation_input_tokens": 0,
        },
    }


def message_events(words: Sequence[str], model: str = "claude-haiku-4-5") -> list[dict[str, Any]]:
    start = {**message_body(model=model), "content": [], "stop_reason": None}
    start["usage"] = {"input_tokens": 10, "output_tokens": 1}
    return [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        *[{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}} for word in words],
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": len(words)},
        },
        {"type": "message_stop"},
    ]


def chat_tool_body(calls: Sequence[tuple[str, Any]], model: str = "gpt-4o-mini") -> dict[str, Any]:
    """A chat completion that calls tools: pairs of a name and its arguments."""
    body = chat_body("", model)
    body["choices"][0]["message"] = {
        "role": "assistant",
        "content": None,
        "refusal": None,
        "tool_calls": [
            {"id": f"call_{at}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
            for at, (name, arguments) in enumerate(calls)
        ],
    }
    body["choices"][0]["finish_reason"] = "tool_calls"
    return body


def message_tool_body(calls: Sequence[tuple[str, Any]], model: str = "claude-haiku-4-5") -> dict[str, Any]:
    """A message that calls tools: pairs of a name and its input."""
    blocks = [
        {"type": "tool_use", "id": f"toolu_{at}", "name": name, "input": given}
        for at, (name, given) in enumerate(calls)
    ]
    return {**message_body(model=model), "content": blocks, "stop_reason": "tool_use"}


def generated_body(
    text: str = "Ciao.", model: str = "gemini-2.5-flash", *, finish: str | None = "STOP", usage: bool = True
) -> dict[str, Any]:
    """What Google generates, whole or as one chunk."""
    return _generated([{"text": text}], model, finish, usage=usage)


def generated_calls(calls: Sequence[tuple[str, Any]], model: str = "gemini-2.5-flash") -> dict[str, Any]:
    """The same with function calls: pairs of a name and its arguments."""
    parts = [{"functionCall": {"name": name, "args": given}} for name, given in calls]
    return _generated(parts, model, "STOP", usage=True)


def generated_chunks(words: Sequence[str], model: str = "gemini-2.5-flash") -> list[dict[str, Any]]:
    """The chunks of a stream; the last has the usage and says why it ends."""
    last = len(words) - 1
    return [
        generated_body(word, model, finish="STOP" if at == last else None, usage=at == last)
        for at, word in enumerate(words)
    ]


def _generated(parts: list[Any], model: str, finish: str | None, *, usage: bool) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    body: dict[str, Any] = {"candidates": [candidate], "modelVersion": model, "responseId": "gen-1"}
    if usage:
        body["usageMetadata"] = {"promptTokenCount": 9, "candidatesTokenCount": 3, "totalTokenCount": 12}
    return body


def response_body(
    text: str = "Salut.", model: str = "gpt-4o-mini", *, calls: Sequence[tuple[str, Any]] = ()
) -> dict[str, Any]:
    """A whole response of OpenAI's, with one message or with function calls: pairs of a name and its arguments."""
    content = [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}]
    message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": content}
    called = [
        {
            "id": f"fc_{at}",
            "type": "function_call",
            "call_id": f"call_{at}",
            "name": name,
            "arguments": json.dumps(given),
            "status": "completed",
        }
        for at, (name, given) in enumerate(calls)
    ]
    return _response(model, "completed", called or [message], usage=True)


def response_events(words: Sequence[str], model: str = "gpt-4o-mini") -> list[dict[str, Any]]:
    """The same as a stream of events."""
    whole = response_body("".join(words), model)
    item = whole["output"][0]
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    empty = {**item["content"][0], "text": ""}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": _response(model, "in_progress", [], usage=False)},
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {**item, "status": "in_progress", "content": []},
        },
        {"type": "response.content_part.added", "part": empty, **place},
        *[{"type": "response.output_text.delta", "delta": word, "logprobs": [], **place} for word in words],
        {"type": "response.output_text.done", "text": "".join(words), "logprobs": [], **place},
        {"type": "response.content_part.done", "part": item["content"][0], **place},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole},
    ]
    return [{**event, "sequence_number": at} for at, event in enumerate(events)]


def saying(words: Sequence[str]) -> Callable[[Seen], Answer]:
    """Who answers in these words in every dialect, whole or streamed as it is asked."""
    whole = "".join(words)

    def answer(request: Seen) -> Answer:
        body, path = request.body, request.path.partition("?")[0]
        model = body.get("model", "")
        if "enerateContent" in path:
            return _either("stream" in path, generated_chunks(words), generated_body(whole))
        if path.endswith("/messages"):
            return _either(body.get("stream"), message_events(words, model), message_body(whole, model))
        if path.endswith("/responses"):
            return _either(body.get("stream"), response_events(words, model), response_body(whole, model))
        events = chat_chunks(words, model, usage=bool(body.get("stream_options")))
        return _either(body.get("stream"), events, chat_body(whole, model))

    return answer


def _either(streamed: Any, events: Sequence[Any], whole: dict[str, Any]) -> Answer:
    """The one or the other; each SDK takes the id of its request from a header of its own."""
    return sse_answer(events) if streamed else json_answer(whole, request_id="req_anthropic", x_request_id="req_openai")


def _response(model: str, status: str, output: list[Any], *, usage: bool) -> dict[str, Any]:
    counted = {
        "input_tokens": 9,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 4,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 13,
    }
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": status,
        "model": model,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "output": output,
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": counted if usage else None,
    }
