"""A place for tests of client libraries: somebody who answers as Anthropic, and a policy that sends all calls there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import waypost
from stub_provider import (
    Answer,
    Seen,
    StubProvider,
    json_answer,
    message_body,
    message_events,
    message_tool_body,
    sse_answer,
)
from waypost.runtime import instrument

POLICY = """\
waypost: policy/v1
name: clients
mode: route
rules: [{name: claude, use: [anthropic/claude-haiku-4-5]}]
rank: cheapest
on_no_candidates: error
"""
CLAUDE = "anthropic/claude-haiku-4-5"


def error_of(status: int, kind: str) -> Answer:
    """An error as Anthropic words it."""
    return json_answer({"type": "error", "error": {"type": kind, "message": "no"}}, status, request_id="req_1")


class Both:
    """Anthropic, whose answers a test may replace, and an OpenAI that nobody should come to."""

    def __init__(self) -> None:
        self.answer: Callable[[Seen], Answer] = spoken
        self.anthropic = StubProvider(lambda request: self.answer(request))
        self.openai = StubProvider(lambda _: json_answer({"error": {"message": "the policy did not hold"}}, 500))

    def said(self) -> list[Any]:
        """The bodies that Anthropic was sent."""
        return [request.body for request in self.anthropic.seen]


def spoken(request: Seen) -> Answer:
    """``Bonjour.`` as a whole, or word by word where a stream was asked for."""
    if request.body.get("stream"):
        return sse_answer(message_events(["Bon", "jour."]))
    return json_answer(message_body("Bonjour."))


def tool_then_text(name: str, arguments: dict[str, Any]) -> Callable[[Seen], Answer]:
    """Calls a tool first, and speaks once its result is there."""

    def answer(request: Seen) -> Answer:
        parts = [part for turn in request.body["messages"] for part in turn["content"] if isinstance(part, dict)]
        if any(part.get("type") == "tool_result" for part in parts):
            return spoken(request)
        return json_answer(message_tool_body([(name, arguments)]))

    return answer


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Both]:
    """Waypost switched on for one test, before any client is made."""
    world = Both()
    policy = tmp_path / "clients.yaml"
    policy.write_text(POLICY)
    monkeypatch.setenv("WAYPOST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-caller")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-ours")
    monkeypatch.setattr(instrument, "_engine", None)
    monkeypatch.setattr(instrument, "_clients", [])
    with world.anthropic, world.openai:
        monkeypatch.setenv("OPENAI_BASE_URL", world.openai.url + "/v1")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", world.anthropic.url)
        waypost.auto_instrument(policy=str(policy))
        yield world
        assert not world.openai.seen
        waypost.uninstrument()


def told() -> list[tuple[str | None, str, str]]:
    """Of each call, the first before the last: who answered it, the outcome, and the mode, by its receipt."""
    engine = instrument.engine()
    assert engine is not None
    assert waypost.flush()
    found = engine.lookup.store().summaries()
    return [(one.selected, one.outcome, one.mode) for one in reversed(found)]
