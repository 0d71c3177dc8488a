"""What redaction takes out of a text, and what it leaves. All samples are invented or published examples."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from waypost.core.features.privacy import data_class
from waypost.core.features.redaction import KINDS, Redactor, redacted

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dBjftJeZ4CVPmB92K27uhbUJU1p1r"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"

TAKEN = [
    ("mail ana.silva+news@example.co.uk now", "mail [EMAIL_1] now"),
    ("<mailto:o'neil@example.org>", "<mailto:o'[EMAIL_1]>"),
    ("joão@exemplo.com.br, JOÃO@exemplo.com.br", "[EMAIL_1], [EMAIL_1]"),
    ("info@münchen.de", "[EMAIL_1]"),
    ("+351 912 345 678", "[PHONE_1]"),
    ("ligue para (11) 98765-4321", "ligue para [PHONE_1]"),
    ("call 555-123-4567 now", "call [PHONE_1] now"),
    ("06 12 34 56 78", "[PHONE_1]"),
    ("020 7946 0958", "[PHONE_1]"),
    ("Tel.: 0171/1234567", "Tel.: [PHONE_1]"),
    ("telefone 912 345 678", "telefone [PHONE_1]"),
    ("SSN 078-05-1120", "SSN [SSN_1]"),
    ("CPF 529.982.247-25", "CPF [CPF_1]"),
    ("CPF 52998224725 = 529.982.247-25", "CPF [CPF_1] = [CPF_1]"),
    ("CNPJ 11.222.333/0001-81", "CNPJ [CNPJ_1]"),
    ("11222333000181", "[CNPJ_1]"),
    ("DNI 12345678Z", "DNI [ID_1]"),
    ("NIE X1234567L", "NIE [ID_1]"),
    ("QQ123456C is no NINO, AB123456C is", "QQ123456C is no NINO, [ID_1] is"),
    ("RSSMRA85T10A562S", "[ID_1]"),
    ("1 85 05 78 006 084 91", "[ID_1]"),
    ("AHV 756.9217.0769.85", "AHV [ID_1]"),
    ("SIN 046 454 286", "SIN [ID_1]"),
    ("Passport no. C01X00T47", "Passport no. [ID_1]"),
    ("date of birth: 12/03/1984", "date of birth: [BIRTH_1]"),
    ("geboren am 1.2.1970", "geboren am [BIRTH_1]"),
    ("4111 1111 1111 1111", "[CARD_1]"),
    ("5500-0000-0000-0004, exp 12/27", "[CARD_1], exp 12/27"),
    ("v1 4111111111111111", "v1 [CARD_1]"),
    ("-4111111111111111", "-[CARD_1]"),
    ("GB82 WEST 1234 5698 7654 32 is it", "[IBAN_1] is it"),
    ("DE89 3704 0044 0532 0130 00 THEN", "[IBAN_1] THEN"),
    ("to GB82WEST12345698765432 today", "to [IBAN_1] today"),
    ("from 203.0.113.7 to 2001:db8::8a2e:370:7334", "from [IP_1] to [IP_2]"),
    ("00:1B:44:11:3A:B7", "[MAC_1]"),
    ("sk-abcdefghijklmnopqrstuvwx", "[SECRET_1]"),
    ("sk-proj-" + "a1B2" * 150, "[SECRET_1]"),
    ("AKIAIOSFODNN7EXAMPLE", "[SECRET_1]"),
    ("glpat-abcdefghij0123456789", "[SECRET_1]"),
    (f"a {JWT} b", "a [SECRET_1] b"),
    (f"a\n{KEY}\nb", "a\n[SECRET_1]\nb"),
    ("-----BEGIN PRIVATE KEY-----\nMIIEow", "[SECRET_1]"),
    ("postgres://app:s3cretpw@db.internal/x", "postgres://[SECRET_1]@db.internal/x"),
    ("password: hunter2abc9, then", "password: [SECRET_1], then"),
    ('{"password": "x y z"}', '{"password": "[SECRET_1]"}'),
    ('{\\"api_key\\": \\"abc\\"}', '{\\"api_key\\": \\"[SECRET_1]\\"}'),
    ("Authorization: Bearer abc.def123456", "Authorization: Bearer [SECRET_1]"),
    ("a senha = abc12345", "a senha = [SECRET_1]"),
    ("export API_KEY='abcd1234efgh'", "export API_KEY='[SECRET_1]'"),
    ("xK9aB2cD4eF6gH8iJ0kL2mN4oP6qR8sT", "[SECRET_1]"),
    ("look: data:image/png;base64,iVBORw0KGgo= there", "look: [DATA_1] there"),
    ("a@b.co c@d.co a@b.co", "[EMAIL_1] [EMAIL_2] [EMAIL_1]"),
    ("[EMAIL_1] and x@example.com", "[EMAIL_1] and [EMAIL_2]"),
]

LEFT = [
    "",
    "a@b",
    "meet @home. ok",
    "from 2024-01-31 to 2024-02-28 at 12:00:30",
    "pi is 3.14159265358979323846",
    "666-05-1120",
    "529.982.247-24",
    "111.111.111-11",
    "4111 1111 1111 1112",
    "0000 0000 0000 0000",
    "GB82 WEST 1234 5698 7654 33",
    "12345678A",
    "127.0.0.1 and ::1",
    "999.1.2.3",
    "std::vector<int> a::b",
    "task-abcdefghijklmnopqrstuvwx",
    "-----BEGIN CERTIFICATE-----",
    "https://example.com/a:b",
    "password: please choose one",
    "max_tokens: 4096, temperature: 0.7",
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
    "123e4567-e89b-12d3-a456-426614174000",
    "a basic understanding of bearer instruments",
    "born in the year of the dragon",
    "The patient was diagnosed with asthma.",
]


@pytest.mark.parametrize(("text", "expected"), TAKEN)
def test_what_is_taken_out(text: str, expected: str) -> None:
    """S5.16: each kind is replaced whole by a placeholder, and equal data by equal ones, however they are written."""
    assert redacted(text) == expected


@pytest.mark.parametrize("text", LEFT)
def test_what_is_left(text: str) -> None:
    """Check digits and forms keep dates, versions, hashes and prose readable."""
    assert redacted(text) == text


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ("ID", "Reisepass|pasaporte|passeport|NIF|NIE|RG|CNH|PIS|tax id|Steuer-ID|VAT id|USt-IdNr|SIRET|BSN|PESEL|CURP"
         "|driver's license|identity card|ID card|Personalausweis|account no.|Kontonummer|conta|routing number"
         "|sort code|CVV|PIN|aadhaar number|social security number|SSN|passaporte nº|CPF|CNPJ|siren|NINO|DNI"),
        ("PHONE", "Telephone|téléphone|telemóvel|tel.|telefon|mobile|móvil|celular|cell|Handy|WhatsApp|Fax"
         "|phone number"),
        ("BIRTH", "born on|DOB|date of birth|birthdate|birthday|nascida em|nascimento|Geburtsdatum|geboren am|né le"
         "|nacimiento"),
    ],
)  # fmt: skip
def test_a_word_says_what_a_number_is(expected: str, words: str) -> None:
    """What no form gives away is known by the word in front of it."""
    number = {"ID": "A12-3456", "PHONE": "12 34 56 78 9", "BIRTH": "12.03.1984"}[expected]
    for word in words.split("|"):
        assert redacted(f"His {word}: {number}, ok") == f"His {word}: [{expected}_1], ok"
        assert redacted(f"{word.upper()} {number}") == f"{word.upper()} [{expected}_1]", word


def test_every_kind_is_taken_by_some_example() -> None:
    """The list of kinds is the list of what the table shows."""
    shown = Counter(kind for _, expected in TAKEN for kind in KINDS if f"[{kind.upper()}_1]" in expected)
    assert set(shown) == set(KINDS)


def test_a_tree_is_numbered_as_one_and_counted() -> None:
    """One call has one numbering: what was asked and what was answered agree."""
    redactor = Redactor()
    asked = {"messages": [{"content": "Write to a@b.co", "n": 2}, {"content": "and to c@d.co"}], "stop": None}
    answered = {"content": "Done: c@d.co", "ok": True, "card": 4111111111111111, "a@b.co": 1.5}
    assert redactor.tree({"asked": asked, "answered": answered}) == {
        "asked": {
            "messages": [{"content": "Write to [EMAIL_1]", "n": 2}, {"content": "and to [EMAIL_2]"}],
            "stop": None,
        },
        "answered": {"content": "Done: [EMAIL_2]", "ok": True, "card": "[CARD_1]", "[EMAIL_1]": 1.5},
    }
    assert redactor.counts == {"email": 4, "card": 1}


def test_a_key_can_say_that_a_value_is_a_secret() -> None:
    """A tool's argument called password is one, whatever it looks like; a schema's property of that name stays."""
    tree = {"password": "abc", "api_key": "", "max_tokens": 7, "properties": {"password": {"type": "string"}}}
    found = Redactor().tree(tree)
    assert found == {**tree, "password": "[SECRET_1]"}
    assert Redactor().tree(found) == found


def test_a_cut_text_shows_no_half_of_anything() -> None:
    """What begins in front of the cut is replaced as a whole."""
    assert Redactor().text("x 4111 1111 1111 1111 y", until=10) == "x [CARD_1]"
    assert Redactor().text("one two three", until=7) == "one two"


def test_a_text_that_is_too_long_shows_no_half_of_anything_either() -> None:
    """What lies behind the cut is looked at for what begins before it, and what is left out is counted."""
    text = "to ana@example.org, 4111 1111 1111 1111 or sk-abcdefghijklmnopqrstuvwx"
    for most in range(len(text)):
        redactor = Redactor(most)
        found = redactor.tree([text])[0]
        assert redactor.cut == len(text) - most
        left = found.replace("[EMAIL_1]", "").replace("[CARD_1]", "").replace("[SECRET_1]", "")
        assert "to , ".startswith(left) or "to ,  or ".startswith(left), found


PIECES = st.sampled_from(
    [text for text, _ in TAKEN] + LEFT
    + ["@", ".", ":", " ", "-", "\n", "[", "]", "1", "12", "4111", "a", "É", "sk-", "://", "İ", "[EMAIL_1]",
       "[SECRET_2]", "key=", "\ufffc", "password", "eyJ", "5", "(", ")", "+", "DE89", "/", "'", '"', "\\"]
)  # fmt: skip
TEXTS = st.one_of(st.lists(PIECES, max_size=8).map("".join), st.text(max_size=80))


@given(TEXTS)
@settings(max_examples=1_000, deadline=None)
@example("sk-sk-abcdefghijklmnopqrstuvwx@a.co")
def test_redacted_twice_is_redacted_once(text: str) -> None:
    """Nothing that is left is taken for something the second time, placeholders least of all."""
    once = redacted(text)
    assert redacted(once) == once


@given(TEXTS)
@settings(max_examples=1_000, deadline=None)
def test_nothing_is_left_that_a_decision_would_see(text: str) -> None:
    """Redaction takes out all that the class of a text is told by; what is medical is words, and they stay."""
    assert data_class(redacted(text)) in ("none", "health")


@pytest.mark.parametrize(
    "piece",
    [
        "1", "1 ", "4111 ", "a@", "@a.", "a@a.a.", "eyJ-", "eyJa.", "sk-", "://a:", "key=", "password: \"", "0:", ":",
        "::", "1.", "DE89 ", "AB12", "[EMAIL_1]", "-----BEGIN PRIVATE KEY-----", "Aa1_", "tel ", "born ", "bearer ",
        "(", "+1 ", "data:a;base64,",
        "0123456789abcdefABCDEF", "4111111111111111 ", "x@y.zz ",
    ],
)  # fmt: skip
def test_time_grows_with_the_length(piece: str) -> None:
    """No text is dear: eight times the length of the most awkward one takes about eight times as long."""
    short, long = (piece * (size // len(piece)) for size in (20_000, 160_000))

    def seconds(text: str) -> float:
        best = 9e9
        for _ in range(3):
            began = time.thread_time()
            redacted(text)
            best = min(best, time.thread_time() - began)
        return best

    assert seconds(long) < 24 * max(seconds(short), 0.004)
