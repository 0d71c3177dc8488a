"""The emulator gives what llmock lacks, to the real SDKs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from waypost.surfaces.demo.emulator import Emulator
from waypost.surfaces.demo.place import environment, example

PARIS: Any = [{"role": "user", "content": "What is the capital of France?"}]
PARTS: Any = [{"role": "user", "content": [{"type": "text", "text": "What is the capital of France?"}]}]


@pytest.fixture(scope="module")
def providers() -> Iterator[Emulator]:
    """One emulator for all tests of this file."""
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def chat(providers: Emulator) -> Iterator[openai.OpenAI]:
    """OpenAI's client, without retries."""
    with openai.OpenAI(base_url=providers.openai, api_key="k", max_retries=0) as client:
        yield client


@pytest.fixture
def claude(providers: Emulator) -> Iterator[anthropic.Anthropic]:
    """Anthropic's client, without retries."""
    with anthropic.Anthropic(base_url=providers.anthropic, api_key="k", max_retries=0) as client:
        yield client


def test_chat_has_text_usage_and_an_id(chat: openai.OpenAI) -> None:
    """A plain answer fits the question, and the header has the id that receipts quote."""
    answer = chat.chat.completions.create(model="gpt-4o", messages=PARIS)

    assert answer.choices[0].message.content == "The capital of France is Paris."
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (7, 7)
    assert (answer._request_id or "").startswith("req_")


@pytest.mark.parametrize("messages", [PARIS, PARTS])
def test_messages_have_text_usage_and_an_id(claude: anthropic.Anthropic, messages: Any) -> None:
    """The same by Anthropic's wire format, whose header is called otherwise, for either form of content."""
    answer = claude.messages.create(model="claude-opus-5", max_tokens=100, messages=messages)

    assert [block.text for block in answer.content if block.type == "text"] == ["The capital of France is Paris."]
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (7, 7)
    assert (answer._request_id or "").startswith("req_")


def test_the_last_usage_of_a_messages_stream_is_complete(claude: anthropic.Anthropic) -> None:
    """llmock leaves the input tokens out of it."""
    events = list(claude.messages.create(model="claude-opus-5", max_tokens=100, messages=PARIS, stream=True))
    usage = [event.usage for event in events if event.type == "message_delta"]
    text = "".join(
        event.delta.text for event in events if event.type == "content_block_delta" and event.delta.type == "text_delta"
    )

    assert [(each.input_tokens, each.output_tokens) for each in usage] == [(7, 7)]
    assert text == "The capital of France is Paris."


def test_a_chat_stream_passes_unchanged(chat: openai.OpenAI) -> None:
    """Chunks, finish reason and the asked-for usage arrive as llmock sends them."""
    chunks = list(
        chat.chat.completions.create(
            model="gpt-4o", messages=PARIS, stream=True, stream_options={"include_usage": True}
        )
    )

    assert (
        "".join(c.delta.content or "" for chunk in chunks for c in chunk.choices) == "The capital of France is Paris."
    )
    assert [c.finish_reason for chunk in chunks for c in chunk.choices if c.finish_reason] == ["stop"]
    assert [chunk.usage.completion_tokens for chunk in chunks if chunk.usage] == [7]


def test_it_fails_as_often_as_it_is_told(providers: Emulator, chat: openai.OpenAI) -> None:
    """Each status once, in order; then it answers again."""
    providers.fail(503, 429)
    seen: list[int] = []
    for _ in range(2):
        with pytest.raises(openai.APIStatusError) as caught:
            chat.chat.completions.create(model="gpt-4o", messages=PARIS)
        seen.append(caught.value.status_code)
    answer = chat.chat.completions.create(model="gpt-4o", messages=PARIS)

    assert seen == [503, 429]
    assert answer.choices[0].message.content == "The capital of France is Paris."


def test_unknown_questions_get_llmocks_own_words(chat: openai.OpenAI) -> None:
    """A person may point a program of theirs at it."""
    answer = chat.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Sing."}])

    assert "gpt-4o" in (answer.choices[0].message.content or "")


def test_the_environment_has_no_key_of_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a real key in the environment, the demo cannot reach a real provider; at the end all is back."""
    monkeypatch.setenv("GROQ_API_KEY", "gsk-real")
    monkeypatch.setenv("WAYPOST_MODE", "off")
    before = dict(os.environ)
    with environment({"OPENAI_API_KEY": "demo"}):
        inside = dict(os.environ)

    assert inside["OPENAI_API_KEY"] == "demo"
    assert inside["NO_PROXY"] == "127.0.0.1"
    assert not {"GROQ_API_KEY", "WAYPOST_MODE"} & set(inside)
    assert dict(os.environ) == before


def test_the_examples_are_found_in_a_checkout() -> None:
    """The demo runs the very file that users read."""
    assert example("six_queries.py") == Path(__file__).resolve().parents[2] / "examples" / "six_queries.py"
