"""Which hints of a call one target is not told, because its dialect, its model or its server has no word for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from waypost.core.codecs.sealing import seal_of
from waypost.core.model.conversation import Conversation
from waypost.core.model.frozen import dataclass
from waypost.core.model.needs import MODEL, Need
from waypost.core.model.target import Endpoint, Target

_OF_REASONING: Final = frozenset({"reasoning.context", "reasoning.display", "reasoning.encrypted"})
_REASONS: Final = frozenset({"reasoning.budget", "reasoning.effort"})


@dataclass(frozen=True, slots=True)
class Words:
    """How a dialect tells hints, beyond what it expresses."""

    expresses: frozenset[str]
    """Need flags that it can say."""

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By flag, the fields of a request that tell it, the usual one first; servers may refuse some (``drops``)."""

    whole: bool = False
    """Whether for such a server only fields of the request itself are left out, and none inside of others."""

    alike: frozenset[str] = frozenset()
    """Dialects whose fields have the same names."""

    reasons: frozenset[str] = _REASONS
    """The capabilities of which a model has one that is asked of its reasoning."""

    judges: bool = True
    """Whether that is left to the provider where the call is of this dialect."""

    budgeted: frozenset[str] = frozenset()
    """Flags that it says only of a call with a budget of reasoning."""


def untold(
    conversation: Conversation, target: Target, endpoint: Endpoint, words: Words, home: str | None
) -> tuple[str, ...]:
    """The names of the hints that a request to ``target`` leaves out, in the order of the call, each once.

    ``words`` are those of the endpoint's dialect, ``home`` is the signing domain of the caller's own endpoint.
    """
    hints = [need for need in conversation.needs if need.severity == "hint"]
    lost = (need.flag for need in hints if _lost(need, conversation, target, endpoint, words, home))
    return tuple(dict.fromkeys(lost))


def _lost(
    need: Need,
    conversation: Conversation,
    target: Target,
    endpoint: Endpoint,
    words: Words,
    home: str | None,
) -> bool:
    flag, translated = need.flag, endpoint.dialect != conversation.dialect
    if flag == "reasoning.signature":
        return not _given_back(conversation, endpoint, home)
    if flag in MODEL and flag not in target.capabilities:
        return True
    if flag in _OF_REASONING and (translated or not words.judges) and not words.reasons & {*target.capabilities}:
        return True
    if translated and flag not in words.expresses:
        return flag not in words.budgeted or conversation.sampling.reasoning_budget is None
    return bool(endpoint.drops) and _refused(need, conversation, endpoint, words)


def _given_back(conversation: Conversation, endpoint: Endpoint, home: str | None) -> bool:
    """Whether all sealed reasoning goes back to who sealed it. The caller's own has no domain: it is its endpoint's."""
    seals = [seal for message in conversation.messages for part in message.parts if (seal := seal_of(part)) is not None]
    return bool(seals) and all(
        (seal.dialect, seal.domain or home) == (endpoint.dialect, endpoint.domain) for seal in seals
    )


def _refused(need: Need, conversation: Conversation, endpoint: Endpoint, words: Words) -> bool:
    """Whether the endpoint is sent nothing of the field that tells ``need``."""
    outer, inner = need.path.partition(".")[0].partition("[")[0], need.path.rpartition(".")[2]
    if conversation.dialect == endpoint.dialect:
        return outer in endpoint.drops or (not words.whole and inner in endpoint.drops)
    told = words.fields.get(need.flag, ("",))
    used = outer if conversation.dialect in words.alike and outer in told else told[0]
    return used in endpoint.drops
