"""Features of whole conversations: the labelled prompts, the counts, and that no text gets out (S3.12, S1.39)."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from waypost.core.features.extract import extract
from waypost.core.model.conversation import Conversation, Message, Text


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
