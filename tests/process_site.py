"""A place for tests that run real programs: a directory, two loopback providers, and an environment that names them.

    def test_x(site):
        ended = site.run(CALL)
        assert ended.code == 0, ended.err
        assert [each.outcome for each in site.store().summaries()] == ["ok"]

Programs see nothing of this process's environment but what every program needs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stub_provider import Answer, Seen, StubProvider, chat_body, json_answer, message_body
from waypost.adapters.stores.sqlite import SqliteStore

HOME_RULES = """\
waypost: policy/v1
name: site
mode: route
baseline: openai/gpt-4o
rules: [{name: pair, use: [openai/gpt-4o-mini, anthropic/claude-haiku-4-5]}]
filter: [quality >= 0]
rank: cheapest
"""

CALL = """\
import openai, waypost
waypost.auto_instrument()
answer = openai.OpenAI(max_retries=0).chat.completions.create(
    model="auto", messages=[{"role": "user", "content": "Hi"}])
print(answer.choices[0].message.content)
"""

INHERITED = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: exit code (negative for a signal), its two outputs, and its seconds."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    def said(self, text: str) -> int:
        """How many lines of its standard error have that text."""
        return sum(text in line for line in self.err.splitlines())


class Site:
    """See the module. ``chat`` and ``messages`` answer for the two providers and may be replaced."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.chat: Callable[[Seen], Answer] = lambda request: json_answer(chat_body("Hello.", request.body["model"]))
        self.messages: Callable[[Seen], Answer] = lambda request: json_answer(
            message_body("Bonjour.", request.body["model"])
        )
        self.openai = StubProvider(lambda request: self.chat(request))
        self.anthropic = StubProvider(lambda request: self.messages(request))
        self.env = {name: os.environ[name] for name in INHERITED if name in os.environ}
        self.env |= {
            "OPENAI_API_KEY": "sk-caller-secret",
            "ANTHROPIC_API_KEY": "sk-ant-ours",
            "OPENAI_BASE_URL": f"{self.openai.url}/v1",
            "ANTHROPIC_BASE_URL": self.anthropic.url,
            "WAYPOST_HOME": str(self.home),
            "WAYPOST_POLICY": str(self.write("policy.yaml", HOME_RULES)),
        }

    def write(self, name: str, text: str) -> Path:
        """A file of the site's folder."""
        path = self.folder / name
        path.write_text(textwrap.dedent(text))
        return path

    def command(self, program: str | Path, *args: str) -> list[str]:
        """The command that runs a program's text or file."""
        path = program if isinstance(program, Path) else self.write(f"program-{time.monotonic_ns()}.py", program)
        return [sys.executable, str(path), *args]

    def run(self, program: str | Path, *args: str, **env: str) -> Ended:
        """Run a program, its text or its file, to its end."""
        return self.execute(self.command(program, *args), **env)

    def execute(self, command: list[str], *, timeout_s: float = 60.0, **env: str) -> Ended:
        """Run any command in the site's folder, with the site's environment and ``env``."""
        began = time.monotonic()
        done = subprocess.run(
            command, cwd=self.folder, env=self.env | env, capture_output=True, text=True, timeout=timeout_s, check=False
        )
        return Ended(done.returncode, done.stdout, done.stderr, time.monotonic() - began)

    def start(self, program: str | Path, **env: str) -> subprocess.Popen[str]:
        """Start a program; the test ends it."""
        return subprocess.Popen(
            self.command(program),
            cwd=self.folder,
            env=self.env | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def store(self) -> SqliteStore:
        """The store of the site's home, with all journals folded into it."""
        store = SqliteStore(self.home / "receipts.sqlite")
        store.fold(self.home / "journal")
        return store

    def receipts(self) -> list[dict[str, Any]]:
        """All receipts of the site's home, oldest first."""
        store = self.store()
        found = [store.get(each.id) for each in reversed(store.summaries(limit=10_000))]
        store.close()
        return [each.to_dict() for each in found if each is not None]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A place of its own for one test."""
    place = Site(tmp_path)
    with place.openai, place.anthropic:
        yield place
