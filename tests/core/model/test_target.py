"""An endpoint and the dialects that are spoken there."""

from __future__ import annotations

from dataclasses import replace

from waypost.core.model.target import Endpoint

CHAT = Endpoint("v", "v", "openai.chat", "https://v.example/v1", "/chat", also=(("openai.responses", "/responses"),))


def test_a_caller_is_understood_in_each_of_its_dialects() -> None:
    """S5.03: in the one that is asked for where it is spoken, else in the endpoint's own."""
    assert CHAT.addressed("openai.responses") == replace(CHAT, dialect="openai.responses", path="/responses")
    assert CHAT.addressed("openai.chat") is CHAT.addressed("anthropic.messages") is CHAT
    assert [name for name in ("openai.chat", "openai.responses", "anthropic.messages") if CHAT.speaks(name)] == [
        "openai.chat",
        "openai.responses",
    ]
