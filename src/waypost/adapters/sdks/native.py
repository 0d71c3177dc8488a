"""Native results: what stands under them, what they say, and our decision on them.

Names are those that both SDKs have had since the floor versions; no class of theirs is imported.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from waypost.core.codecs import CODECS
from waypost.core.model.outcome import Failure, FailureKind
from waypost.core.routing.effects import Observed, Summary
from waypost.core.routing.glimpse import observe_bytes, wrong_with
from waypost.core.routing.observe import HEAD, TAIL
from waypost.core.routing.ports import Codec

DECISION = "x-perpetuo-routing-decision"
DECISION_ALIAS = "x-perpetuo-router-decision"
RECEIPT = "x-waypost-receipt"


def classify(error: BaseException) -> Failure:
    """One of the SDK's exceptions as a failure: by its class, status and body type, never by its text."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if "APITimeoutError" in names:
        return Failure("timeout", type=type(error).__name__)
    if "APIConnectionError" in names:
        return Failure("connection", type=type(error).__name__)
    status = getattr(error, "status_code", None)
    if "APIStatusError" in names and isinstance(status, int):
        body = getattr(error, "body", None)
        whole = body if isinstance(body, dict) and "error" in body else {"error": body}
        failure = _codec_for(error).failure(status, whole)
        return Failure(failure.kind, failure.status, failure.type, retry_after(_headers(error)))
    if "APIError" in names:
        return Failure("server_error", type=type(error).__name__)
    kind: FailureKind = "malformed" if _reading(error) else "connection" if not_sent(error) else "internal"
    kind = next((known for name, known in _OF_AN_ANSWER.items() if name in names), kind)
    return Failure(kind, type=type(error).__name__)


_OF_AN_ANSWER: Mapping[str, FailureKind] = {
    "LengthFinishReasonError": "context_length",
    "ContentFilterFinishReasonError": "content_filter",
}
"""What the SDK's parsing says of a whole answer that was cut off."""
_READERS = ("openai", "anthropic", "json", "httpx", "httpx2")
"""Packages that break at an answer which they cannot read; a validator of the caller's is in none of them."""


def _reading(error: BaseException) -> bool:
    """Whether it was raised while the SDK made its own object of an answer, and by the SDK."""
    trace, inside, where = error.__traceback__, False, ""
    while trace is not None:
        inside = inside or trace.tb_frame.f_code.co_name == "_process_response"
        where = trace.tb_frame.f_globals.get("__name__", "")
        trace = trace.tb_next
    return inside and where.partition(".")[0] in _READERS and type(error).__name__ != "ValidationError"


def broken_at(error: BaseException, codec: Codec) -> Observed | None:
    """What the answer says of itself that the SDK, or a validator of the caller's, broke at: it came, and costs what it
    costs. The SDK's step that makes its own object of an answer is the last that has it."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_name == "_process_response":
            response: Any = trace.tb_frame.f_locals.get("response")
            read = library_of(response) is not None and (response.is_closed or response.is_stream_consumed)
            return observe_response(response, codec) if read else None
        trace = trace.tb_next
    return None


def not_sent(error: BaseException) -> bool:
    """Whether the HTTP library would not send, because its client has been closed."""
    trace, where = error.__traceback__, ""
    while trace is not None:
        where = trace.tb_frame.f_globals.get("__name__", "")
        trace = trace.tb_next
    return type(error) is RuntimeError and where.partition(".")[0] in ("httpx", "httpx2", "google")


def _codec_for(error: BaseException) -> Codec:
    package = type(error).__module__.partition(".")[0]
    return CODECS["anthropic.messages" if package == "anthropic" else "openai.chat"]


def _headers(error: Any) -> Any:
    return error.response.headers


def retry_after(headers: Any) -> int | None:
    """How long a provider asks to wait, in nanoseconds."""
    for name, scale in (("retry-after-ms", 1_000_000), ("retry-after", 1_000_000_000)):
        try:
            return max(int(float(headers[name]) * scale), 0)
        except (KeyError, ValueError):
            continue
    return None


def wrong_with_bytes(content: bytes, codec: Codec) -> Failure | None:
    """What is wrong with an answer of which nobody has read the body yet."""
    try:
        return wrong_with(json.loads(content), 200, codec)
    except ValueError:
        return Failure("malformed", 200)


# --- the decision on the response


def summary_dict(summary: Summary) -> dict[str, Any]:
    """The fields of S1.06; savings are USD."""
    savings = summary.estimated_cost_savings
    return {
        "session_id": summary.session_id,
        "selected_provider": summary.selected_provider,
        "selected_model": summary.selected_model,
        "reasoning": summary.reasoning,
        "tradeoff": summary.tradeoff,
        "estimated_cost_savings": None if savings is None else savings / 1e9,
    }


def told_headers(summary: Summary | None, receipt: str) -> dict[str, str]:
    if summary is None:
        return {}
    text = json.dumps(summary_dict(summary), ensure_ascii=True)
    return {DECISION: text, DECISION_ALIAS: text, RECEIPT: receipt}


def decorate(value: Any, summary: Summary, receipt: str) -> None:
    """The decision on a native object: an extra field where the SDK keeps those, headers elsewhere.

    What is just what was asked for gets no field: it is to look, compare and print as without us.
    """
    response = response_under(value)
    if response is not None:
        response.headers.update(told_headers(summary, receipt))
    if summary.as_asked:
        return
    extra = getattr(value, "__pydantic_extra__", None)
    if isinstance(extra, dict):
        extra[DECISION] = summary_dict(summary)
    elif isinstance(value, dict):
        value[DECISION] = summary_dict(summary)


# --- small things


def response_under(value: Any) -> Any | None:
    """The HTTP response that a raw response, a stream or a response itself stands on."""
    if is_model(value):
        return None  # a parsed answer; looking for what a pydantic model has not got is slow
    if library_of(value) is not None:
        return value
    for name in ("http_response", "response"):
        found = getattr(value, name, None) if not isinstance(value, dict | str) else None
        if found is not None and library_of(found) is not None:
            return found
    return None


def library_of(value: Any) -> Any:
    """httpx or httpx2: the library that ``value``'s class comes from, by the object and not by the SDK's namespace."""
    kind = type(value)
    if kind not in _LIBRARIES:
        if len(_LIBRARIES) >= 256:
            _LIBRARIES.clear()
        tops = (base.__module__.partition(".")[0] for base in kind.__mro__)
        _LIBRARIES[kind] = next((top for top in tops if top in ("httpx", "httpx2")), None)
    top = _LIBRARIES.get(kind)
    return None if top is None else sys.modules[top]


_LIBRARIES: dict[type, str | None] = {}


def fields_of(model: Any) -> dict[str, Any]:
    """What was set of a pydantic model and of those in it; an eighth of the price of its own dump."""
    found = {**model.__dict__, **(model.__pydantic_extra__ or {})}
    return {name: fields_of(item) if hasattr(item, "model_fields_set") else item for name, item in found.items()}


def is_model(value: Any) -> bool:
    """Whether it is of a pydantic model. Asked of each class once: pydantic takes long to say no, and to say yes."""
    kind = type(value)
    found = _MODELS.get(kind)
    if found is None:
        if len(_MODELS) >= 256:
            _MODELS.clear()
        found = _MODELS[kind] = hasattr(kind, "model_fields")
    return found


_MODELS: dict[type, bool] = {}


def once(library: ModuleType, data: bytes) -> Any:
    """An unread body of one chunk, for either kind of client."""

    class Once(library.SyncByteStream, library.AsyncByteStream):  # type: ignore[name-defined, misc]
        def __iter__(self) -> Any:
            yield data

        async def __aiter__(self) -> Any:
            yield data

    return Once()


def observe_response(response: Any, codec: Codec) -> Observed:
    if not response.is_closed and not response.is_stream_consumed:
        return Observed(request_id=response.headers.get("x-request-id") or response.headers.get("request-id"))
    try:
        body = json.loads(response.content)
    except ValueError:
        return observe_bytes(codec, response.content[:HEAD], response.content[-TAIL:])
    seen = observe_dict(body, codec) if isinstance(body, dict) else Observed()
    request_id = response.headers.get("x-request-id") or response.headers.get("request-id")
    return Observed(seen.usage, seen.response_id, seen.response_model, seen.finish_reasons, request_id)


def observe_dict(body: Mapping[str, Any], codec: Codec) -> Observed:
    return Observed(codec.usage(body), text(body.get("id")), text(body.get("model")), finish_reasons(body))


def finish_reasons(answer: Any) -> tuple[str, ...]:
    """Why an answer ended, of a wire dict or a native object: of each choice, or of the whole, or what cut it off."""
    choices = _member(answer, "choices")
    if choices:
        found = [_member(choice, "finish_reason") for choice in choices]
    else:
        cut = _member(_member(answer, "incomplete_details"), "reason")
        found = [_member(answer, "stop_reason") or cut or _member(answer, "status")]
    return tuple([reason for reason in found if isinstance(reason, str) and reason])


def _member(item: Any, name: str) -> Any:
    return item.get(name) if isinstance(item, dict) else getattr(item, name, None)


def text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
