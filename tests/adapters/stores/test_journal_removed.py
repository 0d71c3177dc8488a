"""A journal whose file is deleted under a running process."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Any

import pytest

from waypost.adapters.stores.journal import Journal, read_journal, verify
from waypost.runtime.recording import Faults, Recorder
from waypost.runtime.worker import Worker


def test_a_removed_journal_is_begun_anew_and_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What comes after the worker noticed is kept, in a journal with a chain of its own; a whole one is left alone."""
    folder = tmp_path / "home" / "journal"
    journal, faults = Journal(folder), Faults()
    worker = Worker(inline=True)
    recorder: Any = Recorder(journal, [], worker, faults, pseudonym=str, fold=lambda: None)
    for _ in range(2):
        journal.append({"kind": "fault"})
        first = journal.name
        recorder._fold_once()
        assert journal.name == first
        shutil.rmtree(folder.parent)
        recorder._fold_once()
        assert journal.name != first
    journal.append({"kind": "fault"})
    (file,) = folder.iterdir()
    assert [record["seq"] for record in read_journal(file)] == [0]
    assert verify(file) == []
    assert faults.counts == {"journal": 2}
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    journal.close()
    worker.close()
