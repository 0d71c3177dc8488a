"""The rules behind task and complexity, and the natural language of an ask (S1.39, S3.12)."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from waypost.core.features import classify_de, classify_en, classify_es, classify_fr, classify_pt
from waypost.core.features.classify import BASE, LANGUAGES, SIGNALS, TOGETHER, classify, signals
from waypost.core.features.language import natural_language
from waypost.core.features.phrases import STEM, find, fold, index, words
from waypost.core.model.question import Task

MODULES = {"en": classify_en, "pt": classify_pt, "es": classify_es, "fr": classify_fr, "de": classify_de}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_belongs_to_a_signal_and_is_folded(language: str) -> None:
    """A phrase with an accent or a capital could never match; a signal that nobody knows would be lost."""
    for signal, phrases in MODULES[language].PHRASES.items():
        assert signal in SIGNALS
        for phrase in phrases.split(" | "):
            assert re.fullmatch(r"[a-z0-9][a-z0-9 '&/;:,.=+-]*\*?", phrase), (signal, phrase)
            assert fold(phrase) == phrase
            assert words(phrase)
            assert not phrase.endswith("*") or len(words(phrase)) > 1 or len(phrase) > STEM, phrase


def test_every_task_has_a_base_and_a_signal() -> None:
    """Each task of the vocabulary can be reached."""
    assert set(BASE) == set(get_args(Task))
    assert {signal.task for signal in SIGNALS.values()} >= set(get_args(Task))
    assert {name for pair in TOGETHER for name in pair[:2]} <= set(SIGNALS)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ação", "acao"),
        ("RÉSUMÉ", "resume"),
        ("Straße", "strasse"),
        ("what’s", "what's"),
        ("e\u0301", "e"),
        ("cœur – 3 × 4", "coeur - 3 * 4"),
        ("日本 debug", "?? debug"),
        ("plain", "plain"),
    ],
)
def test_fold_keeps_the_letters_and_drops_the_marks(text: str, folded: str) -> None:
    """S1.39: accents go without taking letters along; other scripts do not glue words together."""
    assert fold(text) == folded


def test_a_stem_goes_on_and_a_word_does_not() -> None:
    """``debug*`` meets debugging, ``bug`` does not meet bugle; a longer phrase keeps the stem's signal."""
    assert "debug" in signals("debugging this", "en")
    assert "debug" not in signals("a bugle call", "en")
    assert {"debug", "concurrency"} <= set(signals("it deadlocks", "en"))


def test_signals_know_where_they_stood() -> None:
    """The first place counts, for what opens an ask weighs more."""
    assert signals("please debug, debug it", "en")["debug"] == 1


@pytest.mark.parametrize(
    ("ask", "signal"),
    [
        ("debug this", "debug"),
        ("refactor this", "refactor"),
        ("review this", "review"),
        ("describe the architecture", "architecture"),
        ("trace the calls", "trace"),
        ("write tests for it", "test"),
    ],
)
def test_the_six_keywords_are_signals(ask: str, signal: str) -> None:
    """S3.12: debug, refactor, review, architecture, trace and test each leave their name, never the word."""
    assert signal in classify(ask, "en", tokens=10, has_code=False).signals


def test_a_single_keyword_does_not_decide_alone() -> None:
    """S0.26: ``explain`` or ``analyze`` in a simple question makes it neither complex nor another task."""
    for ask in ("Explain what the capital of France is.", "Analyze: what is the capital of France?"):
        verdict = classify(ask, "en", tokens=10, has_code=False)
        assert (verdict.task, verdict.complexity) == ("question_answer", "simple")


def test_what_opens_an_ask_weighs_more() -> None:
    """The same words in another order are another request."""
    code, docs = "write a script that renders it", "write a readme for it"
    assert (
        classify(f"Please {code}; afterwards maybe {docs}.", "en", tokens=30, has_code=False).task == "code_generation"
    )
    assert classify(f"Please {docs}; afterwards maybe {code}.", "en", tokens=30, has_code=False).task == "documentation"


def test_a_large_input_is_harder() -> None:
    """The same words over 40,000 tokens are not simple any more."""
    assert classify("Summarize this.", "en", tokens=50, has_code=False).complexity == "simple"
    assert classify("Summarize this.", "en", tokens=40_000, has_code=False).complexity == "medium"


def test_no_words_is_a_simple_conversation() -> None:
    """An image without text has no task of its own."""
    verdict = classify("", None, tokens=800, has_code=False)
    assert (verdict.task, verdict.complexity, verdict.signals) == ("conversation", "simple", ())


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "What is the capital of France?"),
        ("pt", "Qual é a capital da França?"),
        ("pt", "Não sei"),
        ("es", "¿Cuál es la capital de Francia?"),
        ("fr", "Quelle est la capitale de la France ?"),
        ("de", "Was ist die Hauptstadt von Frankreich?"),
        (None, "法国的首都是哪里？"),
        (None, "12345"),
        (None, "the und"),
        (None, ""),
    ],
)
def test_natural_language(language: str | None, text: str) -> None:
    """S1.39: stop words and characters tell five languages apart; what speaks for none is unknown."""
    assert natural_language(text) == language


def test_a_longer_phrase_hides_what_begins_inside_of_it() -> None:
    """An error message to be written is not an error; its last word does not come back as a stem either."""
    known = index(
        {"write": "error message*", "debug": "error | messag*", "steps": "in a few steps", "few": "few | steps"}
    )
    found: dict[str, int] = {}
    find(words("the error messages come in a few steps"), known, found)
    assert found == {"write": 1, "steps": 4}
    found = {}
    find(words("messaging an error in a few words"), known, found)
    assert found == {"debug": 0, "few": 5}
