"""Calls per second of many threads, bare and with Waypost: fresh processes in turn, and the median ratio."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass

from counting import WORKLOAD

THREADS, CALLS, PAIRS = 32, 1_920, 9


@dataclass(frozen=True)
class Throughput:
    """Of bare: until the callers were done, until the worker was done too; the telemetry alone (`floor.py`); and bare
    against itself, as a control."""

    calls: float
    settled: float
    floor: float
    control: float


def measure(environ: dict[str, str], pairs: int = PAIRS) -> Throughput:
    """Calls per second as a ratio to those of the bare SDK."""
    calls, settled, floor, control = [], [], [], []
    for number in range(pairs):
        order = ("bare", "waypost", "floor", "again") if number % 2 else ("again", "floor", "waypost", "bare")
        took = {name: once("bare" if name == "again" else name, environ) for name in order}
        base = (took["bare"][0] + took["again"][0]) / 2
        calls.append(base / took["waypost"][0])
        settled.append(base / took["waypost"][1])
        floor.append(base / took["floor"][0])
        control.append(took["bare"][0] / took["again"][0])
    return Throughput(*map(statistics.median, (calls, settled, floor, control)))


def once(variant: str, environ: dict[str, str], calls: int = CALLS) -> tuple[float, float]:
    """Seconds of the calls, and with what they left to the worker."""
    command = [sys.executable, str(WORKLOAD), variant, "sync:64", f"sync:{calls}:0:{THREADS}"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    last = json.loads(done.stdout.splitlines()[-1])
    return last["seconds"], last["settled"]
