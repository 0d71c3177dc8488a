"""Numbers and codes that name a person, a company or a device: where they stand in a text, and of what kind they are.

A number with check digits must pass them; one without is taken only in its usual form, or behind a word that says what
it is. What is found too much costs a reader a number, what is missed costs a person more: so in doubt it is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from waypost.core.features.identifiers import (
    CARD,
    CPF,
    IBAN,
    PHONE,
    SSN,
    figures,
    is_card,
    is_cpf,
    is_iban,
    is_phone,
    lowered,
    luhn,
    matches,
)

Span = tuple[int, int, str]
"""Start, end and kind of what is found."""

_RUN = re.compile(r"[+(0-9][0-9 ().-]{6,}+", re.ASCII)
_HEAD = re.compile(r"[0-9.]*")
_ALONE, _END = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
_TRUNK = re.compile(r"(?<![\d.-])\(?0\d{1,4}\)?[ .-]\d{2,4}(?:[ .-]?\d{2,4}){1,4}(?!\d)", re.ASCII)
_MOBILE = re.compile(r"(?<![\d.-])(?:\d{2} )?9\d{4}-\d{4}(?![\d-])", re.ASCII)
_SIN = re.compile(r"(?<![\d.-])\d{3}([ -])\d{3}\1\d{3}(?![\d.-])", re.ASCII)
_AHV = re.compile(r"(?<!\d)756\.\d{4}\.\d{4}\.\d{2}(?!\d)", re.ASCII)
_CNPJ = (("/", re.compile(r"(?<=\d\d\.\d{3}\.\d{3})(?<![\d.-]\d\d\.\d{3}\.\d{3})/\d{4}-\d\d(?![\d-])", re.ASCII)),)
_CNPJ_HEAD = 10
_CNPJ_PLAIN = re.compile(r"(?<![\d.-])\d{14}(?![\d-])", re.ASCII)
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)", re.ASCII)
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{3,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])", re.ASCII)
_MAC = re.compile(r"[0-9A-Fa-f](?<![\w:-].)[0-9A-Fa-f]([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\w:-])", re.ASCII)
_CAPITALS = re.compile(r"[A-Z0-9][A-Z0-9 -]{7,}+")
_CODES = re.compile(
    rf"{_ALONE}(?:(?P<dni>(?:[XYZ]\d{{7}}|\d{{8}})-?[A-Z])"
    r"|(?P<nino>(?![DFIQUV])(?!BG|GB|KN|NK|NT|TN|ZZ)[A-Z](?![DFIOQUV])[A-Z] ?\d\d ?\d\d ?\d\d ?[A-D])"
    r"|(?P<fiscal>[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z])"
    r"|(?P<nir>[12] ?\d\d ?(?:0[1-9]|1[0-2]) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d))" + _END,
    re.ASCII,
)
_LENGTHS = {
    country: length
    for length, countries in (
        (15, "NO"), (16, "BE"), (18, "DK FI FO GL NL"), (19, "MK SI"), (20, "AT BA EE KZ LT LU XK"),
        (21, "CH HR LI LV"), (22, "BG BH CR DE GB GE IE ME RS"), (23, "AE GI IL IQ"),
        (24, "AD CZ ES MD PK RO SA SE SK TN VG"), (25, "LY PT"), (26, "IS TR"), (27, "FR GR IT MC MR SM"),
        (28, "AL AZ BY CY DO GT HU LB PL SV"), (29, "BR EG PS QA UA"), (30, "JO KW MU"), (31, "MT"), (32, "LC"),
    )
    for country in countries.split()
}  # fmt: skip
"""How long an IBAN is, by country."""
_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_NUMBER_WORD = r"(?:(?:n[or]?|num|number|número|numero|nummer|#|nº)\b[.:]?[^\w]{0,4})?(?:(?:is|é|ist|es|est|=)[ ])?"
_SAID_PHONE = (
    r"\b(?:tel(?:e(?:fone?|phone|fon|fono|móvel|movel))?|t[eé]l[eé]phone|phone|fone|fax|mobile|m[oó]vil"
    rf"|celular|cell|handy|whatsapp)\b[^\w+(\n]{{0,4}}{_NUMBER_WORD}([+(]?\d[\d ()./-]{{5,20}}\d)"
)
_SAID_ID = (
    r"\b(?:passport|passaporte|reisepass|pasaporte|passeport|ssn|social security|nif|nie|dni|rg|cnh|cpf|cnpj|pis"
    r"|tax id|steuer-?id|vat(?: id)?|ust-?id(?:nr)?|siret|siren|nino|aadhaar|bsn|pesel|curp|driver'?s? licen[cs]e"
    r"|identity card|id card|personalausweis|account|konto(?:nummer)?|conta|routing|sort code|cvv|cvc|pin)\b"
    rf"[^\w\n]{{0,4}}{_NUMBER_WORD}([a-z0-9][a-z0-9./-]{{2,24}})"
)
_SAID_BIRTH = (
    r"\b(?:born|dob|date of birth|birth ?da(?:te|y)|nascid[oa]|nascimento|geboren|geburtsdatum|n[eé]e? le|nacimiento)\b"
    r"[^\w\n]{0,4}(?:(?:on|am|em|el|le|is)\b[^\w\n]{1,3})?(\d{1,4}[./-]\d{1,2}[./-]\d{1,4})"
)
_SAID = tuple(
    (kind, tuple((word, compiled) for word in words))
    for kind, compiled, words in (
        ("phone", re.compile(_SAID_PHONE), ("tel", "tél", "phone", "fone", "fax", "mobil", "movil", "móvil", "cel",
            "handy", "whatsapp")),
        ("id", re.compile(_SAID_ID), ("pass", "pasap", "reisep", "ssn", "social", "nif", "nie", "dni", "rg", "cnh",
            "cpf", "cnpj", "pis", "tax", "steuer", "vat", "ust", "sire", "nino", "aadhaar", "bsn", "pesel", "curp",
            "driver", "identity", "id ", "personala", "account", "kont", "conta", "routing", "sort", "cv", "pin")),
        ("birth", re.compile(_SAID_BIRTH), ("born", "dob", "date of", "birth", "nasci", "gebo", "gebu", "ne", "né",
            "nacim")),
    )
)  # fmt: skip
"""For lower-case text: words that say what stands behind them."""


def accounts(text: str) -> Iterator[Span]:
    """IBANs. The pattern may take what stands behind one for its last groups; its country says how long it is."""
    at = 0
    while (match := IBAN.search(text, at)) is not None:
        start, end = match.span()
        ends = (end, _end_of_account(text, start, end))
        found = next((place for place in ends if place is not None and is_iban(text[start:place])), None)
        if found is not None:
            yield start, found, "iban"
        at = found or start + 4


def _end_of_account(text: str, start: int, end: int) -> int | None:
    """Where an account of that country ends, if a word ends there."""
    length, place = _LENGTHS.get(text[start : start + 2], 0), start
    while length and place < end:
        length -= text[place] != " "
        place += 1
    return place if place > start and not length and not text[place : place + 1].isalnum() else None


def addresses(text: str) -> Iterator[Span]:
    """IP and MAC addresses; those that every machine calls itself by are nobody's."""
    if ":" in text or "-" in text:
        for match in _MAC.finditer(text):
            yield *match.span(), "mac"
    if text.count(".") > 2:
        for match in _IPV4.finditer(text):
            if _is_address(IPv4Address, match.group()):
                yield *match.span(), "ip"
    if text.count(":") > 1:
        for match in _IPV6.finditer(text):
            found = match.group().rstrip(":") if not match.group().endswith("::") else match.group()
            if any(c.isdigit() for c in found) and _is_address(IPv6Address, found):
                yield match.start(), match.start() + len(found), "ip"


def _is_address(kind: type[IPv4Address | IPv6Address], text: str) -> bool:
    try:
        found = kind(text)
    except ValueError:
        return False
    return not (found.is_loopback or found.is_unspecified)


def cards(text: str) -> Iterator[Span]:
    for start, run in _runs(text):
        for match in CARD.finditer(run):
            if is_card(match.group()):
                yield start + match.start(), start + match.end(), "card"


def ids(text: str) -> Iterator[Span]:
    """Numbers of people and companies that pass their check digits, or have a form that nothing else has."""
    for match in matches(_CNPJ, text):
        start = match.start() - _CNPJ_HEAD
        if _is_cnpj(text[start : match.end()]):
            yield start, match.end(), "cnpj"
    for capitals in _CAPITALS.finditer(text):
        for match in _CODES.finditer(text, *capitals.span()):
            if not text[match.end() : match.end() + 1].isalnum() and _is_code(match.lastgroup or "", match.group()):
                yield *match.span(), "id"
    for start, run in _runs(text):
        yield from _ids_of_run(start, run)


def _ids_of_run(start: int, run: str) -> Iterator[Span]:
    for kind, pattern, check in (
        ("ssn", SSN, None),
        ("cnpj", _CNPJ_PLAIN, _is_cnpj),
        ("cpf", CPF, is_cpf),
        ("id", _AHV, _is_ean),
        ("id", _SIN, _is_luhn),
    ):
        for match in pattern.finditer(run):
            if check is None or check(match.group()):
                yield start + match.start(), start + match.end(), kind


def phones(text: str) -> Iterator[Span]:
    for start, run in _runs(text):
        for match in PHONE.finditer(run):
            if is_phone(match.group()):
                yield start + match.start(), start + match.end(), "phone"
        for match in _MOBILE.finditer(run):
            yield start + match.start(), start + match.end(), "phone"
        for match in _TRUNK.finditer(run):
            if 9 <= len(figures(match.group())) <= 12:
                yield start + match.start(), start + match.end(), "phone"


def said(text: str) -> Iterator[Span]:
    """What a word in front of it says that it is."""
    low = lowered(text)
    for kind, table in _SAID:
        for match in matches(table, low):
            if kind != "id" or len(figures(match[1])) >= 3:
                start, end = match.span(1)
                yield start, start + len(text[start:end].rstrip("./-")), kind


def _runs(text: str) -> Iterator[tuple[int, str]]:
    """Stretches of figures and of what stands between them; not the figures that end a word."""
    for match in _RUN.finditer(text):
        start, run = match.start(), match.group()
        before = text[start - 1 : start]
        if before == "." or before == "_" or before.isalnum():
            head = _HEAD.match(run)
            assert head is not None
            start, run = start + head.end(), run[head.end() :]
        if run:
            yield start, run


def _is_cnpj(number: str) -> bool:
    """The Brazilian companies' number, with both of its check digits."""
    digits = figures(number)
    weights = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    for n in (12, 13):
        rest = sum(d * w for d, w in zip(digits, weights[13 - n :], strict=False)) % 11
        if digits[n] != (0 if rest < 2 else 11 - rest):
            return False
    return len(set(digits)) > 1


def _is_code(kind: str, code: str) -> bool:
    match kind:
        case "dni":
            number = code[:-1].rstrip("-").translate(str.maketrans("XYZ", "012"))
            return _LETTERS[int(number) % 23] == code[-1]
        case "nir":
            compact = code.replace(" ", "").replace("2A", "19").replace("2B", "18")
            return len(compact) == 15 and compact.isdigit() and (int(compact[:13]) + int(compact[13:])) % 97 == 0
        case _:
            return True


def _is_ean(number: str) -> bool:
    digits = figures(number)
    return sum(d * (1 + 2 * (i % 2)) for i, d in enumerate(digits)) % 10 == 0


def _is_luhn(number: str) -> bool:
    digits = figures(number)
    return len(set(digits)) > 1 and luhn(digits)
