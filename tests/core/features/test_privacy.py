"""The class of data in a text. All samples are invented or published examples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.core.features.privacy import LOOK, data_class


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("personal", "mail me at ana.silva+news@example.co.uk please"),
        ("none", "a@b"),
        ("none", "meet @home. ok"),
        ("personal", "+351 912 345 678"),
        ("personal", "ligue para (11) 98765-4321"),
        ("personal", "call 555-123-4567 now"),
        ("none", "from 2024-01-31 to 2024-02-28 at 12:00"),
        ("none", "192.168.100.100 and version 1.2.3.4.5.6.7.8"),
        ("none", "pi is 3.14159265358979323846"),
        ("personal", "SSN 078-05-1120"),
        ("none", "666-05-1120"),
        ("none", "078-00-1120"),
        ("personal", "CPF 529.982.247-25"),
        ("personal", "CPF 52998224725"),
        ("none", "CPF 529.982.247-24"),
        ("none", "111.111.111-11"),
        ("financial", "4111 1111 1111 1111"),
        ("financial", "5500-0000-0000-0004, exp 12/27"),
        ("financial", "378282246310005"),
        ("financial", "3782 822463 10005"),
        ("none", "4111 1111 1111 1112"),
        ("none", "order 12345678901234"),
        ("none", "0000 0000 0000 0000"),
        ("financial", "call 555-123-4567, card 4111 1111 1111 1111 123"),
        ("financial", "GB82 WEST 1234 5698 7654 32"),
        ("financial", "to GB82WEST12345698765432 today"),
        ("none", "GB82 WEST 1234 5698 7654 33"),
        ("secret", "sk-abcdefghijklmnopqrstuvwx"),
        ("none", "task-abcdefghijklmnopqrstuvwx"),
        ("secret", "AKIAIOSFODNN7EXAMPLE"),
        ("secret", "-----BEGIN RSA PRIVATE KEY-----"),
        ("none", "-----BEGIN CERTIFICATE-----"),
        ("secret", "postgres://app:s3cretpw@db.internal/x"),
        ("none", "https://example.com/a:b"),
        ("secret", "password: hunter2abc9"),
        ("secret", "a senha = abc12345"),
        ("secret", "export API_KEY='abcd1234efgh'"),
        ("none", "password: please choose one"),
        ("none", "monkey: abcd1234efgh"),
        ("health", "The patient was diagnosed with asthma."),
        ("health", "paciente com CPF 529.982.247-25"),
        ("none", "What are the symptoms of asthma?"),
        ("none", "Be patient with me."),
        ("none", ""),
    ],
)
def test_class_of_a_text(expected: str, text: str) -> None:
    """Check digits decide where there are any, and context where there are none."""
    assert data_class(text) == expected


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("secret", "sk-abcdefghijklmnopqrstuvwx and a@example.com and 4111 1111 1111 1111"),
        ("health", "paciente 4111 1111 1111 1111"),
        ("financial", "a@example.com, 4111 1111 1111 1111"),
    ],
)
def test_the_gravest_class_wins(expected: str, text: str) -> None:
    """Secret before health before financial before personal."""
    assert data_class(text) == expected


def test_both_ends_of_a_long_text_are_looked_at() -> None:
    """The bound on the work is known: the first and the last `LOOK` characters, and not what lies between."""
    filler = "word " * LOOK
    assert data_class("a@example.com " + filler) == "personal"
    assert data_class(filler + " a@example.com") == "personal"
    assert data_class(filler + " a@example.com " + filler) == "none"


@given(st.text(max_size=40), st.text(max_size=40))
def test_an_account_is_found_among_any_text(before: str, after: str) -> None:
    """What is looked for first, because it is cheap, is in every text that has an account, in whatever letters."""
    said = f"{before} GB82WEST12345698765432 {after}"
    assert data_class(said) in ("financial", "health", "secret")
