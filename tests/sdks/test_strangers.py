"""Calls to servers that no endpoint of the catalog is at."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from stub_provider import StubProvider, chat_body, json_answer

HELLO: Any = [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize("mode", ["observe", "route", "off"])
@pytest.mark.parametrize("model", ["auto", "gpt-4o"])
def test_what_asks_for_a_decision_and_gets_none_is_said(
    model: str, mode: str, world: Any, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """S1.01: the call goes out as it is, and the log says why and what to do; a model of a name is a usual call."""
    with StubProvider(lambda request: json_answer(chat_body("Hello.", request.body["model"]))) as elsewhere:
        world.on(mode=mode)
        with caplog.at_level(logging.WARNING, "waypost"):
            for _ in range(2):
                answer = client.with_options(base_url=f"{elsewhere.url}/v1").chat.completions.create(
                    model=model, messages=HELLO
                )
        assert answer.model == model
        assert [seen.body["model"] for seen in elsewhere.seen] == [model, model]
    said = [message for message in caplog.messages if "no endpoint of the catalog is there" in message]
    assert len(said) == (1 if model == "auto" and mode != "off" else 0)
    assert all(message.startswith("model 'auto' was sent to 127.0.0.1 as it is") for message in said)
