"""The gate: a call must not become dearer unnoticed. The full measurement is `make bench`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

CALLER, EVERY = 0.32, 0.47
"""What Waypost may add to a call, as shares of the bare SDK's own bytecodes; a tenth to a fifth above what it adds."""


def bytecodes(variant: str) -> dict[str, float]:
    """Executed per call by the caller's thread and by all threads."""
    command = [sys.executable, str(Path(__file__).with_name("opcodes.py")), variant]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def test_a_routed_call_executes_no_more_of_ours_than_it_may() -> None:
    """Bytecodes of one call against the bare SDK's, in fresh processes; a busy machine changes nothing."""
    bare, ours = bytecodes("bare")["every"], bytecodes("waypost")
    assert ours["caller"] - bare < CALLER * bare, (bare, ours)
    assert ours["every"] - bare < EVERY * bare, (bare, ours)
