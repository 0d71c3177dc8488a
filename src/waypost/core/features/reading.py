"""The texts of a conversation, gathered once for every concern that looks at them.

Nothing of a reading outlives the call of `extract`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from waypost.core.model.conversation import Conversation, Message, Part, Reasoning, Refusal, Text, ToolCall, ToolResult


@dataclass(frozen=True, slots=True)
class Reading:
    """``whole`` is all text, tool traffic included; ``asks`` the texts of the user's turns, the newest first."""

    whole: str
    asks: tuple[str, ...]
    system: str
    turns: int


def read(conversation: Conversation) -> Reading:
    """Gather the texts. An opaque part's text is not looked at."""
    whole: list[str] = []
    asks: list[str] = []
    system: list[str] = []
    for message in conversation.messages:
        own = _own_text(message)
        match message.role:
            case "user" if own:
                asks.append(own)
            case "system" | "developer":
                system.append(own)
        whole.append(own)
        whole.extend(_traffic(message.parts))
    asks.reverse()
    return Reading("\n".join(whole), tuple(asks), "\n".join(system), len(asks))


def _own_text(message: Message) -> str:
    parts = message.parts
    if len(parts) == 1 and isinstance(parts[0], Text):
        return parts[0].text
    return "\n".join(part.text for part in parts if isinstance(part, Text))


def _traffic(parts: Iterable[Part]) -> Iterable[str]:
    for part in parts:
        match part:
            case ToolCall(name=name, arguments=arguments):
                yield name
                yield arguments
            case ToolResult(parts=inner):
                yield from (item.text for item in inner if isinstance(item, Text))
                yield from _traffic(inner)
            case Reasoning(text=text) | Refusal(text=text):
                yield text
            case _:
                pass
