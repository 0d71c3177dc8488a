"""Another model at the caller's own endpoint is asked in the words that it takes."""

from __future__ import annotations

from typing import Any

import pytest

HELLO: Any = [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize(("model", "verbosity"), [("gpt-5", "low"), ("gpt-4o", None)])
def test_a_chosen_model_gets_what_it_takes(model: str, verbosity: str | None, world: Any, client: Any) -> None:
    """S1.01: reasoning models refuse `max_tokens`, older ones a verbosity and a prediction: with `auto` nobody could
    know which would be chosen."""
    world.on(f"filter: [target == openai/{model}]")
    client.chat.completions.create(model="auto", messages=HELLO, max_tokens=9, verbosity="low")
    body = world.openai.seen[0].body
    assert (body["model"], body["max_completion_tokens"], body.get("verbosity")) == (model, 9, verbosity)
    assert "max_tokens" not in body


def test_the_named_model_gets_what_was_said(world: Any, client: Any) -> None:
    """A concrete name is asked in the caller's own words, whatever the catalog thinks of them."""
    world.on("filter: [target == openai/gpt-4o]")
    client.chat.completions.create(model="gpt-4o", messages=HELLO, max_tokens=9, verbosity="low")
    assert world.openai.seen[0].body == {"messages": HELLO, "model": "gpt-4o", "max_tokens": 9, "verbosity": "low"}
