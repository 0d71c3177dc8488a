"""What is counted of our own faults, and by whom (S2.21)."""

from __future__ import annotations

import os

from waypost.runtime.recording import Faults


def test_a_forked_child_counts_from_zero() -> None:
    """What the parent counted is the parent's to report; its own faults the child counts, and the parent does not."""
    faults = Faults()
    faults.note("sink", None, "gone")
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        before = dict(faults.counts)
        faults.note("state", None, "gone")
        os.write(write, repr((before, faults.counts)).encode())
        os._exit(0)
    os.close(write)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    with os.fdopen(read, "rb") as told:
        assert told.read() == b"({}, {'state': 1})"
    assert faults.counts == {"sink": 1}
