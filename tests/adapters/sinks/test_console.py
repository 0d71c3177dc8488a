"""The live line (S5.11)."""

from __future__ import annotations

import io
from typing import Any

import pytest

import events_factory
from waypost.adapters.sinks.console import Console, line
from waypost.core.model.events import Settled

MONEY = "$0.0001635 (requested $0.0025, policy $0.0026)"


def at_once(job: Any, *args: Any) -> bool:
    job(*args)
    return True


def settled(scenario: str, **changes: Any) -> Settled:
    event = events_factory.SCENARIOS[scenario](receipt="wp_1", **changes)[-1]
    assert isinstance(event, Settled)
    return event


@pytest.mark.parametrize(
    ("scenario", "text"),
    [
        ("routed", f"waypost auto -> openai/gpt-5-mini  0.95 s  280 tokens  {MONEY}  policy default  wp_1"),
        ("fallen_back", f"waypost auto -> groq/llama-small  1.45 s  280 tokens  {MONEY}  fallback: rate_limited  wp_1"),
        (
            "failed",
            "waypost auto -> openai/gpt-5-mini failed: server_error  0.95 s  "
            "unpriced (requested $0.0025, policy $0.0026)  policy default  wp_1",
        ),
        ("rejected", "waypost auto -> nobody: no eligible model  0.45 s  policy default  wp_1"),
        ("observed", f"waypost gpt-5 -> openai/gpt-5  0.95 s  280 tokens  {MONEY}  wp_1"),
        (
            "advised",
            f"waypost gpt-5 -> openai/gpt-5  0.95 s  280 tokens  {MONEY}  "
            "rule simple goes cheap  advised openai/gpt-5-mini  wp_1",
        ),
        (
            "streamed",
            "waypost auto -> openai/gpt-5-mini (abandoned)  0.95 s  ~19 tokens  "
            "~$0.000001 (requested $0.0025, policy $0.0026)  policy default  wp_1",
        ),
    ],
)
def test_lines_read_well(scenario: str, text: str) -> None:
    """What was asked, who answered, how long, how much against what, why, and the receipt's id."""
    assert line(settled(scenario)) == text


def test_one_line_per_call() -> None:
    """Only the end of a call is printed, to the stream that is in place then."""
    streams = [io.StringIO(), io.StringIO()]
    now = streams[:1]
    console = Console(at_once, stream=lambda: now[-1])
    for event in events_factory.fallen_back():
        console.event(event)
    now.append(streams[1])
    for event in events_factory.routed():
        console.event(event)
    assert [len(each.getvalue().splitlines()) for each in streams] == [1, 1]
    assert console.flush(1.0) is True


def test_standard_error_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output belongs to the program."""
    Console(at_once).event(settled("routed"))
    out, err = capsys.readouterr()
    assert (out, err) == ("", line(settled("routed")) + "\n")


def test_a_closed_terminal_costs_the_line_only() -> None:
    """No stream, a closed one or a full queue never reach the caller."""
    closed = io.StringIO()
    closed.close()
    console = Console(at_once, stream=lambda: closed)
    console.event(settled("routed"))
    assert console.lost == 1
    Console(at_once, stream=lambda: None).event(settled("routed"))
    refused = Console(lambda *_: False)
    refused.event(settled("routed"))
    assert refused.lost == 1
