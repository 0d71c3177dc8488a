"""The emulated providers: llmock, and in front of it a small server of ours for what llmock lacks.

    with Emulator() as providers:
        OpenAI(base_url=providers.openai, api_key="any")

The front passes every request on to llmock and adds to its answer what real providers send: ids of requests, input
tokens in the last usage of a Messages stream, and text that fits the question. It can also fail the next requests.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from uuid import uuid4

from waypost.errors import SettingsError
from waypost.surfaces.demo.answers import answer_to

_REQUEST_ID = {"/anthropic": "request-id"}
_COPIED = ("content-type", "retry-after", "retry-after-ms")


class Emulator:
    """Both servers, on free ports of this machine; several may run at once.

    Raises:
        SettingsError: llmock is not installed.
    """

    def __init__(self) -> None:
        try:
            from llmock import scenarios  # type: ignore[import-untyped,unused-ignore]
            from llmock.testing import LLMockServer  # type: ignore[import-untyped,unused-ignore]
        except ImportError:
            raise SettingsError(
                "the provider emulator is not installed", remedy="pip install '.[demo]' in a checkout of Waypost"
            ) from None
        self._scenarios = scenarios
        self._models = LLMockServer()
        self._failures: deque[int] = deque()
        self._lock = threading.Lock()
        self._front: ThreadingHTTPServer | None = None

    def __enter__(self) -> Emulator:
        self._models.start()
        self._front = _Front(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._front.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._front is not None:
            self._front.shutdown()
            self._front.server_close()
        self._models.stop()

    @property
    def url(self) -> str:
        """The root of both providers, for example ``http://127.0.0.1:53412``."""
        assert self._front is not None, "not started"
        return f"http://127.0.0.1:{self._front.server_port}"

    @property
    def openai(self) -> str:
        """What ``OPENAI_BASE_URL`` has to be."""
        return f"{self.url}/v1"

    @property
    def anthropic(self) -> str:
        """What ``ANTHROPIC_BASE_URL`` has to be."""
        return f"{self.url}/anthropic"

    @property
    def google(self) -> str:
        """What ``GOOGLE_GEMINI_BASE_URL`` has to be."""
        return f"{self.url}/gemini"

    def environment(self) -> dict[str, str]:
        """The variables that point the SDKs here. The keys open nothing."""
        return {
            "OPENAI_BASE_URL": self.openai,
            "OPENAI_API_KEY": "demo-openai-key",
            "ANTHROPIC_BASE_URL": self.anthropic,
            "ANTHROPIC_API_KEY": "demo-anthropic-key",
            "GOOGLE_GEMINI_BASE_URL": self.google,
            "GOOGLE_GENAI_API_VERSION": "v1beta",  # llmock has no other
            "GEMINI_API_KEY": "demo-google-key",
        }

    def fail(self, *statuses: int) -> None:
        """Fail the next requests with these HTTP statuses, one each, whatever model they ask for."""
        self._failures.extend(statuses)

    def forward(self, path: str, headers: Mapping[str, str], body: bytes) -> HTTPResponse:
        """llmock's response to one request, its body not read yet."""
        connection = HTTPConnection("127.0.0.1", self._models.port, timeout=60)
        with self._lock:  # llmock takes what it is to say when it reads a request
            queue = self._models.state.scenarios
            queue.clear()
            if self._failures:
                queue.add(self._scenarios.Fail(self._failures.popleft()))
            elif (text := answer_to(_prompt(body))) is not None:
                queue.add(self._scenarios.Reply(text=text))
            connection.request("POST", path, body, {**headers, "connection": "close"})
            return connection.getresponse()


class _Front(ThreadingHTTPServer):
    """Says nothing when a client goes away in the middle: a closed connection is no fault of anybody's."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _prompt(body: bytes) -> str:
    """The text of the last turn, of any dialect; empty where there is none."""
    try:
        asked = json.loads(body)
        turns = asked.get("messages") or asked.get("input") or asked["contents"]
        if isinstance(turns, str):
            return turns
        content = turns[-1].get("content") or turns[-1]["parts"]
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content or () if isinstance(part, dict))


def _handler(emulator: Emulator) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            kind = {"content-type": self.headers.get("content-type", "application/json")}
            response = emulator.forward(self.path, kind, body)
            with response:
                self.send_response(response.status)
                for name in _COPIED:
                    if (value := response.headers.get(name)) is not None:
                        self.send_header(name, value)
                self.send_header(_id_header(self.path), f"req_{uuid4().hex[:24]}")
                if response.headers.get("content-type", "").startswith("text/event-stream"):
                    self._pass_on(response)
                else:
                    self._finish(response.read())

        def _finish(self, body: bytes) -> None:
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _pass_on(self, response: HTTPResponse) -> None:
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for line in _with_usage(response):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet: the demo says itself what happens."""

    return Handler


def _id_header(path: str) -> str:
    return next((name for prefix, name in _REQUEST_ID.items() if path.startswith(prefix)), "x-request-id")


def _with_usage(lines: Iterator[bytes] | HTTPResponse) -> Iterator[bytes]:
    """The lines of a stream; the last usage of a Messages stream repeats the input tokens of its first."""
    opening: dict[str, Any] = {}
    for line in lines:
        if not line.startswith(b"data: {"):
            yield line
            continue
        event = json.loads(line[6:])
        if event.get("type") == "message_start":
            opening = event["message"].get("usage", {})
        elif event.get("type") == "message_delta":
            event["usage"] = {**opening, **event.get("usage", {})}
            line = b"data: " + json.dumps(event).encode() + b"\n"
        yield line
