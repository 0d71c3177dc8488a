"""``waypost report``: sums in groups and a measured rollout, through the real entry point."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from receipt_cases import SECOND, single, started
from waypost.adapters.stores.journal import Journal
from waypost.core.analysis.report import Holdback
from waypost.core.model.receipt_lines import attempt_line, settled_line
from waypost.surfaces.cli.main import main
from waypost.surfaces.cli.report import _tell


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two calls of one policy, routed and held back by its share, an older one of another, and one still open."""
    now = time.time_ns()
    journal = Journal(tmp_path / "journal")
    for number, (at, changes) in enumerate(
        [
            (now, {"policy": "rd", "mode": "route", "drawn": True}),
            (now, {"policy": "rd", "mode": "advise", "drawn": True}),
            (now - 40 * 86_400 * SECOND, {"policy": "sales"}),
        ]
    ):
        sent, settled = single(started(f"wp_{number:032x}", at, **changes))
        journal.append(attempt_line(sent, str))
        journal.append(settled_line(settled, str))
    journal.append(attempt_line(single(started("wp_" + "e" * 32, now))[0], str))
    journal.close()
    return tmp_path


def test_sums_stand_beside_both_baselines(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """S2.15, S2.18: one line a group and their total; too small a rollout is told without an interval."""
    assert main(["report", "--home", str(home)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:4]] == [
        ["POLICY", "CALLS"],
        ["rd", "2"],
        ["sales", "1"],
        ["total", "3"],
    ]
    assert lines[4] == "1 more are open: sent, and not settled."
    assert lines[5].startswith("Rollout of rd: ")
    assert lines[5].endswith("; an interval needs 30 calls on each side.")


def test_only_what_was_asked_for_is_summed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A span of time and a policy narrow it; JSON has the same figures."""
    assert main(["report", "--home", str(home), "--since", "7d", "--by", "model", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["by"], document["total"]["calls"]) == ("report/v1", "model", 2)
    (held,) = document["holdbacks"]
    assert (held["policy"], held["routed"], held["control"], held["difference"], held["says"]) == ("rd", 1, 1, 0, "few")
    assert main(["report", "--home", str(home), "--policy", "nobody"]) == 0
    assert capsys.readouterr().out == "No settled receipts match.\n"


def test_a_wrong_span_is_bad_input(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, with what to write."""
    assert main(["report", "--home", str(home), "--since", "soon"]) == 2
    assert capsys.readouterr().err == (
        "waypost report: --since: 'soon' is no span of time; write 90min, 24h, 7d or 4w\n"
    )


def test_an_interval_says_what_it_counts(capsys: pytest.CaptureFixture[str]) -> None:
    """Calls of one user are alike, so that a share drawn by user shows less than its calls make believe."""
    _tell([Holdback("rd", 40, 40, 5.0, 9.0, None, None)], 0)
    assert "interval counts" not in capsys.readouterr().out
    _tell([Holdback("rd", 40, 40, 5.0, 9.0, -6.0, -2.0)], 0)
    assert capsys.readouterr().out.splitlines()[1:] == [
        "The interval counts calls: where a rollout is drawn `by` user or another key, the real one is wider."
    ]


def test_a_comparison_of_a_part_is_marked(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sum of some of the calls must not be read as that of the cost beside it, which is of all."""
    assert main(["report", "--home", str(home)]) == 0
    assert "*" not in capsys.readouterr().out
    journal = Journal(home / "journal")
    sent, settled = single(started("wp_" + "d" * 32, time.time_ns(), policy="rd"))
    bare = replace(settled, settlement=replace(settled.settlement, baselines=()))
    journal.append(attempt_line(sent, str))
    journal.append(settled_line(bare, str))
    journal.close()
    assert main(["report", "--home", str(home)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.endswith(" *") for line in lines[1:4]] == [True, False, True]
    assert lines[4] == "* of the calls alone for which both sums are known; COST is of all."
