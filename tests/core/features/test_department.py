"""The department that a system prompt speaks of (S3.12)."""

from __future__ import annotations

import pytest

from waypost.core.features.department import department_hint
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
