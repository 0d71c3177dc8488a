"""Personal data and secrets taken out of a text, each replaced by a placeholder that says what stood there.

One `Redactor` serves one call: equal data get equal placeholders (``[EMAIL_1]``) in everything that it is given, so
that what is left can still be read. It keeps what it replaced in memory, for as long as it lives, and nowhere else.
Work grows with the length of the text. Names of people and addresses of streets are not recognised.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from waypost.core.features.identifiers import ADDRESS
from waypost.core.features.numbers import Span, accounts, addresses, cards, ids, phones, said
from waypost.core.features.secrets import blobs, media, secrets, tells

KINDS = ("birth", "card", "cnpj", "cpf", "data", "email", "iban", "id", "ip", "mac", "phone", "secret", "ssn")
"""What is taken out; the placeholder has the kind in capitals."""

_PLACEHOLDER = re.compile(rf"\[({'|'.join(kind.upper() for kind in KINDS)})_(\d{{1,6}})\]")
_LOCAL = re.compile(r"[^\s@\"'<>()\[\]{},;:\\|]*")
_DOMAIN = re.compile(r"@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}")
_SHORTEST = 5
_PASSES = 6
"""What is taken out may bring to light what stood in its shadow; a text is looked at again so often, and mostly twice.
"""
_OVERLAP = 2_048
_MOST_RESERVED = 9_999
_BLANK = "\ufffc"
"""Stands for what has been found already, so that nothing else is found in it."""
_THERE = re.compile(f"[^{_BLANK}]+")
_FIGURED = frozenset(("card", "cnpj", "cpf", "iban", "id", "phone", "ssn"))
_MANY_FIGURES = 10_000_000
"""From here on a number may be somebody's."""


class Redactor:
    """Takes out what it recognises. ``counts`` says how often it took out what, by kind.

    Of a text longer than ``most`` characters only those are looked at and left; ``cut`` counts the others.
    """

    def __init__(self, most: int | None = None) -> None:
        self.counts: dict[str, int] = {}
        self.cut = 0
        self._most = most
        self._names: dict[tuple[str, str], str] = {}
        self._last: dict[str, int] = {}

    def tree(self, value: Any) -> Any:
        """JSON-able ``value`` with all of its texts, keys and long numbers looked at."""
        for text in _texts(value):
            self._reserve(text)
        return self._tree(value)

    def text(self, text: str, until: int | None = None) -> str:
        """``text`` without what is recognised, up to the character ``until``; what begins before it is one whole."""
        if len(text) < _SHORTEST:
            return text[:until]
        self._reserve(text)
        out = self._once(text, _found(text), until)
        for _ in range(_PASSES):
            spans = _found(out)
            if not spans:
                break
            out = self._once(out, spans, None)
        return out

    def _tree(self, value: Any) -> Any:
        match value:
            case str():
                return self._short(value)
            case Mapping():
                return {self.text(str(name)): self._under(str(name), item) for name, item in value.items()}
            case list() | tuple():
                return [self._tree(item) for item in value]
            case bool():
                return value
            case int() if abs(value) >= _MANY_FIGURES:
                text = self.text(str(value))
                return value if text == str(value) else text
            case _:
                return value

    def _short(self, text: str) -> str:
        """What is looked at behind the cut is there for what begins before it."""
        if self._most is None or len(text) <= self._most:
            return self.text(text)
        found = self.text(text[: self._most + _OVERLAP], until=self._most)
        if _PLACEHOLDER.fullmatch(found) is None:  # else it was taken out as a whole, and nothing of it was cut
            self.cut += len(text) - self._most
        return found

    def _under(self, name: str, value: Any) -> Any:
        """What stands under a key, which may say that it is a secret."""
        if isinstance(value, str) and value and tells(name) and _PLACEHOLDER.fullmatch(value) is None:
            return self._placeholder("secret", value)
        return self._tree(value)

    def _reserve(self, text: str) -> None:
        """Numbers of placeholders that somebody else has put in are not given again."""
        if "[" in text:
            for kind, number in _PLACEHOLDER.findall(text):
                if int(number) <= _MOST_RESERVED:
                    self._last[kind.lower()] = max(self._last.get(kind.lower(), 0), int(number))

    def _once(self, text: str, spans: Iterable[Span], until: int | None) -> str:
        end = len(text) if until is None else until
        out, at = [], 0
        for start, stop, kind in spans:
            if start >= end:
                break
            out += [text[at:start], self._placeholder(kind, text[start:stop])]
            at = stop
        return "".join([*out, text[at:end]])

    def _placeholder(self, kind: str, found: str) -> str:
        key = kind, _plain(kind, found)
        name = self._names.get(key)
        if name is None:
            number = self._last[kind] = self._last.get(kind, 0) + 1
            name = self._names[key] = f"[{kind.upper()}_{number}]"
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return name


def redacted(text: str) -> str:
    """One text by itself."""
    return Redactor().text(text)


def _plain(kind: str, found: str) -> str:
    """What makes two writings of the same the same."""
    if kind in _FIGURED:
        return "".join(c for c in found if c.isalnum()).upper()
    return found.lower() if kind in ("email", "ip", "mac") else found


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for item in value.values():
                yield from _texts(item)
        case list() | tuple():
            for item in value:
                yield from _texts(item)


def _found(text: str) -> list[Span]:
    """What is to be taken out, in order and without overlaps; of two that overlap the finder before the other wins."""
    spans: list[Span] = []
    left = _PLACEHOLDER.sub(lambda match: _BLANK * len(match.group()), text) if "[" in text else text
    figures = sum(map(text.count, "0123456789"))
    for finder, least in _FINDERS:
        if figures >= least:
            found = _apart(finder(left), left)
            if found:
                spans += found
                left = _blanked(left, found)
    return sorted(spans)


def _apart(found: Iterable[Span], text: str) -> list[Span]:
    """Sorted, those that overlap as one, under the kind of the first; without what another finder has taken."""
    out: list[Span] = []
    for start, end, kind in sorted(_parts(found, text), key=lambda span: (span[0], -span[1])):
        if out and start < out[-1][1]:
            out[-1] = out[-1][0], max(end, out[-1][1]), out[-1][2]
        else:
            out.append((start, end, kind))
    return out


def _parts(found: Iterable[Span], text: str) -> Iterator[Span]:
    """What of each is still there."""
    for start, end, kind in found:
        for part in _THERE.finditer(text, start, end):
            yield *part.span(), kind


def _blanked(text: str, spans: Iterable[Span]) -> str:
    out, at = [], 0
    for start, end, _ in spans:
        out += [text[at:start], _BLANK * (end - start)]
        at = end
    return "".join([*out, text[at:]])


def _emails(text: str) -> Iterator[Span]:
    """From the first character in front of the ``@`` that an address can have to the end of its domain."""
    at, last = text.find("@"), 0
    while at >= 0:
        ends = [match.end() for match in (_DOMAIN.match(text, at), ADDRESS.match(text, at)) if match is not None]
        if ends:
            start = _local(text, at, last)
            if start < at:
                yield start, max(ends), "email"
                last = max(ends)
        last = max(last, at + 1)
        at = text.find("@", last)


def _local(text: str, at: int, last: int) -> int:
    """Where the part in front of an ``@`` begins; it reaches back to what has been looked at before, at most."""
    start = at
    while start > last and _LOCAL.fullmatch(text[start - 1]) and text[start - 1] != _BLANK:
        start -= 1
    return start


_FINDERS: tuple[tuple[Callable[[str], Iterator[Span]], int], ...] = (
    # Least figures that a text must have for it to be worth looking; the sure before the doubtful.
    (media, 0),
    (secrets, 0),
    (blobs, 0),
    (_emails, 0),
    (accounts, 6),
    (addresses, 2),
    (cards, 13),
    (ids, 7),
    (said, 3),
    (phones, 7),
)
