"""What holds for any text: no error, closed vocabularies, nothing of the prompt in the record, bounded work."""

from __future__ import annotations

import time
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waypost.core.features.classify import LANGUAGES, SIGNALS
from waypost.core.features.code import KNOWN
from waypost.core.features.department import WORDS, department_hint
from waypost.core.features.extract import extract
from waypost.core.features.privacy import DataClass
from waypost.core.model.conversation import Conversation, Message, Role, Text
from waypost.core.model.question import Complexity, Features, Task

SEEDS = [
    "```py\n",
    "def f(",
    "SELECT a FROM b",
    "4111 1111 1111 1111",
    "a@b.co",
    "sk-",
    "://a:b@",
    "é",
    "?",
    "\n",
    "= ",
]
text = st.text(alphabet=st.characters(), max_size=400) | st.lists(
    st.sampled_from(SEEDS) | st.text(alphabet=st.characters(), max_size=8), max_size=40
).map("".join)
roles = st.sampled_from(get_args(Role))
conversations = st.lists(st.tuples(roles, text), max_size=6).map(
    lambda turns: Conversation("openai.chat", "auto", tuple(Message(role, (Text(said),)) for role, said in turns))
)


def _closed(features: Features) -> bool:
    return (
        features.task in get_args(Task)
        and features.complexity in get_args(Complexity)
        and features.language in (None, *LANGUAGES)
        and features.data_class in get_args(DataClass)
        and set(features.signals) <= set(SIGNALS)
        and set(features.code_languages) <= KNOWN
        and list(features.signals) == sorted(features.signals)
    )


@given(conversations)
def test_any_conversation_has_features_in_closed_vocabularies(conversation: Conversation) -> None:
    """Never an error, and whatever is said of a prompt is a word of ours: its own text has no way out."""
    features = extract(conversation)
    assert _closed(features)
    assert features.tokens_input >= 3
    assert features.tokens_output >= 1
    assert department_hint(conversation) in (None, *WORDS)


@given(conversations)
def test_features_are_a_function_of_the_conversation(conversation: Conversation) -> None:
    """The same request twice has the same features."""
    assert extract(conversation) == extract(conversation)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=6, max_size=20).map(lambda word: f"zq{word}xj"))
def test_no_word_of_the_prompt_is_in_the_record(word: str) -> None:
    """A fence tag, an e-mail, a key and a name of the caller's own are nowhere in the record's repr."""
    said = f"```{word}\n{word}\n``` {word}@{word}.com sk-{word}{word} debug {word} class {word}: {word}"
    assert word not in repr(extract(Conversation("openai.chat", "auto", (Message("user", (Text(said),)),))))


SIZE = 100_000
NASTY = {
    "brackets": "(",
    "digits": "1234 5678 ",
    "at": "a@b.",
    "blanks": " ",
    "indents": "\n" + " " * 40,
    "fences": "```\n",
    "keys": "sk-aaaaaaaaaaaaaaaaaaa ",
    "tokens": "eyJ" + "a" * 500 + ".",
    "urls": "a://" + "b" * 63 + ":",
    "assigned": "api_key= ",
    "iban": "GB82 WEST 1234 ",
    "quotes": '\n"' + "a" * 60,
    "select": "SELECT " + "a" * 190 + " ",
    "accents": "áéíóú ",
    "han": "请解释",
    "css": "\n.a .a .a .a .a .a {\n",
}


@pytest.mark.parametrize("name", NASTY)
def test_work_does_not_explode_on_nasty_text(name: str) -> None:
    """100 kB of what a backtracking pattern hates take milliseconds, and ten times that hardly more than a copy."""
    unit = NASTY[name]

    def took(size: int) -> int:
        conversation = Conversation(
            "openai.chat", "auto", (Message("user", (Text((unit * (size // len(unit) + 1))[:size]),)),)
        )
        best = 10**12
        for _ in range(3):
            start = time.process_time_ns()
            extract(conversation)
            best = min(best, time.process_time_ns() - start)
        return best

    assert took(SIZE) < 60_000_000
    assert took(10 * SIZE) < 120_000_000


@settings(max_examples=30)
@given(st.integers(1, 2_000), st.sampled_from(["word and ", "palavra é ", "x = f(y);\n", "请解释"]))
def test_more_of_the_same_never_counts_fewer_tokens(times: int, unit: str) -> None:
    """The estimate grows with the text, also where sampling begins; one unit of slack for what windows cut."""

    def tokens(count: int) -> int:
        return extract(Conversation("openai.chat", "auto", (Message("user", (Text(unit * count),)),))).tokens_input

    assert tokens(times * 2) >= tokens(times)
