"""What switching Waypost on costs a program that has imported openai: CPU time and memory, in fresh processes."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

REPEATS = 9
SCRIPT = """
import sys, os, time, json
sys.path.insert(0, sys.argv[1])
import openai, workload
def rss():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
client = workload.prepared(openai.OpenAI, "bare", 0)
def call():
    begun = time.process_time()
    client.chat.completions.create(model="gpt-4o", messages=workload.MESSAGES)
    return time.process_time() - begun
call()
bare = call()
before, memory = time.process_time(), rss()
import waypost
waypost.auto_instrument()
switched, more = time.process_time() - before, rss() - memory
memory, known = rss(), len(sys.modules)
first = call() - bare
found = [switched * 1e3, more / 1e6, first * 1e3, (rss() - memory) / 1e6, len(sys.modules) - known]
print(json.dumps(found), flush=True)
os._exit(0)
"""


@dataclass(frozen=True)
class Import:
    """Medians: milliseconds of CPU and megabytes of resident memory; ``first`` is the first call over a bare one."""

    cpu_ms: float
    rss_mb: float
    first_ms: float
    first_mb: float
    first_modules: float


def measure(environ: dict[str, str]) -> tuple[Import, Import]:
    """With a home that has been used before (the compiled catalog is there), and with a new one."""
    with tempfile.TemporaryDirectory() as home:
        warm = {**environ, "WAYPOST_HOME": home}
        once(warm)
        used = [once(warm) for _ in range(REPEATS)]
    new = []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as home:
            new.append(once({**environ, "WAYPOST_HOME": home}))
    return _medians(used), _medians(new)


def once(environ: dict[str, str]) -> list[float]:
    """One fresh process, in the order of `Import`'s fields."""
    command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    found: list[float] = json.loads(done.stdout)
    return found


def _medians(rows: list[list[float]]) -> Import:
    return Import(*(statistics.median(column) for column in zip(*rows, strict=True)))


if __name__ == "__main__":
    import os

    print(measure(dict(os.environ)))
