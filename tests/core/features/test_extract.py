"""Features of whole conversations: the labelled prompts, the counts, and that no text gets out (S3.12, S1.39)."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from waypost.core.features.extract import extract
from waypost.core.model.conversation import Conversation, Message, Sampling, Text, ToolCall, ToolResult
from waypost.core.model.question import Features


class Row(NamedTuple):
    language: str
    task: str
    complexity: str
    prompt: str


def _rows(section: str) -> list[Row]:
    document = yaml.safe_load((Path(__file__).parent / "prompts.yaml").read_text(encoding="utf-8"))
    return [Row(*row) for row in document[section]]


def ask(*texts: str, system: str = "") -> Conversation:
    """A conversation of user turns, in the shape that the codecs make."""
    head = (Message("system", (Text(system),)),) if system else ()
    return Conversation("openai.chat", "auto", head + tuple(Message("user", (Text(text),)) for text in texts))


def _right(row: Row) -> bool:
    features = extract(ask(row.prompt))
    return (features.task, features.complexity) == (row.task, row.complexity)


@pytest.mark.parametrize("row", _rows("demo"), ids=lambda row: row.prompt[:30])
def test_each_demo_query_is_classified_as_labelled(row: Row) -> None:
    """S3.12, S3.18: the six queries of the demo go where the demo says, each of them."""
    features = extract(ask(row.prompt))
    assert (features.task, features.complexity, features.language) == (row.task, row.complexity, row.language)


def test_table_is_large_and_speaks_both_languages() -> None:
    """The accuracy below means something only over enough prompts in both languages."""
    languages = [row.language for row in _rows("table")]
    assert languages.count("en") >= 40
    assert languages.count("pt") >= 40


def test_labelled_prompts_reach_the_stated_accuracy() -> None:
    """S3.12: task and complexity both exactly right for at least 95 % of the labelled prompts."""
    rows = _rows("table")
    wrong = [row for row in rows if not _right(row)]
    assert len(wrong) <= 0.05 * len(rows), wrong


def test_portuguese_is_as_good_as_english() -> None:
    """S1.39: accuracy in Portuguese is within five points of that in English."""
    share = {}
    for language in ("en", "pt"):
        rows = [row for row in _rows("table") if row.language == language]
        share[language] = sum(map(_right, rows)) / len(rows)
    assert abs(share["en"] - share["pt"]) <= 0.05, share


@pytest.mark.parametrize("prompt", ["Qual é a capital da França?", "What is the capital of France?"])
def test_the_same_simple_fact_in_two_languages(prompt: str) -> None:
    """S1.39: the same question is a simple fact in either language."""
    features = extract(ask(prompt))
    assert (features.task, features.complexity) == ("question_answer", "simple")


def test_prompts_that_no_rule_was_tuned_on() -> None:
    """S1.39, S3.12: the accuracy to expect: four out of five, in English and in Portuguese."""
    for language in ("en", "pt"):
        rows = [row for row in _rows("heldout") if row.language == language]
        assert sum(map(_right, rows)) >= 0.8 * len(rows), language


def test_language_of_the_labelled_prompts() -> None:
    """S1.39: nine of ten prompts, many of them a handful of words, are given their language; hardly one a wrong one."""
    rows = _rows("table") + _rows("heldout")
    found = [extract(ask(row.prompt)).language for row in rows]
    right = sum(language == row.language for language, row in zip(found, rows, strict=True))
    wrong = sum(language not in (None, row.language) for language, row in zip(found, rows, strict=True))
    assert right >= 0.9 * len(rows)
    assert wrong <= 1


def test_counts_of_a_conversation() -> None:
    """S3.12: messages, turns, the caller's maximum, code and its language, all in one record."""
    conversation = Conversation(
        "openai.chat",
        "auto",
        (
            Message("system", (Text("You are a helpful engineering assistant."),)),
            Message("user", (Text("Hello"),)),
            Message("assistant", (Text("Hi, what can I do?"),)),
            Message("user", (Text("Debug this:\n```py\nprint(1)\n```"),)),
        ),
        sampling=Sampling(max_output=64),
    )
    assert extract(conversation) == Features(
        tokens_input=49,
        tokens_output=64,
        max_output=64,
        messages=4,
        turns=2,
        language="en",
        code_languages=("python",),
        has_code=True,
        task="debugging",
        complexity="medium",
        signals=("code", "debug"),
        data_class="none",
    )


def test_tool_results_are_read_but_ask_nothing() -> None:
    """What a tool brought back counts as tokens and as code; the task stays that of the user's words."""
    result = ToolResult("c1", (Text("```sql\nselect 1\n```\nreview this pull request"),))
    conversation = Conversation(
        "openai.chat",
        "auto",
        (
            Message("user", (Text("Translate the result into French."),)),
            Message("assistant", (ToolCall("c1", "run", '{"q": 1}'),)),
            Message("tool", (result,)),
        ),
    )
    features = extract(conversation)
    assert (features.task, features.code_languages, features.turns) == ("translation", ("sql",), 1)


def test_arguments_of_tool_calls_are_tokens_and_data_but_no_code() -> None:
    """JSON that a model wrote for a tool makes no coding task, but a card number in it is one."""
    call = ToolCall("c1", "pay", '{"card": "4111 1111 1111 1111"}')
    features = extract(Conversation("openai.chat", "auto", (Message("assistant", (call,)),)))
    assert (features.data_class, features.has_code, features.code_languages) == ("financial", False, ())
    assert features.tokens_input >= 30


def test_a_short_turn_takes_over_the_task_of_an_earlier_one() -> None:
    """``yes, do that`` means what was spoken of before."""
    assert extract(ask("Write a Python function that reverses a string.", "yes, do that")).task == "code_generation"


def test_a_silent_user_is_understood_by_the_system_prompt() -> None:
    """An application that says once what it wants of each text."""
    features = extract(ask("The board met on Monday.", system="You summarize every text that you are given."))
    assert features.task == "summarization"


def test_an_empty_conversation_has_features() -> None:
    """Nothing to read is not an error."""
    features = extract(Conversation("openai.chat", "auto", ()))
    assert (features.tokens_input, features.turns, features.task, features.language) == (3, 0, "conversation", None)
