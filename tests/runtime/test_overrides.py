"""The file of overrides: what is written is what is read, faults have places, every change leaves a line (S3.29)."""

from __future__ import annotations

import json
import threading
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waypost.errors import SettingsError
from waypost.runtime import overrides
from waypost.runtime.overrides import FILE

NOW = 1_763_740_800_000_000_000
"""2025-11-21T16:00:00Z"""
HOUR = 3_600 * 10**9
BY_HAND = {
    "id": "ov_1",
    "target": "openai/gpt-4o",
    "author": "ann",
    "reason": "outage",
    "until": "2025-11-21T18:00:00+01:00",
}


def make(**other: Any) -> Any:
    facts: dict[str, Any] = {"until": NOW + HOUR, "author": "ann", "reason": "outage", "scope": {}, **other}
    return overrides.make("openai/gpt-4o", **facts)


def test_what_is_set_is_read(tmp_path: Path) -> None:
    """In the order in which it was set, with the scope as given; the file is the owner's alone."""
    first = make(scope={"user": "Zoë", "department": "rd", "context.team": "core"})
    second = make(until=NOW + HOUR + 5)
    for item in (first, second):
        overrides.add(tmp_path / "home", item, NOW)
    assert overrides.read(tmp_path / "home" / FILE) == (first, second)
    assert first.scope == (("context.team", "core"), ("department", "rd"), ("user", "Zoë"))
    assert second.until_ns == NOW + HOUR
    assert (tmp_path / "home" / FILE).stat().st_mode & 0o777 == 0o600


def test_expired_ones_leave_with_the_next_that_is_set(tmp_path: Path) -> None:
    """The log keeps them."""
    gone, there, new = make(until=NOW + HOUR), make(until=NOW + 3 * HOUR), make(until=NOW + 4 * HOUR)
    overrides.add(tmp_path, gone, NOW)
    overrides.add(tmp_path, there, NOW)
    overrides.add(tmp_path, new, NOW + HOUR)
    assert overrides.read(tmp_path / FILE) == (there, new)


def test_every_change_leaves_a_line(tmp_path: Path) -> None:
    """Who, when, what and why, also of who cleared it."""
    item = make(scope={"department": "rd"})
    overrides.add(tmp_path, item, NOW)
    assert overrides.clear(tmp_path, item.id, "bob", NOW + HOUR) == item
    assert overrides.read(tmp_path / FILE) == ()
    lines = [json.loads(line) for line in (tmp_path / overrides.LOG).read_text().splitlines()]
    kept = {
        "id": item.id,
        "target": "openai/gpt-4o",
        "author": "ann",
        "reason": "outage",
        "until": "2025-11-21T17:00:00Z",
        "scope": {"department": "rd"},
    }
    assert lines == [
        {"at": "2025-11-21T16:00:00Z", "did": "set", "by": "ann", "override": kept},
        {"at": "2025-11-21T17:00:00Z", "did": "clear", "by": "bob", "override": kept},
    ]


def test_only_what_is_there_can_be_cleared(tmp_path: Path) -> None:
    """The ids that there are stand in the remedy; a home that is not there is not made for it."""
    with pytest.raises(SettingsError, match=r"no override has the id 'x'; there are none"):
        overrides.clear(tmp_path / "none", "x", "bob", NOW)
    assert not (tmp_path / "none").exists()
    item = make()
    overrides.add(tmp_path, item, NOW)
    with pytest.raises(SettingsError, match=f"no override has the id 'x'; there are {item.id}"):
        overrides.clear(tmp_path, "x", "bob", NOW)


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    """Each reads what the one before it wrote."""
    items = [make(reason=f"r{number}") for number in range(12)]
    threads = [threading.Thread(target=overrides.add, args=(tmp_path, item, NOW)) for item in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {item.id for item in overrides.read(tmp_path / FILE)} == {item.id for item in items}
    assert len((tmp_path / overrides.LOG).read_text().splitlines()) == 12
    assert not list(tmp_path.glob("*.new"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h", NOW + 2 * HOUR),
        ("30 min", NOW + HOUR // 2),
        ("1d", NOW + 24 * HOUR),
        ("90s", NOW + 90 * 10**9),
        ("2025-11-21T18:00:00Z", NOW + 2 * HOUR),
        ("2025-11-21T18:00+01:00", NOW + HOUR),
    ],
)
def test_until_when(text: str, expected: int) -> None:
    """A span from now, or a moment."""
    assert overrides.until_ns(text, NOW, "--until") == expected


def test_a_moment_without_a_zone_is_local() -> None:
    """As the clock on the wall says."""
    local = datetime.fromtimestamp(NOW // 10**9 + 7200).isoformat()
    assert overrides.until_ns(local, NOW, "--until") == NOW + 2 * HOUR


@pytest.mark.parametrize("text", ["", "soon", "2 weeks", "-1h", "1h30", "2025-13-01", "99999999999999d", "0001-01-01"])
def test_what_is_no_time(text: str) -> None:
    """Neither a traceback nor a guess."""
    with pytest.raises(SettingsError, match=r"^--until: "):
        overrides.until_ns(text, NOW, "--until")


@pytest.mark.parametrize("text", ["0s", "2025-11-21T16:00:00Z", "2025-11-21"])
def test_an_end_must_lie_ahead(text: str) -> None:
    """Else it would be set and hold for nobody."""
    with pytest.raises(SettingsError, match="is not in the future"):
        overrides.until_ns(text, NOW, "--until")


def write(path: Path, document: Any) -> Path:
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def test_a_file_by_hand(tmp_path: Path) -> None:
    """An operator may write it; scope may be left out."""
    path = write(tmp_path / FILE, {"waypost": "overrides/v1", "overrides": [BY_HAND]})
    (found,) = overrides.read(path)
    assert (found.until_ns, found.scope) == (NOW + HOUR, ())


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ("{", "not JSON"),
        ({"overrides": []}, "not a file of overrides"),
        ({"waypost": "overrides/v1"}, "`overrides` is not a list"),
        ([1], r"overrides\[0\]: not an override"),
        ([{**BY_HAND, "who": "x"}], r"overrides\[0\]: not an override"),
        ([{**BY_HAND, "reason": " "}], r"overrides\[0\]: `reason` is ' ', not text"),
        ([{**BY_HAND, "until": "soon"}], r"overrides\[0\]: `until` is 'soon'"),
        ([{**BY_HAND, "scope": ["a"]}], r"overrides\[0\]: `scope` is not a mapping"),
        ([{**BY_HAND, "scope": {"team": "a"}}], r"overrides\[0\]: 'team' is no scope; use department, user"),
        ([{**BY_HAND, "scope": {"user": 5}}], r"overrides\[0\]: `user` is 5, not text"),
        ([BY_HAND, BY_HAND], "two overrides have one id"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, rows: Any, what: str) -> None:
    """Its name, the entry and what to do."""
    document = {"waypost": "overrides/v1", "overrides": rows} if isinstance(rows, list) else rows
    path = write(tmp_path / FILE, document)
    with pytest.raises(SettingsError, match=what) as caught:
        overrides.read(path)
    assert caught.value.where.startswith(str(path))
    assert caught.value.remedy


words = st.text(min_size=1).filter(lambda text: text.strip() and text.isprintable())
scopes = st.dictionaries(st.sampled_from(overrides.SCOPES) | words.map(lambda text: f"context.{text}"), words)


@settings(deadline=None)  # each example waits for the disk
@given(words, words, words, st.integers(NOW, NOW + 10**18), scopes)
def test_an_override_survives_the_file(
    target: str, author: str, reason: str, until: int, scope: dict[str, str]
) -> None:
    """Any text, to the second."""
    with TemporaryDirectory() as home:
        item = overrides.make(target, until=until + 10**9, author=author, reason=reason, scope=scope)
        overrides.add(Path(home), item, NOW)
        assert overrides.read(Path(home) / FILE) == (item,)
