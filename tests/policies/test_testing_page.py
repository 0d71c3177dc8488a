"""docs/testing-policies.md shows what really happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from waypost.surfaces.cli import main as cli

PAGE = Path(__file__).resolve().parents[2] / "docs" / "testing-policies.md"


def test_the_example_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its two files are written out and run; what the page prints is what is printed."""
    blocks = re.findall(r"```(\w*)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    files = [text for language, text in blocks if language == "yaml"]
    shown = next(text for language, text in blocks if not language)
    for text in files:
        (tmp_path / text.partition("\n")[0].removeprefix("# ")).write_text(text)
    monkeypatch.chdir(tmp_path)
    command, _, printed = shown.partition("\n")

    assert command.startswith("$ waypost ")
    assert cli.main(command.removeprefix("$ waypost ").split()) == 1
    assert capsys.readouterr().out == printed
