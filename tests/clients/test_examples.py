"""The examples of client libraries, each as it is printed, where its library is installed (`make clients`)."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from client_world import Both, spoken
from stub_provider import Answer, Seen, json_answer, message_tool_body

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "clients"
LIBRARIES = {
    "chat_with_langchain.py": "langchain_openai",
    "chat_with_openai_agents.py": "agents",
    "chat_with_pydantic_ai.py": "pydantic_ai",
}
HERE = [name for name, library in LIBRARIES.items() if find_spec(library) is not None]


def tool_first(request: Seen) -> Answer:
    """Whoever offers a tool is asked to call it, and told the answer when the result is there."""
    turns: list[dict[str, Any]] = request.body["messages"]
    parts = [part for turn in turns for part in turn["content"] if isinstance(part, dict)]
    if request.body.get("tools") and not any(part["type"] == "tool_result" for part in parts):
        return json_answer(message_tool_body([("weather", {"city": "Paris"})]))
    return spoken(request)


def test_each_library_has_its_example() -> None:
    """A file that nobody runs would rot."""
    assert sorted(path.name for path in EXAMPLES.glob("*.py")) == sorted(LIBRARIES)


@pytest.mark.parametrize("name", HERE)
def test_an_example_is_short(name: str) -> None:
    """At most 40 lines, and a docstring that says what it shows."""
    text = (EXAMPLES / name).read_text()
    assert len(text.splitlines()) <= 40
    assert text.startswith('"""')


@pytest.mark.parametrize("name", HERE)
def test_an_example_runs(both: Both, tmp_path: Path, name: str) -> None:
    """S1.01: chat, stream, tool and error, by Claude, in a program that asks OpenAI's SDK by way of its library."""
    both.answer = tool_first
    environment = {**os.environ, "WAYPOST_POLICY": str(tmp_path / "clients.yaml"), "NO_PROXY": "127.0.0.1"}
    command = [sys.executable, "-W", "error::UserWarning", str(EXAMPLES / name)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "chat: Bonjour.",
        "stream: Bonjour.",
        "tool: Bonjour.",
        "error: no_eligible_model",
    ]
    told = both.anthropic.seen
    assert len(told) == 4
    assert {request.headers["x-api-key"] for request in told} == {"sk-ant-ours"}
