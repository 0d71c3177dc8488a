"""Faults of somebody else's server, to which a call was routed: what the caller sees is of its own SDK, and what that
SDK would raise of such a fault; never an exception of ours, of another SDK, or of an HTTP library that it would hide.
"""

from __future__ import annotations

from typing import Any

import pytest

from faults.calls import INSTALLED, STYLES, streams, what_of
from faults.expected import kinds, left_over
from faults.table import EXHAUSTIVE, FAULTS, FEW, suits
from faults.wire import CHAT, DIALECTS, GOOGLE, MESSAGES, RESPONSES
from faults.world import COLOURS, World

ANSWERS = {CHAT: MESSAGES, RESPONSES: MESSAGES, MESSAGES: CHAT, GOOGLE: CHAT}
"""Who answers instead of whom."""
SHORT = ("APIConnectionError",), ("APIConnectionError",), ("ConnectError",)
OVER = ("APITimeoutError",), ("APITimeoutError",), ("ReadTimeout",)
WRONG = ("BadRequestError",), ("BadRequestError",), ("ClientError",)
ILL = ("InternalServerError",), ("InternalServerError",), ("ServerError",)
TIMED_OUT = ("InternalServerError",), ("GatewayTimeoutError", "DeadlineExceededError", "InternalServerError"), ILL[2]
FULL = ("InternalServerError",), ("OverloadedError", "InternalServerError"), ("ServerError",)
LIMITED = ("RateLimitError",), ("RateLimitError",), ("ClientError",)
EXPECTED: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "status400": WRONG,
    # The caller's own key and model are fine: that somebody else's are not is a connection that cannot be made.
    "status401": SHORT,
    "status403": SHORT,
    "status404": SHORT,
    "status408": (("APIStatusError",), ("APIStatusError", "RequestTimeoutError"), ("ClientError",)),
    "status409": (("ConflictError",), ("ConflictError",), ("ClientError",)),
    "status413": WRONG,
    "status422": (("UnprocessableEntityError",), ("UnprocessableEntityError",), ("ClientError",)),
    "status429": LIMITED,
    "status500": ILL,
    "status502": ILL,
    "status503": FULL,
    "status504": TIMED_OUT,
    "status529": FULL,
    "limited_without_a_wait": LIMITED,
    "limited_until_a_date": LIMITED,
    "text400": WRONG,
    "html502": ILL,
    "empty500": ILL,
    "reset": SHORT,
    "close": SHORT,
    "half_a_head": SHORT,
    "no_http": SHORT,
    "half": SHORT,
    "half_and_reset": SHORT,
    "not_zipped": SHORT,
    "late_headers": OVER,
    "half_late": OVER,
    # Answers that cannot be translated. The bare SDKs hand some of them out as they are; these would be another's.
    "empty200": ILL,
    "malformed": ILL,
    "no_object": ILL,
    "null": ILL,
    "no_utf8": ILL,
    "error_in_200": ILL,
    # In a stream whose headers the caller has, an error is an event of its own dialect.
    **dict.fromkeys(
        ("malformed_before", "malformed_chunk", "error_before", "error_event", "nothing", "ends_before", "ends_early"),
        (("APIError",), ("APIStatusError",), ("ServerError",)),
    ),
}
"""What OpenAI's, Anthropic's and Google's SDK raise, by fault. Majors differ in how finely they tell statuses apart."""
COLUMNS = {CHAT: 0, RESPONSES: 0, MESSAGES: 1, GOOGLE: 2}
AS_AT_HOME = ("cut_before", "cut", "reset_before", "reset_later", "stall_before", "stall")
"""A stream that breaks: each major has its own way, so that the bare one says what is right."""
RETRIED = (
    *(fault.name for fault in FAULTS if fault.where == "before" and fault.name.startswith("status")),
    *("reset", "close", "half_a_head", "no_http", "html502", "empty500", "text400"),
    *("late_headers_retried", "half", "half_and_reset", "not_zipped", "malformed", "error_in_200"),
    *("limited_without_a_wait", "limited_until_a_date", "told_not_to_retry", "told_to_retry"),
    *("first_limited", "first_failed", "first_reset", "first_closed", "first_half"),
)
STYLES_HERE = ("plain", "parse", "stream", "helper")
PACKAGES = {
    CHAT: ("openai",),
    RESPONSES: ("openai",),
    MESSAGES: ("anthropic",),
    GOOGLE: ("google.genai.errors", "httpx", "httpx2"),
}


def cells(names: Any) -> list[Any]:
    """Each fault of those names in each style that it can happen to."""
    return [
        pytest.param(fault, dialect, colour, style, id=f"{dialect.partition('.')[2]}-{colour}-{style}-{fault.name}")
        for dialect in DIALECTS
        if dialect in INSTALLED
        for colour in COLOURS
        for style in STYLES_HERE
        if style in STYLES[dialect]
        for fault in FAULTS
        if fault.name in (names if EXHAUSTIVE or style in ("plain", "stream") else set(names).intersection(FEW))
        if suits(fault, dialect, style, what_of(style), streams=streams(style))
    ]


@pytest.mark.parametrize(("fault", "dialect", "colour", "style"), cells(EXPECTED))
def test_native_whoever_failed(fault: Any, dialect: str, colour: str, style: str, world: World) -> None:
    """S2.19: the caller's SDK's class for it, made by that SDK; each attempt and its kind of failure are told."""
    engine = world.away(dialect, ANSWERS[dialect])
    run = world.suffer(fault, dialect, colour, style, engine)
    name = run.came.error[0] if run.came.error else ""
    assert name.rpartition(".")[2] in EXPECTED[fault.name][COLUMNS[dialect]]
    assert name.startswith(PACKAGES[dialect])
    assert run.told.settled[0].settlement.outcome == "error"
    assert len(kinds(run)) == len(run.requests)
    assert "internal" not in kinds(run)
    assert left_over(run, engine) == []


@pytest.mark.parametrize(("fault", "dialect", "colour", "style"), cells(AS_AT_HOME))
def test_a_stream_breaks_as_at_home(fault: Any, dialect: str, colour: str, style: str, world: World) -> None:
    """A transport that fails under a translated stream comes to what it natively comes to, with the same text before
    it (S3.17)."""
    bare = world.suffer(fault, dialect, colour, style)
    engine = world.away(dialect, ANSWERS[dialect])
    run = world.suffer(fault, dialect, colour, style, engine)
    assert run.came.error == bare.came.error
    assert run.told.settled[0].settlement.outcome == "error"
    assert kinds(run) == ["timeout" if "stall" in fault.name else "connection"]
    assert left_over(run, engine) == []


@pytest.mark.parametrize(
    ("fault", "dialect", "colour", "style"),
    [cell for cell in cells(RETRIED) if EXHAUSTIVE or cell.values[3] == "plain" or cell.values[0].name in FEW],
)
def test_nobody_is_asked_less_often(fault: Any, dialect: str, colour: str, style: str, world: World) -> None:
    """S3.17: the last candidate is asked as often as the caller's own SDK would have asked: by the status, by what the
    server says of it, after a timeout, too, and never for what would fail again."""
    bare = world.suffer(fault, dialect, colour, style)
    run = world.suffer(fault, dialect, colour, style, world.away(dialect, ANSWERS[dialect]), least=len(bare.requests))
    assert len(run.requests) == len(bare.requests)


def test_nothing_is_left_open(world: World) -> None:
    """After all of that no thread waits, and no connection is open, neither the SDKs' own nor one of ours."""
    assert world.left_open() == ([], 0)
