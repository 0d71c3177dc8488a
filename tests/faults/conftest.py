"""One server, one client of each SDK and colour, and one engine of each mode for all cells of a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.calls import there
from faults.world import World

collect_ignore = [] if there("llmock") else ["test_faults_emulator.py"]
"""The older majors have environments without the emulator; our own server has the same faults and more."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("OPENAI_", "ANTHROPIC_", "GOOGLE_", "GEMINI_", "WAYPOST_", "OTEL_", "LLMOCK_")):
                patch.delenv(name)
        home: Path = tmp_path_factory.mktemp("faults")
        with World(home, patch) as made:
            yield made
