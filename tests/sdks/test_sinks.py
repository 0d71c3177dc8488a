"""Sinks by configuration: an audit file, a live line, and ratings (S0.11, S5.11, S1.36)."""

from __future__ import annotations

import json
from typing import Any

import pytest

import waypost
from waypost.errors import SettingsError

HELLO: Any = [{"role": "user", "content": "What is the capital of France?"}]
HOME = "filter: [target == openai/gpt-4o-mini]"


def test_an_audit_file_has_a_row_per_decision(world: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """WAYPOST_JSONL names it; rows are in the order of the calls, without a word of the prompts."""
    path = world.home / "audit.jsonl"
    monkeypatch.setenv("WAYPOST_JSONL", str(path))
    world.on(HOME)
    ids = [waypost.receipt(client.chat.completions.create(model="auto", messages=HELLO)).id for _ in range(2)]
    assert waypost.flush(10)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["receipt"] for row in rows] == ids
    assert {row["answered_by"] for row in rows} == {"openai/gpt-4o-mini"}
    assert "France" not in path.read_text()


def test_a_live_line_on_request(
    world: Any, client: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """WAYPOST_CONSOLE=1 tells each call on standard error."""
    monkeypatch.setenv("WAYPOST_CONSOLE", "1")
    world.on(HOME)
    client.chat.completions.create(model="auto", messages=HELLO)
    assert waypost.flush(10)
    (line,) = capsys.readouterr().err.splitlines()
    assert "openai/gpt-4o-mini" in line
    assert "France" not in line


def test_a_rating_is_journalled_and_stored(world: Any, client: Any) -> None:
    """`feedback` takes any id that `receipt` takes, and a score of 1 to 10."""
    world.on(HOME)
    answer = client.chat.completions.create(model="auto", messages=HELLO)
    waypost.feedback(answer.id, 8)
    assert waypost.flush(10)
    engine = waypost.runtime.instrument.engine()
    (row,) = engine.lookup.store().summaries()
    assert row.score == 8
    with pytest.raises(SettingsError, match="score is 11; give 1 to 10"):
        waypost.feedback(answer.id, 11)
    with pytest.raises(SettingsError, match="no receipt for 'nobody'"):
        waypost.feedback("nobody", 5)
