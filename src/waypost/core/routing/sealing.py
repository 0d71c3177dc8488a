"""Reasoning of others in a call: where it has to go back to, what a provider sees of it, and who sealed an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from waypost.core.codecs.handout import Signer
from waypost.core.codecs.sealing import open_seal
from waypost.core.codecs.unwrapping import Place, unwrapped
from waypost.core.model.conversation import Conversation, Message, ToolCall
from waypost.core.model.needs import Need
from waypost.core.model.target import Endpoint
from waypost.core.routing.effects import Call
from waypost.core.routing.ports import Memory

SIGNED = "reasoning.signature"
_HELD = frozenset((SIGNED, "reasoning.text"))


def needs_of(conversation: Conversation, home: Endpoint | None) -> tuple[Need, ...]:
    """The needs as the decision reads them, without their values; but that of signed reasoning says which signing
    domain it is valid at. Empty is nobody's: the caller's own endpoint is not known."""
    domain = "" if home is None else home.domain
    return tuple(
        Need(
            need.flag,
            need.path,
            need.severity,
            (need.value or domain) if need.flag == SIGNED and need.severity == "required" else None,
        )
        for need in conversation.needs
    )


def recalled(conversation: Conversation, memory: Memory | None) -> Conversation:
    """With the reasoning that was kept for calls of tools in it, because its dialect has no room for that."""
    if memory is None or not memory:
        return conversation
    messages: list[Message] = []
    first: str | None = None
    for index, message in enumerate(conversation.messages):
        calls = [part for part in message.parts if isinstance(part, ToolCall)] if message.role == "assistant" else []
        kept = next((found for call in calls if (found := memory.recall(call.id, call.name))), ())
        if kept:
            first = first or f"messages[{index}]"
            message = replace(message, parts=(*kept, *message.parts))
        messages.append(message)
    if first is None:
        return conversation
    domain = open_seal(messages)
    need = Need(SIGNED, first, "hint") if domain is None else Need(SIGNED, first, "required", domain)
    needs = sorted((*conversation.needs, need), key=lambda one: (one.flag, one.path))
    return replace(conversation, messages=tuple(messages), needs=tuple(needs))


def at_home(call: Call, home: Endpoint | None, conversation: Conversation | None = None) -> Mapping[str, Any]:
    """The caller's own body as its own provider may see it: without envelopes. Mostly it is the same object."""
    if conversation is not None and _free(conversation):
        return call.body
    return unwrapped(call.body, Place(call.dialect, None if home is None else home.domain, own=True))


def elsewhere(call: Call, endpoint: Endpoint, home: Endpoint | None, conversation: Conversation) -> Mapping[str, Any]:
    """The same for another endpoint of the caller's dialect."""
    if _free(conversation):
        return call.body
    own = home is not None and home.domain == endpoint.domain
    return unwrapped(call.body, Place(call.dialect, endpoint.domain, own=own))


def _free(conversation: Conversation) -> bool:
    """Whether there is no reasoning in a conversation. One that was not read may have some."""
    return bool(conversation.messages) and not any(need.flag in _HELD for need in conversation.needs)


def signer(endpoint: Endpoint, conversation: Conversation, memory: Memory | None, *, has_room: bool) -> Signer:
    """Who seals the reasoning of what ``endpoint`` answers, and how the caller is handed it."""
    keep = None if memory is None or has_room else memory.keep
    return Signer(endpoint.dialect, endpoint.domain, conversation.shows_reasoning, keep)
