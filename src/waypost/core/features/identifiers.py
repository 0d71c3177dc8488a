"""What identifies a person, an account or a secret: patterns, and the check digits that tell a number from a number.

Every pattern is bounded or possessive, so that no text makes it slow. Who only asks whether there is one
(`waypost.core.features.privacy`) and who takes it out (`waypost.core.features.redaction`) share these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_ALONE = r"(?<![A-Za-z0-9])"
OPAQUE = tuple(
    # A literal that hardly anything else has, and what must stand at its place.
    (literal, re.compile(pattern))
    for literal, pattern in (
        ("sk-", rf"{_ALONE}sk-[A-Za-z0-9_-]{{20,512}}"),
        ("AKIA", rf"{_ALONE}AKIA[0-9A-Z]{{16}}\b"),
        ("ASIA", rf"{_ALONE}ASIA[0-9A-Z]{{16}}\b"),
        ("ghp_", r"ghp_[A-Za-z0-9]{30,255}"),
        ("gho_", r"gho_[A-Za-z0-9]{30,255}"),
        ("ghs_", r"ghs_[A-Za-z0-9]{30,255}"),
        ("github_pat_", r"github_pat_[A-Za-z0-9_]{30,255}"),
        ("glpat-", r"glpat-[A-Za-z0-9_-]{16,255}"),
        ("xox", rf"{_ALONE}xox[abprs]-[A-Za-z0-9-]{{10,255}}"),
        ("AIza", rf"{_ALONE}AIza[A-Za-z0-9_-]{{35}}"),
        ("k_live_", r"(?<=[rs])k_live_[A-Za-z0-9]{16,255}"),
        ("gsk_", rf"{_ALONE}gsk_[A-Za-z0-9]{{20,255}}"),
        ("hf_", rf"{_ALONE}hf_[A-Za-z0-9]{{20,255}}"),
        (
            "eyJ",
            rf"{_ALONE}eyJ[A-Za-z0-9_-]{{10,2000}}\.eyJ[A-Za-z0-9_-]{{10,4000}}(?:\.[A-Za-z0-9_-]{{1,1400}})?",
        ),
    )
)
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----")
IN_URL = re.compile(r"(?<=[A-Za-z0-9])://[^\s:@/]{1,64}:[^\s:@/]{3,128}@[\w.-]")
"""A name and a password in front of a host."""

# What is assigned to a telling name: at least eight characters with a letter and a digit, and no placeholder of ours.
_VALUE = (
    r"[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?(?!\[[a-z]{2,12}_\d)"
    r"(?=[^\s\"']{0,64}\d)(?=[^\s\"']{0,64}[a-z])(?P<value>[^\s\"'<>{}]{8})"
)
ASSIGNED = tuple(
    (literal, pattern + _VALUE)
    for literal, pattern in (
        ("key", r"(?:(?<=api)|(?<=api[_-])|(?<=secret[_-])|(?<=access[_-])|(?<=private[_-]))key"),
        ("token", r"(?<=[_-])token"),
        ("secret", r"secret"),
        ("passw", r"passw(?:or)?d"),
        ("senha", r"senha"),
        ("contrase", r"contrase\xf1a"),
    )
)
"""For lower-case text: a literal, and what must stand at its place."""

ADDRESS = re.compile(r"(?<=[\w+-])@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}\b")
"""An e-mail address from its ``@`` on."""
CARD = re.compile(
    r"(?<![\d.-])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|\d{4}([ -])\d{6}\2\d{4,5})(?![\d-])", re.ASCII
)
SSN = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\d-])", re.ASCII)
CPF = re.compile(r"(?<![\d.-])(?:\d{3}\.\d{3}\.\d{3}-\d\d|\d{11})(?![\d-])", re.ASCII)
PHONE = re.compile(
    r"\+\d{1,3}[ .-]?\(?\d{1,4}\)?(?:[ .-]?\d{2,5}){1,4}(?!\d)|\(\d{2,3}\) ?\d{3,5}[ .-]\d{4}(?!\d)"
    r"|(?<![\d.-])\d{3}[.-]\d{3}[.-]\d{4}(?![\d.-])",
    re.ASCII,
)
IBAN = re.compile(r"[A-Z]{2}(?<!\w[A-Z]{2})\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", re.ASCII)


def figures(number: str) -> list[int]:
    """The decimal digits of a text."""
    return [int(c) for c in number if c.isdigit()]


def luhn(digits: list[int]) -> bool:
    """The check digit that payment cards and many other numbers have."""
    doubled = (d * 2 - 9 if d > 4 else d * 2 for d in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def is_card(number: str) -> bool:
    """The check digit of payment cards, on numbers that a card network issues."""
    digits = figures(number)
    return digits[0] in (2, 3, 4, 5, 6) and len(set(digits)) > 1 and luhn(digits)


def is_phone(number: str) -> bool:
    return 8 <= len(figures(number)) <= 15


def is_cpf(number: str) -> bool:
    """The Brazilian taxpayer's number, with both of its check digits."""
    digits = figures(number)
    return len(set(digits)) > 1 and all(
        sum(d * (n + 1 - i) for i, d in enumerate(digits[:n])) * 10 % 11 % 10 == digits[n] for n in (9, 10)
    )


def is_iban(account: str) -> bool:
    """The check number of an IBAN."""
    compact = account.replace(" ", "")
    return 15 <= len(compact) <= 34 and int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1


def lowered(text: str) -> str:
    """In small letters, and as long as it was."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def matches(table: Iterable[tuple[str, re.Pattern[str]]], text: str) -> Iterator[re.Match[str]]:
    """What matches at some place of some literal, none within another of the same literal. Finding a literal is far
    cheaper than a search."""
    for literal, pattern in table:
        at = text.find(literal)
        while at >= 0:
            match = pattern.match(text, at)
            if match is not None:
                yield match
            at = text.find(literal, at + 1 if match is None else max(match.end(), at + 1))
