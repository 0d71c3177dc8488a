"""How a feature is said that a dialect has no word of its own for.

By feature and target, or by feature, source and target where the source matters.
"""

from __future__ import annotations

from typing import Final

from golden.fidelity.samples import CHAT, MESSAGES

HOW: Final[dict[tuple[str, ...], str]] = {
    ("developer message", MESSAGES): "joined to the system prompt, in order",
    ("refusal in the history", MESSAGES): "its words as text",
    ("at most one call a turn", MESSAGES): "on the choice of tools, which is then `auto`",
    ("answer held to a schema", MESSAGES): "without the schema's name",
    ("answer held to a schema", CHAT): "held strictly, under a made name",
    ("optional properties in such a schema", MESSAGES): "held more strictly than was asked",
}
