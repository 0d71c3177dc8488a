"""The table of the first page: what has an aim, and what it is compared with."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import report


def test_the_brief_table_has_what_has_an_aim() -> None:
    """Rows without an aim are left to docs/performance.md, but for the bare call and the yardstick."""
    bare = ("Instructions of one call, bare SDK (sync / async)", "1", "")
    yardstick = (f"added by {report.LABELS[report.YARDSTICK]}: caller's thread / all threads", "2", "")
    ours = ("added by us", "3", "≤ 4")
    assert report.brief([bare, ("the same, async", "5", ""), ours, yardstick]) == [bare, ours, yardstick]
