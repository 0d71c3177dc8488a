"""Where what is logged is seen: by the application's handlers, and without any on stderr."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """\
import logging
import waypost
{before}
waypost.auto_instrument()
{after}
logging.getLogger("waypost").info("heard")
logging.getLogger("waypost").warning("louder")
"""
OWN = "logging.basicConfig(format='own %(message)s')"


@pytest.mark.parametrize(
    ("level", "before", "after", "lines"),
    [
        ("INFO", "", "", ["INFO waypost: heard", "WARNING waypost: louder"]),
        ("INFO", OWN, "", ["own heard", "own louder"]),
        ("INFO", "", OWN, ["own heard", "own louder"]),
        ("WARNING", "", "", ["louder"]),
    ],
)
def test_a_level_that_was_asked_for_is_seen(
    level: str, before: str, after: str, lines: list[str], tmp_path: Path
) -> None:
    """Once: by the application's handler, whenever that is set up, else on stderr."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("WAYPOST_", "OTEL_"))}
    env.update(WAYPOST_LOG_LEVEL=level, WAYPOST_HOME=str(tmp_path / "home"))
    code = PROGRAM.format(before=before, after=after)
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0
    assert [line for line in done.stderr.splitlines() if line.endswith(("heard", "louder"))] == lines
