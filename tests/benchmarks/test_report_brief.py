"""The table of the first page: what has an aim, and what it is compared with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import imports
import report
import throughput


def test_the_brief_table_has_what_has_an_aim() -> None:
    """Rows without an aim are left to docs/performance.md, but for the bare call and the yardstick."""
    bare = ("Instructions of one call, bare SDK (sync / async)", "1", "")
    yardstick = (f"added by {report.LABELS[report.YARDSTICK]}: caller's thread / all threads", "2", "")
    ours = ("added by us", "3", "≤ 4")
    assert report.brief([bare, ("the same, async", "5", ""), ours, yardstick]) == [bare, ours, yardstick]


def test_the_whole_benchmark_starts_as_make_starts_it() -> None:
    """By name, with nothing imported before: modules that need each other in a circle fail only there."""
    home = Path(__file__).parents[2]
    started = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "--help"], cwd=home, capture_output=True, text=True, check=False
    )
    assert (started.returncode, started.stderr) == (0, "")
    assert "--write" in started.stdout


def test_each_measure_that_make_takes_can_be_taken(tmp_path: Path) -> None:
    """One small run of each in its own process: what nothing calls between two measurements falls behind the rest."""
    environ = {**os.environ, "WAYPOST_HOME": str(tmp_path)}
    cpu_ms, rss_mb, *_ = imports.once(environ)
    assert 0 < cpu_ms < 10_000
    assert rss_mb > 0
    took, settled = throughput.once("waypost", environ, calls=64)
    assert 0 < took <= settled
