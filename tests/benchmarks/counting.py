"""Counts instructions under callgrind: exact to a few parts in a thousand, whatever else the machine is doing.

One process a variant performs its phases; callgrind writes what a thread has executed so far whenever that thread calls
``getsid``, and begins again at zero. A call costs ``(I(n2) - I(n1)) / (n2 - n1)``, so that whatever a phase does once
cancels out.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from workload import PARTS

WORKLOAD = Path(__file__).with_name("workload.py")
# So many that a collection of garbage, which comes every few hundred calls, does not fall on a handful of them.
FEW, MANY = 20, 140
SHORT, LONG, STREAMS = 100, 200, 4
WARM = ("sync:20", "sync:1:20", "async:5", "async:1:20")
PHASES = (
    f"sync:{FEW}",
    f"sync:{MANY}",
    f"async:{FEW}",
    f"async:{MANY}",
    f"sync:{STREAMS}:{SHORT}",
    f"sync:{STREAMS}:{LONG}",
    f"async:{STREAMS}:{SHORT}",
    f"async:{STREAMS}:{LONG}",
)
_PART = re.compile(r"\.(\d+)-(\d+)$")


@dataclass(frozen=True)
class Count:
    """Instructions of the caller's thread, and of all threads."""

    caller: float
    every: float

    def __sub__(self, other: Count) -> Count:
        return Count(self.caller - other.caller, self.every - other.every)

    def __truediv__(self, by: int) -> Count:
        return Count(self.caller / by, self.every / by)


@dataclass(frozen=True)
class Costs:
    """Instructions of one variant: per whole call, and per chunk of a stream."""

    call: Count
    acall: Count
    chunk: Count
    achunk: Count

    def __sub__(self, other: Costs) -> Costs:
        return Costs(
            self.call - other.call, self.acall - other.acall, self.chunk - other.chunk, self.achunk - other.achunk
        )


def available() -> bool:
    """Whether this machine has callgrind."""
    return shutil.which("valgrind") is not None


def environment() -> dict[str, str]:
    """Ours without what would change the work: keys, endpoints, telemetry, hash seeds."""
    kept = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR", "VIRTUAL_ENV")
    return {**{name: os.environ[name] for name in kept if name in os.environ}, "PYTHONHASHSEED": "0"}


def costs(variant: str) -> Costs:
    """Count one variant; a minute or two."""
    counts = phases(variant, [*WARM, *PHASES])[len(WARM) :]
    call, acall = (counts[1] - counts[0]) / (MANY - FEW), (counts[3] - counts[2]) / (MANY - FEW)
    more = STREAMS * (LONG - SHORT)
    return Costs(call, acall, (counts[5] - counts[4]) / more, (counts[7] - counts[6]) / more)


def parts() -> dict[str, float]:
    """What each step of a translated call costs by itself, in instructions."""
    work = [f"{name}:{number}" for name in PARTS for number in (FEW, MANY)]
    counts = phases("translated", [*WARM, *(f"{name}:5" for name in PARTS), *work])[len(WARM) + len(PARTS) :]
    return {
        name: ((counts[2 * place + 1] - counts[2 * place]) / (MANY - FEW)).caller for place, name in enumerate(PARTS)
    }


def every(variants: list[str]) -> list[Costs]:
    """Count several variants, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(costs, variants))


def phases(variant: str, work: list[str]) -> list[Count]:
    """What each phase executed.

    Raises:
        RuntimeError: the workload failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", "--separate-threads=yes", "--dump-before=getsid"]
        command += [f"--callgrind-out-file={folder}/out", sys.executable, str(WORKLOAD), variant, *work]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{variant} failed:\n{done.stderr[-4000:]}")
        return _added(_totals(Path(folder)), len(work))


def _totals(folder: Path) -> dict[int, list[int]]:
    """By thread: what it executed before its first mark, between its marks, and so on."""
    found: dict[int, dict[int, int]] = {}
    for path in folder.iterdir():
        part = _PART.search(path.name)
        if part is not None:
            text = path.read_text()
            totals = int(text[text.rindex("\ntotals:") + 8 :].split()[0])
            found.setdefault(int(part[2]), {})[int(part[1])] = totals
    return {thread: [parts[number] for number in sorted(parts)] for thread, parts in found.items()}


def _added(threads: dict[int, list[int]], work: int) -> list[Count]:
    callers = threads[1]
    if any(len(parts) != work + 1 for parts in threads.values()):
        raise RuntimeError(f"marks are missing: { ({thread: len(parts) for thread, parts in threads.items()}) }")
    sums = [sum(parts[place] for parts in threads.values()) for place in range(work + 1)]
    return [Count(callers[place], sums[place]) for place in range(1, work + 1)]


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(name, costs(name))
