"""The natural language of an ask, by stop words and by characters that few languages use."""

from __future__ import annotations

import re

from waypost.core.features import classify_de, classify_en, classify_es, classify_fr, classify_pt

_MODULES = (
    ("en", classify_en.STOP_WORDS, classify_en.MARKS),
    ("pt", classify_pt.STOP_WORDS, classify_pt.MARKS),
    ("es", classify_es.STOP_WORDS, classify_es.MARKS),
    ("fr", classify_fr.STOP_WORDS, classify_fr.MARKS),
    ("de", classify_de.STOP_WORDS, classify_de.MARKS),
)
_CODES = tuple(code for code, _, _ in _MODULES)
_OWN_WORD, _OWN_MARK = 2, 3
"""Votes of what only one language has; what several share has one."""
_LOOK = 300
_WORD = re.compile(r"[^\W\d_]+")


def _votes() -> dict[str, tuple[int, ...]]:
    votes: dict[str, tuple[int, ...]] = {}
    for index, (_, words, marks) in enumerate(_MODULES):
        for word in dict.fromkeys((*words.split(), *marks)):
            votes[word] = (*votes.get(word, ()), index)
    return votes


_VOTES = _votes()
_MARKS = tuple(dict.fromkeys(mark for _, _, marks in _MODULES for mark in marks))


def natural_language(text: str) -> str | None:
    """ISO 639-1 code, or ``None`` where nothing speaks for one of ours or two are level. The start decides."""
    low = text[:_LOOK].lower()
    score = [0] * len(_CODES)
    for word in _WORD.findall(low):
        owners = _VOTES.get(word)
        if owners is not None:
            for index in owners:
                score[index] += _OWN_WORD if len(owners) == 1 else 1
    if not low.isascii():
        for mark in _MARKS:
            if mark in low:
                owners = _VOTES[mark]
                for index in owners:
                    score[index] += _OWN_MARK if len(owners) == 1 else 1
    best = max(score)
    return _CODES[score.index(best)] if best and score.count(best) == 1 else None
