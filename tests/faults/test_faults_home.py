"""Every fault of a server of our own, in every call style: what comes of it is what comes of it without Waypost, in
mode observe and in mode route with the same target (PROVIDERS of each SDK and major: the bare SDK says what is right).
"""

from __future__ import annotations

from typing import Any

import pytest

from faults.calls import INSTALLED, STYLES, streams, what_of
from faults.expected import differences, settled
from faults.table import FAULTS, suits, usual
from faults.wire import DIALECTS
from faults.world import COLOURS, World

MODES = ("observe", "route")
CELLS = [
    pytest.param(fault, dialect, colour, style, id=f"{dialect.partition('.')[2]}-{colour}-{style}-{fault.name}")
    for dialect in DIALECTS
    if dialect in INSTALLED
    for colour in COLOURS
    for style in STYLES[dialect]
    for fault in FAULTS
    if suits(fault, dialect, style, what_of(style), streams=streams(style)) and usual(fault, style)
]


@pytest.mark.parametrize(("fault", "dialect", "colour", "style"), CELLS)
def test_as_without_us(fault: Any, dialect: str, colour: str, style: str, world: World) -> None:
    """S4.01: class, text, cause and fields of the error, what was given before it, and what the server was sent; and
    the receipt says how it ended, with nothing reserved any more."""
    bare = world.suffer(fault, dialect, colour, style)
    assert bare.told.started == []
    assert bare.requests != []
    for mode in MODES:
        ours = world.suffer(fault, dialect, colour, style, world.at_home(mode), least=len(bare.requests))
        assert differences(bare, ours, mode) == {}
        assert settled(ours, world.at_home(mode), fault, style) == []


def test_nothing_is_left_open(world: World) -> None:
    """After all of that no thread waits, and no connection is open, neither the SDKs' own nor one of ours."""
    assert world.left_open() == ([], 0)
