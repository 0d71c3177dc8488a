"""What every codec does alike: it refuses what it cannot say, and it leaves a call of its own dialect as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from waypost.core.model.conversation import Conversation
from waypost.core.model.target import Dialect, Endpoint, Target
from waypost.errors import Untranslatable


def check(conversation: Conversation, dialect: Dialect, expresses: frozenset[str], domain: str) -> None:
    """Raise Untranslatable for the first required need that another dialect cannot express.

    Towards its own dialect a conversation is complete: ``ext`` holds what has no common meaning. Signed reasoning can
    be given back at its own signing ``domain``.
    """
    if conversation.dialect == dialect:
        return
    for need in conversation.needs:
        if need.severity == "required" and need.flag not in expresses:
            if need.flag == "reasoning.signature" and need.value == domain:
                continue
            raise Untranslatable(need.flag, dialect, need.path)


def retarget(body: Mapping[str, Any], target: Target, endpoint: Endpoint) -> dict[str, Any]:
    """The caller's own dict for another endpoint of the same dialect: its model, without the fields that it refuses.

    ``body`` is not changed; what it holds is shared with the result.
    """
    out = {name: value for name, value in body.items() if name not in endpoint.drops}
    out["model"] = target.model
    return out
