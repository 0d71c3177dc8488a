"""The loopback provider, the clients and the engines that the cells of a file share.

Waypost is off unless an engine is put in force for one call: then the SDKs' methods are as they were imported.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest

from faults.calls import INSTALLED, QUESTION, SDKS, STYLES, Asking, Came, came_of, what_of
from faults.calls import streams as is_stream
from faults.table import Ask, Fault
from faults.wire import CHAT, GOOGLE, MESSAGES, RESPONSES
from stub_provider import Seen, StubProvider
from waypost.adapters.state.memory import MemoryState
from waypost.core.model.events import Attempted, InternalError, Settled, Started
from waypost.runtime import instrument, patch
from waypost.runtime.engine import Engine
from waypost.runtime.settings import read

PAUSE_S = 0.001
COLOURS = ("sync", "async")
PATHS = {
    "/v1/chat/completions": CHAT,
    "/v1/responses": RESPONSES,
    "/v1/messages": MESSAGES,
}
HOME = """\
waypost: policy/v1
name: {mode}
mode: {mode}
rules:
- {{name: chat, when: requested.model == "gpt-4o-mini", use: [openai/gpt-4o-mini]}}
- {{name: messages, when: requested.model == "claude-haiku-4-5", use: [anthropic/claude-haiku-4-5]}}
- {{name: google, when: requested.model == "gemini-2.5-flash", use: [google/gemini-2.5-flash]}}
filter: [quality >= 0]
rank: listed
budgets: [{{scope: all, limit: 1000 USD/day}}]
"""

AWAY = """\
waypost: policy/v1
name: away
mode: route
rules: [{{name: away, use: [{use}]}}]
filter: [quality >= 0]
rank: listed
budgets: [{{scope: all, limit: 1000 USD/day}}]
"""
TARGETS = {
    CHAT: "openai/gpt-4o-mini",
    RESPONSES: "openai/gpt-4o-mini",
    MESSAGES: "anthropic/claude-haiku-4-5",
    GOOGLE: "google/gemini-2.5-flash",
}


@dataclass
class Told:
    """What the sinks of an engine were told during one call."""

    started: list[Started] = field(default_factory=list)
    attempts: list[Attempted] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    faults: list[InternalError] = field(default_factory=list)

    def event(self, event: Any) -> None:
        for kind, events in (
            (Started, self.started),
            (Attempted, self.attempts),
            (Settled, self.settled),
            (InternalError, self.faults),
        ):
            if isinstance(event, kind):
                events.append(event)

    def flush(self, timeout_s: float) -> bool:
        return True


@dataclass
class Run:
    """One call: what came of it, what the server saw, and what was told of it (of a bare one nothing)."""

    came: Came
    requests: list[dict[str, Any]]
    told: Told


class World:
    """Close it: it has threads and sockets."""

    def __init__(self, home: Path, patching: pytest.MonkeyPatch) -> None:
        self.home = home
        self._patching = patching
        self._answer: Any = None
        self._engines: dict[str, Engine] = {}
        self._clients: dict[tuple[str, str], Any] = {}
        self._stack = ExitStack()
        self._calls = 0

    def _serve(self) -> dict[str, str]:
        """Start what answers; where each provider is, by the beginning of its variable."""
        self.stub = self._stack.enter_context(StubProvider(lambda request: self._answer(request)))
        return {"OPENAI": f"{self.stub.url}/v1", "ANTHROPIC": self.stub.url, "GOOGLE_GEMINI": self.stub.url}

    def __enter__(self) -> Self:
        places = self._serve()
        self.runner = self._stack.enter_context(asyncio.Runner())
        keys = {"OPENAI_API_KEY": "sk-caller", "ANTHROPIC_API_KEY": "sk-ant-caller", "GEMINI_API_KEY": "g-caller"}
        for name, value in {**keys, **{f"{name}_BASE_URL": place for name, place in places.items()}}.items():
            self._patching.setenv(name, value)
        self._patching.setenv("WAYPOST_HOME", str(self.home / "home"))
        self._patching.setenv("WAYPOST_RELOAD", "off")
        for sdk in sorted({SDKS[dialect] for dialect in INSTALLED}):
            self._hurry(sdk)
        self.runner.run(asyncio.sleep(0))  # a loop has sockets of its own
        self._threads, self._sockets = set(threading.enumerate()), _sockets()
        return self

    def _collect(self) -> None:
        """What nobody holds any more, generators of the loop included."""
        gc.collect()
        self.runner.run(asyncio.sleep(0.001))

    def left_open(self) -> tuple[list[str], int]:
        """Threads that nobody waits for any more, and sockets beyond those with which it began."""
        known = ("MainThread", "waypost", "asyncio", "execnet")
        until = time.monotonic() + 5.0
        while True:
            self._collect()
            threads = [item.name for item in threading.enumerate() if item not in self._threads]
            threads = [name for name in threads if not name.startswith(known)]
            sockets = _sockets() - self._sockets
            if (not threads and sockets <= 0) or time.monotonic() >= until:
                return threads, sockets
            time.sleep(0.05)

    def __exit__(self, *exc: object) -> None:
        for (_, colour), client in self._clients.items():
            if colour == "sync":
                client.close()
            elif hasattr(client, "aio"):
                self.runner.run(client.aio.aclose())
            else:
                self.runner.run(client.close())
        for engine in self._engines.values():
            engine.flush(5.0)
            engine.http.close()
        self._stack.close()

    def _hurry(self, sdk: str) -> None:
        """The pauses between an SDK's own attempts."""
        if sdk == "google.genai":
            return
        module = importlib.import_module(f"{sdk}._base_client")
        self._patching.setattr(module, "INITIAL_RETRY_DELAY", PAUSE_S)
        self._patching.setattr(module, "MAX_RETRY_DELAY", PAUSE_S)

    # --- engines

    def engine(self, name: str, policy: str, mode: str | None = None) -> Engine:
        """The engine of a policy, made once."""
        if name not in self._engines:
            self._engines[name] = Engine(read(policy=policy, mode=mode))
        return self._engines[name]

    def at_home(self, mode: str) -> Engine:
        """Each call goes where it would have gone."""
        return self.engine(mode, HOME.format(mode=mode))

    def away(self, caller: str, answers: str) -> Engine:
        """Each call of one dialect goes to a model that speaks another one."""
        return self.engine(f"{caller} by {answers}", AWAY.format(use=TARGETS[answers]))

    def pair(self, first: str, second: str) -> Engine:
        """Whoever speaks ``first`` is asked first, and then who speaks ``second``."""
        return self.engine(f"{first} then {second}", AWAY.format(use=f"{TARGETS[first]}, {TARGETS[second]}"))

    @contextmanager
    def _on(self, engine: Engine | None) -> Iterator[Told]:
        told = Told()
        if engine is None:
            with bare():
                yield told
            return
        offset = engine.state._offset_ns  # type: ignore[attr-defined]
        engine.state = MemoryState(offset_ns=offset)
        engine.recorder.sinks.append(told)
        instrument._engine = engine
        engine.active = True
        patch.install(instrument._handler)
        try:
            yield told
        finally:
            instrument._engine = None
            engine.recorder.sinks.remove(told)

    # --- calls

    def client(self, dialect: str, colour: str) -> Any:
        sdk = SDKS[dialect]
        if (sdk, colour) not in self._clients:
            self._clients[sdk, colour] = self._client(sdk, colour)
        return self._clients[sdk, colour]

    def _client(self, sdk: str, colour: str) -> Any:
        module = importlib.import_module(sdk)
        if sdk == "google.genai":
            return module.Client()
        names = {"openai": "OpenAI", "anthropic": "Anthropic"}
        return getattr(module, ("Async" if colour == "async" else "") + names[sdk])()

    def call(
        self,
        dialect: str,
        colour: str,
        style: str,
        engine: Engine | None,
        *,
        timeout_s: float = 30.0,
        retries: int = 2,
        least: int = 1,
    ) -> Run:
        """One call in ``style``, bare where there is no engine. ``least`` is how many requests must have come."""
        self._calls += 1
        question = f"{QUESTION} ({self._calls})"
        client, options = self.client(dialect, colour), {}
        if dialect == GOOGLE:
            options = {"timeout": int(timeout_s * 1000)}
        else:
            client = client.with_options(timeout=timeout_s, max_retries=retries)
        asking = Asking(client, question, colour == "async", options)
        before = self._mark()
        with self._on(engine) as told:
            came = came_of(STYLES[dialect][style], asking, self.runner)
            for _ in range(10):  # some majors leave a stream that failed to the collector
                if len(told.settled) < len(told.started):
                    self._collect()
        return Run(came, self._requests(question, before, least), told)

    def _mark(self) -> int:
        return len(self.stub.seen)

    def _requests(self, question: str, before: int, least: int) -> list[dict[str, Any]]:
        """Those of one call. Who has stopped waiting may be gone before the server has read what it was sent."""
        until = time.monotonic() + 2.0
        while True:
            found = [_request(seen, question) for seen in self.stub.seen[before:] if question.encode() in seen.raw]
            if len(found) >= least or time.monotonic() >= until:
                return found
            time.sleep(0.005)

    def suffer(
        self,
        fault: Fault,
        dialect: str,
        colour: str,
        style: str,
        engine: Engine | None = None,
        *,
        least: int = 1,
        only: str | None = None,
    ) -> Run:
        """One call whose server has that fault; ``only`` is the one dialect in which it has."""
        self.answer(fault, what_of(style), streams=is_stream(style), only=only)
        timeout_s = 30.0 if fault.timeout_s is None else fault.timeout_s
        return self.call(dialect, colour, style, engine, timeout_s=timeout_s, retries=fault.retries, least=least)

    def answer(self, fault: Fault, what: str, *, streams: bool, only: str | None = None) -> None:
        """From now on the server answers so."""
        numbers: dict[str, int] = {}

        def answer(seen: Seen) -> Any:
            dialect = PATHS.get(seen.path.partition("?")[0], GOOGLE)
            numbers[dialect] = numbers.get(dialect, 0) + 1
            ask = Ask(dialect, what, streams, numbers[dialect], seen)
            return fault.answer(ask) if only in (None, dialect) else ask.good

        self._answer = answer


def _sockets() -> int:
    """How many this process has open."""
    return sum(os.path.realpath(f"/proc/self/fd/{name}").rpartition("/")[2].startswith("socket:") for name in _fds())


def _fds() -> list[str]:
    return os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []


@contextmanager
def bare() -> Iterator[None]:
    """The SDKs' methods as they were imported."""
    wrapped = []
    for sdk in patch.adapters():
        module = sys.modules.get(sdk.MODULE)
        for kind_name, method, _ in sdk.POINTS if module is not None else ():
            kind = getattr(module, kind_name)
            own = vars(kind)[method]
            if getattr(own, patch.MARK, False):
                wrapped.append((kind, method, own))
                setattr(kind, method, own.__wrapped__)
    try:
        yield
    finally:
        for kind, method, own in wrapped:
            setattr(kind, method, own)


_VARYING = ("content-length", "accept-encoding", "idempotency-key", "host")


def _request(seen: Seen, question: str) -> dict[str, Any]:
    headers = {name: value for name, value in seen.headers.items() if name not in _VARYING}
    body = json.loads(json.dumps(seen.body).replace(question, QUESTION))
    return {"path": seen.path, "body": body, "headers": headers}
