"""`waypost doctor` before anything works: no key, moved addresses, misspelt variables, a home that is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from waypost.surfaces.cli import main as cli

Doctor = Callable[..., tuple[int, str]]


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Doctor:
    """Runs the command without any variable of the surroundings: exit code and output."""
    for name in list(os.environ):
        if name.startswith(("WAYPOST_", "OTEL_")) or name.endswith(("_API_KEY", "_BASE_URL")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str]:
        code = cli.main(["doctor", *words])
        return code, capsys.readouterr().out

    return call


def checks(doctor: Doctor, *words: str) -> list[dict[str, Any]]:
    """The checks of the JSON document."""
    found: list[dict[str, Any]] = json.loads(doctor("--json", *words)[1])["checks"]
    return found


def test_misspelt_variables_are_findings_with_what_was_meant(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing reads them, so nobody else would say it."""
    monkeypatch.setenv("WAYPOST_POLCY", "my.yaml")
    monkeypatch.setenv("WAYPOST_Q", "1")
    found = [check for check in checks(doctor) if check["topic"] == "variable"]

    assert doctor()[0] == 1
    assert [check["state"] for check in found] == ["finding", "finding"]
    assert found[0]["text"] == "WAYPOST_POLCY is ignored, because no such setting is known"
    assert found[0]["remedy"] == "did you mean WAYPOST_POLICY?"
    assert found[1]["remedy"].startswith("known: WAYPOST_CATALOG, WAYPOST_CONSOLE, ")


def test_switching_on_says_once_what_it_ignores(tmp_path: Path) -> None:
    """One line on the logger, however often auto_instrument() is called."""
    program = "import waypost; waypost.auto_instrument(); waypost.auto_instrument(mode='observe')"
    env = {**os.environ, "WAYPOST_HOME": str(tmp_path / "home"), "WAYPOST_POLCY": "x", "WAYPOST_Q": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.stderr == (
        "Waypost ignores what is none of its settings: WAYPOST_POLCY (did you mean WAYPOST_POLICY?), WAYPOST_Q; "
        "unset it, or mend its name\n"
    )
