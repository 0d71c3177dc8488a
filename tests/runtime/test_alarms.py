"""Budgets at their thresholds: measured every time, said once a period."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

import waypost
from waypost.core.model.ask import Account, Level
from waypost.runtime import alarms

POLICIES = Path(__file__).resolve().parents[2] / "policies"
AT = ((500_000, "warn"), (800_000, "downgrade"), (900_000, "warn"))


class Measured:
    """A gauge that remembers what it was told."""

    def __init__(self) -> None:
        self.levels: list[tuple[str, Level]] = []

    def budgets(self, policy: str, levels: Sequence[Level]) -> None:
        self.levels += [(policy, level) for level in levels]


def never(*_: object) -> None:
    raise AssertionError("nothing was under way")


def reached(value: str, *at: int, period: str = "2026-11-21", scope: str = "user") -> Level:
    account = Account(f"{scope}/day", f"budget.{scope}", value, 10_000_000, "day", AT, None)
    return Level(account, period, 9_500_000, tuple(item for item in AT if item[0] in at))


def test_a_warning_is_said_once_for_each_threshold_and_period(caplog: pytest.LogCaptureFixture) -> None:
    """Whose budget it is makes no difference and is not said, but what happens from here on is."""
    gauge = Measured()
    levels = [
        reached("ann", 500_000),
        reached("ben", 500_000, 800_000, 900_000),
        reached("ann", 900_000),
        reached("ann", 500_000, period="2026-11-22"),
        reached("ann"),
    ]
    with caplog.at_level(logging.WARNING, "waypost"):
        for level in levels:
            alarms.note(gauge, "rd", [level], never)
    assert gauge.levels == [("rd", level) for level in levels]
    assert [record.getMessage() for record in caplog.records] == [
        f"budget user/day of policy rd has reached {at} for one user, {what}: $0.0095 of $0.01 in {day}. "
        "Said once a period."
        for at, what, day in (
            ("50 %", "a warning", "2026-11-21"),
            ("80 %", "a lower tier from here on", "2026-11-21"),
            ("90 %", "a warning", "2026-11-21"),
            ("50 %", "a warning", "2026-11-22"),
        )
    ]


def test_one_in_the_middle_of_another_is_put_off() -> None:
    """As a finaliser's is: the gauge's lock is held by its own thread."""
    later: list[tuple[object, ...]] = []
    first, second = reached("ann"), reached("ben")

    class Interrupted(Measured):
        def budgets(self, policy: str, levels: Sequence[Level]) -> None:
            super().budgets(policy, levels)
            if not later:
                alarms.note(self, policy, [second], lambda *job: later.append(job))
                assert self.levels == [("rd", first)]

    gauge = Interrupted()
    alarms.note(gauge, "rd", [first], never)
    ((job, *args),) = later
    job(*args)  # type: ignore[operator]
    assert gauge.levels == [("rd", first), ("rd", second)]


def test_departments_are_told_each_and_by_name(caplog: pytest.LogCaptureFixture) -> None:
    """They are no persons; calls that have none share a budget, and it says so."""
    gauge = Measured()
    levels = [reached(value, 800_000, scope="department") for value in ("rd", "hr", "rd", "")]
    with caplog.at_level(logging.WARNING, "waypost"):
        alarms.note(gauge, "all", [*levels, reached("", 800_000, scope="policy"), reached("", 800_000)], never)
    assert [message.partition(" 80 %")[2].partition(", ")[0] for message in caplog.messages] == [
        " for department rd",
        " for department hr",
        " for calls without a department",
        "",
        " for calls without a user",
    ]


def test_what_was_said_is_bounded(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """The oldest is forgotten, and may be said again."""
    monkeypatch.setattr(alarms, "MAX_SAID", 1)
    gauge = Measured()
    with caplog.at_level(logging.WARNING, "waypost"):
        for period in ("1", "2", "2", "1"):
            alarms.note(gauge, "rd", [reached("ann", 500_000, period=period)], never)
    assert len(caplog.records) == 3


def test_the_last_resort_that_nobody_wrote_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """S2.02: where every policy has a `match`, the last one decides calls that match none; an envelope is not it, and a
    policy without `match` makes the remark unnecessary. A reload does not say it again."""
    monkeypatch.setenv("WAYPOST_HOME", str(tmp_path / "home"))
    folder = POLICIES
    rd, hr, default = (folder / f"{name}.yaml" for name in ("rd", "hr", "default"))
    try:
        with caplog.at_level(logging.WARNING, "waypost"):
            waypost.auto_instrument(policy=[hr, rd, default])
            assert caplog.messages == []
            waypost.auto_instrument(policy=[rd, hr])
            assert waypost.reload()
        said = "every policy has a `match`: calls that match none are decided by the last one, 'hr'; "
        assert caplog.messages == [said + "put a policy without `match` behind it, such as the packaged `default`"]
    finally:
        waypost.uninstrument()


def test_a_server_that_nobody_knows_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    """S1.01: `auto` asks for a decision, and goes out as the name of a model where none can be made."""
    strangers = alarms.Strangers()
    with caplog.at_level(logging.WARNING, "waypost"):
        for host, model in (("llm.corp.example", "auto"), ("llm.corp.example", "best"), ("gateway", "best")):
            strangers.note(host, model)
    assert caplog.messages == [
        f"model {model!r} was sent to {host} as it is, because no endpoint of the catalog is there; to have such calls "
        "routed, put it under `endpoints` of a catalog of your own. Said once for each host."
        for host, model in (("llm.corp.example", "auto"), ("gateway", "best"))
    ]


def test_of_servers_that_nobody_knows_it_remembers_so_many(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(alarms, "MAX_SAID", 2)
    strangers = alarms.Strangers()
    for host in "abc":
        strangers.note(host, "auto")
    assert len(caplog.messages) == 2
