"""Which hints of a call one target is not told, because its dialect, its model or its server has no word for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from waypost.core.model.conversation import Conversation
from waypost.core.model.needs import MODEL, Need
from waypost.core.model.target import Endpoint, Target

_FIELDS: Final[Mapping[str, str]] = {
    "cache.breakpoints": "prompt_cache_breakpoint",
    "cache.key": "prompt_cache_key",
    "metadata": "metadata",
    "service_tier": "service_tier",
    "user": "user",
    "verbosity": "verbosity",
}
"""The field that tells a hint of another dialect to OpenAI and those who are compatible, of which some refuse it."""

_OF_REASONING: Final = frozenset({"reasoning.context", "reasoning.display", "reasoning.encrypted"})
_REASONS: Final = frozenset({"reasoning.budget", "reasoning.effort"})


def untold(
    conversation: Conversation, target: Target, endpoint: Endpoint, expresses: frozenset[str]
) -> tuple[str, ...]:
    """The names of the hints that a request to ``target`` leaves out, in the order of the call, each once.

    ``expresses`` is what the endpoint's dialect can say.
    """
    hints = [need for need in conversation.needs if need.severity == "hint"]
    if not hints:
        return ()
    translated = endpoint.dialect != conversation.dialect
    lost = (
        need.flag
        for need in hints
        if (translated and need.flag not in expresses and not _told(need, conversation, endpoint))
        or (need.flag in MODEL and need.flag not in target.capabilities)
        or (need.flag in _OF_REASONING and not _REASONS & {*target.capabilities})
        or (endpoint.drops and _refused(need, endpoint.drops, translated=translated))
    )
    return tuple(dict.fromkeys(lost))


def _told(need: Need, conversation: Conversation, endpoint: Endpoint) -> bool:
    """Whether it is told to this endpoint, though its dialect has no word for every such hint: sealed reasoning goes
    back to who sealed it, and Anthropic is asked to show thoughts where it gets a budget for them."""
    if need.flag == "reasoning.signature":
        return need.value == endpoint.domain
    budget = conversation.sampling.reasoning_budget
    return need.flag == "reasoning.display" and endpoint.dialect == "anthropic.messages" and budget is not None


def _refused(need: Need, drops: tuple[str, ...], *, translated: bool) -> bool:
    """Whether the endpoint is sent nothing of the field that tells ``need``."""
    if translated:
        return _FIELDS.get(need.flag) in drops
    return need.path.partition(".")[0].partition("[")[0] in drops or need.path.rpartition(".")[2] in drops
