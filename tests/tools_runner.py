"""Runs command lines through the entry point of the package, with nothing of the surroundings' settings."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str, str]]


def runner(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, place: Path) -> Run:
    """A function of words to exit code, output and errors; it runs in ``place``."""
    for name in list(os.environ):
        if name.startswith(("WAYPOST_", "OTEL_")) or name.endswith(("_API_KEY", "_BASE_URL")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(place)
    (entry,) = metadata.entry_points(group="console_scripts", name="waypost")
    main = entry.load()

    def call(*words: str | Path) -> tuple[int, str, str]:
        try:
            code = main([str(word) for word in words])
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call
