"""An administrator's lines hold through the real SDK, also where nobody is left and where deciding itself breaks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openai
import pytest

import waypost
from waypost.core.routing import answering

HELLO: Any = [{"role": "user", "content": "Hi"}]
HOUSE = """\
waypost: policy/v1
name: house
envelope: true
filter: [{rule: tier == local, when: department == hr, because: Secrets stay in the house}]
"""
OURS = """\
waypost: policy/v1
name: ours
mode: route
default: openai/gpt-4o
on_no_candidates: default
on_internal_error: open
"""


def broken(*_: Any, **__: Any) -> Any:
    raise RuntimeError


@pytest.fixture
def switched(world: Any, tmp_path: Path) -> Any:
    (tmp_path / "house.yaml").write_text(HOUSE)
    (tmp_path / "ours.yaml").write_text(OURS)
    waypost.auto_instrument(policy=[tmp_path / "house.yaml", tmp_path / "ours.yaml"])
    return world


def asked(client: Any) -> str:
    """The model that answered, or the code of the error."""
    try:
        model: str = client.chat.completions.create(model="auto", messages=HELLO).model
    except openai.APIStatusError as error:
        return str(error.code)
    return model


def test_a_default_does_not_go_round_an_envelope(switched: Any, client: Any) -> None:
    """S5.01: nobody local is left for HR, and the policy's own default is no way out; others are served."""
    with waypost.context(department="hr"):
        assert asked(client) == "no_eligible_model"
    assert switched.openai.seen == []
    with waypost.context(department="sales"):
        assert asked(client) != "no_eligible_model"


def test_a_default_is_guessed_by_nobody_where_deciding_breaks(
    switched: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DESIGN 7: a line of an envelope that depends on the call cannot be vouched for, whatever the policy says."""
    monkeypatch.setattr(answering, "decide", broken)
    assert asked(client) == "routing_failed"
    assert switched.openai.seen == []


@pytest.mark.parametrize(
    ("claims", "answered"),
    [
        ({}, "gpt-4o"),
        ({"only": ["openai"]}, "gpt-4o"),
        ({"only": ["anthropic"]}, "routing_failed"),
        ({"ignore": ["openai/gpt-4o"]}, "routing_failed"),
        ({"max_price": "0.01 USD/MTok"}, "routing_failed"),
    ],
    ids=str,
)
def test_what_a_call_says_holds_where_deciding_breaks(
    claims: dict[str, Any], answered: str, world: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S5.01: the default is a candidate like any other for the call's own claims."""
    world.on("default: openai/gpt-4o\non_internal_error: open")
    monkeypatch.setattr(answering, "decide", broken)
    with waypost.context(**claims):
        assert asked(client) == answered


@pytest.mark.parametrize("mode", ["off", "observe", "advise"])
def test_a_mode_does_not_go_round_an_envelope(mode: str, switched: Any, client: Any) -> None:
    """What an administrator forbids is not to be had by asking for less: the lines hold for what is routed."""
    call: Any = {"model": "gpt-4o", "messages": HELLO}
    with waypost.context(department="hr", mode=mode), pytest.raises(openai.BadRequestError, match="no eligible"):
        client.chat.completions.create(**call)
    with waypost.context(department="hr"), pytest.raises(openai.BadRequestError, match="no eligible"):
        client.chat.completions.create(**call, extra_headers={"X-Waypost-Mode": mode})
    assert switched.openai.seen == []


def test_a_mode_that_is_granted_holds_inside_of_an_envelope(world: Any, client: Any, tmp_path: Path) -> None:
    """An administrator may say so in so many words."""
    grants = "grants: [mode, only, ignore]\n"
    (tmp_path / "house.yaml").write_text(HOUSE + grants)
    (tmp_path / "ours.yaml").write_text(OURS + grants)
    waypost.auto_instrument(policy=[tmp_path / "house.yaml", tmp_path / "ours.yaml"])
    with waypost.context(department="hr", mode="observe"):
        answer = client.chat.completions.create(model="gpt-4o", messages=HELLO)
    assert waypost.receipt(answer).to_dict()["mode"] == "observe"
