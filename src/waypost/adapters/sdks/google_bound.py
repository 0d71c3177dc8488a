"""One call of the Google Gen AI SDK, with everything that is native about it: sending, reading and answering it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from types import ModuleType, SimpleNamespace
from typing import Any

from waypost.adapters.sdks.claims import own_key
from waypost.adapters.sdks.google_chunks import Chunks, primed, tell, unframed
from waypost.adapters.sdks.google_client import rebound, without_ours
from waypost.adapters.sdks.native import library_of, not_sent, retry_after, text, told_headers, wrong_with_bytes
from waypost.core.codecs import CODECS
from waypost.core.model.money import NANO
from waypost.core.model.outcome import Failure
from waypost.core.routing.effects import Answer, NativeError, Observed
from waypost.core.routing.ports import Codec

PACKAGE = "google.genai"
DIALECT = "google.generate_content"
RECEIPT = "x-waypost-receipt"
_MS = 1_000_000
_NOT_THE_CALLERS = ("connection", "auth", "not_found")
"""Failures at another endpoint that would mislead as a status of the caller's own: its key and model are fine."""
_CONNECTION = frozenset(
    ("TransportError", "TooManyRedirects", "ClientConnectionError", "ClientPayloadError", "ConnectionError")
)
_TIMEOUT = frozenset(("TimeoutException", "TimeoutError"))
_MALFORMED = frozenset(("JSONDecodeError", "UnknownApiResponseError", "DecodingError"))


def classify(error: BaseException) -> Failure:
    """One of the SDK's exceptions, or of its HTTP library's, as a failure: by class and status, never by its text."""
    names = {kind.__name__ for kind in type(error).__mro__}
    code = getattr(error, "code", None)
    if "APIError" in names and isinstance(code, int):
        failure = CODECS[DIALECT].failure(code, getattr(error, "details", None))
        headers = getattr(getattr(error, "response", None), "headers", None)
        wait = None if headers is None else retry_after(headers)
        # A header comes before what the body's details ask for.
        return failure if wait is None else Failure(failure.kind, failure.status, failure.type, wait)
    for kinds, kind in ((_TIMEOUT, "timeout"), (_CONNECTION, "connection"), (_MALFORMED, "malformed")):
        if names & kinds:
            return Failure(kind, type=type(error).__name__)  # type: ignore[arg-type]
    return Failure("connection" if not_sent(error) else "internal", type=type(error).__name__)


class GoogleBound:
    """One call of one client. ``place`` and ``query`` stand around the model and the verb in its path."""

    __slots__ = ("_options", "client", "given", "is_async", "model", "place", "query", "streaming", "verb", "wrapped")

    def __init__(self, wrapped: Callable[..., Any], client: Any, given: dict[str, Any], path: Any) -> None:
        self.wrapped = wrapped
        self.client = client
        self.given = given
        self.place: str = path["place"]
        self.model: str = path["model"]
        self.query: str = path["query"] or ""
        self.verb: str = path["verb"]
        self.streaming: bool = self.verb == "streamGenerateContent"
        self.is_async: bool = wrapped.__name__.startswith("async")
        self._options: Any = given.get("http_options")

    # --- what the caller's options say

    def call_option(self, name: str) -> Any:
        """An option of the call, which may be given as a mapping."""
        options = self._options
        return options.get(name) if isinstance(options, Mapping) else getattr(options, name, None)

    def option(self, name: str) -> Any:
        """An option of the call, or else of its client."""
        own = self.call_option(name)
        return getattr(self.client._http_options, name, None) if own is None else own

    def client_headers(self) -> Mapping[str, Any]:
        headers = getattr(self.client._http_options, "headers", None)
        return headers if isinstance(headers, Mapping) else {}

    def keep_back(self, headers: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        """Send these headers and extra fields of the call in the place of those that it came with."""
        self._options = self._changed({"headers": dict(headers), "extra_body": dict(extra) or None})

    @property
    def max_retries(self) -> int:
        """How often the SDK repeats on its own; never, unless it is told to."""
        retry = self.option("retry_options")
        if retry is None:
            return 0
        attempts = retry.get("attempts") if isinstance(retry, Mapping) else retry.attempts
        return max(5 if attempts is None else attempts, 1) - 1

    def timeout_ns(self) -> int | None:
        """The caller's own timeout, in nanoseconds."""
        timeout = self.option("timeout")
        return int(timeout * _MS) if isinstance(timeout, int | float) and timeout > 0 else None

    # --- sending at home

    def send(
        self,
        body: Mapping[str, Any] | None,
        *,
        retries: int | None,
        timeout_ns: int | None,
        plain_encoding: bool,
        fresh_key: bool,
    ) -> Any:
        """The original request; what is edited of a body is its model, which stands in the path, and its contents."""
        del plain_encoding, fresh_key  # bodies come decoded here, and there are no keys
        path = self.given["path"]
        model = self.model if body is None else str(body["model"])
        if model != self.model:
            path = f"{self.place}{model}:{self.verb}{self.query}"
        changed: dict[str, Any] = {}
        if timeout_ns is not None:
            changed["timeout"] = max(timeout_ns // _MS, 1)
        if retries is not None and self.max_retries:
            changed["retry_options"] = {"attempts": retries + 1}
        options = self._changed(changed) if changed else self._options
        # The SDK edits the mapping that it sends, and a second attempt is to find it as it was.
        request = {name: value for name, value in self.given["request_dict"].items() if not name.startswith("_")}
        if body is not None and body.get("contents") is not request.get("contents"):
            request["contents"] = body["contents"]
        request_of = self.wrapped
        if any(own_key(name.lower()) is not None for name in self.client_headers()):
            request_of = rebound(self.wrapped, without_ours(self.client))
        sent = request_of(self.given["http_method"], path, request, options)
        return primed(sent) if self.streaming and not self.is_async else sent

    def _changed(self, changed: Mapping[str, Any]) -> Any:
        """The call's options with some of them replaced, in the SDK's own type."""
        kind = type(self.client._http_options)
        options = self._options
        if options is None:
            return kind(**changed)
        if isinstance(options, Mapping):
            return {**options, **changed}
        return options.model_copy(
            update={name: getattr(kind(**{name: value}), name) for name, value in changed.items()}
        )

    def pause_ns(self, failure: Failure, repeats: int, told: bool | None) -> int | None:  # noqa: ARG002
        """How long this SDK, as it is told, would wait before it sends the call again after ``failure``, which is
        another endpoint's; ``None`` where it would not. It does not listen to what it is ``told``."""
        retry = self.option("retry_options")
        known = failure.kind in ("timeout", "connection") if failure.status is None else failure.status >= 400
        if repeats >= self.max_retries or not known:
            return None
        if isinstance(retry, Mapping):
            retry = sys.modules[f"{PACKAGE}.types"].HttpRetryOptions(**retry)
        rules = sys.modules[f"{PACKAGE}._api_client"].retry_args(retry)
        if not rules["retry"].predicate(self._raised(failure)):
            return None
        return int(rules["wait"](SimpleNamespace(attempt_number=repeats + 1)) * NANO)

    def _raised(self, failure: Failure) -> Exception:
        """What the SDK would raise of such a failure at home."""
        library = self.http_library()
        if failure.status is None:
            usual = "ReadTimeout" if failure.kind == "timeout" else "ConnectError"
            raised: Exception = getattr(library, failure.type or "", getattr(library, usual))("")
            return raised
        body = {"error": {"code": failure.status}}
        return _status_error(failure.status, body, library.Response(failure.status, json=body))

    def closed(self) -> bool:
        """Whether the caller has closed the client, which then sends nothing and whose streams break. Of aiohttp's
        sessions the SDK makes a new one."""
        if self.is_async and getattr(self.client, "_use_aiohttp", bool)():
            return False
        held = getattr(self.client, "_async_httpx_client" if self.is_async else "_httpx_client", None)
        return bool(getattr(held, "is_closed", False))

    # --- looking at what came back

    def tee(self, value: Any, ending: Any) -> Chunks | None:
        """A native stream of chunks, watched by ``ending``; ``None`` for a whole answer."""
        return Chunks(value, ending, classify, is_async=self.is_async) if self.streaming else None

    def observe(self, value: Any, codec: Codec) -> Observed:
        """Usage, ids and finish reasons of a whole native answer."""
        content = getattr(value, "body", None)
        if self.streaming or not isinstance(content, str):
            return Observed()
        try:
            body = json.loads(content)
        except ValueError:
            return Observed()
        if not isinstance(body, dict):
            return Observed()
        candidates = body.get("candidates") or ()
        reasons = [item.get("finishReason") for item in candidates if isinstance(item, dict)]
        return Observed(
            usage=codec.usage(body),
            response_id=text(body.get("responseId")),
            response_model=text(body.get("modelVersion")),
            finish_reasons=tuple(str(reason) for reason in reasons if reason),
        )

    def unread(self, value: Any, codec: Codec) -> Failure | None:
        """What is wrong with a whole answer without usage, if something is."""
        content = getattr(value, "body", None)
        return wrong_with_bytes(content.encode(errors="replace"), codec) if isinstance(content, str) else None

    def http_library(self) -> ModuleType:
        """httpx or httpx2: the one that this client sends with."""
        for name in ("_async_httpx_client", "_httpx_client") if self.is_async else ("_httpx_client",):
            library = library_of(getattr(self.client, name, None))
            if library is not None:
                return library  # type: ignore[no-any-return]
        return sys.modules.get("httpx2") or sys.modules["httpx"]

    # --- answering

    def answer(self, answer: Answer, receipt: str) -> Any:
        """The native value, or what the SDK makes its own objects of; both say which receipt is theirs."""
        told = {RECEIPT: receipt, **told_headers(answer.summary, receipt)}
        response = sys.modules[f"{PACKAGE}.types"].HttpResponse
        if answer.wire is not None:
            headers = {"content-type": "application/json; charset=UTF-8", **answer.wire.headers, **told}
            if answer.stream is not None:
                return unframed(answer.stream, lambda body: self._chunk(headers, body), is_async=self.is_async)
            return response(headers=headers, body=json.dumps(answer.wire.body, ensure_ascii=False))
        if isinstance(answer.stream, Chunks):
            answer.stream.told = told
            return answer.stream.native()
        tell(answer.value, told)
        return answer.value

    def _chunk(self, headers: Mapping[str, str], body: str) -> Any:
        """One chunk; an error that stands in a stream is raised, as the SDK does it."""
        if body.startswith('{"error":'):
            said = json.loads(body)
            code = said["error"].get("code")
            raise _status_error(code if isinstance(code, int) else 500, said, None)
        return sys.modules[f"{PACKAGE}.types"].HttpResponse(headers=headers, body=body)

    def fail(self, error: NativeError, codec: Codec) -> Exception:
        """The SDK's own exception, or its HTTP library's, for a failure that has none."""
        failure = error.failure
        library = self.http_library()
        request = library.Request("POST", f"{str(self.option('base_url') or '').rstrip('/')}/{self.given['path']}")
        native: Exception
        if failure.kind == "timeout" and failure.status is None:
            native = library.ReadTimeout(error.message, request=request)
        elif failure.kind in _NOT_THE_CALLERS or (failure.status is None and failure.kind != "internal"):
            native = library.ConnectError(error.message, request=request)
        else:
            status, body = codec.encode_error(failure, error.message)
            native = _status_error(status, body, library.Response(status, json=body, request=request))
        for note in error.notes:
            native.add_note(note)
        return native


def _status_error(status: int, body: dict[str, Any], response: Any) -> Exception:
    """What the SDK raises for an answer with that status."""
    kind = sys.modules[f"{PACKAGE}.errors"].APIError
    try:
        if hasattr(kind, "raise_error"):
            kind.raise_error(status, body, response)
        else:
            kind.raise_for_response(response)
    except kind as error:
        error.__traceback__ = None
        made: Exception = error
        return made
    raise AssertionError(f"{status} is no error")
