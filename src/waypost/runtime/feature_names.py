"""Features of a call by their names in the policy language: their attributes on the record, and what they can be.

Who writes a call down, for a dry run or for a policy's test, does it by these names.
"""

from __future__ import annotations

from waypost.core.policy.fields import FIELDS
from waypost.runtime.policy_words import CLOSED

COUNTS = {
    "tokens.input": "tokens_input",
    "tokens.output": "tokens_output",
    "tokens.max_output": "max_output",
    "turns": "turns",
    "messages": "messages",
}
WORDS = ("task", "complexity", "language", "data_class")
"""Whose attributes have their names."""
SETS = {"code_language": "code_languages", "signals": "signals"}


def known_words(name: str) -> tuple[str, ...]:
    """The only words that the field can be, or have; none where it is open. One that ends with a dot begins many."""
    field = FIELDS.get(name)
    return (() if field is None else field.values) or tuple(sorted(CLOSED.get(name, ())))
