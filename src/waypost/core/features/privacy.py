"""The class of data that a text holds; the class only, never the data, nor where it stood.

Every pattern is bounded, and numbers must pass their own check digits, so that an order number is not taken for a card.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Literal

DataClass = Literal["none", "personal", "secret", "financial", "health"]

LOOK = 8_000
"""Characters looked at from the start of a text, and as many from its end."""

_MOST = 100
"""How many numbers, and how many places of each literal, are looked at."""

_ALONE = r"(?<![A-Za-z0-9])"
_OPAQUE = tuple(
    # A literal that hardly anything else has, and what must stand at its place.
    (literal, re.compile(pattern))
    for literal, pattern in (
        ("sk-", rf"{_ALONE}sk-[A-Za-z0-9_-]{{20}}"),
        ("AKIA", rf"{_ALONE}AKIA[0-9A-Z]{{16}}\b"),
        ("ASIA", rf"{_ALONE}ASIA[0-9A-Z]{{16}}\b"),
        ("ghp_", r"ghp_[A-Za-z0-9]{30}"),
        ("gho_", r"gho_[A-Za-z0-9]{30}"),
        ("ghs_", r"ghs_[A-Za-z0-9]{30}"),
        ("github_pat_", r"github_pat_[A-Za-z0-9_]{30}"),
        ("glpat-", r"glpat-[A-Za-z0-9_-]{16}"),
        ("xox", rf"{_ALONE}xox[abprs]-[A-Za-z0-9-]{{10}}"),
        ("AIza", rf"{_ALONE}AIza[A-Za-z0-9_-]{{35}}"),
        ("k_live_", r"(?<=[rs])k_live_[A-Za-z0-9]{16}"),
        ("gsk_", rf"{_ALONE}gsk_[A-Za-z0-9]{{20}}"),
        ("hf_", rf"{_ALONE}hf_[A-Za-z0-9]{{20}}"),
        ("eyJ", rf"{_ALONE}eyJ[A-Za-z0-9_-]{{10,2000}}\.eyJ[A-Za-z0-9_-]{{10}}"),
    )
)
_OPAQUE_LENGTH = 15
"""The shortest of them; in a short text it is cheaper to look for a word of that length first."""
_SHORT = 1_000
_MARKED = (
    ("-----BEGIN ", re.compile(r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----")),
    ("://", re.compile(r"(?<=[A-Za-z0-9])://[^\s:@/]{1,64}:[^\s:@/]{3,128}@[\w.-]")),
)
# What is assigned to a telling name: at least eight characters with a letter and a digit.
_VALUE = r"[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?(?=[^\s\"']{0,64}\d)(?=[^\s\"']{0,64}[a-z])[^\s\"'<>{}]{8}"
_ASSIGNED = tuple(
    (literal, re.compile(pattern + _VALUE))
    for literal, pattern in (
        ("key", r"(?:(?<=api)|(?<=api[_-])|(?<=secret[_-])|(?<=access[_-])|(?<=private[_-]))key"),
        ("token", r"(?<=[_-])token"),
        ("secret", r"secret"),
        ("passw", r"passw(?:or)?d"),
        ("senha", r"senha"),
        ("contrase", r"contrase\xf1a"),
    )
)
_ADDRESS = re.compile(r"(?<=[\w+-])@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}\b")
_RUN = re.compile(r"[+(0-9][0-9 ().-]{7,40}+", re.ASCII)
_WORD = re.compile(r"[\w.]")
_CARD = re.compile(
    r"(?<![\d.-])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|\d{4}([ -])\d{6}\2\d{4,5})(?![\d-])", re.ASCII
)
_SSN = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\d-])", re.ASCII)
_CPF = re.compile(r"(?<![\d.-])(?:\d{3}\.\d{3}\.\d{3}-\d\d|\d{11})(?![\d-])", re.ASCII)
_PHONE = re.compile(
    r"\+\d{1,3}[ .-]?\(?\d{1,4}\)?(?:[ .-]?\d{2,5}){1,4}(?!\d)|\(\d{2,3}\) ?\d{3,5}[ .-]\d{4}(?!\d)"
    r"|(?<![\d.-])\d{3}[.-]\d{3}[.-]\d{4}(?![\d.-])",
    re.ASCII,
)
_IBAN = re.compile(r"[A-Z]{2}(?<!\w[A-Z]{2})\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", re.ASCII)
_LEAST_FIGURES = 8
_NOT_FIGURES = bytes(byte for byte in range(256) if not 0x30 <= byte <= 0x39)
_MEDICAL_STEMS = (
    "patient",
    "diagn",
    "medical",
    "prescri",
    "icd",
    "lab result",
    "blood test",
    "pacient",
    "prontu",
    "médic",
)
_MEDICAL = re.compile(
    r"medical record|patient (?:name|id|record|is|has|was)\b|patient's|patientenakte|diagnosed with|diagnosis of"
    r"|prescribed|icd-?10|lab results|blood test|prontuário|paciente|diagnóstico de|diagnosticad|prescrição|médico"
    r"|dossier médical|diagnostiziert"
)


def data_class(text: str) -> DataClass:
    """The gravest class found: secret, then health, financial, personal, none.

    Health needs two different medical phrases, or one beside something personal: a question about an illness is not
    yet a patient's record.
    """
    if len(text) > 2 * LOOK:
        text = f"{text[:LOOK]}\n{text[-LOOK:]}"
    low = text.lower()
    if _secret(text, low):
        return "secret"
    numbers = _numbers(text)
    financial = "financial" in numbers
    personal = "personal" in numbers or _stands((("@", _ADDRESS),), text)
    medical = _medical(low)
    if medical > 1 or (medical and (personal or financial)):
        return "health"
    if financial:
        return "financial"
    return "personal" if personal else "none"


def _secret(text: str, low: str) -> bool:
    if (len(text) > _SHORT or len(max(text.split(), key=len, default="")) >= _OPAQUE_LENGTH) and _stands(_OPAQUE, text):
        return True
    return _stands(_MARKED, text) or ((":" in low or "=" in low) and _stands(_ASSIGNED, low))


def _medical(low: str) -> int:
    """How many different medical phrases there are."""
    for stem in _MEDICAL_STEMS:
        if stem in low:
            return len(set(_MEDICAL.findall(low)))
    return 0


def _stands(table: tuple[tuple[str, re.Pattern[str]], ...], text: str) -> bool:
    """Whether at some place of some literal its pattern matches. Finding a literal is far cheaper than a search."""
    for literal, pattern in table:
        if literal in text:
            at = -1
            for _ in range(_MOST):
                at = text.find(literal, at + 1)
                if at < 0:
                    break
                if pattern.match(text, at):
                    return True
    return False


def _numbers(text: str) -> set[DataClass]:
    found: set[DataClass] = set()
    if len(text.encode("utf-8", "surrogatepass").translate(None, _NOT_FIGURES)) < _LEAST_FIGURES:
        return found
    for match in islice(_RUN.finditer(text), _MOST):
        run = match.group()
        if _WORD.match(text[max(match.start() - 1, 0) : match.start()]):
            continue
        if any(_luhn(card.group()) for card in _CARD.finditer(run)):
            found.add("financial")
        elif _SSN.search(run) or _phone(run) or any(_cpf(number.group()) for number in _CPF.finditer(run)):
            found.add("personal")
    if any(_mod97(account.group()) for account in _IBAN.finditer(text)):
        found.add("financial")
    return found


def _figures(number: str) -> list[int]:
    return [int(c) for c in number if c.isdigit()]


def _luhn(number: str) -> bool:
    """The check digit of payment cards, on numbers that a card network issues."""
    digits = _figures(number)
    doubled = (d * 2 - 9 if d > 4 else d * 2 for d in digits[-2::-2])
    return digits[0] in (2, 3, 4, 5, 6) and len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _phone(run: str) -> bool:
    match = _PHONE.search(run)
    return match is not None and 8 <= len(_figures(match.group())) <= 15


def _cpf(number: str) -> bool:
    """The Brazilian taxpayer's number, with both of its check digits."""
    digits = _figures(number)
    return len(set(digits)) > 1 and all(
        sum(d * (n + 1 - i) for i, d in enumerate(digits[:n])) * 10 % 11 % 10 == digits[n] for n in (9, 10)
    )


def _mod97(account: str) -> bool:
    """The check number of an IBAN."""
    compact = account.replace(" ", "")
    return 15 <= len(compact) <= 34 and int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1
