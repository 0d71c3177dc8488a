"""Faults before the first content, with somebody who stands by: the caller gets that one's answer, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from faults.calls import INSTALLED, STYLES, steady, streams, what_of
from faults.expected import kinds, left_over
from faults.table import EXHAUSTIVE, FAULTS, Fault, suits
from faults.wire import CHAT, DIALECTS, GOOGLE, MESSAGES, RESPONSES
from faults.world import COLOURS, World

STANDS_BY = {CHAT: MESSAGES, RESPONSES: MESSAGES, MESSAGES: CHAT, GOOGLE: CHAT}
KINDS = {
    **dict.fromkeys(("status401", "status403"), "auth"),
    "status404": "not_found",
    **dict.fromkeys(("status408", "status504"), "timeout"),
    **dict.fromkeys(("status429", "limited_without_a_wait", "limited_until_a_date"), "rate_limited"),
    **dict.fromkeys(("status503", "status529"), "overloaded"),
    **dict.fromkeys(("status409", "status500", "status502", "html502", "empty500"), "server_error"),
    **dict.fromkeys(("reset", "close", "half_a_head", "no_http", "half", "half_and_reset"), "connection"),
    **dict.fromkeys(("cut_at_once", "cut_before", "reset_before"), "connection"),
    **dict.fromkeys(("empty200", "malformed", "no_object", "null", "no_utf8", "html200"), "malformed"),
    "malformed_before": "malformed",
    "error_in_200": "server_error",
    **dict.fromkeys(("nothing", "ends_before", "comments_only", "stream_of_html", "error_before"), "stream_error"),
}
"""Each fault of which the next candidate is told nothing, with the kind that stands on the receipt."""
OTHERWISE = {
    ("html200", True): ("stream_error", "malformed"),
    ("malformed_before", True): ("malformed",),
    ("stream_of_html", True): ("stream_error", "malformed"),
    ("comments_only", True): ("stream_error", "malformed"),
    ("error_before", True): ("stream_error", "overloaded", "server_error"),
    ("not_zipped", False): ("connection", "malformed"),
}
"""Where the SDK's own stream says it in its own words, by fault and whether it is a stream."""
RARE = (
    *("status409", "status502", "status504", "status529", "limited_until_a_date", "empty500"),
    *("half_a_head", "no_http", "null"),
)
"""Too like others to be looked at each time."""
GOOD = Fault("none", "before", lambda ask: ask.good)
STYLES_HERE = ("plain", "parse", "stream", "helper")
CELLS = [
    pytest.param(fault, dialect, colour, style, id=f"{dialect.partition('.')[2]}-{colour}-{style}-{fault.name}")
    for dialect in DIALECTS
    if dialect in INSTALLED
    for colour in COLOURS
    for style in STYLES_HERE
    if style in STYLES[dialect]
    for fault in FAULTS
    if fault.name in KINDS and (EXHAUSTIVE or fault.name not in RARE)
    if suits(fault, dialect, style, what_of(style), streams=streams(style))
    if style in ("plain", "stream") or fault.name in ("status503", "reset", "html200", "malformed", "cut_before")
]


def told(fault: Any, style: str) -> tuple[str, ...]:
    return OTHERWISE.get((fault.name, streams(style)), (KINDS[fault.name],))


@pytest.mark.parametrize("first", ["home", "away"])
@pytest.mark.parametrize(("fault", "dialect", "colour", "style"), CELLS)
def test_the_next_one_answers(fault: Any, dialect: str, colour: str, style: str, first: str, world: World) -> None:
    """S3.17: as if the second had been asked alone, in the caller's own types; each is asked once; one receipt."""
    other = STANDS_BY[dialect]
    failing, answering = (dialect, other) if first == "home" else (other, dialect)
    alone = world.suffer(GOOD, dialect, colour, style, world.away(dialect, answering))
    engine = world.pair(failing, answering)
    run = world.suffer(fault, dialect, colour, style, engine, least=2, only=failing)
    assert run.came.error == alone.came.error == ()
    assert steady(run.came.given) == steady(alone.came.given)
    assert len(run.requests) == 2
    (kind,) = kinds(run)
    assert kind in told(fault, style)
    assert run.told.settled[0].settlement.outcome == "ok"
    assert left_over(run, engine) == []


def test_nothing_is_left_open(world: World) -> None:
    """After all of that no thread waits, and no connection is open, neither the SDKs' own nor one of ours."""
    assert world.left_open() == ([], 0)
