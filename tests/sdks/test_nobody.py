"""The error of a call that nobody may answer: a line for each that was near, and a count of the others."""

from __future__ import annotations

from typing import Any

import openai
import pytest

import waypost
from stub_provider import chat_body, json_answer

HELLO: Any = [{"role": "user", "content": "Hi"}]
BUDGET = "budgets: [{scope: user, limit: 0.01 USD/day, at: {100%: fail}}]\n"


def refused(client: Any) -> list[str]:
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="auto", messages=HELLO, max_tokens=200)
    return str(caught.value.body["message"]).splitlines()  # type: ignore[index]


def test_those_on_the_shortlist_come_first_and_the_others_are_counted(world: Any, client: Any) -> None:
    """S3.09: first those that the rule names, with what they fail besides; then how many others there are, and why."""
    world.on("rules: [{name: pair, use: [openai/gpt-4o, openai/o1]}]\nfilter: [quality >= 1]\n")
    head, *lines = refused(client)

    assert head.startswith("waypost: no eligible model under policy ")
    assert [line.partition(": ")[0] for line in lines[:2]] == ["  openai/gpt-4o", "  openai/o1"]
    assert "quality" in lines[0]
    everybody = len(waypost.runtime.instrument.engine().bundle.routes.catalog)  # type: ignore[union-attr]
    assert lines[2:] == [f"  {everybody - 2} others: not on the list of rule pair"]


def test_the_error_leads_to_its_receipt(world: Any, client: Any) -> None:
    """S2.12: whoever catches it need not take the id out of its text."""
    world.on("filter: [quality >= 1]\n")
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="auto", messages=HELLO)
    receipt = waypost.receipt(caught.value)
    assert receipt is not None
    assert f"`waypost explain {receipt.id}`" in str(caught.value)


def test_a_budget_without_room_is_told_once(world: Any, client: Any) -> None:
    """S6.09: how much is used, how many do not fit, and the cheapest of them; in the error and on the receipt alike."""
    world.chat = lambda request: json_answer(chat_body("Hello.", request.body["model"], prompt=3_990, completion=0))
    world.on("rules: [{name: pair, use: [openai/gpt-4o, openai/o1]}]\nfilter: [quality >= 0]\n" + BUDGET)
    client.chat.completions.create(model="auto", messages=HELLO, max_tokens=1)
    head, stands, first, *lines = refused(client)
    found = waypost.receipt(head.partition("`waypost explain ")[2].partition("`")[0])

    assert stands.startswith("  budget.user: 0.0099 of 0.0100 USD per day used; resets at 2")
    assert first.startswith(
        "  budget.user: none of 2 fits in the rest of $0.01 per day; the cheapest is openai/gpt-4o, "
    )
    assert [line.partition(": ")[0] for line in lines[:2]] == ["  openai/gpt-4o", "  openai/o1"]
    assert found is not None
    assert " ".join(found.explain().split()).count("no room " + first.strip()) == 1
