"""Counts bytecode instructions of a call: coarser than callgrind, exact, and ready in seconds without any tool.

    python tests/benchmarks/opcodes.py VARIANT

Prints what one call executes on the caller's thread and on all threads. C code counts for nothing here, so the numbers
stand for themselves only; the gate in `test_gate.py` holds them against the bare SDK's of the same run.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from typing import Any

from workload import Phase, instrument, perform, settle

FEW, MANY = 2, 10


def main(variant: str) -> None:
    import openai  # noqa: F401 (before instrumenting, as in an application)

    counts: dict[int, int] = {}
    ident = threading.get_ident

    def trace(frame: Any, event: str, _: Any) -> Any:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            thread = ident()
            counts[thread] = counts.get(thread, 0) + 1
        return trace

    def counted(calls: int) -> tuple[int, int]:
        counts.clear()
        sys.settrace(trace)
        perform(Phase("sync", calls))
        sys.settrace(None)
        settle(variant)
        return counts.get(ident(), 0), sum(counts.values())

    with tempfile.TemporaryDirectory() as home:
        threading.settrace(trace)  # before the worker's thread begins
        instrument(variant, home)
        perform(Phase("sync", 10))
        settle(variant)
        few, many = counted(FEW), counted(MANY)
    caller, every = ((more - less) / (MANY - FEW) for less, more in zip(few, many, strict=True))
    print(json.dumps({"caller": caller, "every": every}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
