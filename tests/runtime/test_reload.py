"""A file that changes while the process runs: a good one takes over whole, a bad one leaves the old one in force."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

import waypost
from process_site import HOME_RULES, Site
from waypost.errors import PolicyError, SettingsError
from waypost.runtime import instrument

HELLO: Any = [{"role": "user", "content": "Hi"}]
CLAUDE = HOME_RULES.replace("[openai/gpt-4o-mini, anthropic/claude-haiku-4-5]", "[anthropic/claude-haiku-4-5]")


@pytest.fixture
def policy(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of a policy that is in force."""
    for name in [name for name in os.environ if name.startswith(("WAYPOST_", "OTEL_"))]:
        monkeypatch.delenv(name)
    for name, value in site.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(instrument, "_engine", None)
    monkeypatch.setattr(instrument, "_clients", [])
    waypost.auto_instrument()
    yield site.folder / "policy.yaml"
    waypost.uninstrument()


def ask() -> str:
    with openai.OpenAI(max_retries=0) as client:
        return client.chat.completions.create(model="auto", messages=HELLO).model


def test_a_good_file_takes_over(policy: Path) -> None:
    """The next call is decided by it, and its receipt names its fingerprint."""
    assert ask() == "gpt-4o-mini"
    policy.write_text(CLAUDE)
    assert ask() == "gpt-4o-mini"
    assert waypost.reload() is True
    assert ask() == "claude-haiku-4-5"


def test_a_bad_file_leaves_the_old_one_in_force(policy: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Said once with its place, counted each time, and a good file later is taken."""
    policy.write_text(CLAUDE.replace("rank:", "rnak:"))
    with caplog.at_level(logging.WARNING, "waypost"):
        assert [waypost.reload() for _ in range(3)] == [False] * 3
    (record,) = caplog.records
    assert f"{policy}:7:1: unknown key 'rnak' in a policy; did you mean 'rank'?" in record.getMessage()
    assert "the old policy stays in force" in record.getMessage()
    engine = instrument.engine()
    assert engine is not None
    assert engine.dropped()["reload"] == 3
    assert ask() == "gpt-4o-mini"
    policy.write_text(CLAUDE)
    assert waypost.reload() is True
    assert ask() == "claude-haiku-4-5"
    policy.write_text(CLAUDE.replace("filter:", "fliter:"))
    assert waypost.reload() is False
    assert "unknown key 'fliter' in a policy; did you mean 'filter'?" in caplog.records[-1].getMessage()
    assert len(caplog.records) == 2


@pytest.mark.parametrize("how", ["deleted", "a directory", "not text"])
def test_a_file_that_cannot_be_read_leaves_the_old_one(policy: Path, how: str) -> None:
    """Editors and mounts do such things for a moment."""
    policy.unlink()
    if how == "a directory":
        policy.mkdir()
    elif how == "not text":
        policy.write_bytes(b"\xff\xfe\x00waypost")
    assert waypost.reload() is False
    assert ask() == "gpt-4o-mini"


def test_instrumenting_again_with_a_bad_file_keeps_what_was(policy: Path, tmp_path: Path) -> None:
    """The error is raised as at the start, and calls go on under the old policy."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("waypost: policy/v1\n")
    with pytest.raises(PolicyError, match=r"bad\.yaml:1:1"):
        waypost.auto_instrument(policy=bad)
    assert ask() == "gpt-4o-mini"
    with pytest.raises(SettingsError, match=r"'fast' is no mode"):
        waypost.auto_instrument(mode="fast")
    assert ask() == "gpt-4o-mini"


def test_instrumenting_again_changes_what_is_given(policy: Path, tmp_path: Path) -> None:
    """Idempotent without arguments; with a policy that one holds."""
    waypost.auto_instrument()
    assert ask() == "gpt-4o-mini"
    other = tmp_path / "other.yaml"
    other.write_text(CLAUDE)
    waypost.auto_instrument(policy=other)
    assert ask() == "claude-haiku-4-5"
