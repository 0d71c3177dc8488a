"""The texts of a conversation, gathered once for every concern that looks at them.

Nothing of a reading outlives the call of `extract`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from waypost.core.model.conversation import Conversation, Message, Part, Reasoning, Refusal, Text, ToolCall, ToolResult


class Reading(NamedTuple):
    """``said`` is all text but for the ``arguments`` of tool calls, which are data and no sign of code.

    ``asks`` are the texts of the user's turns, the newest first.
    """

    said: str
    arguments: str
    asks: tuple[str, ...]
    system: str

    @property
    def turns(self) -> int:
        return len(self.asks)

    @property
    def whole(self) -> str:
        return f"{self.arguments}\n{self.said}" if self.arguments else self.said


def read(conversation: Conversation) -> Reading:
    """Gather the texts. An opaque part's text is not looked at."""
    said: list[str] = []
    arguments: list[str] = []
    asks: list[str] = []
    system: list[str] = []
    for message in conversation.messages:
        own = _own(message, said, arguments)
        if message.role == "user" and own:
            asks.append(own)
        elif message.role in ("system", "developer"):
            system.append(own)
    asks.reverse()
    return Reading("\n".join(said), "\n".join(arguments), tuple(asks), "\n".join(system))


def _own(message: Message, said: list[str], arguments: list[str]) -> str:
    """The message's own text; it and everything else that can be read is appended where it belongs."""
    parts = message.parts
    if len(parts) == 1 and isinstance(parts[0], Text):
        said.append(parts[0].text)
        return parts[0].text
    own = "\n".join(part.text for part in parts if isinstance(part, Text))
    said.append(own)
    _others(parts, said, arguments)
    return own


def _others(parts: Iterable[Part], said: list[str], arguments: list[str]) -> None:
    for part in parts:
        match part:
            case ToolCall(name=name, arguments=text):
                arguments.append(f"{name} {text}")
            case ToolResult(parts=inner):
                said.extend(item.text for item in inner if isinstance(item, Text))
                _others(inner, said, arguments)
            case Reasoning(text=text) | Refusal(text=text):
                said.append(text)
            case _:
                pass
