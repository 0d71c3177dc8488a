"""How a feature is said that a dialect has no word of its own for.

By feature and target, or by feature, source and target where the source matters.
"""

from __future__ import annotations

from typing import Final

from golden.fidelity.samples import CHAT, GENERATE, MESSAGES, RESPONSES

HOW: Final[dict[tuple[str, ...], str]] = {
    ("developer message", MESSAGES): "joined to the system prompt, in order",
    ("developer message", GENERATE): "joined to the system prompt, in order",
    ("refusal in the history", MESSAGES): "its words as text",
    ("refusal in the history", GENERATE): "its words as text",
    ("refusal in the history", RESPONSES): "its words as text",
    ("image by address", GENERATE, CHAT): "without its type, which is found where it is fetched",
    ("image by address", GENERATE, RESPONSES): "without its type, which is found where it is fetched",
    ("image by address", GENERATE, MESSAGES): "without its type, which is found where it is fetched",
    ("PDF in the request", CHAT): "under a made file name",
    ("PDF in the request", RESPONSES): "under a made file name",
    ("image in a result", GENERATE): "as a part beside an empty text",
    ("image in a result", GENERATE, MESSAGES): "without the empty text beside it",
    ("at most one call a turn", MESSAGES): "on the choice of tools, which is then `auto`",
    ("choice: among some tools", GENERATE): "a choice of one is a choice of that tool",
    ("arguments held to their schema", GENERATE): "by calls that are validated, of all tools",
    ("answer held to a schema", MESSAGES): "without the schema's name",
    ("answer held to a schema", GENERATE): "without the schema's name",
    ("answer held to a schema", CHAT): "held strictly, under a made name",
    ("answer held to a schema", RESPONSES): "held strictly, under a made name",
    ("budget of tokens", GENERATE, MESSAGES): "with a summary of the thoughts, which the answer leaves out",
    ("service tier", MESSAGES, GENERATE): "the standard tier is what happens where nothing is said",
    ("optional properties in such a schema", MESSAGES): "held more strictly than was asked",
    ("optional properties in such a schema", GENERATE): "held more strictly than was asked",
}
