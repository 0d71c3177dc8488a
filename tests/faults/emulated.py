"""The same world around llmock, which also judges how a client took what it was done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llmock.scenarios import Delay, Fail, Reply, SlowFirstToken, StreamFault, ToolFault
from llmock.simulation import MockResponseSettings
from llmock.testing import LLMockServer
from llmock.verdict import Verdict, judge

from faults.calls import QUESTION
from faults.table import LONG, SHORT_S, SHORTLY, STATUSES
from faults.world import Run, World
from waypost.runtime.engine import Engine

CITY = '{"name": "Paris", "country": "France"}'
SAID = Reply(text=CITY, times=None)
"""What everybody is told: it is JSON, for those who asked for some."""
WAIT_S = 0.01


@dataclass(frozen=True)
class Script:
    """A fault of the emulator's. ``calls`` says to which calls it can happen: ``any``, ``stream`` or ``tools``."""

    name: str
    behaviours: tuple[Any, ...]
    calls: str = "any"
    timeout_s: float | None = None
    retries: int = 2
    styles: tuple[str, ...] = ()


def _fail(status: int, times: int | None = None) -> Fail:
    return Fail(status, retry_after=WAIT_S if status in (408, 409, 429) or status >= 500 else None, times=times)


SCRIPTS = (
    *(Script(f"fail{status}", (_fail(status),)) for status in STATUSES),
    Script("rate_limit", (_fail(429, 1),)),
    Script("outage_that_ends", (_fail(503, 2),)),
    Script("context_overflow", (Fail(400, code="context_length_exceeded", message="Too long.", times=None),)),
    Script("delay", (Delay(LONG, times=None),), timeout_s=SHORT_S, retries=0, styles=SHORTLY),
    Script("slow_first_token", (SlowFirstToken(5 * WAIT_S, times=None),), "stream"),
    Script("late_first_token", (SlowFirstToken(LONG, times=None),), "stream", SHORT_S, 0, SHORTLY),
    Script("disconnect_at_once", (StreamFault("disconnect", after_chunks=0, times=None),), "stream"),
    Script("disconnect", (StreamFault("disconnect", after_chunks=3, times=None),), "stream"),
    Script("truncate", (StreamFault("truncate", after_chunks=3, times=None),), "stream"),
    Script("malformed", (StreamFault("malformed", after_chunks=3, times=None),), "stream"),
    Script("stall", (StreamFault("stall", 3, LONG, times=None),), "stream", SHORT_S, 0, SHORTLY),
    Script("malformed_arguments", (ToolFault("malformed_arguments", times=None),), "tools"),
    Script("unknown_tool", (ToolFault("unknown_tool", times=None),), "tools"),
)
BARE_FAILS = ("truncated_stream_accepted",)
"""Errors of the verdict that only sending the same body again would clear, which no SDK does."""


class Emulated(World):
    """llmock in the place of our own server."""

    def _serve(self) -> dict[str, str]:
        self.server = self._stack.enter_context(LLMockServer(responses=MockResponseSettings()))
        self._patching.setenv("GOOGLE_GENAI_API_VERSION", "v1beta")
        named = {"OPENAI": "openai", "ANTHROPIC": "anthropic", "GOOGLE_GEMINI": "gemini"}
        return {variable: self.server.base_url(provider) for variable, provider in named.items()}

    def _mark(self) -> int:
        return 0

    def _requests(self, question: str, before: int, least: int) -> list[dict[str, Any]]:
        records = self.server.state.journal.records(wait=2.0)
        return [{"path": record.path, "body": _asked(record.body, question), "headers": {}} for record in records]

    def play(
        self, script: Script, dialect: str, colour: str, style: str, engine: Engine | None = None
    ) -> tuple[Run, Verdict]:
        """One call under a script, and what llmock thinks of who called."""
        state = self.server.state
        state.reset()
        said: Sequence[Any] = () if "tools" in style else (SAID,)
        state.scenarios.add(*script.behaviours, *said)
        timeout_s = 30.0 if script.timeout_s is None else script.timeout_s
        run = self.call(dialect, colour, style, engine, timeout_s=timeout_s, retries=script.retries)
        return run, judge(state.journal.records(wait=2.0))


def _asked(body: Any, question: str) -> Any:
    return _mapped(body, lambda text: text.replace(question, QUESTION))


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {name: _mapped(item, change) for name, item in value.items()}
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    return change(value) if isinstance(value, str) else value
