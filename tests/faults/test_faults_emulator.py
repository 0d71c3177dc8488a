"""Every fault of the emulator: what comes of it and what llmock thinks of the client are as without Waypost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from llmock.scenarios import Fail, Match

from faults.calls import INSTALLED, STYLES, steady, streams
from faults.emulated import BARE_FAILS, SCRIPTS, Emulated, Script
from faults.expected import kinds, left_over, sent
from faults.wire import CHAT, DIALECTS, GOOGLE, MESSAGES, MODELS
from faults.world import COLOURS

STYLES_HERE = ("plain", "tools", "parse", "stream", "stream_tools", "helper")
STYLES_OF = {dialect: [style for style in STYLES_HERE if style in STYLES[dialect]] for dialect in DIALECTS}
IN_EVERY_STYLE = ("fail429", "fail400", "disconnect", "malformed_arguments", "unknown_tool")
ANSWERS = {CHAT: MESSAGES, MESSAGES: CHAT, GOOGLE: CHAT}


@pytest.fixture(scope="module")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("OPENAI_", "ANTHROPIC_", "GOOGLE_", "GEMINI_", "WAYPOST_", "OTEL_", "LLMOCK_")):
                patch.delenv(name)
        with Emulated(tmp_path_factory.mktemp("emulated"), patch) as made:
            yield made


def suits(script: Script, style: str) -> bool:
    """Whether it can happen to such a call."""
    if script.styles and style not in script.styles:
        return False
    if script.name not in IN_EVERY_STYLE and style not in ("plain", "stream"):
        return False
    return script.calls == "any" or (streams(style) if script.calls == "stream" else "tools" in style)


CELLS = [
    pytest.param(script, dialect, colour, style, id=f"{dialect.partition('.')[2]}-{colour}-{style}-{script.name}")
    for dialect in DIALECTS
    if dialect in INSTALLED
    for colour in COLOURS
    for style in STYLES_OF[dialect]
    for script in SCRIPTS
    if suits(script, style)
]


@pytest.mark.parametrize(("script", "dialect", "colour", "style"), CELLS)
def test_judged_as_without_us(script: Any, dialect: str, colour: str, style: str, emulated: Emulated) -> None:
    """The same outcome and the same verdict; and no error in it, but for what no SDK is free of (issue 5, Faults)."""
    bare, judged = emulated.play(script, dialect, colour, style)
    for mode in ("observe", "route"):
        engine = emulated.at_home(mode)
        ours, verdict = emulated.play(script, dialect, colour, style, engine)
        assert ours.came.error == bare.came.error
        assert steady(ours.came.said) == steady(bare.came.said)
        assert steady(ours.came.given) == steady(bare.came.given)
        assert sent(ours, mode) == sent(bare, mode)
        assert [(item.code, item.severity) for item in verdict.findings] == [
            (item.code, item.severity) for item in judged.findings
        ]
        assert [item.code for item in verdict.errors if item.code not in BARE_FAILS] == []
        assert left_over(ours, engine) == []


@pytest.mark.parametrize(
    ("script", "dialect", "colour", "style"),
    [cell for cell in CELLS if cell.values[1] in ANSWERS and cell.values[3] in ("plain", "stream")],
)
def test_resilient_elsewhere(script: Any, dialect: str, colour: str, style: str, emulated: Emulated) -> None:
    """Sent to another dialect: Retry-After is kept to, nothing is repeated that cannot succeed, and a fault is told."""
    engine = emulated.away(dialect, ANSWERS[dialect])
    run, verdict = emulated.play(script, dialect, colour, style, engine)
    assert [item.code for item in verdict.errors if item.code not in BARE_FAILS] == []
    assert left_over(run, engine) == []
    failed = len([record for record in run.told.attempts if record.attempt.failure is not None])
    assert failed == len(kinds(run))
    assert (run.told.settled[0].settlement.outcome == "error") == bool(run.came.error)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("style", ["plain", "stream"])
@pytest.mark.parametrize("dialect", [dialect for dialect in ANSWERS if dialect in INSTALLED])
def test_resilient_with_a_fallback(dialect: str, colour: str, style: str, emulated: Emulated) -> None:
    """An outage at home: the next one answers, each is asked once, and llmock finds no error in that."""
    engine = emulated.pair(dialect, ANSWERS[dialect])
    outage = Script("outage", (Fail(503, times=None, match=Match(model=MODELS[dialect])),))
    run, verdict = emulated.play(outage, dialect, colour, style, engine)
    assert run.came.error == ()
    assert len(run.requests) == 2
    assert verdict.passed
    assert kinds(run) == ["overloaded"]
    assert left_over(run, engine) == []
