"""The audit file: its rows, and that writing it harms nobody."""

from __future__ import annotations

import json
import logging
import os
import stat
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import events_factory
from waypost.adapters.sinks.candidates import MAX_CANDIDATES
from waypost.adapters.sinks.jsonl import Jsonl, row
from waypost.core.model.events import Settled


def at_once(job: Any, *args: Any) -> bool:
    job(*args)
    return True


def settled(scenario: str, **changes: Any) -> Settled:
    event = events_factory.SCENARIOS[scenario](**changes)[-1]
    assert isinstance(event, Settled)
    return event


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_one_row_per_settled_decision(tmp_path: Path) -> None:
    """Every call leaves one line, whatever became of it; other events leave none (S0.11)."""
    sink = Jsonl(tmp_path / "audit.jsonl", at_once)
    for make in events_factory.SCENARIOS.values():
        for event in make():
            sink.event(event)
    outcomes = [each["outcome"] for each in rows(tmp_path / "audit.jsonl")]
    assert outcomes == ["ok", "ok", "error", "rejected", "ok", "ok", "abandoned", "ok"]


def test_a_row_says_what_was_decided_and_what_happened() -> None:
    """Candidates, first failed rules, attempts, money as integers; nothing of the conversation."""
    event = settled("fallen_back", receipt="wp_1")
    found = row(event)
    assert {key: found[key] for key in ("v", "receipt", "request_id", "requested", "provider", "policy", "mode")} == {
        "v": 1,
        "receipt": "wp_1",
        "request_id": "req-7",
        "requested": "auto",
        "provider": "openai",
        "policy": "default",
        "mode": "route",
    }
    assert (found["selected"], found["cause"], found["candidates"]) == (
        "groq/llama-small",
        "fallback",
        ["groq/llama-small"],
    )
    assert found["rejected"] == {
        "openai/gpt-5-mini": "tried",
        "local/phi": "need.tools",
        "openai/gpt-5": "estimated.cost <= 0.01",
    }
    assert [(each["target"], each["reason"], each["failure"], each["status"]) for each in found["attempts"]] == [
        ("openai/gpt-5-mini", "primary", "rate_limited", 429),
        ("groq/llama-small", "fallback", None, None),
    ]
    assert (found["answered_by"], found["cost"], found["basis"]) == ("groq/llama-small", 163_500, "computed")
    assert found["baselines"] == {"requested": 2_500_000, "policy": 2_600_000}
    assert found["usage"]["input"] == 100
    assert found["context"] == {"department": "rd", "workflow": "triage"}


def test_a_row_has_no_floats() -> None:
    """Money and times are integers, so that rows compare byte by byte."""

    def walk(value: object) -> None:
        assert not isinstance(value, float), value
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(item)

    for scenario in events_factory.SCENARIOS:
        walk(row(settled(scenario)))


def test_rows_have_one_shape() -> None:
    """All keys are in every row, null where there is nothing, and the docstring names each of them."""
    shapes = {tuple(row(settled(scenario))) for scenario in events_factory.SCENARIOS}
    assert len(shapes) == 1
    documented = Jsonl.__init__.__globals__["__doc__"]
    assert not [key for key in shapes.pop() if key not in documented]


def test_many_candidates_are_cut() -> None:
    """The winner, and as many rejected as fit; the rest is counted."""
    count = 1_000
    made = events_factory.decision(order=(0,), rejections=(("region", (1 << count) - 2),), scores=(1,))
    start = events_factory.started()
    chosen = events_factory.decided(start, made=made, target_of=lambda index: f"p/m{index}")
    found = row(events_factory.settled(start, chosen, []))
    assert len(found["rejected"]) == MAX_CANDIDATES - 1
    assert found["candidate_count"] == count


def test_the_folder_is_made_and_the_file_is_private(tmp_path: Path) -> None:
    """A path that does not exist yet is no error; others on the machine cannot read who asked what."""
    path = tmp_path / "logs" / "today" / "audit.jsonl"
    Jsonl(path, at_once).event(settled("routed"))
    assert len(rows(path)) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_rotated_file_is_made_anew(tmp_path: Path) -> None:
    """Moving the file away loses no row."""
    path = tmp_path / "audit.jsonl"
    sink = Jsonl(path, at_once)
    sink.event(settled("routed"))
    path.rename(tmp_path / "audit.jsonl.1")
    sink.event(settled("failed"))
    assert [each["outcome"] for each in rows(path)] == ["error"]


def test_rows_of_threads_do_not_mix(tmp_path: Path) -> None:
    """Each row is one append."""
    sink = Jsonl(tmp_path / "audit.jsonl", at_once)
    event = settled("routed")
    threads = [threading.Thread(target=lambda: [sink.event(event) for _ in range(100)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rows(tmp_path / "audit.jsonl")) == 800


def test_a_file_that_cannot_be_written_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The call is unharmed; every lost row is counted, and one warning names the file."""
    (tmp_path / "taken").write_text("")
    sink = Jsonl(tmp_path / "taken" / "audit.jsonl", at_once)
    with caplog.at_level(logging.WARNING, logger="waypost"):
        for _ in range(3):
            sink.event(settled("routed"))
    assert sink.lost == 3
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path}/taken/audit.jsonl: rows of the audit file are being lost: Not a directory"
    ]


def test_a_full_disk_never_joins_two_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that was cut short ends its line, so that the next one can be read."""
    path, write = tmp_path / "audit.jsonl", os.write
    sink = Jsonl(path, at_once)
    short = [True]

    def half(file: int, data: bytes) -> int:
        if len(data) > 1 and short.pop() if short else False:
            return write(file, data[: len(data) // 2])
        return write(file, data)

    monkeypatch.setattr(os, "write", half)
    sink.event(settled("routed"))
    sink.event(settled("failed"))
    cut, whole = path.read_text().splitlines()
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut)
    assert json.loads(whole)["outcome"] == "error"
    assert sink.lost == 1


def test_a_refused_row_is_counted(tmp_path: Path) -> None:
    """A full queue loses the row, not the call."""
    sink = Jsonl(tmp_path / "audit.jsonl", lambda *_: False)
    sink.event(settled("routed"))
    assert sink.lost == 1
    assert not (tmp_path / "audit.jsonl").exists()
    assert sink.flush(1.0) is True


def test_half_a_letter_costs_no_row(tmp_path: Path) -> None:
    """Python takes such text from anybody, and no file does."""
    sink = Jsonl(tmp_path / "audit.jsonl", at_once)
    event = settled("routed")
    sink.event(replace(event, started=replace(event.started, requested="x\udc80")))
    assert [row["requested"] for row in rows(tmp_path / "audit.jsonl")] == ["x?"]
