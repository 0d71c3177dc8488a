"""The class of data that a text holds; the class only, never the data, nor where it stood.

Every pattern is bounded, and numbers must pass their own check digits, so that an order number is not taken for a card.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Literal

from waypost.core.features.identifiers import (
    ADDRESS,
    ASSIGNED,
    CARD,
    CPF,
    IBAN,
    IN_URL,
    OPAQUE,
    PHONE,
    PRIVATE_KEY,
    SSN,
    is_card,
    is_cpf,
    is_iban,
    is_phone,
)

DataClass = Literal["none", "personal", "secret", "financial", "health"]

LOOK = 8_000
"""Characters looked at from the start of a text, and as many from its end."""

_MOST = 100
"""How many numbers, and how many places of each literal, are looked at."""

_OPAQUE_WORD = b"w" * 15
"""The shortest of them; in a short text it is cheaper to look for a word of that length first."""
_WORDS = bytes(0x20 if chr(code).isspace() and code < 0x80 else ord("w") for code in range(256))
_SHORT = 1_000
_MARKED = (("-----BEGIN ", PRIVATE_KEY), ("://", IN_URL))
_LOW_ASSIGNED = tuple((literal, re.compile(pattern)) for literal, pattern in ASSIGNED)
_RUN = re.compile(r"[+(0-9][0-9 ().-]{7,40}+", re.ASCII)
_WORD = re.compile(r"[\w.]")
_LEAST_FIGURES = 8
_KINDS = bytes(0x39 if 0x30 <= byte <= 0x39 else 0x41 if 0x41 <= byte <= 0x5A else 0x20 for byte in range(256))
"""Each figure a 9, each capital an A, and a blank for all else."""
_ACCOUNT = b"AA99"
"""How every `IBAN` begins; to look for this takes a tenth of what the pattern takes."""
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
    personal = "personal" in numbers or _stands((("@", ADDRESS),), text)
    medical = _medical(low)
    if medical > 1 or (medical and (personal or financial)):
        return "health"
    if financial:
        return "financial"
    return "personal" if personal else "none"


def _secret(text: str, low: str) -> bool:
    long = len(text) > _SHORT or _OPAQUE_WORD in text.encode("utf-8", "surrogatepass").translate(_WORDS)
    if long and _stands(OPAQUE, text):
        return True
    return _stands(_MARKED, text) or ((":" in low or "=" in low) and _stands(_LOW_ASSIGNED, low))


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
    kinds = text.encode("utf-8", "surrogatepass").translate(_KINDS)
    if kinds.count(b"9") < _LEAST_FIGURES:
        return found
    for match in islice(_RUN.finditer(text), _MOST):
        run = match.group()
        if _WORD.match(text[max(match.start() - 1, 0) : match.start()]):
            continue
        if any(is_card(card.group()) for card in CARD.finditer(run)):
            found.add("financial")
        elif SSN.search(run) or _phone(run) or any(is_cpf(number.group()) for number in CPF.finditer(run)):
            found.add("personal")
    if _ACCOUNT in kinds and any(is_iban(account.group()) for account in IBAN.finditer(text)):
        found.add("financial")
    return found


def _phone(run: str) -> bool:
    match = PHONE.search(run)
    return match is not None and is_phone(match.group())
