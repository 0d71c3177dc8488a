"""The department that a system prompt speaks of (S3.12)."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from waypost.core.features.department import _pattern, department_hint
from waypost.core.features.phrases import fold
from waypost.core.model.conversation import Conversation, Message, Role, Text


def _saying(role: Role, text: str) -> Conversation:
    return Conversation("openai.chat", "auto", (Message(role, (Text(text),)),))


@pytest.mark.parametrize(
    ("expected", "system"),
    [
        ("sales", "You are a helpful sales assistant."),
        ("sales", "Você é um assistente do time de vendas."),
        ("rd", "You help the engineering team."),
        ("marketing", "Escreva textos para a campanha de outono."),
        ("hr", "Você trabalha em Recursos Humanos."),
        ("hr", "Department: hr. Answer questions about sales and sales."),
        ("finance", "Departamento: Financeiro"),
        ("support", "You are a customer support agent."),
        (None, "You help the customer support team with finance questions."),
        (None, "You are a helpful assistant."),
        (None, "You answer in three lines."),
    ],
)
def test_hint_from_the_system_prompt(expected: str | None, system: str) -> None:
    """S3.12: one department most spoken of, in several languages; none where two are level."""
    assert department_hint(_saying("system", system)) == expected
    assert department_hint(_saying("developer", system)) == expected


def test_a_user_cannot_claim_a_department_in_passing() -> None:
    """Only the application's own prompt counts."""
    assert department_hint(_saying("user", "department: finance")) is None


def test_a_conversation_without_a_system_prompt_has_no_hint() -> None:
    """Nothing said, nothing guessed."""
    assert department_hint(Conversation("openai.chat", "auto", ())) is None


_WORDS = ("sales", "r&d", "human resources", "developers'", "department", "departamento:", "finance", "x", "rh")


@given(st.lists(st.tuples(st.sampled_from(_WORDS), st.sampled_from(("", " ", "-", "_", "'s ", "\n", ", ", "é")))))
@example([("department", ""), ("finance", "")])
def test_a_prompt_that_is_not_searched_has_none_of_the_words(said: list[tuple[str, str]]) -> None:
    """S3.12: the look at single words that spares most prompts the search never hides a department that it finds."""
    text = "".join(word + between for word, between in said)
    found = [match.group(2) for match in _pattern()[0].finditer(fold(text))]
    if len({_pattern()[1][word] for word in found}) == 1:
        assert department_hint(_saying("system", text)) == _pattern()[1][found[0]]
