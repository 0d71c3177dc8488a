"""The table of the first page: what has an aim, and what it is compared with."""

from __future__ import annotations

import json
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
    for variant in ("waypost", "floor"):
        took, settled = throughput.once(variant, environ, calls=64)
        assert 0 < took <= settled


def test_the_floor_leaves_what_waypost_leaves(tmp_path: Path) -> None:
    """The same spans with the same attributes, so that its cost is what no other way to leave them can go below."""
    found = json.loads(
        subprocess.run(
            [sys.executable, "-c", BESIDE, str(Path(__file__).parent), str(tmp_path)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )
    assert found["floor"] == found["waypost"]
    assert [name.partition(" ")[0] for name, _, _ in found["floor"]] == ["chat", "route"]


BESIDE = """
import json, sys
sys.path.insert(0, sys.argv[1])
import openai
import floor, workload
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

def left(exporter):
    spans = exporter.get_finished_spans()
    return [(span.name, span.kind.name, sorted(span.attributes)) for span in sorted(spans, key=lambda span: span.name)]

kept, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(kept))
trace.set_tracer_provider(provider)
workload.recording_providers = lambda: None
workload.instrument("floor", sys.argv[2])
assert kept.get_finished_spans() == ()
workload.perform(workload.Phase("sync", 1))
found = {"floor": left(kept)}
theirs, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(theirs))
import waypost
waypost.auto_instrument(policy=sys.argv[2] + "/bench.yaml", tracer_provider=provider)
workload.perform(workload.Phase("sync", 1))
waypost.flush(10)
print(json.dumps({**found, "waypost": left(theirs)}))
"""
