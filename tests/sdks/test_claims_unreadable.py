"""Claims of a call that cannot be read: each stands for itself, and none lets more in than it would have (S5.01)."""

from __future__ import annotations

from typing import Any

import openai
import pytest

import waypost

HELLO: Any = [{"role": "user", "content": "Hi"}]
PAIR = "rules: [{name: pair, use: [openai/gpt-4o-mini, anthropic/claude-haiku-4-5]}]\nrank: cheapest\n"
GARBLED = {
    "models": {"models": 5},
    "only": {"onyl": ["anthropic"]},
    "ignore": {"ignore": {"openai": True}},
    "max_price": {"max_price": "1 EUR"},
}


def ask(client: Any, said: Any) -> Any:
    return client.chat.completions.create(model="auto", messages=HELLO, extra_body={"waypost": said})


def withheld(answer: Any) -> list[str]:
    receipt = waypost.receipt(answer)
    assert receipt is not None
    found: list[str] = receipt.to_dict()["question"].get("withheld", [])
    return found


@pytest.mark.parametrize("claim", GARBLED)
def test_a_granted_claim_that_cannot_be_read_lets_nobody_in(claim: str, world: Any, client: Any) -> None:
    """Granted by its own name; whether the policy grants `only` says nothing of it."""
    world.on(PAIR + f"grants: [{claim}]\n")
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, GARBLED[claim])
    assert caught.value.code == "no_eligible_model"
    assert world.openai.seen == []


@pytest.mark.parametrize("claim", GARBLED)
def test_a_claim_that_is_not_granted_stops_nobody(claim: str, world: Any, client: Any) -> None:
    """Readable or not it is withheld, and the receipt has both: that it was, and that it could not be read."""
    others = ", ".join(name for name in GARBLED if name != claim)
    world.on(PAIR + f"grants: [{others}]\n")
    answer = ask(client, GARBLED[claim])
    assert answer.model == "gpt-4o-mini"
    (written,) = GARBLED[claim]
    assert withheld(answer) == sorted([claim, f"{written}: unreadable"])


def test_an_unreadable_ceiling_is_told_as_such(world: Any, client: Any) -> None:
    """Neither the error nor the explanation makes a price of it."""
    world.on(PAIR)
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, GARBLED["max_price"])
    said = caught.value.body["message"]  # type: ignore[index]
    assert "openai/gpt-4o-mini: price.input $0.15/MTok > the call's ceiling of what could not be read" in said
    found = waypost.receipt(said.partition("`waypost explain ")[2].partition("`")[0])
    assert found is not None
    assert "input at most what could not be read" in " ".join(found.explain().split())


@pytest.mark.parametrize("written", ["Off", "OFF", " off "])
def test_a_mode_in_capitals_is_that_mode(written: str, world: Any, client: Any) -> None:
    """A call that asks not to be touched is not."""
    world.on(PAIR)
    answer = client.chat.completions.create(model="gpt-4o", messages=HELLO, extra_headers={"X-Waypost-Mode": written})
    assert answer.model == "gpt-4o"
    assert waypost.receipt(answer) is None
    with waypost.context(mode=written):
        assert client.chat.completions.create(model="gpt-4o", messages=HELLO).model == "gpt-4o"


@pytest.mark.parametrize("written", ["offf", "0", ""])
def test_an_unreadable_mode_routes_no_more_than_none(written: str, world: Any, client: Any) -> None:
    """It is withheld: a lower mode around it stays, and without one the policy's holds."""
    world.on(PAIR)
    said = {"X-Waypost-Mode": written}
    with waypost.context(mode="observe"):
        answer = client.chat.completions.create(model="gpt-4o", messages=HELLO, extra_headers=said)
    assert answer.model == "gpt-4o"
    assert withheld(answer) == ["mode: unreadable"]


def test_other_closed_choices_in_capitals(world: Any, client: Any) -> None:
    """`preference` and `strategy` likewise."""
    world.on("rules: [{name: pair, use: [openai/gpt-4o-mini, anthropic/claude-haiku-4-5]}]\nrank: best\n")
    for said in ({"X-Routing-Preference": "COST"}, {"X-Perpetuo-Route": "Cheapest"}):
        answer = client.chat.completions.create(model="auto", messages=HELLO, extra_headers=said)
        assert (answer.model, withheld(answer)) == ("gpt-4o-mini", [])


@pytest.mark.parametrize("said", [{"ignore": []}, {"ignore": ""}, {"ignore": " , "}], ids=str)
def test_nobody_to_ignore_says_nothing(said: Any, world: Any, client: Any) -> None:
    """Empty is what it says: nobody. It neither refuses the call nor is remarked on."""
    world.on(PAIR)
    answer = ask(client, said)
    assert (answer.model, withheld(answer)) == ("gpt-4o-mini", [])
    with waypost.context(**said):
        assert ask(client, {}).model == "gpt-4o-mini"


@pytest.mark.parametrize("claim", ["only", "models"])
def test_an_empty_list_of_who_may_answer_lets_nobody_in(claim: str, world: Any, client: Any) -> None:
    """An allow-list that came out empty is not everybody."""
    world.on(PAIR)
    with pytest.raises(openai.BadRequestError):
        ask(client, {claim: []})
