"""Golden streams of every dialect, cut at each byte: the same deltas, whatever ends their lines (S6.05)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codec_meaning import read, write
from waypost.core.codecs import CODECS
from waypost.core.codecs.framing import frame

GOLDEN = Path(__file__).parents[2] / "golden"


def _streams() -> list[Any]:
    found = []
    for path in sorted(GOLDEN.glob("*--*/*.json")):
        for at, item in enumerate(json.loads(path.read_text()).get("streams", ())):
            for dialect in CODECS:
                if dialect in item:
                    name = f"{path.parent.name}/{path.stem}-{at}-{dialect}"
                    found.append(pytest.param(dialect, item[dialect], id=name))
    assert len({param.values[0] for param in found}) == len(CODECS)
    return found


def wire_of(events: list[Any], *, ascii_only: bool = False) -> bytes:
    """The bytes of a stream's events; data that is text stands as it is."""
    return b"".join(
        frame(name, data if isinstance(data, str) else json.dumps(data, ensure_ascii=ascii_only))
        for name, data in events
    )


def commented(wire: bytes) -> bytes:
    """The same with comments, ids and blank lines between the frames and within them."""
    return b": begun\n\n\n" + wire.replace(b"\n\n", b"\n: alive\nid: 7\nretry: 10\n\n: between\n\n")


@pytest.mark.parametrize(("dialect", "events"), _streams())
def test_golden_streams_may_be_cut_anywhere(dialect: str, events: list[Any]) -> None:
    """Cut at each byte, and between any two; with LF, CRLF or CR; with comments; as ASCII or as it is."""
    plain = wire_of(events)
    whole = read(dialect, [plain])
    assert whole
    assert read(dialect, [wire_of(events, ascii_only=True)]) == whole
    for wire in (plain, plain.replace(b"\n", b"\r\n"), plain.replace(b"\n", b"\r"), commented(plain)):
        assert read(dialect, [wire[at : at + 1] for at in range(len(wire))]) == whole
    odd = commented(plain).replace(b"\n", b"\r\n")
    assert all(read(dialect, [odd[:at], odd[at:]]) == whole for at in range(0, len(odd), 31))
    assert all(read(dialect, [plain[:at], plain[at:]]) == whole for at in range(len(plain)))


@pytest.mark.parametrize(("dialect", "events"), _streams())
def test_what_is_written_of_them_may_be_cut(dialect: str, events: list[Any]) -> None:
    """Through every writer, and cut at each byte again."""
    whole = read(dialect, [wire_of(events)])
    for caller in CODECS:
        wire = write(caller, whole)
        assert read(caller, [wire[at : at + 1] for at in range(len(wire))]) == read(caller, [wire])
