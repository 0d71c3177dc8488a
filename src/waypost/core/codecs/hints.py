"""Which hints of a call one target is not told, because its dialect, its model or its server has no word for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from waypost.core.codecs.sealing import seal_of
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
"""The field that tells a hint of another vendor's dialect to OpenAI and those who are compatible, some of which
refuse it."""

_NESTED: Final = frozenset({"prompt_cache_breakpoint", "verbosity"})
"""Fields that stand inside of others in OpenAI's responses, where only whole fields are left out for a server."""

_OPENAI: Final = frozenset({"openai.chat", "openai.responses"})
_OF_REASONING: Final = frozenset({"reasoning.context", "reasoning.display", "reasoning.encrypted"})


def untold(
    conversation: Conversation, target: Target, endpoint: Endpoint, expresses: frozenset[str], home: str | None
) -> tuple[str, ...]:
    """The names of the hints that a request to ``target`` leaves out, in the order of the call, each once.

    ``expresses`` is what the endpoint's dialect can say, ``home`` the signing domain of the caller's own endpoint.
    """
    hints = [need for need in conversation.needs if need.severity == "hint"]
    lost = (need.flag for need in hints if _lost(need, conversation, target, endpoint, expresses, home))
    return tuple(dict.fromkeys(lost))


def _lost(
    need: Need,
    conversation: Conversation,
    target: Target,
    endpoint: Endpoint,
    expresses: frozenset[str],
    home: str | None,
) -> bool:
    flag, translated = need.flag, endpoint.dialect != conversation.dialect
    if flag == "reasoning.signature":
        return not _given_back(conversation, endpoint, home)
    if flag in MODEL and flag not in target.capabilities:
        return True
    if flag in _OF_REASONING and not _reasons(target, endpoint, translated=translated):
        return True
    if translated and flag not in expresses:
        # Anthropic is asked to show thoughts where it gets a budget for them.
        budget = conversation.sampling.reasoning_budget
        return flag != "reasoning.display" or endpoint.dialect != "anthropic.messages" or budget is None
    return bool(endpoint.drops) and _refused(need, conversation, endpoint)


def _given_back(conversation: Conversation, endpoint: Endpoint, home: str | None) -> bool:
    """Whether all sealed reasoning goes back to who sealed it. The caller's own has no domain: it is its endpoint's."""
    seals = [seal for message in conversation.messages for part in message.parts if (seal := seal_of(part)) is not None]
    return bool(seals) and all(
        (seal.dialect, seal.domain or home) == (endpoint.dialect, endpoint.domain) for seal in seals
    )


def _reasons(target: Target, endpoint: Endpoint, *, translated: bool) -> bool:
    """Whether this target is asked of its reasoning. In their own dialect Anthropic and Google judge that."""
    if endpoint.dialect == "openai.responses":
        return "reasoning.effort" in target.capabilities
    return not translated or bool({"reasoning.budget", "reasoning.effort"} & {*target.capabilities})


def _refused(need: Need, conversation: Conversation, endpoint: Endpoint) -> bool:
    """Whether the endpoint is sent nothing of the field that tells ``need``."""
    if conversation.dialect == endpoint.dialect or (need.flag == "cache.key" and conversation.dialect in _OPENAI):
        names = {need.path.partition(".")[0].partition("[")[0], need.path.rpartition(".")[2]}
    else:
        names = {_FIELDS.get(need.flag, "")}
    if endpoint.dialect == "openai.responses":
        names -= _NESTED
    return not names.isdisjoint(endpoint.drops)
