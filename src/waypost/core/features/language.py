"""The natural language of an ask, by stop words and by characters that few languages use."""

from __future__ import annotations

from waypost.core.features import classify_de, classify_en, classify_es, classify_fr, classify_pt

_MODULES = (
    ("en", classify_en.STOP_WORDS, classify_en.MARKS),
    ("pt", classify_pt.STOP_WORDS, classify_pt.MARKS),
    ("es", classify_es.STOP_WORDS, classify_es.MARKS),
    ("fr", classify_fr.STOP_WORDS, classify_fr.MARKS),
    ("de", classify_de.STOP_WORDS, classify_de.MARKS),
)
_CODES = tuple(code for code, _, _ in _MODULES)
_LOOK = 300
_MOST = 60
_NOTHING = (0,) * _MOST
_SIGNS = ",.?!;:'"


def _votes(column: tuple[tuple[str, ...], ...], own: int) -> dict[str, int]:
    """What each word or mark says, as one number with a byte per language: 1 where it is shared, else ``own``."""
    votes: dict[str, int] = {}
    for item in dict.fromkeys(item for items in column for item in items):
        has = [item in items for items in column]
        votes[item] = int.from_bytes(bytes((own if sum(has) == 1 else 1) * one for one in has), "big")
    return votes


_WORDS = _votes(tuple(tuple(words.split()) for _, words, _ in _MODULES), 2)
_MARKS = _votes(tuple(tuple(marks) for _, _, marks in _MODULES), 3)
_MARK_SET = frozenset(_MARKS)


def natural_language(text: str) -> str | None:
    """ISO 639-1 code, or ``None`` where nothing speaks for one of ours or two are level. The first words decide."""
    low = text[:_LOOK].lower()
    bare = low
    for sign in _SIGNS:
        bare = bare.replace(sign, " ")
    # So few words that no byte overflows into the next language's.
    votes = sum(map(_WORDS.get, bare.split()[:_MOST], _NOTHING))
    if not low.isascii():
        for mark in _MARK_SET.intersection(low):
            votes += _MARKS[mark]
    score = votes.to_bytes(len(_CODES), "big")
    best = max(score)
    return _CODES[score.index(best)] if best and score.count(best) == 1 else None
