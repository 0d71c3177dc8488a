"""Keys, tokens and passwords: where they stand in a text. What is found is never kept, counted by its text or shown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from waypost.core.features.identifiers import ASSIGNED, OPAQUE, PRIVATE_KEY, lowered, matches
from waypost.core.features.numbers import Span

_MORE = tuple(
    (literal, re.compile(pattern))
    for literal, pattern in (
        ("ghu_", r"ghu_[A-Za-z0-9]{30,255}"),
        ("ghr_", r"ghr_[A-Za-z0-9]{30,255}"),
        ("npm_", r"npm_[A-Za-z0-9]{30,255}"),
        ("pypi-", r"pypi-[A-Za-z0-9_-]{30,512}"),
        ("SG.", r"(?<!\w)SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,128}"),
        ("ya29.", r"ya29\.[A-Za-z0-9_-]{20,2000}"),
        ("whsec_", r"whsec_[A-Za-z0-9+/=]{16,255}"),
        ("k_test_", r"(?<=[rs])k_test_[A-Za-z0-9]{16,255}"),
        ("shpat_", r"shpat_[A-Fa-f0-9]{24,64}"),
        ("dop_v1_", r"dop_v1_[a-f0-9]{32,128}"),
        ("xai-", r"(?<!\w)xai-[A-Za-z0-9]{20,255}"),
        ("pplx-", r"(?<!\w)pplx-[A-Za-z0-9]{20,255}"),
        ("nvapi-", r"(?<!\w)nvapi-[A-Za-z0-9_-]{20,255}"),
        ("hooks.slack.com/", r"hooks\.slack\.com/services/[A-Za-z0-9/]{16,128}"),
        ("AccountKey=", r"AccountKey=[A-Za-z0-9+/=]{32,128}"),
    )
)
_REST = re.compile(r"[A-Za-z0-9_-]*+")
_END = re.compile(r"-----END [A-Z ]{0,32}-----")
_IN_URL = re.compile(r"(?<=[A-Za-z0-9])://([^\s/@]{1,200}:[^\s/@]{1,200})@(?=[\w\[.-])")
_ASSIGNED = tuple((literal, re.compile(pattern + r"[^\s\"'<>{}\\]*+")) for literal, pattern in ASSIGNED)
_IN_QUOTES = r"\\{0,3}[\"']?[ \t]{0,4}[:=][ \t]{0,4}\\{0,3}[\"'](?!\[[a-z]{2,12}_\d)([^\"'\\\n]{3,512})"
_QUOTED = tuple(
    (literal, re.compile(pattern + _IN_QUOTES))
    for literal, pattern in (
        ("pass", r"pass(?:word|wd|phrase|code|wort)"),
        ("pwd", r"pwd"),
        ("senha", r"senha"),
        ("contrase", r"contrase\xf1a"),
        ("kennwort", r"kennwort"),
        ("secret", r"secret"),
        ("token", r"token"),
        ("key", r"(?:(?<=api)|(?<=(?:api|ess|ate|ret|unt)[ _-])|(?<=ess)|(?<=ate)|(?<=ret)|(?<=unt))key"),
        ("authorization", r"authorization"),
        ("credential", r"credentials?"),
    )
)
"""For lower-case text; a key is one of an api, an access or an account, private or secret."""
_BEARER = tuple(
    (word, re.compile(rf"(?<!\w){word}[ \t]{{1,4}}(?=[^\s\"']{{0,512}}\d)([a-z0-9._~+/=-]{{8,2000}})"))
    for word in ("bearer", "basic")
)
_LEAST = 8
_DATA_URL = re.compile(r"data:[\w/+.;=-]{0,120}base64,[A-Za-z0-9+/=_-]*+")
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{200,}+={0,2}")
_OPAQUE = re.compile(r"(?<![A-Za-z0-9_/+.-])[A-Za-z0-9_-]{32,199}+(?![/+.=])")
_TELLING = re.compile(
    r"pass(?:word|wd|phrase|code)|pwd|senha|contrase|passwort|kennwort|secret|credential|cookie|authorization"
    r"|(?:api|access|private|account)[ _-]?key|(?:^|[_-])token$",
    re.IGNORECASE,
)


def tells(name: str) -> bool:
    """Whether what stands under a key of that name is a secret, whatever it looks like."""
    return _TELLING.search(name) is not None


def media(text: str) -> Iterator[Span]:
    """Data in a ``data:`` URL: nobody can say what is in there."""
    if "base64," in text:
        for match in _DATA_URL.finditer(text):
            yield *match.span(), "data"


def blobs(text: str) -> Iterator[Span]:
    """Other data as base64."""
    if len(text) >= 200:
        for match in _BASE64.finditer(text):
            if len(set(match.group())) > 4:
                yield *match.span(), "data"


def secrets(text: str) -> Iterator[Span]:
    """Everything that opens something: private keys, passwords, tokens."""
    yield from _private_keys(text)
    if "://" in text:
        for match in _IN_URL.finditer(text):
            yield *match.span(1), "secret"
    for match in matches((*OPAQUE, *_MORE), text):
        rest = _REST.match(text, match.end())
        yield match.start(), match.end() if rest is None else rest.end(), "secret"
    low = lowered(text)
    if ":" in text or "=" in text:
        yield from _assigned(low)
    for match in matches(_BEARER, low):
        yield *match.span(1), "secret"
    if len(text) >= 32:
        for match in _OPAQUE.finditer(text):
            if _is_random(match.group()):
                yield *match.span(), "secret"


def _private_keys(text: str) -> Iterator[Span]:
    """To the line that ends each, or to the end of the text where it has been cut off."""
    at = text.find("-----BEGIN ")
    while at >= 0:
        begin = PRIVATE_KEY.match(text, at)
        end = at + 11
        if begin is not None:
            close = _END.search(text, begin.end())
            end = len(text) if close is None else close.end()
            yield at, end, "secret"
        at = text.find("-----BEGIN ", end)


def _assigned(low: str) -> Iterator[Span]:
    for match in matches(_QUOTED, low):
        yield *match.span(1), "secret"
    for match in matches(_ASSIGNED, low):
        start = match.start("value")
        value = match.group()[start - match.start() :].rstrip(",;.)]")
        yield start, start + max(len(value), _LEAST), "secret"


def _is_random(word: str) -> bool:
    """Whether a word looks drawn: figures, small and capital letters, several of each."""
    kinds = (str.isdigit, str.islower, str.isupper)
    return all(sum(map(kind, word)) >= 4 for kind in kinds)
