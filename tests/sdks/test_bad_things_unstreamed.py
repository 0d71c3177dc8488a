"""A server elsewhere that answers as a whole where a stream was asked for: its words are heard, or it has failed."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest

from stub_provider import chat_body, json_answer

ASK: Any = {"model": "auto", "max_tokens": 50, "messages": [{"role": "user", "content": "Hi"}]}


def whole(_: Any) -> Any:
    return json_answer(chat_body("IMPORTANT"))


def test_the_next_candidate_answers(answering: Any) -> None:
    """S2.08: nothing has reached the caller, so that somebody else can be asked."""
    answering.chat = whole
    answering.on("rules: [{name: two, use: [openai/gpt-4o-mini, google/gemini-2.5-flash]}]\nrank: listed")
    with anthropic.Anthropic(max_retries=0).messages.stream(**ASK) as stream:
        assert stream.get_final_text() == "Hello."
    assert (len(answering.openai.seen), len(answering.google.seen)) == (1, 1)


def test_alone_it_is_an_error(world: Any) -> None:
    """Without a word that could be passed on there is no answer: an empty one would be taken for the model's own."""
    world.chat = whole
    world.on("rules: [{name: one, use: [openai/gpt-4o-mini]}]")
    with pytest.raises(anthropic.APIError), anthropic.Anthropic(max_retries=0).messages.stream(**ASK) as stream:
        stream.until_done()
