"""A stream of thousands of chunks holds no more than one of hundreds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HELD = 200_000
"""Bytes: the tail of what has passed, which is looked at when the stream ends, and what it is cut from."""


@pytest.mark.parametrize("variant", ["observe", "waypost", "translated"])
def test_memory_of_a_stream_is_flat(variant: str) -> None:
    """S3.06: after 1,000 chunks, and after 4,000, no more is held than the bounded tail."""
    command = [sys.executable, str(Path(__file__).with_name("memory.py")), variant]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    held = {int(chunks): size for chunks, size in json.loads(done.stdout).items()}
    assert set(held) >= {1_000, 4_000}
    assert max(held.values()) < HELD, held
