"""Nothing is lost silently: a conversation is encoded only where the dialect can say all that it requires."""

from __future__ import annotations

from waypost.core.model.conversation import Conversation
from waypost.core.model.target import Dialect
from waypost.errors import Untranslatable


def check(conversation: Conversation, dialect: Dialect, expresses: frozenset[str]) -> None:
    """Raise Untranslatable for the first required need that another dialect cannot express.

    Towards its own dialect a conversation is complete: ``ext`` holds what has no common meaning.
    """
    if conversation.dialect == dialect:
        return
    for need in conversation.needs:
        if need.severity == "required" and need.flag not in expresses:
            raise Untranslatable(need.flag, dialect, need.path)
