"""The faults of a server of our own: what goes wrong, for which styles, and what it sends then.

An answer is a list of steps of `stub_provider`. Nothing waits longer than it must: pauses that the SDKs would make are
a millisecond, and a fault that is a timeout brings the client's own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from faults.wire import CHAT, GOOGLE, MESSAGES, RESPONSES, Frames, chunked, framed, stream, whole
from stub_provider import RESET, Seen, json_answer, text_answer

Answer = list[Any]
SHORT_S = 0.25
"""The client's own timeout where a fault is to run into it; the server waits twice as long."""
LONG = 2 * SHORT_S
SHORTLY = ("plain", "stream")
STEP = 0.01
"""Long enough for what was sent to be read before the connection breaks."""


@dataclass(frozen=True)
class Ask:
    """One request as a fault sees it. ``number`` counts from 1 within a call; ``what`` the caller waits for."""

    dialect: str
    what: str
    streams: bool
    number: int
    seen: Seen

    @property
    def good(self) -> Answer:
        """What a provider that works would answer."""
        return chunked(*self.frames.all) if self.streams else list(json_answer(self.body))

    @property
    def body(self) -> dict[str, Any]:
        return whole(self.dialect, self.what)

    @property
    def frames(self) -> Frames:
        asked = (self.seen.body or {}).get("stream_options") or {}
        return stream(self.dialect, self.what, usage=bool(asked.get("include_usage")))


@dataclass(frozen=True)
class Fault:
    """``where`` is ``before`` the answer, in a ``whole`` one, or in the ``middle`` of a stream.

    ``timeout_s`` is the client's own, where the fault has to do with it; ``retries`` how often it repeats.
    """

    name: str
    where: str
    answer: Callable[[Ask], Answer]
    timeout_s: float | None = None
    retries: int = 2
    dialects: tuple[str, ...] = (CHAT, RESPONSES, MESSAGES, GOOGLE)
    whats: tuple[str, ...] = ("text", "json", "tools")
    styles: tuple[str, ...] = ()
    """Where it is only worth its time in some."""


STATUSES = (400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529)
_WORDS = {
    400: ("invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"),
    401: ("invalid_api_key", "authentication_error", "UNAUTHENTICATED"),
    403: ("insufficient_permissions", "permission_error", "PERMISSION_DENIED"),
    404: ("model_not_found", "not_found_error", "NOT_FOUND"),
    408: ("request_timeout", "timeout_error", "DEADLINE_EXCEEDED"),
    409: ("conflict", "conflict_error", "ABORTED"),
    413: ("request_too_large", "request_too_large", "INVALID_ARGUMENT"),
    422: ("invalid_value", "invalid_request_error", "INVALID_ARGUMENT"),
    429: ("rate_limit_exceeded", "rate_limit_error", "RESOURCE_EXHAUSTED"),
    503: ("overloaded", "overloaded_error", "UNAVAILABLE"),
    504: ("timeout", "timeout_error", "DEADLINE_EXCEEDED"),
    529: ("overloaded", "overloaded_error", "UNAVAILABLE"),
}
_OTHERS = ("server_error", "api_error", "INTERNAL")


def error_body(dialect: str, status: int, message: str = "No, not now.") -> dict[str, Any]:
    """An error in the dialect's own shape."""
    openai, anthropic, google = _WORDS.get(status, _OTHERS)
    match dialect:
        case "anthropic.messages":
            error = {"type": anthropic, "message": message}
            return {"type": "error", "error": error, "request_id": "req_1"}
        case "google.generate_content":
            return {"error": {"code": status, "message": message, "status": google}}
        case _:
            return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": openai}}


def refused(status: int, **headers: str) -> Callable[[Ask], Answer]:
    def answer(ask: Ask) -> Answer:
        return list(json_answer(error_body(ask.dialect, status), status, **headers))

    return answer


def always(*steps: Any) -> Callable[[Ask], Answer]:
    return lambda ask: list(steps)


def once(fault: Callable[[Ask], Answer]) -> Callable[[Ask], Answer]:
    """The first request fails, and the next one is answered."""
    return lambda ask: fault(ask) if ask.number == 1 else ask.good


def body(change: Callable[[Ask, bytes], tuple[bytes, int]], *end: Any) -> Callable[[Ask], Answer]:
    """A whole answer whose bytes and content-length are ``change`` of what they should be."""

    def answer(ask: Ask) -> Answer:
        data, length = change(ask, json.dumps(ask.body).encode())
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n"
        return [(head + "connection: close\r\n\r\n").encode(), data, *end]

    return answer


def changed(change: Callable[[Ask, dict[str, Any]], Any]) -> Callable[[Ask], Answer]:
    """A whole answer with another body."""
    return lambda ask: list(json_answer(change(ask, ask.body)))


def error_frame(ask: Ask) -> bytes:
    """The dialect's own way of saying in a stream that it failed."""
    match ask.dialect:
        case "anthropic.messages":
            return framed(error_body(ask.dialect, 529))
        case "openai.responses":
            error = {"type": "error", "code": "server_error", "message": "No.", "param": None, "sequence_number": 9}
            return framed(error)
        case "google.generate_content":
            return framed(error_body(ask.dialect, 503))
        case _:
            return framed(error_body(ask.dialect, 500))


def at(place: str, *steps: Any, end: bool = True) -> Callable[[Ask], Answer]:
    """A stream that goes wrong ``place``: at the ``start``, ``before`` any content, or when something was ``said``.

    A step may be a function of what was asked.
    """

    def answer(ask: Ask) -> Answer:
        frames = ask.frames
        told = {"start": (), "before": frames.opening, "said": (*frames.opening, *frames.content[:-1])}[place]
        if place == "said" and len(frames.content) == 1:
            told = (*frames.opening, *frames.content)
        made = [step(ask) if callable(step) else step for step in steps]
        return chunked(*told, STEP, *made, end=end)

    return answer


def mended(change: Callable[[Ask, list[bytes]], list[Any]], **how: Any) -> Callable[[Ask], Answer]:
    """A whole stream whose frames are ``change`` of what they should be."""
    return lambda ask: chunked(*change(ask, list(ask.frames.all)), **how)


def _slices(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def _no_usage(ask: Ask, answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in ("usage", "usageMetadata")}


def _unknown_finish(ask: Ask, answer: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(answer)
    for word in ('"stop"', '"tool_calls"', '"end_turn"', '"tool_use"', '"STOP"', '"completed"'):
        for name in ("finish_reason", "stop_reason", "finishReason", "status"):
            text = text.replace(f'"{name}": {word}', f'"{name}": "whatever"')
    changed: dict[str, Any] = json.loads(text)
    return changed


def _broken_arguments(ask: Ask, answer: dict[str, Any]) -> dict[str, Any]:
    """Arguments that are no JSON; where they are an object on the wire, one of the wrong kind."""
    text = json.dumps(answer)
    for good in (r'"{\"city\": \"Paris\"}"', '{"city": "Paris"}'):
        text = text.replace(good, r'"{\"city\": \"Par"')
    changed: dict[str, Any] = json.loads(text)
    return changed


def _unknown_tool(ask: Ask, answer: dict[str, Any]) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(answer).replace("where_is", "who_is"))
    return changed


def _emptied(ask: Ask, answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without anything in it."""
    empty = {"choices": [], "output": [], "content": [], "candidates": []}
    return {name: empty.get(name, value) for name, value in answer.items()}


HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"

BEFORE = (
    *(Fault(f"status{status}", "before", refused(status, retry_after_ms="1")) for status in STATUSES),
    Fault("reset", "before", always(RESET)),
    Fault("close", "before", always()),
    Fault("late_headers", "before", always(LONG), SHORT_S, retries=0, styles=SHORTLY),
    Fault(
        "late_headers_retried",
        "before",
        always(LONG),
        SHORT_S,
        retries=1,
        dialects=(CHAT, MESSAGES),
        styles=("plain",),
    ),
    Fault("half_a_head", "before", always(b"HTTP/1.1 200 OK\r\ncontent-ty")),
    Fault("no_http", "before", always(b"SSH-2.0-OpenSSH_9.2\r\n")),
    Fault("html502", "before", lambda ask: list(text_answer(HTML, 502, retry_after_ms="1"))),
    Fault("html200", "before", lambda ask: list(text_answer(HTML, 200))),
    Fault("text400", "before", lambda ask: list(text_answer("no", 400, "text/plain"))),
    Fault("empty500", "before", lambda ask: list(text_answer("", 500, "text/plain", retry_after_ms="1"))),
    Fault("array400", "before", lambda ask: list(json_answer([error_body(ask.dialect, 400)], 400))),
    Fault("odd_error", "before", lambda ask: list(json_answer({"detail": [{"msg": "no"}]}, 422))),
    Fault("limited_without_a_wait", "before", refused(429)),
    Fault("limited_until_a_date", "before", refused(429, retry_after="Wed, 21 Oct 2015 07:28:00 GMT")),
    Fault("told_not_to_retry", "before", refused(503, x_should_retry="false")),
    Fault("told_to_retry", "before", refused(400, x_should_retry="true", retry_after_ms="1")),
    Fault("redirected", "before", once(lambda ask: list(text_answer("", 307, location=ask.seen.path)))),
    Fault("first_limited", "before", once(refused(429, retry_after_ms="1"))),
    Fault("first_failed", "before", once(refused(500, retry_after_ms="1"))),
    Fault("first_reset", "before", once(always(RESET))),
    Fault("first_closed", "before", once(always())),
)

WHOLE = (
    Fault("empty200", "whole", lambda ask: list(text_answer("", 200, "application/json"))),
    Fault("error_in_200", "whole", lambda ask: list(json_answer(error_body(ask.dialect, 500)))),
    Fault("malformed", "whole", body(lambda ask, data: (data[:-9], len(data) - 9))),
    Fault("no_object", "whole", lambda ask: list(json_answer(["no", "object"]))),
    Fault("null", "whole", lambda ask: list(json_answer(None))),
    Fault("typed_as_text", "whole", lambda ask: list(text_answer(json.dumps(ask.body), 200, "text/plain"))),
    Fault("half", "whole", body(lambda ask, data: (data[: len(data) // 2], len(data)))),
    Fault("half_and_reset", "whole", body(lambda ask, data: (data[: len(data) // 2], len(data)), STEP, RESET)),
    Fault(
        "half_and_late",
        "whole",
        body(lambda ask, data: (data[:9], len(data)), LONG),
        SHORT_S,
        retries=0,
        styles=SHORTLY,
    ),
    Fault("too_short_a_length", "whole", body(lambda ask, data: (data, len(data) - 9))),
    Fault(
        "not_zipped",
        "whole",
        lambda ask: list(text_answer("no gzip", 200, "application/json", content_encoding="gzip")),
    ),
    Fault("no_utf8", "whole", body(lambda ask, data: (data[:-1] + b"\xff}", len(data) + 1))),
    Fault("first_half", "whole", once(body(lambda ask, data: (data[:20], len(data))))),
    Fault("no_usage", "whole", changed(_no_usage)),
    Fault("unknown_finish", "whole", changed(_unknown_finish)),
    Fault("nothing_in_it", "whole", changed(_emptied)),
    Fault("broken_arguments", "whole", changed(_broken_arguments), whats=("tools",)),
    Fault("unknown_tool", "whole", changed(_unknown_tool), whats=("tools",)),
)

MIDDLE = (
    Fault("cut_at_once", "middle", at("start", end=False)),
    Fault("cut_before", "middle", at("before", end=False)),
    Fault("cut", "middle", at("said", end=False)),
    Fault("reset_before", "middle", at("before", RESET)),
    Fault("reset_later", "middle", at("said", RESET)),
    Fault("stall_before", "middle", at("before", LONG), SHORT_S, retries=0, styles=SHORTLY),
    Fault("stall", "middle", at("said", LONG), SHORT_S, retries=0, styles=SHORTLY),
    Fault("nothing", "middle", at("start")),
    Fault("ends_before", "middle", at("before")),
    Fault("ends_early", "middle", at("said")),
    Fault("malformed_before", "middle", at("before", b"data: {no json\n\n")),
    Fault("malformed_chunk", "middle", at("said", b"data: {no json\n\n")),
    Fault("error_before", "middle", at("before", error_frame)),
    Fault("error_event", "middle", at("said", error_frame)),
    Fault("error_and_reset", "middle", at("said", error_frame, STEP, RESET)),
    Fault("malformed_and_cut", "middle", at("said", b"data: {no json\n\n", end=False)),
    Fault("late_and_cut", "middle", at("said", 5 * STEP, end=False)),
    Fault("slow_first", "middle", at("start", 5 * STEP, lambda ask: b"".join(ask.frames.all))),
    Fault("comments_only", "middle", at("start", *[b": keep-alive\n\n"] * 3)),
    Fault(
        "comments_between",
        "middle",
        mended(lambda ask, frames: [part for frame in frames for part in (b": keep-alive\n\n", frame)]),
    ),
    Fault("crlf", "middle", mended(lambda ask, frames: [frame.replace(b"\n", b"\r\n") for frame in frames])),
    Fault("split_letters", "middle", mended(lambda ask, frames: _slices(b"".join(frames), 7))),
    Fault("one_packet", "middle", mended(lambda ask, frames: [b"".join(frames)])),
    Fault("no_last_line", "middle", mended(lambda ask, frames: [*frames[:-1], frames[-1].rstrip(b"\n")])),
    Fault("typed_as_json", "middle", mended(lambda ask, frames: frames, kind="application/json")),
    Fault("whole_instead", "middle", changed(lambda ask, answer: answer)),
    Fault("stream_of_html", "middle", lambda ask: chunked(HTML.encode(), kind="text/html")),
    Fault(
        "unknown_event",
        "middle",
        mended(lambda ask, frames: [*frames[:-1], framed({"type": "novelty", "value": 1}), frames[-1]]),
        dialects=(RESPONSES, MESSAGES),
    ),
)

FAULTS = (*BEFORE, *WHOLE, *MIDDLE)


EXHAUSTIVE = bool(os.environ.get("WAYPOST_EXHAUSTIVE"))
FEW = (
    *("status400", "status401", "status429", "status500", "reset", "html502", "html200", "first_failed"),
    *("malformed", "half", "no_usage", "broken_arguments", "unknown_tool", "not_zipped"),
    *("cut", "ends_early", "malformed_chunk", "error_event", "crlf", "split_letters"),
)
"""What every style has to stand. `MANY` stand all, and by `make exhaustive` all do."""
MANY = {"before": ("plain", "stream"), "whole": ("plain", "parse"), "middle": ("stream", "helper", "stream_parse")}


def suits(fault: Fault, dialect: str, style: str, what: str, *, streams: bool) -> bool:
    """Whether a fault can happen to such a call."""
    if dialect not in fault.dialects or what not in fault.whats or (fault.styles and style not in fault.styles):
        return False
    return fault.where == "before" or (fault.where == "middle") == streams


def usual(fault: Fault, style: str) -> bool:
    """Whether a cell is looked at each time."""
    return EXHAUSTIVE or fault.name in FEW or style in MANY[fault.where]
