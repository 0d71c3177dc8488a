"""Finding many phrases in a text at once, by dictionary instead of by pattern: nothing is compiled at the first call.

Phrases are separated by `` | ``, written in lower case without accents, and match whole words; a trailing ``*`` lets
the last word go on. Hyphens, slashes and other signs separate words on both sides, so ``step-by-step`` is three.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import TypeAlias

from waypost.core.model.frozen import dataclass

STEM = 4
"""The shortest stem: words are looked up by that many of their first letters."""

_KEPT = b"abcdefghijklmnopqrstuvwxyz0123456789+#'"
_SPACED = bytes(code if code in _KEPT else 0x20 for code in range(256))

Names: TypeAlias = tuple[str, ...]


Tails: TypeAlias = tuple[tuple[tuple[str, ...], Names], ...]
"""What may follow a first word, and the names of the phrase; the longest first."""


@dataclass(frozen=True, slots=True)
class Head:
    """All phrases with one first word: itself alone, those with a known second word, those with a stem for one."""

    alone: Names
    second: Mapping[str, Tails]
    stems: Tails


@dataclass(frozen=True, slots=True)
class Index:
    """Phrases by their first word; and single stems by their first letters, as ``(stem, names)``."""

    heads: Mapping[str, Head]
    stems: Mapping[str, tuple[tuple[str, Names], ...]]


def fold(text: str) -> str:
    """Lower case without accents, ASCII only; other scripts become ``?``, which separates words."""
    low = text.lower()
    if low.isascii():
        return low
    low = unicodedata.normalize("NFC", low).replace("ß", "ss").replace("œ", "oe").replace("æ", "ae")
    return low.encode("cp1252", "replace").translate(_PLAIN).decode("ascii")


def words(folded: str) -> list[str]:
    """The words of a folded text."""
    return folded.encode("ascii").translate(_SPACED).decode("ascii").split()


def index(phrases: Mapping[str, str]) -> Index:
    """Phrases by name, made ready for `find`."""
    tails: dict[str, dict[tuple[str, ...], Names]] = {}
    stems: dict[str, dict[str, Names]] = {}
    for name, listed in phrases.items():
        for phrase in listed.split(" | "):
            head, *rest = words(phrase)
            if phrase.endswith("*") and not rest:
                same = stems.setdefault(head[:STEM], {})
                same[head] = (*same.get(head, ()), name)
            else:
                tail = (*rest[:-1], f"{rest[-1]}*") if phrase.endswith("*") else tuple(rest)
                known = tails.setdefault(head, {})
                known[tail] = (*known.get(tail, ()), name)
    return Index(
        {head: _head(known) for head, known in tails.items()},
        {head: tuple(same.items()) for head, same in stems.items()},
    )


def _head(known: dict[tuple[str, ...], Names]) -> Head:
    longest = sorted(known.items(), key=lambda item: -len(item[0]))
    second: dict[str, Tails] = {}
    for tail, names in longest:
        if tail and not tail[0].endswith("*"):
            second[tail[0]] = (*second.get(tail[0], ()), (tail, names))
    return Head(
        known.get((), ()), second, tuple(item for item in longest if len(item[0]) == 1 and item[0][0][-1] == "*")
    )


def find(said: list[str], known: Index, found: dict[str, int]) -> None:
    """Add to ``found`` the names of all phrases in ``said``, each with the number of its first word.

    A longer phrase hides the shorter ones inside of it; a single word also counts for the stems that it begins with.
    """
    head_of, stems_of = known.heads.get, known.stems.get
    free = 0
    for at, word in enumerate(said):
        head = head_of(word)
        near = stems_of(word[:STEM])
        if (head is None and near is None) or at < free:
            continue
        if head is not None:
            length, names = _longest(said, at, head)
            free = at + length
            for name in names:
                found.setdefault(name, at)
        if near is not None and free <= at + 1:
            for stem, names in near:
                if word.startswith(stem):
                    for name in names:
                        found.setdefault(name, at)


def _longest(said: list[str], at: int, head: Head) -> tuple[int, Names]:
    """How many words the longest phrase takes that begins at ``at``, and its names; ``1, ()`` where there is none."""
    if at + 1 < len(said):
        after = said[at + 1]
        if after in head.second:
            for tail, names in head.second[after]:
                if len(tail) == 1 or _follows(said, at + 1, tail):
                    return 1 + len(tail), names
        for tail, names in head.stems:
            if after.startswith(tail[0][:-1]):
                return 2, names
    return 1, head.alone


def _follows(said: list[str], at: int, tail: tuple[str, ...]) -> bool:
    here = said[at : at + len(tail)]
    last = tail[-1]
    if len(here) < len(tail) or here[:-1] != list(tail[:-1]):
        return False
    return here[-1].startswith(last[:-1]) if last.endswith("*") else here[-1] == last


def _plain() -> bytes:
    """The Western code page to its letters without marks; what has no plain form becomes a blank."""
    signs = {"’": "'", "‘": "'", "–": "-", "—": "-", "×": "*", "÷": "/", "ø": "o"}
    table = bytearray(range(128)) + bytearray(b" " * 128)
    for code in range(128, 256):
        sign = bytes((code,)).decode("cp1252", "ignore")
        base = signs.get(sign) or unicodedata.normalize("NFD", sign)[:1]
        if base.isascii() and base:
            table[code] = ord(base)
    return bytes(table)


_PLAIN = _plain()
