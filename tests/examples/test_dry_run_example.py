"""The example of a dry run prints decisions, and needs no provider for it (S2.17)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "06_dry_run.py"


def test_dry_run(tmp_path: Path) -> None:
    """Three lines, no key, and no home is made."""
    env = {key: value for key, value in os.environ.items() if not key.endswith("_API_KEY") and "WAYPOST" not in key}
    command = [sys.executable, "-W", "error", str(EXAMPLE)]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    simple, complex_, body = done.stdout.splitlines()

    assert (done.returncode, done.stderr) == (0, "")
    assert simple.startswith("simple question_answer: openai/")
    assert ", by rule simple-questions; then " in simple
    assert ", by rule hard-bugs; then " in complex_
    assert body.startswith("question_answer: ")
    assert body.endswith(", cause preference")
    assert list(tmp_path.iterdir()) == []
