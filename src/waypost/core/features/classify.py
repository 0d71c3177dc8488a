"""Task and complexity of an ask by weighted phrases; one module of phrases per natural language beside this one.

Phrases vote through signals: each has a weight for one task and points of complexity. What opens the ask counts more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from waypost.core.features import classify_de, classify_en, classify_es, classify_fr, classify_pt
from waypost.core.features.phrases import Index, find, fold, index, words
from waypost.core.model.frozen import dataclass
from waypost.core.model.question import Complexity, Task

LANGUAGES: dict[str, Mapping[str, str]] = {
    "en": classify_en.PHRASES,
    "pt": classify_pt.PHRASES,
    "es": classify_es.PHRASES,
    "fr": classify_fr.PHRASES,
    "de": classify_de.PHRASES,
}


@dataclass(frozen=True, slots=True)
class Signal:
    """A vote of ``weight`` for ``task``, and ``points`` of complexity."""

    task: Task | None
    weight: int
    points: int


SIGNALS: dict[str, Signal] = {
    "debug": Signal("debugging", 4, 0),
    "trace": Signal("debugging", 2, 1),
    "root_cause": Signal("debugging", 2, 2),
    "syntax_slip": Signal("debugging", 4, -1),
    "trouble": Signal("debugging", 1, 0),
    "concurrency": Signal("debugging", 1, 2),
    "refactor": Signal("code_generation", 6, 1),
    "review": Signal("code_review", 6, 0),
    "audit": Signal("code_review", 2, 2),
    "architecture": Signal("architecture_design", 5, 0),
    "scale": Signal("architecture_design", 1, 2),
    "tradeoff": Signal("architecture_design", 1, 1),
    "plan": Signal(None, 0, 0),
    "compare": Signal(None, 0, 1),
    "justify": Signal(None, 0, 1),
    "test": Signal("code_generation", 4, 1),
    "make": Signal(None, 0, 0),
    "software": Signal(None, 0, 0),
    "write_code": Signal("code_generation", 4, 0),
    "document": Signal("documentation", 6, 0),
    "docstring": Signal("documentation", 7, -1),
    "analyze": Signal("data_analysis", 4, 0),
    "statistics": Signal("data_analysis", 2, 2),
    "math": Signal("math_reasoning", 4, 0),
    "arithmetic": Signal("math_reasoning", 4, 0),
    "calculus": Signal("math_reasoning", 2, 1),
    "prove": Signal("math_reasoning", 4, 4),
    "generalize": Signal(None, 0, 1),
    "question": Signal("question_answer", 2, 0),
    "question_mark": Signal("question_answer", 1, 0),
    "explain": Signal("question_answer", 2, 1),
    "detail": Signal(None, 0, 1),
    "summarize": Signal("summarization", 7, 0),
    "translate": Signal("translation", 7, 0),
    "extract": Signal("extraction", 6, 0),
    "creative": Signal("creative_writing", 6, 0),
    "compose": Signal("creative_writing", 5, 2),
    "compound": Signal(None, 0, 1),
    "advanced": Signal(None, 0, 2),
    "steps": Signal(None, 0, 1),
    "brief": Signal(None, 0, -1),
    "demanding": Signal(None, 0, 1),
    "greeting": Signal("conversation", 2, 0),
    "traceback": Signal("debugging", 4, 0),
    "code": Signal("code_review", 1, 0),
}
"""The closed vocabulary of signals. The last ones are seen in the text's shape, not in its words."""

TOGETHER: tuple[tuple[str, str, Task, int], ...] = (
    ("make", "software", "code_generation", 4),
    ("plan", "software", "architecture_design", 4),
    ("trouble", "software", "debugging", 3),
    ("trouble", "code", "debugging", 3),
)
"""Two signals that say more together than each of them: what they add to a task's weight."""

BASE: dict[Task, int] = {
    "code_generation": 1,
    "code_review": 2,
    "debugging": 2,
    "architecture_design": 2,
    "documentation": 2,
    "data_analysis": 2,
    "math_reasoning": 1,
    "question_answer": 0,
    "summarization": 0,
    "translation": 0,
    "extraction": 0,
    "creative_writing": 0,
    "conversation": 0,
}
"""Points of complexity that a task has by itself. It is medium from `MEDIUM` points, complex from `COMPLEX`."""

MEDIUM, COMPLEX = 2, 4
_OPENING = 8
_OPENING_BONUS = 3
_LONG_ASK = (17, 120)
_LISTED = 3
_UNSURE = 80
_LONG_INPUT = (3_000, 30_000)


_ARITHMETIC = re.compile(r"\d ?(?:[*+^%]|[-/x] ) ?-?(?:\d|of\b|de\b|von\b)")
_POWER = re.compile(r"[a-z]\^\d")
_TRACES = ("traceback (most recent", "error: ", "exception: ", "panic: ", "segmentation fault", "\n    at ", "\n\tat ")


class Verdict(NamedTuple):
    """What the rules make of an ask; ``signals`` are names of `SIGNALS`, sorted."""

    task: Task
    complexity: Complexity
    signals: tuple[str, ...]


def classify(ask: str, language: str | None, *, tokens: int, has_code: bool) -> Verdict:
    """Task and complexity of ``ask``, the user's own words without fenced code, in a request of ``tokens``."""
    folded = fold(ask)
    found = signals(folded, language)
    if "?" in ask:
        found["question_mark"] = len(folded)
    if has_code:
        found["code"] = len(folded)
    task, points = _task(found)
    points += BASE[task]
    if "traceback" not in found:
        points += _size(folded, tokens)
    complexity: Complexity = "simple" if points < MEDIUM else "medium" if points < COMPLEX else "complex"
    return Verdict(task, complexity, tuple(sorted(found)))


def _task(found: Mapping[str, int]) -> tuple[Task, int]:
    """The task with most weight, of equals the one that `BASE` names first; and the points of all signals."""
    weights: dict[Task, int] = {}
    points = 0
    for name, position in found.items():
        task, weight, own = _ROWS[name]
        points += own
        if task is not None:
            if position < _OPENING and weight > 2:
                weight += _OPENING_BONUS
            weights[task] = weights.get(task, 0) + weight
    for one, other, task, weight in TOGETHER:
        if one in found and other in found:
            weights[task] = weights.get(task, 0) + weight
    if len(weights) < 2:
        return next(iter(weights), "conversation"), points
    best = max(weights.values())
    return next(name for name in BASE if weights.get(name) == best), points


_ROWS = {name: (signal.task, signal.weight, signal.points) for name, signal in SIGNALS.items()}


def _size(folded: str, tokens: int) -> int:
    count = folded.count
    spaces = count(" ") + count("\n")
    points = 1 if count(",") + count(";") >= _LISTED else 0
    if spaces > _LONG_ASK[0]:
        points += 2 if spaces > _LONG_ASK[1] else 1
    if tokens > _LONG_INPUT[0]:
        points += 2 if tokens > _LONG_INPUT[1] else 1
    return points


def signals(folded: str, language: str | None) -> dict[str, int]:
    """Names of the signals in a folded ask, each with the number of the word at which its first phrase begins.

    A short ask of no known language is read in all of them.
    """
    found: dict[str, int] = {}
    said = words(folded)
    find(said, _index("en"), found)
    if language is None:
        if len(said) <= _UNSURE:
            for name in _BESIDE_ENGLISH:
                find(said, _index(name), found)
    elif language != "en":
        find(said, _index(language), found)
    match = _ARITHMETIC.search(folded) or ("^" in folded and _POWER.search(folded))
    if match:
        found["arithmetic"] = folded.count(" ", 0, match.start())
    for trace in _TRACES:
        if trace in folded:
            found["traceback"] = 0
            break
    return found


_BESIDE_ENGLISH = tuple(name for name in LANGUAGES if name != "en")


@cache
def _index(language: str) -> Index:
    return index(LANGUAGES[language])
